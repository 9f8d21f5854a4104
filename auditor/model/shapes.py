"""Small readings of ARM bodies that collecting and correlating share."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import equal, key, same, subscription_of
from auditor.model.resource import Resource, kept

SUBNETS = "properties.subnets"
PEERINGS = "properties.virtualNetworkPeerings"
CONNECTIONS = "properties.privateEndpointConnections"
STATUS = "privateLinkServiceConnectionState.status"
# What a VNet asks that has no DNS servers of its own: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
AZURE_DNS = "168.63.129.16"
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


@kept  # an endpoint is looked at for each private link group of what it connects to
def link_connections(endpoint: Resource) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The connections of a private endpoint, approved automatically or by hand: path and properties of each."""
    return tuple(
        (path, item["properties"])
        for name in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        for path, item in endpoint.objects(f"properties.{name}")
        if isinstance(item.get("properties"), dict)
    )


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


def peered_space(peering: dict[str, Any]) -> list[str]:
    """The address prefixes of the other side, as a peering says them: the present ones, else those that it carries."""
    names = ("remoteVirtualNetworkAddressSpace", "remoteAddressSpace")
    return next((p for name in names if (p := dig_texts(peering, "properties", name, "addressPrefixes"))), [])


def is_hub_peering(peering: dict[str, Any]) -> bool:
    """Whether a peering leads to the VNet of a Virtual WAN hub, which connects VNets that have no peering with each
    other: Azure names that VNet HV_… and the peering RemoteVnetToHubPeering_…
    https://learn.microsoft.com/azure/virtual-wan/virtual-wan-faq"""
    hub = dig_text(peering, "properties", "remoteVirtualNetwork", "id").rpartition("/")[2]
    return hub.upper().startswith("HV_") or dig_text(peering, "name").startswith("RemoteVnetToHubPeering_")


def near_subscriptions(vnet: Resource) -> list[str]:
    """The subscriptions of a VNet and of the VNets peered with it."""
    return list(dict.fromkeys(subscription_of(i) for i in (vnet.id, *peered_vnets(vnet))))


def subnet_of(endpoint: Resource) -> str:
    """The id of a private endpoint's subnet; empty where there is none."""
    return dig_text(endpoint.body, "properties", "subnet", "id")


def egress_subnets(cluster: Resource) -> list[str]:
    """The ids of the subnets that the node pools name, for nodes and for pods."""
    pools = [pool for _, pool in cluster.objects("properties.agentPoolProfiles")]
    named = [dig_text(pool, name) for pool in pools for name in ("vnetSubnetID", "podSubnetID")]
    return list({key(subnet): subnet for subnet in named if subnet}.values())


def default_subnets(vnet: Resource) -> list[str]:
    """The ids of the subnets that a default cluster sends from, in the VNet that AKS made for it."""
    subnets = [i for _, s in vnet.objects(SUBNETS) if (i := dig_text(s, "id"))]
    return [s for s in subnets if equal(s.rpartition("/")[2], "aks-subnet")] or subnets


@kept  # the same few subnets are asked about for every endpoint
def subnets(vnet: Resource) -> dict[str, tuple[str, dict[str, Any]]]:
    """The subnets of a VNet by their ids in lower case: path and body of each."""
    listed = vnet.objects(SUBNETS)
    return {key(dig_text(subnet, "id")): (path, subnet) for path, subnet in reversed(listed) if dig_text(subnet, "id")}


def find_subnet(vnet: Resource | None, subnet_id: str) -> dict[str, Any]:
    """A subnet in its VNet's body; empty where it is not there."""
    return subnets(vnet).get(key(subnet_id), ("", {}))[1] if vnet else {}


def takes_network_policies(subnet: dict[str, Any]) -> bool:
    """Whether a security group of a subnet may hold for the private endpoints in it: not where that is Disabled.

    https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
    """
    policies = dig_text(subnet, "properties", "privateEndpointNetworkPolicies")
    return not any(equal(policies, off) for off in ("Disabled", "RouteTableEnabled"))


