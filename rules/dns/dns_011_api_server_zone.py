"""The private DNS zone of the API server resolves from the AKS VNet.

What it checks: the zone that holds the private name of the cluster's API server is linked to the AKS VNet, or to the
VNet of its DNS server. That is the zone in the node resource group, or the one that the cluster was given.

When it applies: the cluster is private, has no API server VNet integration, and its ``privateDNSZone`` is not none.

Why it matters: a node that does not find its API server cannot join the cluster. Nodes that run keep going for a
while, and the trouble shows at the next upgrade, scale-out or restart.

How to fix it: link the zone to the AKS VNet; with custom DNS servers, to the VNet where these ask Azure DNS.

When it is unknown: the cluster, the node resource group, the zone or its links could not be read, or a DNS server
cannot be seen into.

Easily misjudged: AKS links the zone that it makes to the VNet of the nodes, which looks complete. Where that VNet asks
a DNS server in a hub, this link is not the one that counts: the hub needs one as well. A zone in the node resource
group need not be this one either, since storage drivers put theirs there too.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="DNS-011",
    title="Private AKS API zone is linked to the AKS VNet, or to the VNet of its DNS server",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az network private-dns link vnet create -g {zone_group} -z {zone} -n aks --virtual-network {vnet_id} "
    "--registration-enabled false",
    references=(
        f"{LEARN}/aks/private-clusters",
        f"{LEARN}/dns/private-dns-virtual-network-links",
        "https://github.com/Azure/AKS/issues/4841",
    ),
    bicep="""
resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: apiServerZone
  name: 'aks'
  location: 'global'
  properties: {
    virtualNetwork: { id: aksVnet.id }
    registrationEnabled: false
  }
}
""",
    terraform="""
resource "azurerm_private_dns_zone_virtual_network_link" "api_server" {
  name                  = "aks"
  resource_group_name   = azurerm_private_dns_zone.api_server.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.api_server.name
  virtual_network_id    = azurerm_virtual_network.aks.id
  registration_enabled  = false
}
""",
)
def api_server_zone_linked(env: Environment) -> Verdict:
    verdict = env.api_zone
    if verdict.passed or verdict.failed:
        require(env.network.located, "the AKS VNet is not identified")
    return verdict
