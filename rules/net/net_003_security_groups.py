"""Network security groups let AKS reach the private endpoints.

What it checks: TCP 443, and for file shares 445 too, from every AKS subnet to each address of the private endpoints
that AKS uses. Of the outbound rules on the AKS subnet, and of the inbound rules on the endpoint's subnet, the first
one that matches is Allow.

When it applies: an AKS subnet has a security group; or the subnet of an endpoint has one, and its
``privateEndpointNetworkPolicies`` is Enabled or NetworkSecurityGroupEnabled. The group that AKS itself keeps on the
network cards of its nodes is not judged.

Why it matters: endpoint, DNS and peering can all be right, and one Deny in between makes every call time out.

How to fix it: add an Allow rule with a lower number than that of the Deny, or narrow the Deny.

When it is unknown: a security group or a subnet could not be read, a rule names an application security group whose
members are not known, or a rule holds for a part of the AKS subnet only.

Easily misjudged: a Deny for everything looks like the end, and is harmless behind an Allow with a lower number, or on
the endpoint's subnet while network policies are Disabled there: the group does not hold for private endpoints then.
A Deny for VirtualNetwork does look harmless, as an endpoint stands for a service outside; but its address is in the
VNet.
"""

from __future__ import annotations

from auditor.model.crossing import crossing
from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="NET-003",
    title="Security groups let AKS reach the private endpoints on 443",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az network nsg rule create -g {outbound_group} --nsg-name {outbound} -n allow-endpoints "
    "--priority <lower-than-the-deny> --direction Outbound --access Allow --protocol Tcp "
    "--destination-address-prefixes VirtualNetwork --destination-port-ranges 443 445"
    " && az network nsg rule create -g {inbound_group} --nsg-name {inbound} -n allow-aks "
    "--priority <lower-than-the-deny> --direction Inbound --access Allow --protocol Tcp "
    "--source-address-prefixes VirtualNetwork --destination-port-ranges 443 445",
    references=(
        f"{LEARN}/machine-learning/how-to-access-azureml-behind-firewall",
        f"{LEARN}/virtual-network/network-security-groups-overview",
        f"{LEARN}/private-link/disable-private-endpoint-network-policy",
    ),
    bicep="""
resource allowEndpoints 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {
  parent: aksSecurityGroup
  name: 'allow-endpoints'
  properties: {
    priority: 100 // a lower number than that of any Deny
    direction: 'Outbound'
    access: 'Allow'
    protocol: 'Tcp'
    sourceAddressPrefix: '*'
    sourcePortRange: '*'
    destinationAddressPrefix: 'VirtualNetwork'
    destinationPortRanges: ['443', '445']
  }
}
""",
    terraform="""
resource "azurerm_network_security_rule" "allow_endpoints" {
  name                        = "allow-endpoints"
  resource_group_name         = azurerm_network_security_group.aks.resource_group_name
  network_security_group_name = azurerm_network_security_group.aks.name
  priority                    = 100 # a lower number than that of any Deny
  direction                   = "Outbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_address_prefix       = "*"
  source_port_range           = "*"
  destination_address_prefix  = "VirtualNetwork"
  destination_port_ranges     = ["443", "445"]
}
""",
)
def groups_let_through(env: Environment) -> Verdict:
    every = "the security groups let AKS reach each private endpoint that it uses"
    return crossing(env, lambda e: e.filtered, every, "no security group stands between AKS and a private endpoint")
