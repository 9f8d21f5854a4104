"""The private endpoint of the storage account behind a datastore has its records in a zone that resolves from AKS.

What it checks: for an endpoint that is approved, provisioned and within reach of AKS, each name on its network
interface has an A record with the interface's address in the zone of its type (blob, file or dfs), and that zone
resolves from the AKS VNet (see DNS-002 for how).

When it applies: a datastore uses an account that is not the default one, and that account has a private endpoint
within reach of AKS. There is one result for each account.

Why it matters: a record that is missing or stale, or a zone that AKS does not ask, sends the nodes to the public
address, or nowhere.

How to fix it: add a DNS zone group to the endpoint, and link its zone to the AKS VNet.

When it is unknown: the datastores could not be listed, the account could not be located, or the endpoint, its zone,
links or records could not be read.

Easily misjudged: only the names that a datastore needs are asked for. A Data Lake Gen2 datastore needs blob and dfs,
so beside endpoints for both, records for blob alone are wrong; a plain blob datastore on the same account does not
miss the dfs zone.
"""

from __future__ import annotations

from auditor.model.environment import OtherStorage
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, applies


@rule(
    id="DNS-006",
    title="Other storage endpoints have a zone group in a zone that resolves from AKS",
    severity=Severity.HIGH,
    about=OtherStorage,
    resource="account",
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
resource "azurerm_private_endpoint" "lake" {
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.blob.id]
  }
}
""",
)
def other_storage_names(account: OtherStorage) -> Verdict:
    paths = [path for path in account.paths if path.resource and not path.endpoint.failed]
    applies(bool(paths), "the account has no private endpoint within reach")
    return all_of([hop for path in paths for hop in path.named()], "the account resolves to its private endpoints")
