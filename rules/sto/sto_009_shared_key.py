"""The workspace gets at its default storage in a way that the account allows.

What it checks: shared keys are allowed on the account. Where they are not, the workspace opens its system datastores by
identity or a user delegation SAS, and no datastore on the account holds an account key.

When it applies: always, as long as the account exists.

Why it matters: a policy that turns shared keys off breaks a workspace that still opens its datastores with the key:
nothing can be uploaded, and deployments on AKS cannot fetch their model or code any more.

How to fix it: change the workspace to identity, and make datastores that hold a key anew without one; or allow shared
keys again.

When it is unknown: with shared keys off, the mode of the system datastores or the credentials of a datastore could not
be read; or a datastore holds a SAS, which may or may not be signed with the account key.

Easily misjudged: an account that allows shared keys looks worse, and passes: both ways work there. An account that
never mentions ``allowSharedKeyAccess`` allows them too. A workspace on identity looks finished, and still fails where
one datastore on the same account kept its key.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.shapes import storage_groups
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, unknown

# A user delegation SAS is signed with an identity, not with the account key:
# https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
WITHOUT_KEY = ("identity", "UserDelegationSAS")
KEYLESS = ("None", "ServicePrincipal", "Certificate")
MODE, CREDENTIALS = "properties.systemDatastoresAuthMode", "properties.credentials.credentialsType"


@rule(
    id="STO-009",
    title="Default storage allows shared keys, or nothing in the workspace uses them",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="home",
    fix="az ml workspace update -g {home_group} -n {home} --system-datastores-auth-mode {mode}"
    " && az ml datastore create -g {workspace_group} -w {workspace} -n {datastore} --file <datastore-without-key.yml>",
    references=(
        f"{LEARN}/machine-learning/how-to-disable-local-auth-storage",
        f"{LEARN}/storage/common/shared-key-authorization-prevent",
        "https://github.com/hashicorp/terraform-provider-azurerm/issues/22150",
    ),
    bicep="""
resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  properties: {
    systemDatastoresAuthMode: 'identity'
  }
}
""",
)
def key_agrees(env: Environment) -> Verdict:
    account = env.blob.resource
    # Absent means allowed: https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
    # But an answer without even the state of the account left nothing out on purpose.
    answered = not isinstance(account.text("properties.provisioningState"), Missing)
    allowed = account.flag("properties.allowSharedKeyAccess", absent=True if answered else None)
    if allowed.value:
        return ok(f"{account.name} allows shared keys", allowed)
    verdicts = [_mode(env), *_datastores(env, account)]
    whole = all_of(verdicts, f"{account.name} refuses shared keys, and nothing in {env.workspace.name} uses them")
    return whole.also(allowed)


def _mode(env: Environment) -> Verdict:
    """How the system datastores are opened. A Project leaves that to its hub, whose storage it is."""
    home = env.home
    mode = home.text(MODE)
    if isinstance(mode, Missing):
        return unknown(f"how {home.name} opens its system datastores was not read", mode)
    if equal(mode.value, "accesskey"):
        what = f"{env.blob.resource.name} refuses shared keys, and {home.name} opens its datastores with one"
        return fail(what, mode, names={"mode": "identity"})
    if not any(equal(mode.value, known) for known in WITHOUT_KEY):
        gap = home.missing(MODE, f"{mode.value!r} is not a mode that is known")
        return unknown(f"{home.name} opens its system datastores by {mode.value}", gap)
    return ok(f"{home.name} opens its system datastores by {mode.value}", mode)


def _datastores(env: Environment, account: Resource) -> Iterator[Verdict]:
    for datastore in env.datastores.found:
        kind, name = datastore.text("properties.datastoreType"), datastore.text("properties.accountName")
        if isinstance(kind, Missing):
            yield unknown(f"the type of the datastore {datastore.name} was not read", kind)
        elif storage_groups(datastore) and isinstance(name, Missing):
            yield unknown(f"the account of the datastore {datastore.name} was not read", name)
        elif storage_groups(datastore) and equal(account.name, str(name.value).strip()):
            yield _credentials(datastore, account)
    if env.datastores.gap is not None:
        yield unknown(f"the datastores could not be listed: {env.datastores.gap.reason}", env.datastores.gap)


def _credentials(datastore: Resource, account: Resource) -> Verdict:
    kind = datastore.text(CREDENTIALS)
    if isinstance(kind, Missing):
        return unknown(f"the credentials of the datastore {datastore.name} were not read", kind)
    if equal(kind.value, "AccountKey"):
        what = f"{account.name} refuses shared keys, and the datastore {datastore.name} holds one"
        return fail(what, kind, names={"datastore": datastore.name})
    if not any(equal(kind.value, keyless) for keyless in KEYLESS):
        gap = datastore.missing(CREDENTIALS, "whether it is signed with the account key does not show")
        return unknown(f"the datastore {datastore.name} holds credentials of type {kind.value}", gap)
    return ok(f"the datastore {datastore.name} holds no key", kind)
