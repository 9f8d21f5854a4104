"""Accounts with a hierarchical namespace have private endpoints for dfs and for blob.

What it checks: the default storage and every other account behind a datastore that is a Data Lake Gen2 has an endpoint
for ``dfs`` and one for ``blob``, approved on both sides, provisioned and within reach of AKS.

When it applies: an account has ``isHnsEnabled`` on true, or a datastore of type Data Lake Gen2 is on it, and it is
reached through a private endpoint for one of the two.

Why it matters: clients of a Data Lake use both names for one operation, and choose by themselves. With an endpoint for
only one, a part of the calls goes to the public address, which is closed.

How to fix it: make the endpoint that is missing, with its DNS zone.

When it is unknown: an account, its endpoints or the datastores could not be read.

Easily misjudged: an account that works with an endpoint for blob alone looks complete, since plain reads go through;
renaming or listing directories then fails. The reverse, dfs alone, looks right for a Data Lake and is not either. An
account without a hierarchical namespace needs no dfs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model.access import AccessPath
from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.snapshot import Gone
from auditor.model.verdict import Severity, Verdict, all_of, any_of, each_of, fail, not_applicable, require, unknown

HNS = "properties.isHnsEnabled"
NONE = "no account with a hierarchical namespace is reached through a private endpoint"


@rule(
    id="STO-007",
    title="Data Lake Gen2 accounts have private endpoints for dfs and blob",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{lake}-{group} --vnet-name {vnet} "
    "--subnet <pe-subnet> --private-connection-resource-id {lake_id} --group-id {group} --connection-name {group}",
    references=(
        f"{LEARN}/storage/common/storage-private-endpoints",
        f"{LEARN}/private-link/private-endpoint-dns",
    ),
    bicep="""
resource dfsEndpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-dfs'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'dfs', properties: { privateLinkServiceId: lake.id, groupIds: ['dfs'] } }
    ]
  }
}
""",
    terraform="""
resource "azurerm_private_endpoint" "dfs" {
  name                = "pe-dfs"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  private_service_connection {
    name                           = "dfs"
    private_connection_resource_id = azurerm_storage_account.lake.id
    subresource_names              = ["dfs"]
    is_manual_connection           = false
  }
}
""",
)
def lakes_have_both(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    every = "dfs and blob stand together on each account with a hierarchical namespace that has private endpoints"
    return each_of(_accounts(env), every, NONE)


def _accounts(env: Environment) -> Iterator[Verdict]:
    default = ArmId.parse(env.blob.target_id).name
    on_default = [d for d in env.datastores.found if equal(d.raw("properties.accountName"), default)]
    yield _account(env.blob, env.dfs, on_default)
    for account in env.other_storage:
        yield _account(account.blob, account.dfs, account.datastores)
    for gap in env.unlisted_storage:
        yield unknown(gap.reason, gap)


def _account(blob: AccessPath, dfs: AccessPath, datastores: Iterable[Resource]) -> Verdict:
    name = ArmId.parse(blob.target_id).name
    if isinstance(blob.target, Gone):
        return not_applicable(f"{name} does not exist")
    if isinstance(blob.target, Missing):
        return unknown(f"{name or 'the account'} could not be read: {blob.target.reason}", blob.target)
    if not any(equal(d.raw("properties.datastoreType"), "AzureDataLakeGen2") for d in datastores):
        # Absent means that it was not turned on: https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-namespace
        hierarchical = blob.target.flag(HNS, absent=False)
        if isinstance(hierarchical, Missing):
            return unknown(f"whether {name} has a hierarchical namespace was not read", hierarchical)
        if not hierarchical.value:
            return not_applicable(f"{name} has no hierarchical namespace")
    used = any_of([blob.endpoint, dfs.endpoint], fail(""))
    if used.failed:
        return not_applicable(f"{name} is not reached through a private endpoint")
    if used.unknown:
        return used
    return all_of([_served(dfs, name), _served(blob, name)], f"{name} has private endpoints for dfs and blob")


def _served(path: AccessPath, name: str) -> Verdict:
    found = path.endpoint
    if not found.failed:
        return found
    names = {"lake": name, "lake_id": path.target_id, "group": path.group}
    return fail(found.message, *found.evidence, names=names)
