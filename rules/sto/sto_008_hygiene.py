"""The default storage refuses anonymous blobs, plain HTTP and old TLS.

What it checks: ``allowBlobPublicAccess`` is false, ``supportsHttpsTrafficOnly`` is true and ``minimumTlsVersion`` is
TLS1_2 or later.

When it applies: always, as long as the account exists.

Why it matters: models, data and logs of the workspace are on this account. A container that somebody makes public, or
a client that speaks plain HTTP, gives them away, also within the VNet.

How to fix it: set the three properties. Nothing of Azure ML needs them otherwise.

When it is unknown: the account could not be read, or ``supportsHttpsTrafficOnly`` is not in Azure's answer: what that
means depends on when the account was made.

Easily misjudged: an account that never mentions ``allowBlobPublicAccess`` is not safe by that. Its meaning changed in
2023: before, absent was as good as true, and each container could be made public. So it fails at low, while an
explicit true fails at medium. A ``minimumTlsVersion`` that is not set is read by Azure as TLS 1.0. And an account that
is closed to the public network still answers whoever is in the VNet.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, unknown

OLD, GOOD = ("TLS1_0", "TLS1_1"), ("TLS1_2", "TLS1_3")
STATE = "properties.provisioningState"  # without even this, what is absent was not left out on purpose


@rule(
    id="STO-008",
    title="Default storage refuses anonymous blobs, plain HTTP and TLS before 1.2",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="storage",
    fix="az storage account update -g {storage_group} -n {storage} --allow-blob-public-access false "
    "--https-only true --min-tls-version TLS1_2",
    references=(
        f"{LEARN}/storage/blobs/anonymous-read-access-prevent",
        f"{LEARN}/storage/common/storage-require-secure-transfer",
        f"{LEARN}/storage/common/transport-layer-security-configure-minimum-version",
    ),
    controls=(
        "MCSB NS-2",
        "MCSB DP-3",
        "CIS Azure 5.0.0 9.3.4",
        "CIS Azure 5.0.0 9.3.6",
        "CIS Azure 5.0.0 9.3.8",
    ),
    bicep="""
resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  properties: {
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}
""",
    terraform="""
resource "azurerm_storage_account" "this" {
  allow_nested_items_to_be_public = false
  https_traffic_only_enabled      = true
  min_tls_version                 = "TLS1_2"
}
""",
)
def storage_hygiene(env: Environment) -> Verdict:
    account = env.blob.resource
    verdicts = [_anonymous(account), _plain(account), _tls(account)]
    return all_of(verdicts, f"{account.name} refuses anonymous blobs, plain HTTP and TLS before 1.2")


def _anonymous(account: Resource) -> Verdict:
    path = "properties.allowBlobPublicAccess"
    if account.raw(path) is None and not isinstance(account.text(STATE), Missing):
        what = f"{account.name} does not say whether blobs may be public, and older accounts allow it then"
        return fail(what, account.see(path), at=Severity.LOW)
    allowed = account.flag(path)
    if isinstance(allowed, Missing):
        return unknown(f"whether {account.name} allows anonymous blobs was not read", allowed)
    if allowed.value:
        return fail(f"{account.name} allows containers with anonymous blobs", allowed)
    return ok("no anonymous blobs", allowed)


def _plain(account: Resource) -> Verdict:
    only = account.flag("properties.supportsHttpsTrafficOnly")
    if isinstance(only, Missing):
        return unknown(f"whether {account.name} takes HTTPS only was not read", only)
    if not only.value:
        return fail(f"{account.name} takes plain HTTP", only)
    return ok("HTTPS only", only)


def _tls(account: Resource) -> Verdict:
    # Absent is read as TLS 1.0:
    # https://learn.microsoft.com/dotnet/api/azure.resourcemanager.storage.storageaccountdata.minimumtlsversion
    default = None if isinstance(account.text(STATE), Missing) else "TLS1_0"
    version = account.text("properties.minimumTlsVersion", absent=default)
    if isinstance(version, Missing):
        return unknown(f"the minimum TLS version of {account.name} was not read", version)
    if any(equal(version.value, old) for old in OLD):
        said = version.value if version.note is None else "not set, which means 1.0"
        return fail(f"the minimum TLS version of {account.name} is {said}", version)
    if not any(equal(version.value, good) for good in GOOD):
        gap = account.missing(version.path, f"{version.value!r} is not a version that is known")
        return unknown(f"the minimum TLS version of {account.name} is {version.value}", gap)
    return ok(f"at least {version.value}", version)
