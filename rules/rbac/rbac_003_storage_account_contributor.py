"""In an HBI workspace the compute's identity holds Storage Account Contributor on the default storage.

What it checks: a role assignment to the compute's system-assigned identity, or to a group that it is in, at the
storage account or above it (Contributor, Owner, or a custom role with all of it, stands in, and the pass says so).

When it applies: the workspace, or a Project's hub, is marked as high business impact (``hbiWorkspace``), and the
compute has a system-assigned identity (RBAC-001).

Why it matters: without it the compute cannot get at models and data: deployments fail with 403.

How to fix it: assign the role to the compute's principal on the storage account.

When it is unknown: the assignments could not be read; a role that might include this one could not be; or the only
assignment is conditional.

Easily misjudged: Storage Blob Data Owner sounds like the bigger role, and holds none of this one: it reads and writes
blobs, but may not manage the account. Two roles are needed, and RBAC-002 asks for the other. A custom role that
grants everything but the keys of the account fails too, since this role includes them.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies


@rule(
    id="RBAC-003",
    title="HBI workspace: the compute identity holds Storage Account Contributor on the default storage",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal "
    '--role "Storage Account Contributor" --scope {storage_id}',
    references=(f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace",),
    bicep="""
var roleId = '17d1049b-9a84-46fb-8f53-869881c3d3ab' // Storage Account Contributor
resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, computePrincipalId, roleId)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    principalId: computePrincipalId
    principalType: 'ServicePrincipal'
  }
}
""",
    terraform="""
resource "azurerm_role_assignment" "compute" {
  scope                = azurerm_storage_account.this.id
  role_definition_name = "Storage Account Contributor"
  principal_id         = var.compute_principal_id
  principal_type       = "ServicePrincipal"
}
""",
)
def storage_account_contributor(env: Environment) -> Verdict:
    applies(env.is_hbi, "the workspace is not marked as high business impact")
    applies("systemassigned" in env.identity.value.lower(), "the compute has no system-assigned identity")
    return env.storage_contributor
