"""Whether an identity holds a role on a scope, groups and inherited scopes included.

Azure expands groups itself when asked with ``assignedTo()``:
https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from auditor.model.facts import Evidence, Fact, Missing
from auditor.model.ids import ArmId, equal, key
from auditor.model.resource import Resource
from auditor.model.shapes import principals
from auditor.model.snapshot import Snapshot
from auditor.model.types import ROLE_ASSIGNMENTS, assigned_to
from auditor.model.verdict import Verdict, all_of, any_of, fail, ok, unknown


@dataclass(frozen=True)
class Role:
    """A built-in role by its GUID, or by its name where its definition was read. ``wider`` are built-in roles that
    include it. ``actions`` and ``data_actions`` are what a custom role must grant to stand in for it."""

    name: str
    guid: str
    wider: tuple[tuple[str, str], ...]
    actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()


BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
# GUIDs: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
CONTRIBUTOR = ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c")
OWNER = ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
BLOB_DATA_CONTRIBUTOR = Role(
    "Storage Blob Data Contributor",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    (("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),),
    data_actions=(f"{BLOBS}/read", f"{BLOBS}/write", f"{BLOBS}/delete"),
)
STORAGE_ACCOUNT_CONTRIBUTOR = Role(
    "Storage Account Contributor",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    (CONTRIBUTOR, OWNER),
    actions=("Microsoft.Storage/storageAccounts/*",),
)
ACR_PULL = Role(
    "AcrPull",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    (("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec"), CONTRIBUTOR, OWNER),
    actions=("Microsoft.ContainerRegistry/registries/pull/read",),
)
# A registry that grants by repository does not look at AcrPull any more.
# https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
REPOSITORY_READER = Role(
    "Container Registry Repository Reader",
    "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    (
        ("Container Registry Repository Writer", "2a1e307c-b015-4ebd-883e-5b7698a07328"),
        ("Container Registry Repository Contributor", "2efddaa5-3f1f-4df3-97df-af3f13818f4c"),
    ),
    data_actions=("Microsoft.ContainerRegistry/registries/repositories/content/read",),
)
READER = Role("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", (CONTRIBUTOR, OWNER), actions=("*/read",))
EXTENSION_CONTRIBUTOR = Role(
    "Kubernetes Extension Contributor",
    "85cb6faf-e071-4c9b-8136-154b5a04f717",
    (CONTRIBUTOR, OWNER),
    actions=tuple(f"Microsoft.KubernetesConfiguration/extensions/{verb}" for verb in ("read", "write", "delete")),
)
# Contributor and Owner do not stand in, though they may fetch the credentials as well: the documentation asks for this
# role by name, and a Contributor was refused. https://github.com/Azure/AML-Kubernetes/issues/279
CLUSTER_ADMIN = Role(
    "Azure Kubernetes Service Cluster Admin Role",
    "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
    (),
    actions=("Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",),
)
CLUSTER_CONTRIBUTOR = Role("Contributor", CONTRIBUTOR[1], (OWNER,), actions=("*",))
NETWORK_CONTRIBUTOR = Role(
    "Network Contributor",
    "4d97b98b-1d4f-4787-a291-c67834d212e7",
    (CONTRIBUTOR, OWNER),
    actions=(
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.Network/virtualNetworks/subnets/read",
    ),
)


def identity_holds(snapshot: Snapshot, resource: Resource, scope: str, role: Role) -> Verdict:
    """Whether the identity of a resource, its own or an assigned one, holds a role at a scope or above."""
    held = principals(resource)
    if not held:
        gap = resource.missing("identity.principalId", "Azure's answer holds no principal of an identity")
        return unknown(f"the identity of {resource.name} is not known", gap)
    return agreed(resource, [holds(snapshot, p, scope, role) for p in held])


def agreed(resource: Resource, answers: list[Verdict]) -> Verdict:
    """One answer for the identities of a resource. It works as one of them, so where they differ it is unknown."""
    if all(a.passed for a in answers) or all(a.failed for a in answers):
        return any_of(answers, fail(""))
    if any(a.unknown for a in answers):
        return all_of([a for a in answers if a.unknown], "")
    gap = resource.missing("identity.userAssignedIdentities", "Azure does not say which of them is in use")
    return unknown(f"of the identities of {resource.name} some hold what is needed and some do not", gap)


def holds(snapshot: Snapshot, principal: str, scope: str, role: Role) -> Verdict:
    """Whether an identity holds a role at a scope or above it."""
    gap = snapshot.unlisted(scope, ROLE_ASSIGNMENTS, assigned_to(principal))
    listing = snapshot.listing(scope, ROLE_ASSIGNMENTS, assigned_to(principal))
    found = [a for i in (listing.items if listing else []) if (a := snapshot.get(i)) is not None]
    above = [a for a in found if _at_or_above(a.raw("properties.scope"), scope)]
    name = ArmId.parse(scope).name
    unsure: list[Verdict] = []
    for assignment in above:
        granted = _grants(snapshot, assignment, role)
        if granted is None or granted.failed:
            continue
        if not assignment.raw("properties.scope"):
            unsure.append(
                unknown(
                    "the scope of a role assignment was not read", assignment.missing("properties.scope", "no scope")
                )
            )
        elif assignment.raw("properties.condition"):
            why = f"{role.name} on {name} is held only under a condition"
            path = "properties.condition"
            unsure.append(unknown(why, assignment.missing(path, "what the condition admits is not evaluated")))
        elif granted.passed:
            return granted
        else:
            unsure.append(granted)
    if gap is not None:
        unsure.append(unknown(f"the role assignments on {name} could not be read: {gap.reason}", gap))
    if unsure:
        first = unsure[0]
        return unknown(first.message, *dict.fromkeys(m for v in unsure for m in v.missing))
    seen: list[Fact[Any] | Evidence] = [a.see("properties.roleDefinitionId") for a in above]
    seen = seen or [Evidence(scope, "roleAssignments", [], f"none to {principal}")]
    names = {"identity": principal, "role": role.name}
    return fail(f"{principal} does not hold {role.name} on {name} or above", *seen, names=names)


def _grants(snapshot: Snapshot, assignment: Resource, role: Role) -> Verdict | None:
    definition_id = str(assignment.raw("properties.roleDefinitionId") or "")
    guid = ArmId.parse(definition_id).name.lower()
    proof = (assignment.see("properties.roleDefinitionId"), assignment.see("properties.scope"))
    if guid == role.guid:
        return ok(f"holds {role.name}", *proof)
    for wider, wider_guid in role.wider:
        if guid == wider_guid:
            return ok(
                f"holds {wider}, which includes {role.name}", *proof, assuming=[f"{wider} stands in for {role.name}"]
            )
    definition = snapshot.find(definition_id)
    if isinstance(definition, Missing):
        return unknown(f"a role that might include {role.name} could not be read: {definition.reason}", definition)
    if not isinstance(definition, Resource):
        return None
    if not equal(definition.raw("properties.type"), "CustomRole"):
        same_name = equal(definition.raw("properties.roleName"), role.name)
        return ok(f"holds {role.name}", *proof) if same_name else None
    if not _covers(definition, role):
        return None
    label = str(definition.raw("properties.roleName") or guid)
    return ok(f"holds the custom role {label}", *proof, assuming=[f"the custom role {label} stands in for {role.name}"])


def _covers(definition: Resource, role: Role) -> bool:
    for _, permission in definition.objects("properties.permissions"):
        if _all(role.actions, permission.get("actions"), permission.get("notActions")) and _all(
            role.data_actions, permission.get("dataActions"), permission.get("notDataActions")
        ):
            return True
    return False


def _all(wanted: tuple[str, ...], granted: object, withheld: object) -> bool:
    """Whether every action is granted, and no part of it withheld."""
    withheld_ = [str(p) for p in withheld] if isinstance(withheld, list) else []
    return all(
        _matches(a, granted) and not _matches(a, withheld) and not any(_matches(w, [a]) for w in withheld_)
        for a in wanted
    )


def _matches(action: str, patterns: object) -> bool:
    listed = patterns if isinstance(patterns, list) else []
    return any(fnmatchcase(action.lower(), str(p).lower().replace("[", "[[]")) for p in listed)


def _at_or_above(held: object, scope: str) -> bool:
    """Azure answers management groups only when they are above; anything under a subscription is compared. An
    assignment whose scope is not in the answer may be above."""
    if not isinstance(held, str) or not held:
        return True
    low = key(held)
    if low == "/" or low.startswith("/providers/microsoft.management/managementgroups/"):
        return True
    return key(scope) == low or key(scope).startswith(low + "/")
