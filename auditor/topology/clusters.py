"""What hangs on a cluster itself: private endpoints to its API server, and Trusted Access bindings."""

from __future__ import annotations

from datetime import datetime

from auditor.model.environment import ClusterEndpoint, ExtendedCluster, Listed
from auditor.model.facts import Evidence, Fact, Missing, Seen
from auditor.model.ids import ArmId, equal, key, same, subscription_of
from auditor.model.paths import at
from auditor.model.resource import Resource
from auditor.model.shapes import (
    api_zone_id,
    dig_text,
    dig_texts,
    has_own_api_zone,
    is_aks,
    is_azureml,
    node_group,
    subnet_of,
    targets,
)
from auditor.model.snapshot import Gone, Lookup, Scope, Snapshot
from auditor.model.times import time_of
from auditor.model.types import (
    CLUSTER_CONNECTIONS,
    COMPUTES,
    EXTENSIONS,
    TRUSTED_ACCESS,
    WORKSPACES,
    ZONES,
)
from auditor.model.verdict import Verdict, any_of, fail, not_applicable, ok, unknown
from auditor.topology import history
from auditor.topology.dns import Resolver
from auditor.topology.endpoints import unlisted_endpoints

ML_WORKLOAD = "Microsoft.MachineLearningServices/workspaces/mlworkload"
# So many workspaces are named where none attaches a cluster.
MOST_NAMES = 50
ATTACHED_LATER = "the compute was attached after the Trusted Access binding was made: an older one does not use it"


def cluster_endpoints(snapshot: Snapshot, cluster: Lookup | None) -> tuple[list[ClusterEndpoint], tuple[Missing, ...]]:
    """The private endpoints to a cluster that AKS did not make, and why some may not be known."""
    if isinstance(cluster, Missing):
        return [], (cluster,)
    if not isinstance(cluster, Resource):
        return [], ()
    group = node_group(cluster)
    pointing = [*snapshot.endpoints_to(cluster.id), *(snapshot.endpoints_into(group) if group else ())]
    found: dict[str, Lookup] = {key(endpoint.id): endpoint for endpoint in pointing}
    sides: dict[str, Verdict] = {}
    for connection in snapshot.children(cluster.id, CLUSTER_CONNECTIONS):
        endpoint_id = connection.raw("properties.privateEndpoint.id")
        if isinstance(endpoint_id, str):
            found.setdefault(key(endpoint_id), snapshot.find(endpoint_id))
            sides[key(endpoint_id)] = _cluster_side(connection)
    own = [(i, lookup) for i, lookup in found.items() if not (group and i.startswith(key(group) + "/"))]
    past = history.starts(snapshot, cluster.id)
    silent = ok("the cluster's own list of connections was not read")
    made = []
    for i, lookup in own:
        arm = ArmId.parse(_id(lookup))
        made.append(
            ClusterEndpoint(
                id=arm.id,
                lookup=lookup,
                created=history.created(snapshot, i),
                history=past,
                cluster_side=sides.get(i, silent),
                resources={"endpoint": arm.id},
                names=_endpoint_names(lookup, arm, cluster),
            )
        )
    return made, tuple(_unlisted(snapshot, cluster))


def _endpoint_names(lookup: Lookup, arm: ArmId, cluster: Resource) -> dict[str, str]:
    """What it takes to make an endpoint again: where it stands, and what it connects to."""
    names = {"endpoint": arm.name, "endpoint_group": arm.resource_group, "endpoint_id": arm.id}
    if not isinstance(lookup, Resource):
        return names
    target = next(iter(targets(lookup)), cluster.id)
    names["api_server" if same(target, cluster.id) else "link_service"] = target
    more = {"endpoint_region": dig_text(lookup.body, "location"), "endpoint_subnet": subnet_of(lookup)}
    return names | {word: text for word, text in more.items() if text}


def _unlisted(snapshot: Snapshot, cluster: Resource) -> list[Missing]:
    """Why some endpoints may not be known: a private cluster lists them all itself; others are found where listed."""
    if cluster.raw("properties.apiServerAccessProfile.enablePrivateCluster") is True:
        gap = snapshot.unlisted(cluster.id, CLUSTER_CONNECTIONS)
        return [gap] if gap else []
    return list(snapshot.once(unlisted_endpoints))


def _cluster_side(connection: Resource) -> Verdict:
    path = "properties.privateLinkServiceConnectionState.status"
    status = connection.text(path)
    if isinstance(status, Missing):
        return unknown("the cluster does not say whether it approves the connection", status)
    if not equal(status.value, "Approved"):
        return fail(f"the cluster has the connection as {status.value}", status)
    return ok("approved by the cluster", status)


