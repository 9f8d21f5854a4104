"""The registry is of the Premium tier.

What it checks: ``sku.name`` of the registry that the workspace names.

When it applies: the workspace names a registry, and the registry exists.

Why it matters: private endpoints and network rules exist in Premium only.

How to fix it: change the tier; this can be done in place.

When it is unknown: the registry could not be read, or its tier is not in Azure's answer.

Easily misjudged: Standard is often called good enough for production, and it serves images without complaint. Here it
is wrong: a Standard registry can only be reached over its public address.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, fail, ok


@rule(
    id="ACR-002",
    title="Registry is Premium",
    severity=Severity.HIGH,
    about=Environment,
    resource="registry",
    fix="az acr update -n {registry} --sku Premium",
    references=(f"{LEARN}/container-registry/container-registry-skus",),
    controls=("MCSB NS-2",),
    bicep="""
resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  sku: {
    name: 'Premium'
  }
}
""",
    terraform="""
resource "azurerm_container_registry" "this" {
  sku = "Premium"
}
""",
)
def premium(env: Environment) -> Verdict:
    path = env.named_registry
    tier = path.resource.text("sku.name")
    if tier.value.lower() != "premium":
        return fail(f"the registry is {tier.value}", tier)
    return ok("the registry is Premium", tier)
