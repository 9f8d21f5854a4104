"""The cluster is in the workspace's region, where the workspace has a private endpoint.

What it checks: ``location`` of the workspace and of the cluster, compared without case and spaces.

When it applies: the workspace, or a Project's hub, has a private endpoint that somebody made. Those of a managed
network do not count.

Why it matters: Azure ML does not support a cluster in another region once the workspace has a private endpoint.

How to fix it: there is no way to move either. Create a cluster in the workspace's region and attach that.

When it is unknown: one of the two locations, or the workspace's endpoints, could not be read.

Easily misjudged: ``North Europe`` and ``northeurope`` are one region, ``northeurope`` and ``northeurope2`` would be
two. A cluster in another region is no fault by itself: with a workspace that has no private endpoint it is supported.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import location
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok


@rule(
    id="ENV-004",
    title="AKS cluster is in the region of a workspace with a private endpoint",
    severity=Severity.HIGH,
    about=Environment,
    resource="cluster",
    fix="az aks create -g {cluster_group} -n <new-cluster> -l {region} --vnet-subnet-id "
    "<subnet-id>  # then attach it instead",
    references=(f"{LEARN}/machine-learning/how-to-configure-private-link#limitations",),
)
def same_region(env: Environment) -> Verdict:
    cluster = env.aks
    applies(env.has_workspace_endpoint, "the workspace has no private endpoint")
    here, there = env.workspace.text("location"), cluster.text("location")
    if location(here.value) != location(there.value):
        return fail(f"the workspace is in {here.value}, the cluster in {there.value}", here, there)
    return ok(f"both are in {here.value}", here, there)
