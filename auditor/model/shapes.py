"""Small readings of ARM bodies that collecting and correlating share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.model.ids import equal, key
from auditor.model.resource import Resource
from auditor.model.types import OUTBOUND_RULES, STORAGE_ACCOUNTS

if TYPE_CHECKING:
    from auditor.model.snapshot import Snapshot

PEERINGS = "properties.virtualNetworkPeerings"
CONNECTIONS = "properties.privateEndpointConnections"
STATUS = "privateLinkServiceConnectionState.status"
GROUPS = {"azureblob": ("blob",), "azurefile": ("file",), "azuredatalakegen2": ("blob", "dfs")}


def dig(body: Any, *names: str) -> Any:
    """A nested value; None where any step is not an object that has it."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def dig_text(body: Any, *names: str) -> str:
    """A nested text; empty where there is none."""
    value = dig(body, *names)
    return value if isinstance(value, str) else ""


def dig_texts(body: Any, *names: str) -> list[str]:
    """A nested list's texts."""
    value = dig(body, *names)
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def dig_list(body: Any, *names: str) -> list[Any]:
    """A nested list; empty where there is none."""
    value = dig(body, *names)
    return value if isinstance(value, list) else []


def link_connections(endpoint: Resource) -> list[tuple[str, dict[str, Any]]]:
    """The connections of a private endpoint, approved automatically or by hand: path and properties of each."""
    return [
        (path, item["properties"])
        for name in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        for path, item in endpoint.objects(f"properties.{name}")
        if isinstance(item.get("properties"), dict)
    ]


def targets(endpoint: Resource) -> list[str]:
    """The ids that a private endpoint connects to."""
    return [t for _, p in link_connections(endpoint) if (t := dig_text(p, "privateLinkServiceId"))]


def connected_endpoints(target: Resource) -> list[str]:
    """The ids of the private endpoints that a resource lists as connected to it."""
    return [i for _, c in target.objects(CONNECTIONS) if (i := dig_text(c, "properties", "privateEndpoint", "id"))]


def nics(endpoint: Resource) -> list[str]:
    return [i for _, n in endpoint.objects("properties.networkInterfaces") if (i := dig_text(n, "id"))]


def zone_ids(zone_group: Resource) -> list[str]:
    """The ids of the zones that a zone group writes to."""
    configs = zone_group.objects("properties.privateDnsZoneConfigs")
    return [i for _, c in configs if (i := dig_text(c, "properties", "privateDnsZoneId"))]


def peered_vnets(vnet: Resource) -> list[str]:
    """The ids of the VNets that a VNet has a peering object with, in whatever state."""
    return [i for _, p in vnet.objects(PEERINGS) if (i := dig_text(p, "properties", "remoteVirtualNetwork", "id"))]


def is_hub_peering(peering: dict[str, Any]) -> bool:
    """Whether a peering leads to the VNet of a Virtual WAN hub, which connects VNets that have no peering with each
    other: Azure names that VNet HV_… and the peering RemoteVnetToHubPeering_…
    https://learn.microsoft.com/azure/virtual-wan/virtual-wan-faq"""
    hub = dig_text(peering, "properties", "remoteVirtualNetwork", "id").rpartition("/")[2]
    return hub.upper().startswith("HV_") or dig_text(peering, "name").startswith("RemoteVnetToHubPeering_")


def node_group(cluster: Resource) -> str:
    """The id of a cluster's node resource group; empty when it is not known."""
    name = cluster.raw("properties.nodeResourceGroup")
    return f"/subscriptions/{cluster.arm.subscription}/resourceGroups/{name}" if isinstance(name, str) and name else ""


def storage_groups(datastore: Resource) -> tuple[str, ...]:
    """The private link groups that a datastore's type needs; none for types without a storage account."""
    return GROUPS.get(str(datastore.raw("properties.datastoreType") or "").lower(), ())


def account_id(snapshot: Snapshot, datastore: Resource) -> str | None:
    """The ARM id of a datastore's account: found by its name, which is unique in Azure, else as the datastore says."""
    name = datastore.raw("properties.accountName")
    if not isinstance(name, str) or not name:
        return None
    for account in snapshot.named(STORAGE_ACCOUNTS, name):
        return account.id
    subscription, group = datastore.raw("properties.subscriptionId"), datastore.raw("properties.resourceGroup")
    if isinstance(subscription, str) and subscription and isinstance(group, str) and group:
        return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{STORAGE_ACCOUNTS}/{name}"
    return None


def own_connections(snapshot: Snapshot, target: Resource) -> bool:
    """Whether somebody made a private endpoint to a resource, beside those of a managed network."""
    managed = managed_connections(snapshot, target)
    return any(path not in managed for path, _ in target.objects(CONNECTIONS))


def managed_connections(snapshot: Snapshot, target: Resource) -> set[str]:
    """The paths of connections that Azure ML's managed network made: they serve its own computes, never AKS.

    https://learn.microsoft.com/azure/machine-learning/how-to-managed-network
    """
    rules = [
        rule.name.lower()
        for rule in snapshot.of_type(OUTBOUND_RULES)
        if equal(rule.raw("properties.type"), "PrivateEndpoint")
        and key(str(rule.raw("properties.destination.serviceResourceId") or "")) == key(target.id)
    ]
    out = set()
    for path, connection in target.objects(CONNECTIONS):
        endpoint = dig_text(connection, "properties", "privateEndpoint", "id").rpartition("/")[2].lower()
        if "__sys_pe_" in f"{dig_text(connection, 'name').lower()} {endpoint}" or endpoint in rules:
            out.add(path)
    return out
