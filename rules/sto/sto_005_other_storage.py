"""Every other storage account behind a datastore has a private endpoint that AKS reaches.

What it checks: each account that a datastore of type blob, file or Data Lake Gen2 uses, other than the default one,
has a private endpoint for every group that its datastores need, approved on both sides, provisioned and within reach
of AKS.

When it applies: a datastore uses an account that is not the default one. There is one result for each account.

Why it matters: the article asks for private endpoints for all other storage that workloads use. A datastore without
one works from a notebook and fails, or leaves the network, from AKS.

How to fix it: make a private endpoint for the group in the AKS VNet, with DNS integration.

When it is unknown: the datastores could not be listed, or an account could not be located or read.

Easily misjudged: a complete service-endpoint path is enough for the default storage, and not here: the article asks
for a private endpoint. And one endpoint on an account does not do for every datastore on it: a Data Lake Gen2
datastore needs ``blob`` and ``dfs``, a plain blob datastore on the same account only ``blob``.
"""

from __future__ import annotations

from auditor.model.environment import OtherStorage, existing
from auditor.model.ids import ArmId
from auditor.model.rule import LEARN, rule
from auditor.model.snapshot import Gone
from auditor.model.verdict import Severity, Verdict, all_of, fail, require


@rule(
    id="STO-005",
    title="Every other storage account used by datastores has a private endpoint reachable from AKS",
    severity=Severity.HIGH,
    about=OtherStorage,
    resource="account",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage} --vnet-name {vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {storage_id} --group-id {group} --connection-name {group}",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2", "CIS Azure 5.0.0 9.3.2.1"),
    bicep="""
resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-lake'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'lake', properties: { privateLinkServiceId: account.id, groupIds: ['blob'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "lake" {
  name                = "pe-lake"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "lake"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
    is_manual_connection           = false
  }
}
""",
)
def other_storage_reachable(account: OtherStorage) -> Verdict:
    if isinstance(account.target, Gone):
        users = ", ".join(d.name for d in account.datastores)
        return fail(
            f"the account {ArmId.parse(account.id).name} of {users} does not exist",
            account.datastores[0].see("properties.accountName"),
        )
    for path in account.paths:
        existing(path.target)
    require(account.located, "the AKS VNet is not identified")
    return all_of(
        [path.endpoint for path in account.paths], f"{ArmId.parse(account.id).name} has its private endpoints"
    )
