"""Where batch endpoints are used, queue and table of the default storage have private endpoints too.

What it checks: the default storage has an endpoint for ``queue`` and one for ``table``, approved on both sides,
provisioned and within reach of AKS.

When it applies: the workspace has a batch endpoint, and its default storage is reached through a private endpoint. Over
service endpoints no more is needed: they serve the whole account.

Why it matters: batch deployments and parallel steps keep track of their work in a queue and a table. With the account
closed and no endpoint for these, jobs start and then hang. This raises the result to medium.

How to fix it: make the two endpoints, each with its DNS zone.

When it is unknown: the batch endpoints could not be listed, or the account or one of its endpoints could not be read.

Easily misjudged: a workspace that serves online endpoints only needs neither, however complete the list of four in
Microsoft's guides looks. Once there is a batch endpoint, blob and file are not enough, even if every deployment in it
was made to work once with the account open.
"""

from __future__ import annotations

from auditor.model.access import AccessPath
from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, all_of, applies, fail, require


@rule(
    id="STO-006",
    title="Queue and table of the default storage have private endpoints where batch endpoints are used",
    severity=Severity.INFO,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage}-{group} --vnet-name {vnet} "
    "--subnet <pe-subnet> --private-connection-resource-id {storage_id} --group-id {group} --connection-name {group}",
    references=(
        f"{LEARN}/machine-learning/how-to-secure-batch-endpoint",
        f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#secure-azure-storage-accounts",
    ),
    bicep="""
resource queueEndpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = { // and the same for table
  name: 'pe-queue'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'queue', properties: { privateLinkServiceId: storage.id, groupIds: ['queue'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "queue" { # and the same for table
  name                = "pe-queue"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "queue"
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["queue"]
    is_manual_connection           = false
  }
}
""",
)
def queue_and_table(env: Environment) -> Verdict:
    applies(bool(env.batch_endpoints.found or env.batch_endpoints.whole), "the workspace has no batch endpoints")
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.blob.target)
    require(env.blob.endpoint, "blob is not reached through a private endpoint")
    return all_of([_served(env.queue), _served(env.table)], "queue and table have their private endpoints")


def _served(path: AccessPath) -> Verdict:
    found = path.endpoint
    if not found.failed:
        return found
    return fail(found.message, *found.evidence, at=Severity.MEDIUM, names={"group": path.group})
