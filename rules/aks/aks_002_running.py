"""The cluster is running.

What it checks: ``powerState.code`` is Running, and ``provisioningState`` is not Failed, Canceled or Deleting.

When it applies: the compute is attached to a cluster that exists (ENV-001).

Why it matters: a stopped cluster serves nothing, and Azure ML reports it as unreachable.

How to fix it: start it; then recreate private endpoints to it and attach the compute again (AKS-003, AML-005).

When it is unknown: the power state is absent or not one that is known, or the cluster is just starting or stopping.

Easily misjudged: a cluster in the middle of an update, upgrade or scaling is not Succeeded, and still serves: it
passes, and the pass says so. The reverse is a power state of Running beside a provisioning state of Failed: its last
operation did not come to a good end, so it fails.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import equal
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown


@rule(
    id="AKS-002",
    title="AKS cluster is running",
    severity=Severity.HIGH,
    about=Environment,
    resource="cluster",
    fix="az aks start -g {cluster_group} -n {cluster}  # then see AKS-003 and AML-005",
    references=(f"{LEARN}/aks/start-stop-cluster",),
)
def running(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    cluster = env.aks
    state = cluster.see("properties.provisioningState")
    doing = str(state.value or "")
    if any(equal(doing, bad) for bad in ("Failed", "Canceled", "Deleting")):
        return fail(f"the cluster is in provisioning state {doing}", state)
    if any(equal(doing, moving) for moving in ("Starting", "Stopping")):
        return unknown(
            f"the cluster is {doing.lower()}", cluster.missing("properties.powerState.code", f"it is {doing}")
        )
    power = cluster.text("properties.powerState.code")
    if equal(power.value, "Stopped"):
        return fail("the cluster is stopped", power, state)
    if not equal(power.value, "Running"):
        return unknown(
            f"the power state is {power.value}", cluster.missing("properties.powerState.code", "not a known state")
        )
    if not doing or equal(doing, "Succeeded"):
        return ok("the cluster is running", power, state)
    return ok(
        "the cluster is running", power, state, assuming=[f"the cluster is {doing}, and taken to come out of it well"]
    )
