"""What hangs on a cluster itself: private endpoints to its API server, and Trusted Access bindings."""

from __future__ import annotations

from datetime import datetime

from auditor.model.environment import ClusterEndpoint
from auditor.model.facts import Fact, Missing
from auditor.model.ids import ArmId, equal, key, same
from auditor.model.resource import Resource
from auditor.model.shapes import dig_texts, node_group
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.times import time_of
from auditor.model.types import CLUSTER_CONNECTIONS, PRIVATE_ENDPOINTS, TRUSTED_ACCESS
from auditor.model.verdict import Verdict, fail, not_applicable, ok, unknown
from auditor.topology import history

ML_WORKLOAD = "Microsoft.MachineLearningServices/workspaces/mlworkload"


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
                names={"endpoint": arm.name, "endpoint_group": arm.resource_group, "endpoint_id": arm.id},
            )
        )
    return made, tuple(_unlisted(snapshot, cluster))


def _unlisted(snapshot: Snapshot, cluster: Resource) -> list[Missing]:
    """Why some endpoints may not be known: a private cluster lists them all itself; others are found where listed."""
    if cluster.raw("properties.apiServerAccessProfile.enablePrivateCluster") is True:
        gap = snapshot.unlisted(cluster.id, CLUSTER_CONNECTIONS)
        return [gap] if gap else []
    subscriptions = [f"/subscriptions/{s.id}" for s in snapshot.subscriptions]
    return [gap for s in subscriptions if (gap := snapshot.unlisted(s, PRIVATE_ENDPOINTS)) is not None]


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


def trusted_access(snapshot: Snapshot, cluster: Lookup | None, workspace: Resource) -> Verdict:
    """Whether the workspace may reach the cluster through Trusted Access.

    https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md
    """
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster)
    if not isinstance(cluster, Resource):
        return not_applicable("there is no cluster")
    for binding in snapshot.children(cluster.id, TRUSTED_ACCESS):
        if equal(binding.raw("properties.provisioningState"), "Failed"):
            continue
        held = dig_texts(binding.body, "properties", "roles")
        if same(str(binding.raw("properties.sourceResourceId") or ""), workspace.id) and any(
            equal(r, ML_WORKLOAD) for r in held
        ):
            return ok(
                f"the Trusted Access binding {binding.name} admits the workspace", binding.see("properties.roles")
            )
    gap = snapshot.unlisted(cluster.id, TRUSTED_ACCESS)
    if gap is not None:
        return unknown(f"the Trusted Access bindings could not be read: {gap.reason}", gap)
    return fail(f"no Trusted Access binding of {ArmId.parse(cluster.id).name} admits the workspace")
