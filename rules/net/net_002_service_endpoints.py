"""No service endpoint is set up on one side only.

What it checks: each VNet rule of a storage account or Key Vault that names an AKS subnet has the service endpoint on
that subnet, and is not in a failed state or for a deleted subnet. Where a resource relies on service endpoints, each
AKS subnet has its rule.

When it applies: a VNet rule of a storage account or Key Vault names an AKS subnet, or an AKS subnet has a service
endpoint for one. Registries are left out: Azure's answer does not show their VNet rules.

Why it matters: a rule without the endpoint on the subnet admits nobody, and still reads as if it did.

How to fix it: add the service endpoint to the subnet, or the rule to the resource; or use a private endpoint instead.

When it is unknown: a subnet or resource could not be read.

Easily misjudged: a service endpoint on the subnet that no rule uses looks half done. Beside a private endpoint it is
harmless, and passes: nothing relies on it. Microsoft's own quickstart leaves some behind. The reverse, a rule without
the endpoint, fails even where a private endpoint serves the resource.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="NET-002",
    title="No service endpoint is half configured",
    severity=Severity.MEDIUM,
    about=Environment,
    resource="cluster",
    fix="az network vnet subnet update -g {vnet_group} --vnet-name {vnet} -n {subnet} "
    "--service-endpoints Microsoft.Storage Microsoft.KeyVault",
    references=(f"{LEARN}/virtual-network/virtual-network-service-endpoints-overview",),
    bicep="""
resource aksSubnet 'Microsoft.Network/virtualNetworks/subnets@2024-05-01' = {
  properties: {
    serviceEndpoints: [
      { service: 'Microsoft.Storage' }
      { service: 'Microsoft.KeyVault' }
    ]
  }
}
""",
    terraform="""
resource "azurerm_subnet" "aks" {
  service_endpoints = ["Microsoft.Storage", "Microsoft.KeyVault"]
}
""",
)
def no_half_service_endpoint(env: Environment) -> Verdict:
    return env.service_endpoints
