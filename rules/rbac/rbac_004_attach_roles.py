"""A user-assigned identity that the workspace works as holds the roles that attaching a cluster needs.

What it checks: the identity, or a group that it is in, holds Reader, Kubernetes Extension Contributor and Azure
Kubernetes Service Cluster Admin Role at the cluster or above it; and Contributor too where a Trusted Access binding
admits the workspace. Contributor and Owner stand in for the first two, a custom role for any, and the pass says so.

When it applies: the workspace has user-assigned identities only, or one of them is its primary identity.

Why it matters: a system-assigned identity gets what it needs by itself, a user-assigned one does not. Without the
second role attaching reports that the extension is not installed, without the third an internal error.

How to fix it: assign the roles that are missing to the identity, on the cluster.

When it is unknown: the identity or the role assignments could not be read; a role that might include a missing one
could not be; the only assignment is conditional; of several identities some hold the roles, and Azure does not say
which one is in use; or Trusted Access bindings could not be read, and only Contributor is missing. It is unknown too
where Azure's answer does not hold ``primaryUserAssignedIdentity`` beside both kinds of identity.

Easily misjudged: Contributor on the subscription looks like more than enough. Azure ML asks for the cluster-admin
role by name beside it, and refused such an identity. The RBAC roles of nearly the same name, as Azure Kubernetes
Service RBAC Cluster Admin, are about Kubernetes objects and are no help. The roles must be the workspace identity's;
those of the compute or of whoever attaches do not count.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict

ASSIGN = (
    "az role assignment create --assignee-object-id {identity} --assignee-principal-type ServicePrincipal "
    "--scope {cluster_id} --role "
)
ROLES = ("reader", "kubernetes_extension_contributor", "azure_kubernetes_service_cluster_admin_role", "contributor")


@rule(
    id="RBAC-004",
    title="Workspace user-assigned identity has the AKS roles needed to attach",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix=" && ".join(f"{ASSIGN}{{{role}}}" for role in ROLES),  # those that the finding names as missing
    references=(
        f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace#prerequisites",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md",
        "https://github.com/Azure/AML-Kubernetes/issues/279",
    ),
    bicep="""
var roleIds = [
  'acdd72a7-3385-48ef-bd42-f606fba81ae7' // Reader
  '85cb6faf-e071-4c9b-8136-154b5a04f717' // Kubernetes Extension Contributor
  '0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8' // Azure Kubernetes Service Cluster Admin Role
]
resource roles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for roleId in roleIds: {
  name: guid(cluster.id, identity.id, roleId)
  scope: cluster
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}]
""",
    terraform="""
resource "azurerm_role_assignment" "attach" {
  for_each = toset([
    "Reader", "Kubernetes Extension Contributor", "Azure Kubernetes Service Cluster Admin Role"
  ])
  scope                = azurerm_kubernetes_cluster.this.id
  role_definition_name = each.value
  principal_id         = azurerm_user_assigned_identity.workspace.principal_id
  principal_type       = "ServicePrincipal"
}
""",
)
def attach_roles(env: Environment) -> Verdict:
    return env.attach_roles
