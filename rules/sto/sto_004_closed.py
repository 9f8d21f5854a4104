"""The default storage account is closed to the public network.

What it checks: ``publicNetworkAccess`` is Disabled; or the default action is Deny, with IP rules that together admit
no more than a /8. Rules for 0.0.0.0/1 and 128.0.0.0/1 are the whole internet, whatever they are called.

When it applies: always, as long as the account exists.

Why it matters: a private endpoint adds a private way in, it does not close the public one.

How to fix it: deny by default, or disable public network access. With service endpoints Deny is right, since Disabled
turns VNet rules off.

When it is unknown: the default storage account could not be read, or a network security perimeter decides, whose
rules are not read.

Easily misjudged: with ``publicNetworkAccess`` Disabled the account is closed, even where the default action still
says Allow: nobody comes in from the public network then, whatever the rules say. The reverse looks safe and is not: a
default of Deny beside rules for two halves of the internet.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="STO-004",
    title="Default storage is closed to public networks",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az storage account update -g {storage_group} -n {storage} --default-action Deny",
    references=(f"{LEARN}/storage/common/storage-network-security",),
    controls=("MCSB NS-2", "CIS Azure 5.0.0 9.3.2.2", "CIS Azure 5.0.0 9.3.2.3"),
    bicep="""
resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  properties: {
    publicNetworkAccess: 'Disabled' // where AKS comes over service endpoints: networkAcls with a default of Deny
  }
}
""",
    terraform="""
resource "azurerm_storage_account" "this" {
  public_network_access_enabled = false # where AKS comes over service endpoints: network_rules that deny by default
}
""",
)
def storage_closed(env: Environment) -> Verdict:
    existing(env.blob.target)
    return env.blob.closed
