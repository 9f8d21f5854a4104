"""The Key Vault lets trusted Microsoft services past its firewall.

What it checks: ``networkAcls.bypass`` of the Key Vault is AzureServices.

When it applies: the Key Vault is closed to the public network (KV-002). An open one has no firewall to pass.

Why it matters: the workspace keeps the keys of its storage and registry there, and fetches them as a trusted service,
from outside your VNet. Without the exception it is locked out.

How to fix it: set the bypass to AzureServices.

When it is unknown: the Key Vault could not be read, or its network rules are not in Azure's answer. It is also unknown
where it is unknown whether the Key Vault is closed.

Easily misjudged: with ``publicNetworkAccess`` Disabled the network rules look idle, and a bypass of None harmless. The
exception for trusted services is the one part of them that still counts, so None locks the workspace out there too.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.ids import equal
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require


@rule(
    id="KV-003",
    title="Key Vault lets trusted Microsoft services bypass the firewall",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="vault",
    fix="az keyvault update -g {vault_group} -n {vault} --bypass AzureServices",
    references=(
        f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#secure-azure-key-vault",
        f"{LEARN}/key-vault/general/overview-vnet-service-endpoints#trusted-services",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/private-link.md",
    ),
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
def trusted_services(env: Environment) -> Verdict:
    vault = existing(env.vault.target)
    require(env.vault.closed, "the Key Vault is open to public networks")
    bypass = vault.text("properties.networkAcls.bypass")
    if not equal(bypass.value, "AzureServices"):
        return fail(f"the bypass of {vault.name} is {bypass.value}", bypass)
    return ok(f"trusted Microsoft services bypass the firewall of {vault.name}", bypass)