def principals(resource: Resource) -> list[str]:
    """The object ids of the identities of a resource: its own, and those assigned to it."""
    own = dig_text(resource.body, "identity", "principalId")
    assigned = dig(resource.body, "identity", "userAssignedIdentities")
    held = [dig_text(i, "principalId") for i in assigned.values()] if isinstance(assigned, dict) else []
    return [p for p in dict.fromkeys((own, *held)) if p]


def user_assigned_principals(workspace: Resource) -> list[str]:
    """The object ids of a workspace's user-assigned identities, where it works as one of them: it has no other, or
    one is its primary identity."""
    kinds = dig_text(workspace.body, "identity", "type").lower()
    primary = dig_text(workspace.body, "properties", "primaryUserAssignedIdentity")
    assigned = dig(workspace.body, "identity", "userAssignedIdentities")
    if not isinstance(assigned, dict) or "userassigned" not in kinds or ("systemassigned" in kinds and not primary):
        return []
    held = [dig_text(i, "principalId") for name, i in assigned.items() if not primary or same(name, primary)]
    return [p for p in dict.fromkeys(held) if p]


def uses_trusted_access(cluster: Resource, workspace: Resource) -> bool:
    """Whether a Trusted Access binding can make a difference: the API server, or its credentials, are out of reach
    otherwise; or the workspace works as a user-assigned identity.

    https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md
    """
    access = "properties.apiServerAccessProfile"
    return bool(
        cluster.raw(f"{access}.enablePrivateCluster") is True
        or cluster.raw(f"{access}.authorizedIPRanges")
        or cluster.raw("properties.disableLocalAccounts") is True
        or user_assigned_principals(workspace)
    )


def has_own_api_zone(cluster: Resource) -> bool:
    """Whether the name of a cluster's API server stands in a private DNS zone. With API server VNet integration it is
    not judged; ``none`` means that the name is public.

    https://learn.microsoft.com/azure/aks/private-clusters
    """
    access = "properties.apiServerAccessProfile"
    return (
        cluster.raw(f"{access}.enablePrivateCluster") is True
        and cluster.raw(f"{access}.enableVnetIntegration") is not True
        and not equal(cluster.raw(f"{access}.privateDNSZone"), "none")
    )


def api_zone_id(cluster: Resource) -> str:
    """The id of the zone that a private cluster was given; empty where AKS made one in the node resource group."""
    zone = cluster.raw("properties.apiServerAccessProfile.privateDNSZone")
    return zone if isinstance(zone, str) and zone.startswith("/") else ""


def is_aks(compute: Resource) -> bool:
    """Whether a compute attaches a Kubernetes cluster, in the present or the legacy way."""
    return any(equal(compute.raw("properties.computeType"), kind) for kind in ("Kubernetes", "AKS"))


def is_azureml(extension: Resource) -> bool:
    """Whether a cluster extension is that of Azure Machine Learning."""
    return equal(extension.raw("properties.extensionType"), "Microsoft.AzureML.Kubernetes")


def stands_on(endpoint: Resource, compute: Resource) -> bool:
    """Whether an online endpoint runs on a compute, which it names by id or by name."""
    target = dig_text(endpoint.body, "properties", "compute")
    return same(target, compute.id) or equal(target, compute.name)


def node_group(cluster: Resource) -> str:
    """The id of a cluster's node resource group; empty when it is not known."""
    name = cluster.raw("properties.nodeResourceGroup")
    return f"/subscriptions/{cluster.arm.subscription}/resourceGroups/{name}" if isinstance(name, str) and name else ""


def storage_groups(datastore: Resource) -> tuple[str, ...]:
    """The private link groups that a datastore's type needs; none for types without a storage account."""
    return GROUPS.get(str(datastore.raw("properties.datastoreType") or "").lower(), ())
