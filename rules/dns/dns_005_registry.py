"""The private endpoint of the container registry has its records in a zone that resolves from AKS.

What it checks: for an endpoint that is approved, provisioned and within reach of AKS, each name on its network
interface has an A record with the interface's address in the cloud's registry zone (``privatelink.azurecr.io``), its
data endpoints included, and that zone resolves from the AKS VNet (see DNS-002 for how).

When it applies: the workspace names a registry, and that has a valid private endpoint within reach of AKS.

Why it matters: a record that is missing or stale, or a zone that AKS does not ask, sends the nodes to the public
address, or nowhere.

How to fix it: add a DNS zone group to the endpoint, and link its zone to the AKS VNet.

When it is unknown: the endpoint, its zone, links or records could not be read.

Easily misjudged: with the record of the login name in place, signing in works and the registry looks reached. Layers
come from another name, one for each region (``<registry>.<region>.data``): where its record is missing, the pull
hangs. A new replica brings one more of these names.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, require


@rule(
    id="DNS-005",
    title="Container registry endpoint has a zone group in a zone that resolves from AKS",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="registry",
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
      { name: 'registry', properties: { privateDnsZoneId: registryZone.id } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "registry" {
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.registry.id]
  }
}
""",
)
def registry_names(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    path = env.named_registry
    existing(path.target)
    require(path.endpoint, "the registry has no private endpoint within reach")
    return all_of(path.named(), "the registry resolves to its private endpoint")
