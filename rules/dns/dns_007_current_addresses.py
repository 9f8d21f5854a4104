"""The A records point at the present addresses of the private endpoints.

What it checks: every name on the network interface of a private endpoint has an A record in the zone that AKS asks.
The record holds that interface's address, and beside it only addresses of other endpoints of the same resource that
AKS can use.

When it applies: AKS uses a private endpoint, and there is a zone of the right name for it.

Why it matters: an endpoint that is deleted and made again gets another address. A record that nobody renews still
points at the old one: the name resolves, the zone and its links look right, and every call times out.

How to fix it: delete the endpoint's DNS zone group and create it again, which writes the records anew. From then on
Azure keeps them current. A record without a zone group has to be mended by hand each time.

When it is unknown: the network interface, the zone group or the records could not be read; or a zone that could not be
read may be the one that AKS asks. Where only the records are out of reach, what the zone group says that it wrote
counts, and the pass says so.

Easily misjudged: a record with two addresses looks broken and is right, when each belongs to a usable endpoint of the
resource. A record that holds the right address looks right and is wrong, when a dead one stands beside it: every other
call goes there.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.naming import every_name
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="DNS-007",
    title="A records point at the current addresses of the private endpoints",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="home",
    fix="az network private-endpoint dns-zone-group delete -g {endpoint_group} --endpoint-name {endpoint} "
    "-n {dns_group} && az network private-endpoint dns-zone-group create -g {endpoint_group} "
    "--endpoint-name {endpoint} -n default --private-dns-zone {zone_id} --zone-name {zone}"
    " && az network private-endpoint dns-zone-group add -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone {other_zone_id} --zone-name {other_zone}",
    references=(
        f"{LEARN}/private-link/private-endpoint-dns",
        f"{LEARN}/machine-learning/how-to-custom-dns",
    ),
    bicep="""
resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      { name: 'zone', properties: { privateDnsZoneId: zone.id } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "this" {
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.this.id]
  }
}
""",
)
def records_are_current(env: Environment) -> Verdict:
    every = "each record of the private endpoints holds the present address"
    return every_name(env, lambda zone: zone.records, every, "no private endpoint that AKS uses has a private DNS zone")
