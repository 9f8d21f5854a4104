"""The compute was attached again after the cluster was last started.

What it checks: the compute's ``createdOn`` against the last successful start in the activity log. Detaching and
attaching resets ``createdOn``. AKS makes its own private endpoint to the API server anew at every start, so one that
is older than the compute proves that no start came after.

When it applies: the VNet of the cluster is known (ENV-002).

Why it matters: after a cluster behind a VNet was stopped and started, endpoints and deployments on the old attachment
can no longer be created, updated or deleted.

How to fix it: detach the compute and attach it again, with the same name and namespace.

When it is unknown: the activity log could not be read, or only in part; or the compute was modified, but not attached
again, since the start; or the attachment is older than the log and something on it is not healthy. With 90 days of
log, no start in them and everything on the compute Succeeded, it passes and says that earlier starts cannot be seen.

Easily misjudged: after a restart the cluster runs and the compute still says Succeeded, so all looks well; the next
change to an endpoint fails. A fresh ``modifiedOn`` is no cure: an edit is not a new attachment. And a missing log
need not mean doubt, where AKS's own endpoint proves that nothing was started.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing, Undecided
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, rule
from auditor.model.times import time_of
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown


@rule(
    id="AML-005",
    title="Kubernetes compute was re-attached after the last AKS start",
    severity=Severity.HIGH,
    about=Environment,
    resource="compute",
    fix="az ml compute detach -g {workspace_group} -w {workspace} -n {compute} && az ml compute attach "
    "-g {workspace_group} -w {workspace} --type Kubernetes -n {compute} --namespace {namespace} "
    "--resource-id {cluster_id} --identity-type SystemAssigned",
    references=(f"{LEARN}/aks/start-stop-cluster",),
)
def reattached_after_start(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    history = env.history
    created = time_of(env.compute, "properties.createdOn")
    last = history.last
    if last is not None and created.value <= last.value:
        modified = time_of(env.compute, "properties.modifiedOn")
        if modified.value <= last.value:
            return fail(
                f"the cluster was started on {last.value:%Y-%m-%d}, after the compute was attached", created, last
            )
        why = "the compute was modified, but not attached again, after the cluster was started"
        return unknown(why, env.compute.missing("properties.modifiedOn", why), seen=[created, modified, last])
    made = env.api_server_created
    if made is not None and not isinstance(made, Missing) and made.value < created.value:
        return ok("AKS's own endpoint is older than the attachment: the cluster was not started since", created, made)
    if history.gap is not None:
        raise Undecided(history.gap)
    if last is not None:
        return ok(f"attached after the last start on {last.value:%Y-%m-%d}", created, last)
    if history.since.value <= created.value:
        return ok("the cluster was not started since the compute was attached", created, history.since)
    ill = [r for r in (env.compute, *env.dependents) if not _succeeded(r)]
    if env.unlisted_dependents:
        raise Undecided(*env.unlisted_dependents)
    if ill:
        gaps = [r.missing("properties.provisioningState", f"{r.name} is not Succeeded") for r in ill]
        return unknown("the attachment is older than the activity log, and not everything on it is healthy", *gaps)
    note = "starts before the 90 days of the activity log cannot be seen; the compute and all on it are healthy"
    if made is None or isinstance(made, Missing):
        return ok("no start in the activity log", created, history.since, assuming=[note])
    younger = f"AKS made its own endpoint on {made.value:%Y-%m-%d}, after the attachment: check for a start on that day"
    return ok("no start in the activity log", created, history.since, made, assuming=[note, younger])


def _succeeded(resource: Resource) -> bool:
    return equal(resource.raw("properties.provisioningState"), "Succeeded")
