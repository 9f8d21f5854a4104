"""The attached compute and the online endpoints on it are provisioned.

What it checks: ``provisioningState`` of the compute is Succeeded, and no online endpoint that runs on the compute is
Failed or Canceled.

When it applies: always: each environment has an attached compute.

Why it matters: a compute that is not provisioned takes no deployment, and an endpoint that is not answers nobody.

How to fix it: look up the error of the compute. Most often the way is to detach it and attach it again, with the same
name and namespace. An endpoint that failed is deleted and created again.

When it is unknown: the compute or an endpoint is on its way (Creating, Updating, Deleting), its state is not in
Azure's answer, or the endpoints or their deployments could not be listed.

Easily misjudged: a deployment that failed looks like a broken endpoint. The endpoint beside it goes on to serve from
its other deployments, so the rule passes and names the deployment. Endpoints that run elsewhere, as managed ones do,
are not looked at.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import equal, of_type
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.shapes import dig_text
from auditor.model.types import ONLINE_ENDPOINTS
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, unknown

STATE = "properties.provisioningState"
ENDED = ("Failed", "Canceled")


@rule(
    id="AML-010",
    title="Attached compute and its endpoints are provisioned",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="compute",
    fix="az ml compute show -g {workspace_group} -w {workspace} -n {failed_compute}"
    " && az ml online-endpoint show -g {workspace_group} -w {workspace} -n {online_endpoint}",
    references=(f"{LEARN}/machine-learning/how-to-troubleshoot-kubernetes-compute",),
)
def provisioned(env: Environment) -> Verdict:
    endpoints = [r for r in env.dependents if of_type(r.id, ONLINE_ENDPOINTS)]
    answers = [_state(env.compute, "the compute"), *(_state(e, "the endpoint") for e in endpoints)]
    answers += [unknown(f"what runs on the compute was not read: {g.reason}", g) for g in env.unlisted_dependents]
    whole = all_of(answers, f"the compute is provisioned, and {_count(len(endpoints))} on it")
    lost = [r for r in env.dependents if not of_type(r.id, ONLINE_ENDPOINTS) and _ended(r)]
    if not whole.passed or not lost:
        return whole
    notes = [f"the deployment {r.name} of {r.arm.parent.rpartition('/')[2]} is {r.raw(STATE)}" for r in lost]
    return ok(whole.message, *whole.evidence, *(r.see(STATE) for r in lost), assuming=notes)


def _state(resource: Resource, what: str) -> Verdict:
    state = resource.text(STATE)
    name = f"{what} {resource.name}"
    if isinstance(state, Missing):
        return unknown(f"the state of {name} was not read", state)
    if equal(state.value, "Succeeded"):
        return ok(f"{name} is provisioned", state)
    if not _ended(resource):
        return unknown(f"{name} is {state.value}", resource.missing(STATE, f"it is {state.value}"))
    errors = [(path, dig_text(e, "error", "code")) for path, e in resource.objects("properties.provisioningErrors")]
    codes = ", ".join(code for _, code in errors if code)
    seen = [resource.see(f"{path}.error.code") for path, code in errors if code]
    names = {"online_endpoint" if of_type(resource.id, ONLINE_ENDPOINTS) else "failed_compute": resource.name}
    return fail(f"{name} is {state.value}{f': {codes}' if codes else ''}", state, *seen, names=names)


def _ended(resource: Resource) -> bool:
    return any(equal(resource.raw(STATE), state) for state in ENDED)


def _count(endpoints: int) -> str:
    return {0: "no endpoint runs", 1: "so is the endpoint"}.get(endpoints, f"so are the {endpoints} endpoints")