def _id(lookup: Lookup) -> str:
    if isinstance(lookup, Resource):
        return lookup.id
    return lookup.resource_id if isinstance(lookup, Missing) else lookup.id


def api_server_created(snapshot: Snapshot, cluster: Lookup | None) -> Fact[datetime] | None:
    """When AKS made its own endpoint to the API server: at the last start, since it makes it anew at each.

    None where there is none. An endpoint that is older than its cluster proves nothing and is not believed.
    https://learn.microsoft.com/azure/aks/start-stop-cluster
    """
    if not isinstance(cluster, Resource):
        return None
    group = node_group(cluster)
    own = [e for e in snapshot.endpoints_to(cluster.id) if group and key(e.id).startswith(key(group) + "/")]
    own = [e for e in own if equal(e.name, "kube-apiserver")] or own
    made = [history.created(snapshot, e.id) for e in own]
    newest: Fact[datetime] | None = None
    for fact in made:
        if isinstance(fact, Missing):
            return fact
        newest = fact if newest is None or fact.value > newest.value else newest
    born = time_of(cluster, "systemData.createdAt")
    if newest is not None and not isinstance(born, Missing) and newest.value < born.value:
        return Missing(newest.resource_id, "createdTime", "it is older than the cluster itself, which cannot be")
    return newest


def api_zone(snapshot: Snapshot, cluster: Lookup | None, resolver: Resolver) -> Verdict:
    """Whether the zone that holds the name of a private API server resolves from the AKS VNet.

    https://learn.microsoft.com/azure/aks/private-clusters#hub-and-spoke-with-custom-dns
    """
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster)
    if not isinstance(cluster, Resource):
        return not_applicable("there is no cluster")
    # Absent means a public cluster: https://learn.microsoft.com/azure/aks/private-clusters
    private = cluster.flag("properties.apiServerAccessProfile.enablePrivateCluster", absent=False)
    if isinstance(private, Missing):
        return unknown("whether the cluster is private was not read", private)
    if not has_own_api_zone(cluster):
        return not_applicable("the name of the API server stands in no private DNS zone")
    # Absent means the zone that AKS makes, and no integration: https://learn.microsoft.com/azure/aks/private-clusters
    integrated = cluster.flag("properties.apiServerAccessProfile.enableVnetIntegration", absent=False)
    kind = cluster.text("properties.apiServerAccessProfile.privateDNSZone", absent="system")
    for fact in (integrated, kind):
        if isinstance(fact, Missing):
            return unknown("which zone the API server's name stands in was not read", fact)
    zone_id = api_zone_id(cluster)
    if zone_id:
        zone = snapshot.find(zone_id)
        if isinstance(zone, Missing):
            return unknown(f"the zone {ArmId.parse(zone_id).name} could not be read: {zone.reason}", zone)
        if isinstance(zone, Gone):
            seen = cluster.see("properties.apiServerAccessProfile.privateDNSZone")
            arm = ArmId.parse(zone_id)
            names = {"zone": arm.name, "zone_group": arm.resource_group}
            return fail(f"the zone {arm.name} of the API server does not exist", seen, names=names)
        return resolver.resolves(zone)
    group = node_group(cluster)
    # Other zones may stand there too: the storage drivers of AKS make theirs for private endpoints.
    zones = [z for z in snapshot.children(group, ZONES) if _holds_api(z, cluster)] if group else []
    if zones:
        return any_of([resolver.resolves(z) for z in zones], fail("no zone of the API server resolves"))
    gap = snapshot.unlisted(group, ZONES) if group else cluster.missing("properties.nodeResourceGroup", "not answered")
    if gap is not None:
        return unknown(f"the zone of the API server was not read: {gap.reason}", gap)
    seen = cluster.see("properties.nodeResourceGroup")
    return fail(f"{ArmId.parse(group).resource_group} holds no private DNS zone for the API server", seen)


def _holds_api(zone: Resource, cluster: Resource) -> bool:
    """Whether a zone in the node resource group is that of the API server: ``<id>.privatelink.<region>.azmk8s.io``, or
    what another cloud has at the end."""
    host = cluster.raw("properties.privateFQDN")
    if isinstance(host, str) and "." in host:
        return equal(zone.name, host.partition(".")[2])
    return any(zone.name.lower().endswith(end) for end in (".azmk8s.io", ".aks.containerservice.azure.us", ".azk8s.cn"))


