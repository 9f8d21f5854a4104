"""The Key Vault is reachable from AKS over a private endpoint, or over service endpoints.

What it checks: a private endpoint for ``vault`` that is approved on both sides, provisioned, and in the AKS VNet or
in one directly peered with it; or else a complete service-endpoint path, which is the endpoint on every AKS subnet, a
rule for each of these subnets on the Key Vault, and public network access not Disabled.

When it applies: the VNet of the cluster is known (ENV-002), and the Key Vault exists.

Why it matters: the workspace keeps its secrets there, and deployments cannot start without them.

How to fix it: make a private endpoint in the AKS VNet, with DNS integration.

When it is unknown: the Key Vault, or an endpoint that it lists, could not be read.

Easily misjudged: both halves of the service-endpoint path can be in place, and a vault with public network access
Disabled still lets nobody in: Disabled turns its VNet rules off. An endpoint in another VNet is right where the two
are directly peered, and the pass says so.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, any_of, fail, require


@rule(
    id="KV-001",
    title="Key Vault is reachable from AKS over a private or service endpoint",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="vault",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{vault}-vault --vnet-name {vnet} "
    "--subnet <pe-subnet> "
    "--private-connection-resource-id {vault_id} --group-id vault --connection-name vault",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2", "MCSB DP-8", "CIS Azure 5.0.0 8.3.8"),
    bicep="""
resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-vault'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'vault', properties: { privateLinkServiceId: vault.id, groupIds: ['vault'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "vault" {
  name                = "pe-vault"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "vault"
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }
}
""",
)
def vault_reachable(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    target = env.vault.resource
    neither = fail(f"{target.name} has neither a private endpoint within reach nor service endpoints")
    return any_of([env.vault.endpoint, env.vault.service_endpoint], neither)
