"""ARM bodies of role assignments and role definitions."""

from collections.abc import Iterable
from typing import NamedTuple

from .estate import BUILT, Estate, Json, ago, guid

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"

_IMAGES = "Microsoft.ContainerRegistry/registries"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


class Role(NamedTuple):
    """A built-in role: the name of its definition, and what it grants."""

    number: str
    actions: tuple[str, ...]
    data: tuple[str, ...] = ()


BUILT_IN = {
    "Owner": Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ("*",)),
    "Contributor": Role("b24988ac-6180-42a0-ab88-20f7382dd24c", ("*",)),
    "Reader": Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", ("*/read",)),
    "AcrPull": Role("7f951dda-4ed3-4680-a7ca-43fe172d538d", (f"{_IMAGES}/pull/read",)),
    "AcrPush": Role("8311e382-0749-4cb8-b61a-304f252e45ec", (f"{_IMAGES}/pull/read", f"{_IMAGES}/push/write")),
    "Container Registry Repository Reader": Role(
        "b93aa761-3e63-49ed-ac28-beffa264f7ac", (), (f"{_IMAGES}/repositories/content/read",)
    ),
    "Storage Blob Data Contributor": Role(
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        (f"{_BLOBS}/read", f"{_BLOBS}/write"),
        (f"{_BLOBS}/blobs/write",),
    ),
    "Storage Blob Data Owner": Role("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", (f"{_BLOBS}/*",), (f"{_BLOBS}/blobs/*",)),
    "Storage Account Contributor": Role(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab", ("Microsoft.Storage/storageAccounts/*",)
    ),
    "Network Contributor": Role("4d97b98b-1d4f-4787-a291-c67834d212e7", ("Microsoft.Network/*",)),
    "Private DNS Zone Contributor": Role(
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f", ("Microsoft.Network/privateDnsZones/*",)
    ),
    "Azure Kubernetes Service Cluster Admin Role": Role(
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        ("Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",),
    ),
}


def assign(estate: Estate, scope: str, role: str, principal: str, kind: str = "ServicePrincipal") -> Json:
    """Give a principal a built-in role (by its name) or another one (by the id of its definition)."""
    subscription = "/".join(scope.split("/")[:3])
    name = guid(scope, role, principal)
    properties = {
        "roleDefinitionId": role
        if role.startswith("/")
        else f"{subscription}/providers/{DEFINITION}/{BUILT_IN[role].number}",
        "principalId": principal,
        "principalType": kind,
        "scope": scope,
        "condition": None,
        "conditionVersion": None,
        "createdOn": ago(BUILT),
        "updatedOn": ago(BUILT),
        "createdBy": guid("administrator"),
        "updatedBy": guid("administrator"),
        "delegatedManagedIdentityResourceId": None,
        "description": None,
    }
    head = {"id": f"{scope}/providers/{ASSIGNMENT}/{name}", "name": name, "type": ASSIGNMENT}
    return estate.add(head | {"properties": properties})


def custom_role(estate: Estate, subscription: str, name: str, actions: Iterable[str]) -> Json:
    """A role of the tenant's own, to assign by its id."""
    scope = f"/subscriptions/{subscription}"
    return estate.add(_definition(scope, name, "CustomRole", scope, Role(guid(subscription, name), tuple(actions))))


def built_in(scope: str) -> list[Json]:
    """The definitions of the built-in roles as a subscription shows them."""
    return [_definition(scope, name, "BuiltInRole", "/", role) for name, role in BUILT_IN.items()]


def _definition(scope: str, name: str, kind: str, assignable: str, role: Role) -> Json:
    granted = {
        "actions": list(role.actions),
        "dataActions": list(role.data),
        "notActions": [],
        "notDataActions": [],
    }
    return {
        "id": f"{scope}/providers/{DEFINITION}/{role.number}",
        "name": role.number,
        "type": DEFINITION,
        "properties": {
            "roleName": name,
            "type": kind,
            "description": "",
            "assignableScopes": [assignable],
            "permissions": [granted],
        },
    }
