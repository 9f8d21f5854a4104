"""The workspace has a system-assigned managed identity.

What it checks: ``identity.type`` contains SystemAssigned, and a principal exists.

When it applies: the default storage account is behind a private endpoint or a firewall.

Why it matters: storage admits the workspace as a trusted Azure service only with its system-assigned identity.

How to fix it: give the workspace a system-assigned identity, beside the user-assigned one if it has that.

When it is unknown: the identity, or the storage account, is not in Azure's answers.

Easily misjudged: a user-assigned identity alone is what general advice prefers, and some scanners ask for. With a
storage account that is not open it does not do: the exception for trusted services knows only the system-assigned
one. Both together are fine.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok


@rule(
    id="AML-003",
    title="Workspace has a system-assigned managed identity",
    severity=Severity.HIGH,
    about=Environment,
    resource="workspace",
    fix="az ml workspace update -g {workspace_group} -n {workspace} --file identity.yml"
    "  # identity: {{type: system_assigned,user_assigned}}",
    references=(f"{LEARN}/machine-learning/how-to-identity-based-service-authentication",),
    bicep="""
resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  identity: {
    type: 'SystemAssigned' // or 'SystemAssigned,UserAssigned', with its userAssignedIdentities
  }
}
""",
    terraform="""
resource "azurerm_machine_learning_workspace" "this" {
  identity {
    type = "SystemAssigned" # or "SystemAssigned, UserAssigned", with its identity_ids
  }
}
""",
)
def system_assigned_identity(env: Environment) -> Verdict:
    account = env.blob
    applies(account.resource is not None and account.is_restricted, "the default storage is not network restricted")
    kind = env.workspace.text("identity.type")
    if "systemassigned" not in kind.value.replace(" ", "").lower().split(","):
        return fail(f"the workspace's identity is {kind.value}, not system-assigned", kind)
    principal = env.workspace.text("identity.principalId")
    if not principal.value:
        return fail("the workspace's system-assigned identity has no principal", kind, principal)
    return ok("the workspace has a system-assigned identity", kind, principal)
