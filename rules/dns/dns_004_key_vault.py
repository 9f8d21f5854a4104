"""The private endpoint of the Key Vault has its records in a zone that resolves from AKS.

What it checks: for an endpoint that is approved, provisioned and within reach of AKS, each name on its network
interface has an A record with the interface's address in the cloud's vault zone
(``privatelink.vaultcore.azure.net``), and that zone resolves from the AKS VNet (see DNS-002 for how).

When it applies: the Key Vault has a valid private endpoint within reach of AKS. One that is reached over service
endpoints is not judged.

Why it matters: a record that is missing or stale, or a zone that AKS does not ask, sends the nodes to the public
address, or nowhere.

How to fix it: add a DNS zone group to the endpoint, and link its zone to the AKS VNet.

When it is unknown: the endpoint, its zone, links or records could not be read.

Easily misjudged: ``privatelink.vault.azure.net`` looks like the zone of ``vault.azure.net``, and is not: Azure sends
the name on to ``privatelink.vaultcore.azure.net``. A record that points at another endpoint than the first is right,
as long as that one is valid too; one that still holds the address of a dead endpoint is wrong, even beside the right
address.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, require


@rule(
    id="DNS-004",
    title="Key Vault endpoint has a zone group in a zone that resolves from AKS",
    severity=Severity.HIGH,
    about=Environment,
    resource="vault",
    fix="az network private-endpoint dns-zone-group create -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone {zone_id} --zone-name {zone} && az network private-dns link vnet "
    "create -g {zone_group} -z {zone} "
    "-n aks --virtual-network {vnet_id} --registration-enabled false",
    references=(f"{LEARN}/private-link/private-endpoint-dns",),
    bicep="""
resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      { name: 'vault', properties: { privateDnsZoneId: vaultZone.id } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "vault" {
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.vault.id]
  }
}
""",
)
def vault_names(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.vault.target)
    require(env.vault.endpoint, "the Key Vault has no private endpoint within reach")
    return all_of(env.vault.named(), "the Key Vault resolves to its private endpoint")
