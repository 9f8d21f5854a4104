"""Security groups that deny the internet leave open what Azure ML and AKS need there.

What it checks: TCP 443 from the AKS subnets to the service tags AzureActiveDirectory, AzureMachineLearning,
AzureResourceManager, MicrosoftContainerRegistry, AzureFrontDoor.FirstParty and AzureMonitor is let through before the
Deny. So is ``AzureCloud.<region>`` where the API server is public, and ``Storage.<region>`` where the default storage
has no private endpoint for blob.

When it applies: an AKS subnet has a security group. Where none of its outbound rules denies the internet, it passes as
long as no other rule is in the way.

Why it matters: nodes pull system images, get tokens and report over these. Without them a cluster does not even start
new nodes, and no deployment of Azure ML finishes.

How to fix it: add an Allow rule for each tag, with a lower number than that of the Deny.

When it is unknown: a security group or a subnet could not be read, or rules name address ranges or other tags, of
which no resource says how much of the needed tag they hold.

Easily misjudged: a private endpoint for the workspace does not make the tag AzureMachineLearning superfluous, and one
for the registry does not replace MicrosoftContainerRegistry. An Allow for VirtualNetwork looks as if it opened nothing
of the internet; but beside a default route of one's own, Azure may count every address as part of that tag, so this is
left open. Firewalls behind the subnet are not judged.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="NET-004",
    title="Security groups on the AKS subnets keep the required service tags open",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az network nsg rule create -g {outbound_group} --nsg-name {outbound} -n allow-{tag} "
    "--priority <lower-than-the-deny> --direction Outbound --access Allow --protocol Tcp "
    "--destination-address-prefixes {tag} --destination-port-ranges 443",
    references=(
        f"{LEARN}/machine-learning/how-to-access-azureml-behind-firewall",
        f"{LEARN}/virtual-network/service-tags-overview",
    ),
    bicep="""
resource allowMachineLearning 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {
  parent: aksSecurityGroup // and the same for each other tag
  name: 'allow-machine-learning'
  properties: {
    priority: 200 // a lower number than that of the Deny
    direction: 'Outbound'
    access: 'Allow'
    protocol: 'Tcp'
    sourceAddressPrefix: '*'
    sourcePortRange: '*'
    destinationAddressPrefix: 'AzureMachineLearning'
    destinationPortRange: '443'
  }
}
""",
    terraform="""
resource "azurerm_network_security_rule" "allow_machine_learning" { # and the same for each other tag
  name                        = "allow-machine-learning"
  resource_group_name         = azurerm_network_security_group.aks.resource_group_name
  network_security_group_name = azurerm_network_security_group.aks.name
  priority                    = 200 # a lower number than that of the Deny
  direction                   = "Outbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_address_prefix       = "*"
  source_port_range           = "*"
  destination_address_prefix  = "AzureMachineLearning"
  destination_port_range      = "443"
}
""",
)
def tags_stay_open(env: Environment) -> Verdict:
    return env.egress
