"""The container registry refuses anonymous pulls.

What it checks: ``anonymousPullEnabled`` of the registry is not true. It is off unless somebody turned it on, so
absent counts as off.

When it applies: the workspace names a registry, and the registry exists.

Why it matters: with anonymous pull on, everybody who reaches the registry may pull every image, with the code and the
models in it, and without a trace of who it was.

How to fix it: turn anonymous pull off.

When it is unknown: the registry could not be read.

Easily misjudged: a registry that is closed to the public network looks safe enough. Anonymous pull then still opens
it to everything in the VNet, in the peered ones, and beyond a gateway; so it fails there too.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, unknown


@rule(
    id="ACR-006",
    title="Registry refuses anonymous pulls",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="registry",
    fix="az acr update -n {registry} --anonymous-pull-enabled false",
    references=(f"{LEARN}/container-registry/anonymous-pull-access",),
    controls=("MCSB IM-1",),
    bicep="""
resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  properties: {
    anonymousPullEnabled: false
  }
}
""",
    terraform="""
resource "azurerm_container_registry" "this" {
  anonymous_pull_enabled = false
}
""",
)
def no_anonymous_pull(env: Environment) -> Verdict:
    registry = env.named_registry.resource
    if not registry.raw("properties"):
        gap = registry.missing("properties", "Azure's answer holds no properties")
        return unknown(f"the settings of {registry.name} were not read", gap)
    # Absent means off: https://learn.microsoft.com/azure/container-registry/anonymous-pull-access
    anonymous = registry.flag("properties.anonymousPullEnabled", absent=False)
    if anonymous.value:
        return fail(f"{registry.name} lets everybody pull who reaches it", anonymous)
    return ok(f"{registry.name} refuses anonymous pulls", anonymous)
