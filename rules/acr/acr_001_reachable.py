"""The container registry is reachable from AKS over a private endpoint, or over service endpoints.

What it checks: a private endpoint for ``registry`` that is approved on both sides, provisioned, and in the AKS VNet
or in one directly peered with it; or else a complete service-endpoint path, which is the endpoint on every AKS
subnet, a rule for each of these subnets on the registry, and public network access not Disabled.

When it applies: the VNet of the cluster is known (ENV-002), and the workspace names a registry that exists. A
workspace gets its registry with its first image build; until then there is nothing to judge.

Why it matters: the nodes pull the image of every deployment from there.

How to fix it: make a private endpoint in the AKS VNet, with DNS integration.

When it is unknown: the registry, or an endpoint that it lists, could not be read. Rules for subnets are a preview
feature of a registry, which the api-version in use does not show; so where only they could save the verdict, it is
unknown too.

Easily misjudged: an endpoint that exists is not yet one that works. While its connection is Pending, or once it is
Rejected or Disconnected, it carries nothing, although the registry lists it like any other. A service endpoint on the
AKS subnet proves as little: without a rule on the registry, or with its public access Disabled, nobody comes in that
way.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, any_of, fail, require


@rule(
    id="ACR-001",
    title="Registry is reachable from AKS over a private or service endpoint",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="registry",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{registry}-registry --vnet-name "
    "{vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {registry_id} --group-id registry --connection-name registry",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2",),
    bicep="""
resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-registry'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'registry', properties: { privateLinkServiceId: registry.id, groupIds: ['registry'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "registry" {
  name                = "pe-registry"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "registry"
    private_connection_resource_id = azurerm_container_registry.this.id
    subresource_names              = ["registry"]
    is_manual_connection           = false
  }
}
""",
)
def registry_reachable(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    path = env.named_registry
    target = path.resource
    neither = fail(f"{target.name} has neither a private endpoint within reach nor service endpoints")
    return any_of([path.endpoint, path.service_endpoint], neither)
