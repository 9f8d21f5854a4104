"""The private DNS zones of the workspace resolve from the AKS VNet.

What it checks: with Azure DNS, a completed link from each zone to the AKS VNet, or a forwarding ruleset linked there.
With custom DNS servers, every one of them must be an Azure Firewall DNS proxy or a DNS Private Resolver in a VNet
that is linked to the zone; any other server in such a VNet is taken to forward, and the pass says so.

When it applies: the endpoint of the workspace has its records (DNS-001).

Why it matters: without this the nodes get the public address, although zone, records and endpoint are all in place.

How to fix it: link the zone to the AKS VNet, or to the VNet of its DNS server.

When it is unknown: links, rulesets or the DNS servers could not be read, or a server is one that Azure does not show.

Easily misjudged: zones that are linked to the hub alone are right in one estate and wrong in the next. Where the AKS
VNet asks a firewall's DNS proxy in the hub, the hub's links answer, and no link to the AKS VNet is needed. Where it
asks Azure DNS, they do not: a link is not inherited over a peering. A forwarding rule for `api.azureml.ms` comes before
a link, since Azure DNS asks the zone only for the name that the public one points at. A rule for everything (`.`) is
none for these names: Azure leaves it aside for the domains of its own services.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="DNS-002",
    title="Workspace zones resolve from the AKS VNet",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az network private-dns link vnet create -g {zone_group} -z {zone} -n aks --virtual-network {vnet_id} "
    "--registration-enabled false",
    references=(f"{LEARN}/private-link/private-endpoint-dns", f"{LEARN}/dns/private-dns-virtual-network-links"),
    bicep="""
resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: 'aks'
  location: 'global'
  properties: {
    virtualNetwork: { id: aksVnet.id }
    registrationEnabled: false
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
}
""",
)
def workspace_zones_linked(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.workspace_path.target)
    require(env.workspace_path.endpoint, "the workspace has no private endpoint within reach")
    require(env.workspace_path.integrated, "the private endpoint of the workspace has no DNS integration")
    return env.workspace_path.resolves
