"""The attached AKS compute refers to a cluster that exists.

What it checks: each compute of type Kubernetes or AKS names a managed cluster in ``properties.resourceId``, and that
cluster was found.

When it applies: always, to each compute that attaches a managed cluster to a workspace. Arc-enabled clusters are
listed as not judged.

Why it matters: a compute whose cluster was deleted or recreated is an empty shell. Endpoints and deployments on it
can be neither created nor deleted, and nothing else about the environment can be judged.

How to fix it: detach the compute, and attach the cluster again under the same name and namespace.

When it is unknown: the cluster could not be read, is in a subscription that cannot be seen, or the computes of the
workspace could not be listed.

Easily misjudged: a 404 is not always absence. For a subscription that the caller cannot see Azure says
SubscriptionNotFound, and the cluster may be well; only ResourceNotFound and ResourceGroupNotFound count as gone. A
stopped cluster exists, and passes.
"""

from __future__ import annotations

from auditor.model.environment import Attachment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="ENV-001",
    title="Attached AKS compute resolves to an existing cluster",
    severity=Severity.HIGH,
    about=Attachment,
    resource="compute",
    fix="az ml compute detach -n {compute} -g {workspace_group} -w {workspace} && az ml compute "
    "attach --type Kubernetes "
    "-n {compute} -g {workspace_group} -w {workspace} --namespace {namespace} --resource-id {cluster_id} "
    "--identity-type SystemAssigned",
    references=(f"{LEARN}/machine-learning/how-to-troubleshoot-kubernetes-compute",),
)
def cluster_exists(attachment: Attachment) -> Verdict:
    return attachment.attached
