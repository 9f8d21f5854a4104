"""The Key Vault is closed to the public network.

What it checks: ``publicNetworkAccess`` is Disabled; or the default action is Deny, with IP rules that together admit
no more than a /8. Rules for 0.0.0.0/1 and 128.0.0.0/1 are the whole internet, whatever they are called.

When it applies: always, as long as the Key Vault exists.

Why it matters: a private endpoint adds a private way in, it does not close the public one.

How to fix it: deny by default, or disable public network access. With service endpoints Deny is right, since Disabled
turns VNet rules off.

When it is unknown: the Key Vault could not be read, or a network security perimeter decides, whose rules are not
read.

Easily misjudged: with ``publicNetworkAccess`` Disabled the vault is closed, even where the default action still says
Allow. The reverse looks harmless: a vault whose answer holds no network rules at all is open, since that is what
Azure takes their absence for.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="KV-002",
    title="Key Vault is closed to public networks",
    severity=Severity.HIGH,
    about=Environment,
    resource="vault",
    fix="az keyvault update -g {vault_group} -n {vault} --default-action Deny",
    references=(f"{LEARN}/key-vault/general/network-security",),
    controls=("MCSB NS-2", "MCSB DP-8", "CIS Azure 5.0.0 8.3.7"),
    bicep="""
resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  properties: {
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'AzureServices'
    }
  }
}
""",
    terraform="""
resource "azurerm_key_vault" "this" {
  network_acls {
    default_action = "Deny"
    bypass         = "AzureServices"
  }
}
""",
)
def vault_closed(env: Environment) -> Verdict:
    existing(env.vault.target)
    return env.vault.closed
