"""The default storage account is reachable from AKS over a private endpoint, or over service endpoints.

What it checks: a private endpoint for ``blob`` that is approved on both sides, provisioned, and in the AKS VNet or in
one directly peered with it; or else a complete service-endpoint path, which is the endpoint on every AKS subnet, a
rule for each of these subnets on the account, and public network access not Disabled.

When it applies: the VNet of the cluster is known (ENV-002), and the account exists.

Why it matters: models, code and data of every deployment come from there.

How to fix it: make a private endpoint in the AKS VNet, with DNS integration.

When it is unknown: the default storage account, or an endpoint that it lists, could not be read.

Easily misjudged: each side can tell only half. An endpoint that calls itself Approved is dead once the account has
rejected it, or lists it no more; and an account goes on listing the approved connection of an endpoint that was
deleted. Connections of a managed network look like yours, and serve Azure ML's own computes alone.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, any_of, fail, require


@rule(
    id="STO-001",
    title="Default storage: blob is reachable from AKS over a private or service endpoint",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage}-blob --vnet-name "
    "{vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {storage_id} --group-id blob --connection-name blob",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2", "CIS Azure 5.0.0 9.3.2.1"),
    bicep="""
resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-blob'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'blob', properties: { privateLinkServiceId: storage.id, groupIds: ['blob'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "blob" {
  name                = "pe-blob"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "blob"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
    is_manual_connection           = false
  }
}
""",
)
def blob_reachable(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    target = env.blob.resource
    neither = fail(f"{target.name} has neither a private endpoint within reach nor service endpoints")
    return any_of([env.blob.endpoint, env.blob.service_endpoint], neither)
