"""The cluster is attached as a KubernetesCompute, not as a legacy AksCompute.

What it checks: ``computeType`` of the attached compute is Kubernetes.

When it applies: always: each environment is a workspace with an attached AKS cluster.

Why it matters: an AksCompute belongs to the first version of Azure ML. Online endpoints do not run on it, Trusted
Access and the AzureML extension do not serve it, and its own front end is public unless set otherwise.

How to fix it: install the AzureML extension on the cluster, and attach the cluster again as Kubernetes.

When it is unknown: the type of the compute is not in Azure's answer. Such a compute makes no environment, and the
report lists it among what was not judged.

Easily misjudged: the name of the compute says nothing, and neither do the extension on the cluster or a state of
Succeeded: an old attachment goes on to run its old services beside all of that, while each new online endpoint is
refused. The official template for a secured workspace makes an AksCompute too, and fails here.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, fail, ok


@rule(
    id="AML-009",
    title="Compute target is a KubernetesCompute, not a legacy AksCompute",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="compute",
    fix="az k8s-extension create --name azureml --extension-type Microsoft.AzureML.Kubernetes --scope cluster "
    "--cluster-type managedClusters --cluster-name {cluster} -g {cluster_group} --config enableInference=True "
    "inferenceRouterServiceType=LoadBalancer internalLoadBalancerProvider=azure sslSecret=<tls-secret> "
    "sslCname=<domain>"
    " && az ml compute attach -g {workspace_group} -w {workspace} --type Kubernetes -n <new-name> "
    "--namespace <namespace> --resource-id {cluster_id} --identity-type SystemAssigned",
    references=(
        f"{LEARN}/machine-learning/how-to-attach-kubernetes-anywhere",
        "https://github.com/Azure/azureml-examples/issues/1474",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/attach-compute-on-aks-v1-cluster.md",
    ),
    bicep="""
resource compute 'Microsoft.MachineLearningServices/workspaces/computes@2024-10-01' = {
  properties: {
    computeType: 'Kubernetes'
    resourceId: cluster.id
  }
}
""",
)
def kubernetes_compute(env: Environment) -> Verdict:
    kind = env.compute.text("properties.computeType")
    if env.is_legacy:
        return fail(f"{env.compute.name} attaches the cluster as a legacy AksCompute", kind)
    return ok(f"{env.compute.name} attaches the cluster as {kind.value}", kind)