def extended(snapshot: Snapshot, cluster_id: str, compute: Resource | None) -> ExtendedCluster | None:
    """A cluster that is attached by ``compute``, carries the AzureML extension, or may; None for others."""
    if compute is None and not snapshot.scope.covers(cluster_id):
        return None
    cluster = snapshot.find(cluster_id)
    gap = cluster if isinstance(cluster, Missing) else snapshot.unlisted(cluster_id, EXTENSIONS)
    extensions = Listed(tuple(snapshot.children(cluster_id, EXTENSIONS)), gap)
    if compute is None and gap is None and not any(_may_be_azureml(e) for e in extensions.found):
        return None
    arm = ArmId.parse(cluster_id)
    names = {"cluster": arm.name, "cluster_group": arm.resource_group, "cluster_id": cluster_id}
    attached = _attachment(snapshot, cluster_id, compute)
    return ExtendedCluster(cluster_id, extensions, attached, {"cluster": cluster_id}, names)


def _may_be_azureml(extension: Resource) -> bool:
    return is_azureml(extension) or isinstance(extension.text("properties.extensionType"), Missing)


def _attachment(snapshot: Snapshot, cluster_id: str, compute: Resource | None) -> Verdict:
    name = ArmId.parse(cluster_id).name
    if compute is not None:
        message = f"{name} is attached to {ArmId.parse(compute.arm.parent).name} as {compute.name}"
        return ok(message, compute.see("properties.resourceId"))
    if snapshot.scope != Scope():
        why = "the run was narrowed, and leaves out workspaces that may use the cluster"
        return unknown(f"whether some compute attaches {name} is not known: {why}", Missing(cluster_id, "", why))
    names, gaps = snapshot.once(_attaching)
    if gaps:
        reason = "; ".join(dict.fromkeys(g.reason for g in gaps))
        return unknown(f"whether some compute attaches {name} could not be read: {reason}", *gaps)
    more = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    seen = Evidence(cluster_id, "", names[:MOST_NAMES], f"the workspaces that were read{more}")
    return fail(f"no workspace that was read has {name} attached", seen)


def _attaching(snapshot: Snapshot) -> tuple[list[str], list[Missing]]:
    """The names of the workspaces that may attach a cluster, and why some computes may not be known."""
    audited = {key(f"/subscriptions/{s.id}"): f"/subscriptions/{s.id}" for s in snapshot.subscriptions if s.audited}
    # A hub that was followed into another subscription is not in scope, and its computes were not asked for.
    workspaces = [w for w in snapshot.of_type(WORKSPACES) if key(subscription_of(w.id)) in audited]
    asked = [(s, WORKSPACES) for s in audited.values()] + [(w.id, COMPUTES) for w in workspaces]
    gaps = [gap for scope, arm_type in asked if (gap := snapshot.unlisted(scope, arm_type)) is not None]
    computes = [c for w in workspaces for c in snapshot.children(w.id, COMPUTES)]
    gaps += [s.failure.missing(f"/subscriptions/{s.id}", "") for s in snapshot.subscriptions if s.failure]
    gaps += [fact for c in computes if isinstance(fact := _cluster_of(c), Missing)]
    return [w.name for w in workspaces], gaps


def _cluster_of(compute: Resource) -> Fact[str]:
    """What a compute attaches; empty where it is of another kind, or was detached (see ENV-001)."""
    kind = compute.text("properties.computeType")
    if isinstance(kind, Missing):
        return kind
    detached = at(compute.body, "properties.resourceId") is None
    return (
        compute.text("properties.resourceId") if is_aks(compute) and not detached else Seen(compute.id, kind.path, "")
    )


def trusted_access(snapshot: Snapshot, cluster: Lookup | None, workspace: Resource) -> Verdict:
    """Whether the workspace may reach the cluster through Trusted Access.

    https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md
    """
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster)
    if not isinstance(cluster, Resource):
        return not_applicable("there is no cluster")
    for binding in snapshot.children(cluster.id, TRUSTED_ACCESS):
        if any(equal(binding.raw("properties.provisioningState"), s) for s in ("Failed", "Canceled", "Deleting")):
            continue
        held = dig_texts(binding.body, "properties", "roles")
        if same(str(binding.raw("properties.sourceResourceId") or ""), workspace.id) and any(
            equal(r, ML_WORKLOAD) for r in held
        ):
            message = f"the Trusted Access binding {binding.name} admits the workspace"
            return ok(message, binding.see("properties.roles"), assuming=[ATTACHED_LATER])
    gap = snapshot.unlisted(cluster.id, TRUSTED_ACCESS)
    if gap is not None:
        return unknown(f"the Trusted Access bindings could not be read: {gap.reason}", gap)
    return fail(f"no Trusted Access binding of {ArmId.parse(cluster.id).name} admits the workspace")
