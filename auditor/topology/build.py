"""Environments: which workspaces use which clusters, and everything that each pair leans on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.model.environment import Environment, ExtendedCluster
from auditor.model.ids import ArmId, key, of_type
from auditor.model.report import Unjudged
from auditor.model.resource import Resource
from auditor.model.shapes import is_aks, is_azureml
from auditor.model.snapshot import Failure, Gone, Snapshot
from auditor.model.types import ARC_CLUSTERS, CLUSTERS, COMPUTES, WORKSPACES
from auditor.topology.assemble import assemble
from auditor.topology.clusters import extended


@dataclass(frozen=True)
class Estate:
    environments: list[Environment] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    clusters: list[ExtendedCluster] = field(default_factory=list)


def build(snapshot: Snapshot) -> Estate:
    """Every environment of a snapshot, and what makes none."""
    estate = Estate()
    attached: dict[str, Resource] = {}
    # Audited subscriptions only: a hub that was followed elsewhere is no environment of this run.
    subscriptions = {s.id.lower() for s in snapshot.subscriptions}
    for workspace in snapshot.of_type(WORKSPACES):
        if workspace.arm.subscription.lower() not in subscriptions or not snapshot.scope.admits(workspace.id):
            continue
        gap = snapshot.unlisted(workspace.id, COMPUTES)
        computes = snapshot.children(workspace.id, COMPUTES)
        if gap is not None:
            failure = Failure(reason=gap.reason, http_status=gap.http_status, needs_action=gap.needs_action)
            estate.unjudged.append(Unjudged(workspace.id, f"computes could not be listed: {gap.reason}", failure))
        found = False
        for compute in computes:
            kind = compute.raw("properties.computeType")
            if not isinstance(kind, str):
                failure = Failure(reason="Azure's answer does not hold properties.computeType")
                estate.unjudged.append(Unjudged(compute.id, "the type of the compute was not read", failure))
                found = True
            if not is_aks(compute):
                continue
            found = True
            cluster_id = compute.raw("properties.resourceId")
            if isinstance(cluster_id, str) and cluster_id and not of_type(cluster_id, CLUSTERS):
                reason = (
                    "Arc cluster"
                    if of_type(cluster_id, ARC_CLUSTERS)
                    else f"attached to {ArmId.parse(cluster_id).type}"
                )
                estate.unjudged.append(Unjudged(compute.id, reason))
                continue
            if isinstance(cluster_id, str) and cluster_id:
                attached[key(cluster_id)] = compute
            estate.environments.append(assemble(snapshot, workspace, compute))
        if not found and gap is None:
            estate.unjudged.append(Unjudged(workspace.id, "no AKS attached"))
    estate.clusters.extend(_clusters(snapshot, attached))
    for cluster in estate.clusters:
        if key(cluster.id) not in attached and any(is_azureml(e) for e in cluster.extensions.found):
            reason = "AKS cluster with the AzureML extension, attached to no workspace that was read"
            estate.unjudged.append(Unjudged(cluster.id, reason))
    estate.environments.sort(key=lambda e: key(e.id))
    estate.unjudged.sort(key=lambda u: key(u.resource_id))
    return estate


def _clusters(snapshot: Snapshot, attached: dict[str, Resource]) -> Iterator[ExtendedCluster]:
    """The clusters that carry the AzureML extension, or may: those that were read, and the attached ones that were
    not."""
    read = {key(c.id): c.id for c in snapshot.of_type(CLUSTERS)}
    named = {at: str(compute.raw("properties.resourceId")) for at, compute in attached.items()}
    for at, cluster_id in sorted({**named, **read}.items()):
        found = (
            None if isinstance(snapshot.find(cluster_id), Gone) else extended(snapshot, cluster_id, attached.get(at))
        )
        if found is not None:
            yield found
