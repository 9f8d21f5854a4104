"""The cluster is in the subscription of its workspace.

What it checks: the subscription in the id of the cluster that the compute refers to is that of the workspace.

When it applies: the cluster is attached as a Kubernetes compute. A legacy AksCompute passes where this holds, and need
not keep it.

Why it matters: Azure ML does not attach an AKS cluster of another subscription. Attaching it never comes to an end, or
leaves a compute that nothing can be deployed to.

How to fix it: connect the cluster to Azure Arc in the workspace's subscription and attach the Arc cluster in its place
(the command needs kubectl access to the cluster), or make the cluster anew in that subscription.

When it is unknown: the compute does not say which cluster it refers to. The cluster itself need not be readable.

Easily misjudged: another resource group is fine, and so is the same subscription in capital letters. A workspace and a
cluster that share a tenant, a VNet and a region look like one environment, and are none across subscriptions.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import ArmId, equal
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok, unknown


@rule(
    id="ENV-005",
    title="AKS cluster is in the subscription of the workspace",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="compute",
    fix="az connectedk8s connect --subscription {subscription} -g {workspace_group} -n {cluster}",
    references=(
        f"{LEARN}/machine-learning/how-to-deploy-kubernetes-extension#limitations",
        "https://github.com/Azure/AML-Kubernetes/issues/155",
    ),
)
def one_subscription(env: Environment) -> Verdict:
    attached = env.compute.text("properties.resourceId")
    cluster, own = ArmId.parse(attached.value), env.workspace.arm.subscription
    if not cluster.subscription:
        gap = env.compute.missing("properties.resourceId", f"{attached.value!r} is not the id of a resource")
        return unknown("which cluster the compute refers to is not known", gap)
    if equal(cluster.subscription, own):
        return ok(f"{cluster.name} is in the subscription of {env.workspace.name}", attached)
    applies(not env.is_legacy, "the cluster is attached as a legacy AksCompute")
    message = f"{cluster.name} is in the subscription {cluster.subscription}, and {env.workspace.name} in {own}"
    return fail(message, attached)
