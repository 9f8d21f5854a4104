"""What an audit has to read next, given what it has read: every reference that is followed, on one page.

`wanted` walks from the audited subscriptions through each workspace to what it leans on, and yields every read that
this needs. The crawl asks again whenever something has arrived, and skips what it has asked for: so a request starts as
soon as its inputs are there, and unrelated resources cost nothing beyond the lists they stand in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from auditor.model.clouds import Cloud
from auditor.model.ids import equal, key, of_type, resource_group_of, subscription_of, vnet_of
from auditor.model.related import account_id, managed_connections
from auditor.model.resource import Resource
from auditor.model.shapes import (
    AZURE_DNS,
    CONNECTIONS,
    api_zone_id,
    connected_endpoints,
    default_subnets,
    dig_text,
    dig_texts,
    egress_subnets,
    find_subnet,
    has_own_api_zone,
    is_aks,
    near_subscriptions,
    nics,
    node_group,
    peered_vnets,
    principals,
    stands_on,
    subnet_of,
    takes_network_policies,
    user_assigned_principals,
    uses_trusted_access,
    zone_ids,
)
from auditor.model.snapshot import Snapshot
from auditor.model.types import (
    A_RECORDS,
    BASTIONS,
    BATCH_ENDPOINTS,
    CLUSTER_CONNECTIONS,
    CLUSTERS,
    COMPUTES,
    CREATED_TIMES,
    DATASTORES,
    DEPLOYMENTS,
    EVENTS,
    EXTENSIONS,
    FIREWALL_POLICIES,
    FIREWALLS,
    FORWARDING_RULES,
    GATEWAYS,
    INBOUND_ENDPOINTS,
    NICS,
    ONLINE_ENDPOINTS,
    OUTBOUND_RULES,
    PRIVATE_ENDPOINTS,
    REGISTRIES,
    REPLICATIONS,
    RESOLVERS,
    RESOURCES,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    ROUTE_TABLES,
    RULESET_LINKS,
    RULESETS,
    SECURITY_GROUPS,
    STARTS,
    STORAGE_ACCOUNTS,
    TRUSTED_ACCESS,
    VAULTS,
    VNETS,
    WORKSPACES,
    ZONE_GROUPS,
    ZONE_LINKS,
    ZONES,
    assigned_to,
)
from collectors.readers import Read

SUBSCRIPTION_WIDE = (WORKSPACES, CLUSTERS, STORAGE_ACCOUNTS, VAULTS, REGISTRIES, VNETS, PRIVATE_ENDPOINTS, ZONES)
NAMED = {"storageAccount": STORAGE_ACCOUNTS, "keyVault": VAULTS, "containerRegistry": REGISTRIES}


def wanted(snapshot: Snapshot) -> Iterator[Read]:
    """Every read that the audit needs as far as it can be told now; many were asked for already."""
    for subscription in snapshot.subscriptions:
        if subscription.audited:
            for arm_type in SUBSCRIPTION_WIDE:
                yield Read(arm_type, f"/subscriptions/{subscription.id}", listing=True)
    resolving = False  # whether the VNet of some cluster is known, which is when the rulesets around it are wanted
    for workspace in snapshot.of_type(WORKSPACES):
        if _audited(snapshot, workspace.id) and snapshot.scope.admits(workspace.id):
            for read in _workspace(snapshot, workspace):
                resolving = resolving or read.type == RULESETS
                yield read
    if resolving:
        yield from _names(snapshot)
    yield from _resolvers(snapshot)
    for cluster in snapshot.of_type(CLUSTERS):
        if snapshot.scope.covers(cluster.id):
            yield Read(EXTENSIONS, cluster.id, listing=True)


def _workspace(snapshot: Snapshot, workspace: Resource) -> Iterator[Read]:
    yield Read(COMPUTES, workspace.id, listing=True)
    attached = [c for c in snapshot.children(workspace.id, COMPUTES) if is_aks(c)]
    if not attached:
        return
    yield Read(DATASTORES, workspace.id, listing=True)
    yield Read(ONLINE_ENDPOINTS, workspace.id, listing=True)
    yield Read(BATCH_ENDPOINTS, workspace.id, listing=True)
    for endpoint in snapshot.children(workspace.id, ONLINE_ENDPOINTS):
        if any(stands_on(endpoint, compute) for compute in attached):
            yield Read(DEPLOYMENTS, endpoint.id, listing=True)
    for compute in attached:
        yield from _compute(snapshot, workspace, compute)
    yield from _image_build(snapshot, workspace)
    home = workspace
    if equal(workspace.raw("kind"), "Project"):
        hub_id = str(workspace.raw("properties.hubResourceId") or "")
        yield from _get(snapshot, WORKSPACES, hub_id)
        hub = snapshot.get(hub_id)
        if hub is None:
            return
        home = hub
    yield from _home(snapshot, home, workspace)
    for compute in attached:
        yield from _roles_of_compute(snapshot, home, compute)


def _home(snapshot: Snapshot, home: Resource, workspace: Resource) -> Iterator[Read]:
    """The workspace (or its hub), what it names, and the storage behind the datastores: each with its endpoints.

    Which connections belong to a managed network has to be known before they are followed.
    """
    mode = home.raw("properties.managedNetwork.isolationMode")
    if isinstance(mode, str) and not equal(mode, "Disabled"):
        yield Read(OUTBOUND_RULES, home.id, listing=True)
        if snapshot.listing(home.id, OUTBOUND_RULES) is None:
            return
    yield from _endpoints(snapshot, home)
    for endpoint in _endpoints_of(snapshot, home):
        yield from _around(snapshot, vnet_of(subnet_of(endpoint)), people=True)
    ids = {name: home.raw(f"properties.{name}") for name in NAMED}
    accounts = [account_id(snapshot, d) for d in snapshot.children(workspace.id, DATASTORES)]
    named = [(t, i) for n, t in NAMED.items() if isinstance(i := ids[n], str)]
    named += [(STORAGE_ACCOUNTS, a) for a in dict.fromkeys(accounts) if a]
    for arm_type, arm_id in named:
        yield from _get(snapshot, arm_type, arm_id)
        resource = snapshot.get(arm_id)
        if resource is not None:
            yield from _endpoints(snapshot, resource)
            if arm_type == REGISTRIES:
                yield Read(REPLICATIONS, resource.id, listing=True)
        else:
            yield from _targeting(snapshot, arm_id)


def _roles_of_compute(snapshot: Snapshot, home: Resource, compute: Resource) -> Iterator[Read]:
    """What a compute's identity may do: on the default storage of an HBI workspace, and on a registry without an admin
    user; and the identity itself, where the list left it out."""
    scopes = []
    storage, registry = (home.raw(f"properties.{name}") for name in ("storageAccount", "containerRegistry"))
    if home.raw("properties.hbiWorkspace") is True and isinstance(storage, str):
        scopes.append(storage)
    images = snapshot.get(registry) if isinstance(registry, str) else None
    if images is not None and images.raw("properties.adminUserEnabled") is not True:
        scopes.append(images.id)
    if scopes and compute.raw("identity.type") is None:
        yield Read(COMPUTES, compute.id)
    for scope in scopes:
        for principal in principals(compute):
            yield from _roles(snapshot, scope, principal)


def _roles(snapshot: Snapshot, scope: str, principal: str) -> Iterator[Read]:
    """The assignments of an identity at a scope and above, and the roles that they name: one may be a custom role."""
    yield Read(ROLE_ASSIGNMENTS, scope, listing=True, query=assigned_to(principal))
    listing = snapshot.listing(scope, ROLE_ASSIGNMENTS, assigned_to(principal))
    for assignment in [snapshot.get(i) for i in listing.items] if listing else []:
        role = assignment.raw("properties.roleDefinitionId") if assignment else None
        if isinstance(role, str):
            yield from _get(snapshot, ROLE_DEFINITIONS, role)


def _image_build(snapshot: Snapshot, workspace: Resource) -> Iterator[Read]:
    """The VNet of the compute that builds images, and what it is peered with."""
    name = workspace.raw("properties.imageBuildCompute")
    for compute in snapshot.children(workspace.id, COMPUTES):
        if isinstance(name, str) and equal(compute.name, name):
            yield from _around(snapshot, vnet_of(dig_text(compute.body, "properties", "properties", "subnet", "id")))


def _compute(snapshot: Snapshot, workspace: Resource, compute: Resource) -> Iterator[Read]:
    cluster_id = compute.raw("properties.resourceId")
    if not isinstance(cluster_id, str) or not of_type(cluster_id, CLUSTERS):
        return
    yield from _get(snapshot, CLUSTERS, cluster_id)
    cluster = snapshot.get(cluster_id)
    if cluster is not None:
        yield from _cluster(snapshot, cluster, cluster_id)
        if uses_trusted_access(cluster, workspace):
            yield Read(TRUSTED_ACCESS, cluster.id, listing=True)
        for principal in user_assigned_principals(workspace):
            yield from _roles(snapshot, cluster.id, principal)


def _cluster(snapshot: Snapshot, cluster: Resource, named: str) -> Iterator[Read]:
    yield Read(EVENTS, named, listing=True, query=STARTS)
    yield Read(EXTENSIONS, cluster.id, listing=True)
    if cluster.raw("properties.apiServerAccessProfile.enablePrivateCluster") is True:
        yield Read(CLUSTER_CONNECTIONS, cluster.id, listing=True)
        yield Read(RESOURCES, subscription_of(cluster.id), listing=True, query=CREATED_TIMES)
    if has_own_api_zone(cluster):
        yield from _api_zone(snapshot, cluster)
    for connection in snapshot.children(cluster.id, CLUSTER_CONNECTIONS):
        endpoint_id = connection.raw("properties.privateEndpoint.id")
        if isinstance(endpoint_id, str):
            yield from _get(snapshot, PRIVATE_ENDPOINTS, endpoint_id)
            yield Read(RESOURCES, subscription_of(endpoint_id), listing=True, query=CREATED_TIMES)
    named_subnets = egress_subnets(cluster)
    for subnet in named_subnets:
        yield from _aks_vnet(snapshot, vnet_of(subnet))
        yield from _egress(snapshot, subnet)
        for principal in principals(cluster):
            yield from _roles(snapshot, subnet, principal)
    group = node_group(cluster)
    for endpoint in (*snapshot.endpoints_to(cluster.id), *(snapshot.endpoints_into(group) if group else ())):
        yield Read(RESOURCES, subscription_of(endpoint.id), listing=True, query=CREATED_TIMES)
    if group and not named_subnets:
        yield Read(VNETS, group, listing=True)
        for vnet in snapshot.children(group, VNETS):
            yield from _aks_vnet(snapshot, vnet.id)
            for subnet in default_subnets(vnet):
                yield from _egress(snapshot, subnet)


def _api_zone(snapshot: Snapshot, cluster: Resource) -> Iterator[Read]:
    """The zone that holds the name of a private API server: one's own, or AKS's in the node resource group."""
    if zone_id := api_zone_id(cluster):
        yield from _get(snapshot, ZONES, zone_id)
        if snapshot.get(zone_id) is not None:
            yield Read(ZONE_LINKS, zone_id, listing=True)
        return
    subscription, group = subscription_of(cluster.id), node_group(cluster)
    yield Read(ZONES, subscription, listing=True)
    zones = snapshot.children(group, ZONES)
    if group and not zones and snapshot.listing(subscription, ZONES) is not None:
        # A list of a subscription leaves out what the caller may not see; the group itself answers with an error.
        yield Read(ZONES, group, listing=True)
    for zone in zones:
        yield Read(ZONE_LINKS, zone.id, listing=True)


def _egress(snapshot: Snapshot, subnet_id: str) -> Iterator[Read]:
    """What stands in the way of what the nodes of a subnet send: its security group and route table."""
    subnet = find_subnet(snapshot.get(vnet_of(subnet_id)), subnet_id)
    yield from _get(snapshot, SECURITY_GROUPS, dig_text(subnet, "properties", "networkSecurityGroup", "id"))
    yield from _get(snapshot, ROUTE_TABLES, dig_text(subnet, "properties", "routeTable", "id"))


def _aks_vnet(snapshot: Snapshot, vnet_id: str) -> Iterator[Read]:
    """Where AKS resolves names and what it is peered with: zones and rulesets of those subscriptions too."""
    yield from _around(snapshot, vnet_id)
    vnet = snapshot.get(vnet_id)
    if vnet is None:
        return
    near = near_subscriptions(vnet)
    for subscription in near:
        yield Read(ZONES, subscription, listing=True)
        yield Read(RULESETS, subscription, listing=True)
    servers = [s for s in dig_texts(vnet.body, "properties", "dhcpOptions", "dnsServers") if s != AZURE_DNS]
    for subscription in near if servers else ():
        yield Read(FIREWALLS, subscription, listing=True)
        yield Read(RESOLVERS, subscription, listing=True)


def _names(snapshot: Snapshot) -> Iterator[Read]:
    """What may answer a name that AKS asks for, once the VNet of a cluster is known: rulesets wherever the audit looks,
    and the links and records of the zones that were listed."""
    for subscription in snapshot.once(_audited_subscriptions).values():
        yield Read(RULESETS, subscription, listing=True)
    for zone in snapshot.of_type(ZONES):
        if zone.name.lower() in _zone_names(snapshot.cloud):
            yield Read(ZONE_LINKS, zone.id, listing=True)
            yield Read(A_RECORDS, zone.id, listing=True)


def _around(snapshot: Snapshot, vnet_id: str, *, people: bool = False) -> Iterator[Read]:
    """A VNet and those peered with it; with ``people``, the Bastions and gateways there."""
    if not of_type(vnet_id, VNETS):
        return
    yield from _get(snapshot, VNETS, vnet_id)
    vnet = snapshot.get(vnet_id)
    near = [vnet_id, *(peered_vnets(vnet) if vnet else [])]
    for remote in near[1:]:
        yield from _get(snapshot, VNETS, remote)
    if not people:
        return
    for arm_id in near:
        yield Read(BASTIONS, subscription_of(arm_id), listing=True)
        there = snapshot.get(arm_id)
        subnets = [dig_text(s, "name") for _, s in there.objects("properties.subnets")] if there else []
        if any(equal(s, "GatewaySubnet") for s in subnets):
            yield Read(GATEWAYS, resource_group_of(arm_id), listing=True)


def _endpoints(snapshot: Snapshot, target: Resource) -> Iterator[Read]:
    """The private endpoints of a resource: those found, and those it lists that are elsewhere."""
    managed = managed_connections(snapshot, target)
    for path, connection in target.objects(CONNECTIONS):
        endpoint_id = dig_text(connection, "properties", "privateEndpoint", "id")
        if endpoint_id and path not in managed:
            yield from _get(snapshot, PRIVATE_ENDPOINTS, endpoint_id)
    yield from _targeting(snapshot, target.id)


def _targeting(snapshot: Snapshot, target_id: str) -> Iterator[Read]:
    for endpoint in snapshot.endpoints_to(target_id):
        yield from _endpoint(snapshot, endpoint)


def _endpoint(snapshot: Snapshot, endpoint: Resource) -> Iterator[Read]:
    for nic in nics(endpoint):
        yield from _get(snapshot, NICS, nic)
    yield from _get(snapshot, VNETS, vnet_of(subnet_of(endpoint)))
    subnet = find_subnet(snapshot.get(vnet_of(subnet_of(endpoint))), subnet_of(endpoint))
    if takes_network_policies(subnet):
        yield from _get(snapshot, SECURITY_GROUPS, dig_text(subnet, "properties", "networkSecurityGroup", "id"))
    yield Read(ZONE_GROUPS, endpoint.id, listing=True)
    for group in snapshot.children(endpoint.id, ZONE_GROUPS):
        for zone_id in zone_ids(group):
            yield from _get(snapshot, ZONES, zone_id)
            # Zones kept together: records without a zone group are looked for beside those that have one.
            yield Read(ZONES, subscription_of(zone_id), listing=True)


def _endpoints_of(snapshot: Snapshot, target: Resource) -> Iterable[Resource]:
    listed = [e for i in connected_endpoints(target) if (e := snapshot.get(i)) is not None]
    return {e.id: e for e in (*listed, *snapshot.endpoints_to(target.id))}.values()


@lru_cache
def _zone_names(cloud: Cloud) -> frozenset[str]:
    """The names of the zones that an environment's endpoints need."""
    groups = ("amlworkspace", "blob", "file", "dfs", "vault", "registry")
    return frozenset(zone.private for group in groups for zone in cloud.zones(group))


