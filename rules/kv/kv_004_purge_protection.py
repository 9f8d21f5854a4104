"""The Key Vault has soft delete and purge protection on.

What it checks: ``enableSoftDelete`` and ``enablePurgeProtection`` of the Key Vault are both true. Azure leaves a
setting that was never turned on out of its answer, so absent counts as off.

When it applies: always, as long as the Key Vault exists.

Why it matters: the workspace cannot be pointed at another Key Vault. One that is deleted and purged takes the
workspace's secrets with it for good.

How to fix it: turn purge protection on. It cannot be turned off again, and a deleted Key Vault then keeps its name
until its days of retention are over.

When it is unknown: the Key Vault could not be read.

Easily misjudged: soft delete alone looks like enough, since Azure turns it on for every new Key Vault by itself. It
only hides what is deleted; whoever may delete may also purge, unless purge protection is on. The number of days of
retention says nothing about either.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, unknown

SETTINGS = {"soft delete": "properties.enableSoftDelete", "purge protection": "properties.enablePurgeProtection"}


@rule(
    id="KV-004",
    title="Key Vault has soft delete and purge protection on",
    severity=Severity.LOW,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="vault",
    fix="az keyvault update -g {vault_group} -n {vault} --enable-purge-protection true",
    references=(
        f"{LEARN}/key-vault/general/soft-delete-overview",
        f"{LEARN}/key-vault/general/key-vault-recovery",
    ),
    controls=("MCSB DP-8", "CIS Azure 5.0.0 8.3.5"),
    bicep="""
resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  properties: {
    enableSoftDelete: true
    enablePurgeProtection: true
  }
}
""",
    terraform="""
resource "azurerm_key_vault" "this" {
  purge_protection_enabled = true # soft delete is always on
}
""",
)
def purge_protection(env: Environment) -> Verdict:
    vault = env.vault.resource
    if not vault.raw("properties"):
        gap = vault.missing("properties", "Azure's answer holds no properties")
        return unknown(f"the settings of {vault.name} were not read", gap)
    # Absent means that it was never turned on: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/get
    facts = {name: vault.flag(path, absent=False) for name, path in SETTINGS.items()}
    off = [name for name, fact in facts.items() if not fact.value]
    if off:
        return fail(f"{vault.name} has {' and '.join(off)} off", *facts.values())
    return ok(f"{vault.name} has soft delete and purge protection on", *facts.values())
