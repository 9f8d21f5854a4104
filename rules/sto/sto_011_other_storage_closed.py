"""Every other storage account behind a datastore is closed to the public network.

What it checks: ``publicNetworkAccess`` is Disabled; or the default action is Deny, with IP rules that together admit
no more than a /8.

When it applies: a datastore uses an account that is not the default one. There is one result for each account.

Why it matters: the article asks for private endpoints on these accounts. One that goes on answering the whole internet
gains nothing from its endpoint: the data is as open as before.

How to fix it: deny by default, or disable public network access once the endpoints are there.

When it is unknown: the datastores could not be listed, an account could not be located or read, or a network security
perimeter decides.

Easily misjudged: a working private endpoint makes an account look closed, and does not close anything. With
``publicNetworkAccess`` Disabled it is closed, whatever the default action still says.
"""

from __future__ import annotations

from auditor.model.environment import OtherStorage, existing
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="STO-011",
    title="Other storage accounts used by datastores are closed to public networks",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=OtherStorage,
    resource="account",
    fix="az storage account update -g {storage_group} -n {storage} --default-action Deny",
    references=(f"{LEARN}/storage/common/storage-network-security",),
    controls=("MCSB NS-2", "CIS Azure 5.0.0 9.3.2.2", "CIS Azure 5.0.0 9.3.2.3"),
    bicep="""
resource lake 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  properties: {
    publicNetworkAccess: 'Disabled'
  }
}
""",
    terraform="""
resource "azurerm_storage_account" "lake" {
  public_network_access_enabled = false
}
""",
)
def other_storage_closed(account: OtherStorage) -> Verdict:
    existing(account.target)
    return account.blob.closed
