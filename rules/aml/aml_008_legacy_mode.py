"""The v1 legacy mode of the workspace is off.

What it checks: ``v1LegacyMode`` of the workspace is false.

When it applies: the attached compute is of type Kubernetes. The old AksCompute is used through the old API, which
needs no such thing; AML-009 speaks of it.

Why it matters: in legacy mode the workspace answers the old API only. Kubernetes online endpoints and deployments are
made through the new one, so none can be made or changed.

How to fix it: turn the mode off. It can take an hour until that shows.

When it is unknown: the property is not in Azure's answer.

Easily misjudged: nobody need have turned the mode on. A workspace with a private endpoint that was created through an
api-version older than 2022-05-01 has it from the start, as have those that were older than the setting itself. And a
policy exists that asks for it, to keep requests off the public Resource Manager: with Kubernetes endpoints it cannot
be followed.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok


@rule(
    id="AML-008",
    title="v1 legacy mode of the workspace is off",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="workspace",
    fix="az rest --method patch --url {workspace_id}'?api-version=2025-12-01' "
    """--body '{{"properties": {{"v1LegacyMode": false}}}}'""",
    references=(f"{LEARN}/machine-learning/how-to-configure-network-isolation-with-v2",),
    bicep="""
resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  properties: {
    v1LegacyMode: false
  }
}
""",
    terraform="""
resource "azurerm_machine_learning_workspace" "this" {
  v1_legacy_mode_enabled = false
}
""",
)
def legacy_mode_off(env: Environment) -> Verdict:
    applies(not env.is_legacy, "the attached compute is an AksCompute, which the old API serves")
    mode = env.workspace.flag("properties.v1LegacyMode")
    if mode.value:
        return fail("the workspace is in v1 legacy mode, and Kubernetes endpoints need the v2 API", mode)
    return ok("the workspace answers the v2 API", mode)
