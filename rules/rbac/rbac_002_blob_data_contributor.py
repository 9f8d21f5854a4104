"""In an HBI workspace the compute's identity holds Storage Blob Data Contributor on the default storage.

What it checks: a role assignment to the compute's system-assigned identity, or to a group that it is in, at the
storage account or above it (Storage Blob Data Owner, or a custom role with all of it, stands in, and the pass says
so).

When it applies: the workspace, or a Project's hub, is marked as high business impact (``hbiWorkspace``), and the
compute has a system-assigned identity (RBAC-001).

Why it matters: without it the compute cannot get at models and data: deployments fail with 403.

How to fix it: assign the role to the compute's principal on the storage account.

When it is unknown: the assignments could not be read; a role that might include this one could not be; or the only
assignment is conditional.

Easily misjudged: Owner looks like more than enough, and is not: it manages the account, but may not read a blob. The
same role in the hands of the workspace, or on one container only, does not help the compute either. An assignment to
a group that the compute is in looks missing, and counts.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies


@rule(
    id="RBAC-002",
    title="HBI workspace: the compute identity holds Storage Blob Data Contributor on the default storage",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal "
    '--role "Storage Blob Data Contributor" --scope {storage_id}',
    references=(f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace",),
    bicep="""
var roleId = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
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
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = var.compute_principal_id
  principal_type       = "ServicePrincipal"
}
""",
)
def blob_data_contributor(env: Environment) -> Verdict:
    applies(env.is_hbi, "the workspace is not marked as high business impact")
    applies("systemassigned" in env.identity.value.lower(), "the compute has no system-assigned identity")
    return env.blob_contributor
