"""The peerings that carry a needed private endpoint work in both directions.

What it checks: the peering between the AKS VNet and that of the endpoint: Connected on both sides, VNet access
allowed, subnet peering covering both subnets, and in sync, or at least with the endpoint's address inside what is
really peered.

When it applies: an approved endpoint of the workspace or of one of its resources is in another VNet, one of the two
VNets has a peering to the other, and the AKS VNet has no endpoint of that resource itself.

Why it matters: a peering that works in one direction only carries nothing. It is the cause of AML-001, STO-001,
KV-001 or ACR-001 failing along with it.

How to fix it: make the missing side, delete and make anew one that is Disconnected, or sync it.

When it is unknown: the AKS VNet, what a subnet peering carries, or an endpoint that may hang on a peering could not
be read. A remote side that cannot be read passes and says so.

Easily misjudged: a peering that was made from one side only, or whose other half was deleted, can look fine from this
side; so both are read. Out of sync looks broken and need not be: the peering goes on carrying the address space that
it knew, and only an endpoint outside of that is lost.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, applies, require


@rule(
    id="NET-001",
    title="Peerings that carry a needed private endpoint are connected, in sync and open both ways",
    severity=Severity.HIGH,
    about=Environment,
    resource="cluster",
    fix="az network vnet peering create -g {vnet_group} -n to-endpoints --vnet-name {vnet} "
    "--remote-vnet {endpoint_vnet_id} "
    "--allow-vnet-access  # and the reverse; or: az network vnet peering sync",
    references=(f"{LEARN}/virtual-network/virtual-network-troubleshoot-peering-issues",),
    bicep="""
resource peering 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings@2024-05-01' = {
  parent: aksVnet // and the same from the other side
  name: 'to-endpoints'
  properties: {
    remoteVirtualNetwork: { id: endpointVnet.id }
    allowVirtualNetworkAccess: true
  }
}
""",
    terraform="""
resource "azurerm_virtual_network_peering" "to_endpoints" { # and the same from the other side
  name                         = "to-endpoints"
  resource_group_name          = azurerm_virtual_network.aks.resource_group_name
  virtual_network_name         = azurerm_virtual_network.aks.name
  remote_virtual_network_id    = azurerm_virtual_network.endpoints.id
  allow_virtual_network_access = true
}
""",
)
def peerings_carry(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    carried = [path.peering for path in env.paths() if path.peering is not None]
    applies(bool(carried), "no needed private endpoint hangs on a peering")
    return all_of(carried, "every peering that carries a private endpoint works both ways")
