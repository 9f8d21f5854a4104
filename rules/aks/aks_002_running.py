"""The cluster is running.

What it checks: ``powerState.code`` is Running, and ``provisioningState`` is not Failed, Canceled or Deleting.

When it applies: the compute is attached to a cluster that exists (ENV-001).

Why it matters: a stopped cluster serves nothing, and Azure ML reports it as unreachable.

How to fix it: start it; then recreate private endpoints to it and attach the compute again (AKS-003, AML-005). A
cluster whose last operation failed is brought to its settings by an update that changes nothing; from one that is
being deleted only the compute is left to detach.

When it is unknown: the power state or the provisioning state is absent, the power state is not one that is known, or
the cluster is just starting or stopping.

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
    fix="az aks update -g {cluster_group} -n {failed_cluster} --yes && "
    "az ml compute detach -g {workspace_group} -w {workspace} -n {orphan} && "
    "az aks start -g {cluster_group} -n {stopped_cluster}  # then see AKS-003 and AML-005",
    references=(
        f"{LEARN}/aks/start-stop-cluster",
        "https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/availability-performance/cluster-node-virtual-machine-failed-state",
    ),
)
def running(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    cluster = env.aks
    state = cluster.see("properties.provisioningState")
    doing = str(state.value or "")
    stopped = equal(cluster.raw("properties.powerState.code"), "Stopped")
    if any(equal(doing, bad) for bad in ("Failed", "Canceled", "Deleting")):
        mends = {"stopped_cluster" if stopped else "failed_cluster": cluster.name}
        mends = {"orphan": env.compute.name} if equal(doing, "Deleting") else mends
        return fail(f"the cluster is in provisioning state {doing}", state, names=mends)
    if any(equal(doing, moving) for moving in ("Starting", "Stopping")):
        return unknown(
            f"the cluster is {doing.lower()}", cluster.missing("properties.powerState.code", f"it is {doing}")
        )
    power = cluster.text("properties.powerState.code")
    if stopped:
        return fail("the cluster is stopped", power, state, names={"stopped_cluster": cluster.name})
    if not equal(power.value, "Running"):
        return unknown(
            f"the power state is {power.value}", cluster.missing("properties.powerState.code", "not a known state")
        )
    if equal(cluster.text("properties.provisioningState").value, "Succeeded"):
        return ok("the cluster is running", power, state)
    return ok(
        "the cluster is running", power, state, assuming=[f"the cluster is {doing}, and taken to come out of it well"]
    )
