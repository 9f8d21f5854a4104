"""The links of the zones are healthy and plain.

What it checks: each link by which AKS comes to a needed zone is Completed, not in provisioning state Failed, does not
register the names of machines, and does not fall back to the internet for names that are missing.

When it applies: a zone that a private endpoint needs is linked to the AKS VNet, or to the VNet of its DNS server.

Why it matters: a link that Failed may stop to answer (medium). One that registers machines fills a zone that Azure
services share with foreign names (low). One with NxDomainRedirect hides a missing record: the name resolves to the
public address, and traffic leaves the private path unseen (info).

How to fix it: set registration to false and the resolution policy to Default. The same update provisions a link anew
that Failed.

When it is unknown: the links or one of their properties could not be read or understood; or a DNS server is not seen,
so that the link it comes by is not known.

Easily misjudged: a link to another VNet is not judged, whatever its settings, since AKS does not come by it. A missing
resolution policy looks like a gap, and is the default. NxDomainRedirect looks like a help, and takes away the error
that would have shown the missing record.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.naming import every_zone
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="DNS-012",
    title="Zone links are healthy and plain",
    severity=Severity.LOW,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="home",
    fix="az network private-dns link vnet update -g {zone_group} -z {zone} -n {link} --registration-enabled false "
    "--resolution-policy Default",
    references=(
        f"{LEARN}/dns/private-dns-virtual-network-links",
        f"{LEARN}/dns/private-dns-autoregistration",
        f"{LEARN}/dns/private-dns-fallback",
    ),
    bicep="""
resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: 'aks'
  location: 'global'
  properties: {
    virtualNetwork: { id: aksVnet.id }
    registrationEnabled: false
    resolutionPolicy: 'Default'
  }
}
""",
    terraform="""
resource "azurerm_private_dns_zone_virtual_network_link" "aks" {
  name                  = "aks"
  resource_group_name   = azurerm_private_dns_zone.this.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.this.name
  virtual_network_id    = azurerm_virtual_network.aks.id
  registration_enabled  = false
  resolution_policy     = "Default"
}
""",
)
def links_are_plain(env: Environment) -> Verdict:
    every = "each link by which AKS comes to a zone is healthy and plain"
    return every_zone(env, lambda zone: zone.links, every, "no zone that a private endpoint needs is linked")
