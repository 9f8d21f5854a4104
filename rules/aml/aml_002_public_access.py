"""The workspace refuses the public network.

What it checks: ``publicNetworkAccess`` is Disabled; where it is absent, the older ``allowPublicAccessWhenBehindVnet``
is false.

When it applies: the workspace, or a Project's hub, has a private endpoint.

Why it matters: a private endpoint adds a private way in, it does not close the public one. Open to selected addresses
only (an IP allow list with a default of Deny) fails at low.

How to fix it: disable public network access, once people have a private way in.

When it is unknown: neither property is in Azure's answer, or a network security perimeter decides.

Easily misjudged: only the newer property counts where both are there. Disabled beside an older flag of true is
closed; Enabled beside an older flag of false is open. And an allow list of 0.0.0.0/1 and 128.0.0.0/1 is a list of the
whole internet, so it is not taken for selected addresses.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies


@rule(
    id="AML-002",
    title="Workspace public network access is disabled",
    severity=Severity.HIGH,
    about=Environment,
    resource="home",
    fix="az ml workspace update -g {home_group} -n {home} --public-network-access Disabled",
    references=(f"{LEARN}/machine-learning/how-to-configure-private-link#enable-public-access",),
    controls=("MCSB NS-2",),
    bicep="""
resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  properties: {
    publicNetworkAccess: 'Disabled'
  }
}
""",
    terraform="""
resource "azurerm_machine_learning_workspace" "this" {
  public_network_access_enabled = false
}
""",
)
def public_access_disabled(env: Environment) -> Verdict:
    applies(env.has_workspace_endpoint, "the workspace has no private endpoint")
    return env.workspace_path.closed
