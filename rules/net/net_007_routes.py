"""Routes lead from AKS to the private endpoints.

What it checks: for each address of the private endpoints that AKS uses, the route that wins on each AKS subnet with a
route table: the endpoint's own, one that stays in the VNet, or one to an appliance.

When it applies: an AKS subnet has a route table.

Why it matters: a route to nowhere drops what it takes, and one to the internet sends it where no private address is.

How to fix it: delete the route, or add one for the endpoint's address that stays in the VNet.

When it is unknown: the route table, the network policies of the endpoint's subnet or its addresses could not be read;
or the route leads to a gateway, whose own routes Azure Resource Manager does not show.

Easily misjudged: 0.0.0.0/0 to a firewall looks as if it took everything. A private endpoint has a route of its own
for its single address, and the longest prefix wins; the same goes for the routes that kubenet writes for its pods. A
route as wide as the VNet is harmless for the same reason, until ``privateEndpointNetworkPolicies`` of the endpoint's
subnet takes in route tables: then it beats the endpoint's own. An appliance in between passes with a note: that it
forwards is for its owner to see to.
"""

from __future__ import annotations

from auditor.model.crossing import crossing
from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="NET-007",
    title="Routes let AKS reach the private endpoints",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az network route-table route delete -g {table_group} --route-table-name {table} -n {route}",
    references=(
        f"{LEARN}/virtual-network/virtual-networks-udr-overview",
        f"{LEARN}/private-link/disable-private-endpoint-network-policy",
    ),
    bicep="""
resource toEndpoints 'Microsoft.Network/routeTables/routes@2024-05-01' = {
  parent: aksRouteTable
  name: 'to-endpoints'
  properties: {
    addressPrefix: '10.40.16.4/32' // the endpoint's address
    nextHopType: 'VnetLocal'
  }
}
""",
    terraform="""
resource "azurerm_route" "to_endpoints" {
  name                = "to-endpoints"
  resource_group_name = azurerm_route_table.aks.resource_group_name
  route_table_name    = azurerm_route_table.aks.name
  address_prefix      = "10.40.16.4/32" # the endpoint's address
  next_hop_type       = "VnetLocal"
}
""",
)
def routes_lead_there(env: Environment) -> Verdict:
    every = "routes lead from AKS to each private endpoint that it uses"
    return crossing(env, lambda e: e.routed, every, "no AKS subnet has a route table")
