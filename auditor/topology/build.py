"""Environments: which workspaces use which clusters, and everything that each pair leans on."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.model.environment import Environment
from auditor.model.ids import ArmId, equal, key, of_type
from auditor.model.report import Unjudged
from auditor.model.resource import Resource
from auditor.model.shapes import is_aks
from auditor.model.snapshot import Failure, Snapshot
from auditor.model.types import ARC_CLUSTERS, CLUSTERS, COMPUTES, EXTENSIONS, WORKSPACES
from auditor.topology.assemble import assemble
from auditor.topology.endpoints import EndpointFinder


@dataclass(frozen=True)
class Estate:
    environments: list[Environment] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)


def build(snapshot: Snapshot) -> Estate:
    """Every environment of a snapshot, and what makes none."""
    estate = Estate()
    finder = EndpointFinder(snapshot)
    attached: set[str] = set()
    for workspace in snapshot.of_type(WORKSPACES):
        if not _in_scope(snapshot, workspace):
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
            if isinstance(cluster_id, str):
                attached.add(key(cluster_id))
            estate.environments.append(assemble(snapshot, finder, workspace, compute))
        if not found and gap is None:
            estate.unjudged.append(Unjudged(workspace.id, "no AKS attached"))
    narrowed = bool(snapshot.scope.workspaces or snapshot.scope.resource_groups)
    for cluster in snapshot.of_type(CLUSTERS):
        if not narrowed and key(cluster.id) not in attached and _has_azureml(snapshot, cluster):
            reason = "AKS cluster with the AzureML extension, attached to no workspace that was read"
            estate.unjudged.append(Unjudged(cluster.id, reason))
    estate.environments.sort(key=lambda e: key(e.id))
    estate.unjudged.sort(key=lambda u: key(u.resource_id))
    return estate


def _in_scope(snapshot: Snapshot, workspace: Resource) -> bool:
    """Audited subscriptions only: a hub that was followed elsewhere is no environment of this run."""
    audited = {s.id.lower() for s in snapshot.subscriptions}
    return workspace.arm.subscription.lower() in audited and snapshot.scope.admits(workspace.id)


def _has_azureml(snapshot: Snapshot, cluster: Resource) -> bool:
    return any(
        equal(e.raw("properties.extensionType"), "Microsoft.AzureML.Kubernetes")
        for e in snapshot.children(cluster.id, EXTENSIONS)
    )
