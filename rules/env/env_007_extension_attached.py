"""A cluster with the AzureML extension is attached to a workspace.

What it checks: some compute of a workspace that was read refers to the cluster.

When it applies: each AKS cluster that carries the extension ``Microsoft.AzureML.Kubernetes``, once for the cluster and
not per workspace. In a run that was narrowed, only the clusters attached there and those in the resource groups that
were named are looked at.

Why it matters: the extension stays on the cluster when its compute is detached or its workspace is deleted, and the
models that it served keep running. But endpoints and deployments there can be neither created, nor changed, nor
deleted until the cluster is attached again.

How to fix it: attach the cluster under the name and namespace that the compute had before, or remove the extension.

When it is unknown: the extensions of the cluster, a workspace's computes or the workspaces of a subscription could not
be listed, or a compute does not say what it attaches; or the run was narrowed, so that a workspace left out may use it.

Easily misjudged: a healthy extension says nothing about an attachment: Azure shows it as Succeeded either way. A
cluster that several workspaces could use passes when one of them does. A cluster without the extension is no business
of Azure ML, and is not judged.
"""

from __future__ import annotations

from auditor.model.environment import ExtendedCluster
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, applies


@rule(
    id="ENV-007",
    title="AKS cluster that carries the AzureML extension is attached to a workspace",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=ExtendedCluster,
    resource="cluster",
    fix="az ml compute attach --type Kubernetes -n <compute> -g <workspace-group> -w <workspace> "
    "--namespace <namespace> --resource-id {cluster_id} --identity-type SystemAssigned",
    references=(f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace",),
)
def extension_attached(cluster: ExtendedCluster) -> Verdict:
    extension = cluster.extension
    applies(extension is not None, "the cluster does not carry the AzureML extension")
    return cluster.attached
