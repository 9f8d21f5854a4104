"""The private endpoint of the workspace has private DNS integration for both of its zones.

What it checks: for an endpoint of the workspace that is approved, provisioned and within reach, each name on its
network interface has an A record with the interface's address in the cloud's API zone
(``privatelink.api.azureml.ms``) and in its notebooks zone (``privatelink.notebooks.azure.net``), in the zones that
AKS asks.

When it applies: the workspace has a valid private endpoint within reach of AKS (AML-001).

Why it matters: an endpoint without records, or with stale ones, is never used: AKS still gets the public address, or
none.

How to fix it: add a DNS zone group with both zones to the endpoint; it keeps the records current.

When it is unknown: the endpoint, its interface, zone group or zone could not be read. Records that nobody keeps
current, and records that only the zone group vouches for, pass and say so.

Easily misjudged: a zone group proves no record: someone may have deleted it since, and the group still reads as
healthy. Records without a zone group are right as long as they hold the endpoint's addresses. And a record with more
addresses than one is right where each belongs to a valid endpoint of this workspace, and wrong as soon as one belongs
to none.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="DNS-001",
    title="Workspace private endpoint has private DNS integration for both zones",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az network private-endpoint dns-zone-group create -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone {api_zone_id} --zone-name api && az network private-endpoint "
    "dns-zone-group add -g {endpoint_group} "
    "--endpoint-name {endpoint} -n default --private-dns-zone {notebooks_zone_id} --zone-name notebooks",
    references=(f"{LEARN}/machine-learning/how-to-custom-dns", f"{LEARN}/private-link/private-endpoint-dns"),
    bicep="""
resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      { name: 'api', properties: { privateDnsZoneId: apiZone.id } }
      { name: 'notebooks', properties: { privateDnsZoneId: notebooksZone.id } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "workspace" {
  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.api.id, azurerm_private_dns_zone.notebooks.id]
  }
}
""",
)
def workspace_records(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.workspace_path.target)
    require(env.workspace_path.endpoint, "the workspace has no private endpoint within reach")
    whole = env.workspace_path.integrated
    return whole.naming(_zone_ids(env)) if whole.failed else whole


def _zone_ids(env: Environment) -> dict[str, str]:
    """The zones that AKS asks, or would ask, by the words of the fix."""
    words = zip(("api_zone_id", "notebooks_zone_id"), env.cloud.zones(env.workspace_path.group), strict=False)
    word_of = {zone.private: word for word, zone in words}
    found = [zone for endpoint in env.workspace_path.in_use for zone in endpoint.zones if zone.zone_id]
    return {word_of[zone.name]: zone.zone_id for zone in reversed(found) if zone.name in word_of}
