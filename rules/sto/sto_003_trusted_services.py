"""The default storage lets trusted Azure services in.

What it checks: ``networkAcls.bypass`` contains AzureServices.

When it applies: the account has a private endpoint or a firewall, or is closed to the public network.

Why it matters: the workspace itself reaches its storage as a trusted service. Without the exception it is locked out.

How to fix it: add AzureServices to the bypass.

When it is unknown: the account or its network rules could not be read.

Easily misjudged: a bypass of None looks locked out, and passes where a resource instance rule admits this workspace:
that is a documented, narrower way, and the pass says so. An account that is still open but has private endpoints
looks in no need of the exception, and fails: it is on its way to be closed, and would lose the workspace then.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import equal, key
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok


@rule(
    id="STO-003",
    title="Default storage allows trusted Azure services",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az storage account update -g {storage_group} -n {storage} --bypass AzureServices Logging Metrics",
    references=(f"{LEARN}/storage/common/storage-network-security#trusted-access-based-on-a-managed-identity",),
    controls=("CIS Azure 5.0.0 9.3.5",),
    bicep="""
resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  properties: {
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'AzureServices, Logging, Metrics'
    }
  }
}
""",
    terraform="""
resource "azurerm_storage_account" "this" {
  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices", "Logging", "Metrics"]
  }
}
""",
)
def trusted_services(env: Environment) -> Verdict:
    account = env.blob.resource
    applies(env.blob.is_restricted, "the default storage is not network restricted")
    bypass = account.text("properties.networkAcls.bypass")
    rules = account.see("properties.networkAcls.resourceAccessRules")
    allowed = [] if isinstance(bypass, Missing) else [b.strip().lower() for b in bypass.value.split(",")]
    if "azureservices" in allowed:
        return ok("trusted Azure services bypass the firewall", bypass)
    tenant = env.workspace.raw("properties.tenantId")
    for _, instance in account.objects("properties.networkAcls.resourceAccessRules"):
        elsewhere = isinstance(tenant, str) and not equal(instance.get("tenantId"), tenant)
        if not elsewhere and fnmatchcase(key(env.workspace.id), key(str(instance.get("resourceId") or ""))):
            note = "only the resource instance rule lets the workspace in; other trusted services stay out"
            return ok("a resource instance rule admits the workspace", bypass, rules, assuming=[note])
    return fail(f"the bypass is {bypass.value}, and no resource instance rule admits the workspace", bypass, rules)
