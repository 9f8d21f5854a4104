"""The resources that the workspace names exist.

What it checks: the storage account, Key Vault and container registry that the workspace refers to were found, in this
subscription or, followed by id, in another.

When it applies: the compute is attached to a cluster that exists (ENV-001). A Project is judged by what its hub
names.

Why it matters: a workspace keeps these ids for ever. When one of the resources is deleted, images, models and secrets
are gone and deployments fail, while the workspace itself still looks healthy.

How to fix it: restore the resource where soft delete allows it, or recreate the workspace: the ids cannot be changed.

When it is unknown: a named resource could not be read. Only ResourceNotFound and ResourceGroupNotFound are absence.

Easily misjudged: a workspace without a registry looks incomplete, and passes: the first image build makes it. A
resource that is not in the listing of the subscription is not gone either, as long as it is found under its id in
another.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import ArmId
from auditor.model.rule import LEARN, rule
from auditor.model.snapshot import Gone
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown

PATHS = {
    "storage account": "properties.storageAccount",
    "Key Vault": "properties.keyVault",
    "container registry": "properties.containerRegistry",
}


@rule(
    id="ENV-006",
    title="The resources that the workspace names exist",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az keyvault recover -n {lost_vault} && "
    "az resource show --ids {lost_id}  # gone: restore it, or make the workspace again; the id cannot be changed",
    references=(f"{LEARN}/machine-learning/concept-workspace#associated-resources",),
)
def resources_exist(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    if isinstance(env.shared, Gone):
        return fail("the hub of the project does not exist", env.workspace.see("properties.hubResourceId"))
    home = env.home
    gone = {what: arm_id for what, arm_id, found in env.named if isinstance(found, Gone)}
    seen = [home.see(path) for path in PATHS.values()]
    if gone:
        which = " and ".join(f"the {what} {ArmId.parse(arm_id).name}" for what, arm_id in gone.items())
        names = {"lost_vault" if what == "Key Vault" else "lost_id": arm_id for what, arm_id in gone.items()}
        names |= {"lost_vault": ArmId.parse(names["lost_vault"]).name} if "lost_vault" in names else {}
        named = [home.see(PATHS[what]) for what in gone]
        return fail(f"{which} of the workspace cannot be found any more", *named, names=names)
    unread = [found for _, _, found in env.named if isinstance(found, Missing)]
    if unread:
        return unknown("; ".join(m.reason for m in unread), *unread, seen=seen)
    return ok("everything that the workspace names was found", *seen)
