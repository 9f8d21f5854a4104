"""The default storage has a private endpoint for files beside the one for blobs.

What it checks: a private endpoint for the group ``file`` that is approved on both sides, provisioned and within reach
of AKS.

When it applies: blobs of the account are reached through a private endpoint (STO-001). With service endpoints there
is nothing to add: they serve files too.

Why it matters: a private endpoint serves one group. Azure ML uses both blobs and file shares of its default account.

How to fix it: make a second private endpoint, for ``file``.

When it is unknown: the account, or an endpoint that it lists, could not be read.

Easily misjudged: two approved endpoints on one account look complete. If both are for ``blob``, its file shares are
still out of reach: count the groups, not the endpoints.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="STO-002",
    title="Default storage: file private endpoint stands beside blob",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage}-file --vnet-name "
    "{vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {storage_id} --group-id file --connection-name file",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#secure-azure-storage-accounts",),
    controls=("MCSB NS-2", "CIS Azure 5.0.0 9.3.2.1"),
    bicep="""
resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-file'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'file', properties: { privateLinkServiceId: storage.id, groupIds: ['file'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "file" {
  name                = "pe-file"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "file"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["file"]
    is_manual_connection           = false
  }
}
""",
)
def file_endpoint(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.blob.target)
    require(env.blob.endpoint, "blob is not reached through a private endpoint")
    return env.file.endpoint
