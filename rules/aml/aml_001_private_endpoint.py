"""The workspace has a private endpoint in the AKS VNet, or in one directly peered with it.

What it checks: an endpoint for the group ``amlworkspace``, approved on both sides and provisioned, whose subnet is in
a VNet that AKS reaches.

When it applies: the VNet of the cluster is known (ENV-002). For a Project, the endpoints are those of its hub.

Why it matters: without it AKS talks to the workspace over the public network, or not at all once that is closed.

How to fix it: make the endpoint in the AKS VNet, with DNS integration; or repair the peering in between.

When it is unknown: an endpoint that might be the one, or the AKS VNet, could not be read.

Easily misjudged: a workspace that lists an approved endpoint looks finished. The endpoint must also be within reach:
peering is not transitive, so one in a spoke beyond the hub is out of it. Connections of a managed network do not
count either, since they serve Azure ML's own computes and not AKS; and an endpoint may be approved on its own side
while the workspace has rejected it.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="AML-001",
    title="Workspace private endpoint is in the AKS VNet or a directly peered VNet",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{home} --vnet-name {vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {home_id} --group-id amlworkspace --connection-name workspace -l {vnet_region}",
    references=(f"{LEARN}/machine-learning/how-to-configure-private-link",),
    controls=("MCSB NS-2",),
    bicep="""
resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-workspace'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'workspace', properties: { privateLinkServiceId: workspace.id, groupIds: ['amlworkspace'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "workspace" {
  name                = "pe-workspace"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "workspace"
    private_connection_resource_id = azurerm_machine_learning_workspace.this.id
    subresource_names              = ["amlworkspace"]
    is_manual_connection           = false
  }
}
""",
)
def private_endpoint_in_reach(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.workspace_path.target)
    return env.workspace_path.endpoint
