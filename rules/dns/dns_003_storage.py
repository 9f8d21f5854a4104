"""The private endpoint of the default storage account has its records in a zone that resolves from AKS.

What it checks: for an endpoint that is approved, provisioned and within reach of AKS, each name on its network
interface has an A record with the interface's address in the cloud's blob and file zones, and that zone resolves from
the AKS VNet (see DNS-002 for how).

When it applies: the account has a private endpoint for blob or file within reach of AKS. One that is reached over
service endpoints is not judged: its public name is the right one.

Why it matters: a record that is missing or stale, or a zone that AKS does not ask, sends the nodes to the public
address, or nowhere.

How to fix it: add a DNS zone group to the endpoint, and link its zone to the AKS VNet.

When it is unknown: the endpoint, its zone, links or records could not be read.

Easily misjudged: a zone group, a zone and a link can all be there, and the one record be missing: by default the zone
then answers that the name does not exist, and nobody asks the public DNS any more. A link to the VNet of the endpoint
does not help AKS in another VNet, while a link to the AKS VNet alone is enough.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, applies, require


@rule(
    id="DNS-003",
    title="Default storage endpoints have a zone group in a zone that resolves from AKS",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="storage",
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
      { name: 'blob', properties: { privateDnsZoneId: blobZone.id } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "blob" {
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.blob.id]
  }
}
""",
)
def storage_names(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.blob.target)
    paths = [path for path in (env.blob, env.file) if not path.endpoint.failed]
    applies(bool(paths), "the default storage has no private endpoint within reach")
    return all_of([hop for path in paths for hop in path.named()], "blob and file resolve to their private endpoints")
