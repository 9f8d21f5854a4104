"""Azure ML can get into the cluster: by local accounts, or by Trusted Access.

What it checks: ``disableLocalAccounts`` is not true; or it is, and a Trusted Access binding gives this workspace the
role ``Microsoft.MachineLearningServices/workspaces/mlworkload``.

When it applies: the compute refers to a cluster that exists.

Why it matters: Azure ML signs in with the cluster's own administrator credential. Where local accounts are disabled
there is none, and attaching the cluster or deploying to it fails with "Getting static credential is not allowed".

How to fix it: enable local accounts. In the public cloud, for a Kubernetes compute, Trusted Access is the better way,
since the accounts can stay disabled: make a binding with az aks trustedaccess rolebinding create, then detach and
attach the compute, which has to be newer than the binding.

When it is unknown: local accounts are disabled, and the bindings of the cluster could not be listed.

Easily misjudged: other audits ask for disabled local accounts, and a cluster that follows them looks right and fails
here unless it has the binding. With the binding it looks wrong to Azure ML's list of limitations, and passes. A
binding for another workspace, or with another role, does not count, and a legacy AksCompute uses none.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, ok, require


@rule(
    id="AKS-006",
    title="Local accounts are enabled, or Trusted Access admits the workspace",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az aks update -g {cluster_group} -n {cluster} --enable-local-accounts",
    references=(
        f"{LEARN}/machine-learning/how-to-deploy-kubernetes-extension#limitations",
        f"{LEARN}/aks/trusted-access-feature",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md",
        "https://github.com/Azure/AML-Kubernetes/issues/261",
    ),
    bicep="""
resource binding 'Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings@2025-10-01' = {
  parent: cluster
  name: 'azureml'
  properties: {
    sourceResourceId: workspace.id
    roles: ['Microsoft.MachineLearningServices/workspaces/mlworkload']
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster_trusted_access_role_binding" "azureml" {
  name                  = "azureml"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.this.id
  source_resource_id    = azurerm_machine_learning_workspace.this.id
  roles                 = ["Microsoft.MachineLearningServices/workspaces/mlworkload"]
}
""",
)
def access_to_cluster(env: Environment) -> Verdict:
    require(env.attached)
    cluster = env.aks
    cluster.text("properties.provisioningState").value  # noqa: B018  (of an answer without it, absence means nothing)
    # Absent means that they are enabled, as they are when a cluster is made:
    # https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad
    disabled = cluster.flag("properties.disableLocalAccounts", absent=False)
    if not disabled.value:
        return ok("local accounts are enabled", disabled)
    trusted = env.workspace_trusted
    return trusted.also(disabled).saying(f"local accounts are disabled; {trusted.message}")
