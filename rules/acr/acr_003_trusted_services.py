"""The registry lets trusted Microsoft services in.

What it checks: ``networkRuleBypassOptions`` of the registry is AzureServices.

When it applies: the registry has a firewall, or is closed to the public network. On one that is open to everybody the
exception makes no difference.

Why it matters: Azure ML builds and pulls images as a trusted service. Without the exception it is locked out.

How to fix it: allow trusted services.

When it is unknown: the registry, or the property, is not in Azure's answer.

Easily misjudged: None looks like the stricter value, and so like the better one. It closes nothing that was open to
the internet, though: the exception admits only Azure's own trusted services, and this pattern needs them.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require


@rule(
    id="ACR-003",
    title="Registry allows trusted Microsoft services",
    severity=Severity.HIGH,
    about=Environment,
    resource="registry",
    fix="az acr update -n {registry} --allow-trusted-services true",
    references=(f"{LEARN}/container-registry/allow-access-trusted-services",),
    bicep="""
resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  properties: {
    networkRuleBypassOptions: 'AzureServices'
  }
}
""",
    terraform="""
resource "azurerm_container_registry" "this" {
  network_rule_bypass_option = "AzureServices"
}
""",
)
def trusted_services(env: Environment) -> Verdict:
    path = env.named_registry
    registry = path.resource
    require(path.restricted, "the registry is not network restricted")
    bypass = registry.text("properties.networkRuleBypassOptions")
    if bypass.value.lower() != "azureservices":
        return fail(f"networkRuleBypassOptions is {bypass.value}", bypass)
    return ok("trusted Microsoft services bypass the firewall", bypass)
