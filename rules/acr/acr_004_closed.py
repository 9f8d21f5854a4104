"""The container registry is closed to the public network.

What it checks: ``publicNetworkAccess`` is Disabled; or the default action is Deny, with IP rules that together admit
no more than a /8. Rules for 0.0.0.0/1 and 128.0.0.0/1 are the whole internet, whatever they are called.

When it applies: the workspace names a registry, and the registry exists.

Why it matters: a private endpoint adds a private way in, it does not close the public one.

How to fix it: deny by default, or disable public network access. With service endpoints Deny is right, since Disabled
turns VNet rules off.

When it is unknown: the container registry could not be read, or a network security perimeter decides, whose rules are
not read.

Easily misjudged: with ``publicNetworkAccess`` Disabled the registry is closed, even where the default action still
says Allow: nobody comes in from the public network then, whatever the rules say. The reverse looks safe and is not: a
default of Deny beside rules for two halves of the internet.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="ACR-004",
    title="Registry is closed to public networks",
    severity=Severity.HIGH,
    about=Environment,
    resource="registry",
    fix="az acr update -n {registry} --public-network-enabled false",
    references=(f"{LEARN}/container-registry/container-registry-access-selected-networks",),
    controls=("MCSB NS-2",),
    bicep="""
resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  properties: {
    publicNetworkAccess: 'Disabled'
  }
}
""",
    terraform="""
resource "azurerm_container_registry" "this" {
  public_network_access_enabled = false
}
""",
)
def registry_closed(env: Environment) -> Verdict:
    path = env.named_registry
    existing(path.target)
    return path.closed