def _resolvers(snapshot: Snapshot) -> Iterator[Read]:
    for firewall in snapshot.of_type(FIREWALLS):
        if isinstance(policy := firewall.raw("properties.firewallPolicy.id"), str):
            yield from _get(snapshot, FIREWALL_POLICIES, policy)
    for inherits in snapshot.of_type(FIREWALL_POLICIES):
        if isinstance(policy := inherits.raw("properties.basePolicy.id"), str):
            yield from _get(snapshot, FIREWALL_POLICIES, policy)
    for resolver in snapshot.of_type(RESOLVERS):
        yield Read(INBOUND_ENDPOINTS, resolver.id, listing=True)
    for ruleset in snapshot.of_type(RULESETS):
        yield Read(RULESET_LINKS, ruleset.id, listing=True)
        yield Read(FORWARDING_RULES, ruleset.id, listing=True)
        # A ruleset sends from an outbound endpoint to an inbound one, most often of one resolver.
        outbound = [dig_text(o, "id") for _, o in ruleset.objects("properties.dnsResolverOutboundEndpoints")]
        for subscription in {subscription_of(i) for i in (ruleset.id, *outbound) if i}:
            yield Read(RESOLVERS, subscription, listing=True)


def _get(snapshot: Snapshot, arm_type: str, arm_id: str) -> Iterator[Read]:
    """A resource by id, unless it is there or a list that may hold it is still under way."""
    if not arm_id or snapshot.get(arm_id) is not None or not of_type(arm_id, arm_type):
        return
    if arm_type == NICS and _audited(snapshot, arm_id):
        # An environment needs seven of them, and one page holds those of many.
        yield Read(NICS, subscription_of(arm_id), listing=True)
    # The zones of a subscription are listed wherever one of them is named; the rest only where it is audited.
    listed = arm_type == ZONES or (arm_type in (*SUBSCRIPTION_WIDE, NICS) and _audited(snapshot, arm_id))
    if listed and not snapshot.listing(subscription_of(arm_id), arm_type):
        return
    yield Read(arm_type, arm_id)


def _audited(snapshot: Snapshot, arm_id: str) -> bool:
    return key(subscription_of(arm_id)) in snapshot.once(_audited_subscriptions)


def _audited_subscriptions(snapshot: Snapshot) -> dict[str, str]:
    """The ids of the subscriptions that are audited, by themselves without case."""
    return {key(at): at for s in snapshot.subscriptions if s.audited and (at := f"/subscriptions/{s.id}")}
