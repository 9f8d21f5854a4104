"""The AzureML extension is installed on the cluster, healthy, and there for inference.

What it checks: the cluster has an extension of type ``Microsoft.AzureML.Kubernetes``, its ``provisioningState`` is
Succeeded, and its setting ``enableInference`` is True.

When it applies: the cluster is attached as a Kubernetes compute. A legacy AksCompute works without the extension.

Why it matters: the extension is what runs models on the cluster. Without it, or without inference, no online endpoint
can be deployed, and one that was is not served.

How to fix it: install the extension; where it is there, give az k8s-extension update the same settings. One that failed
says why with az k8s-extension show, and is deleted and installed again.

When it is unknown: the extensions of the cluster could not be listed, or the extension is being created, changed or
deleted at this moment.

Easily misjudged: the type is written in any case, and the setting is a text in any case, ``"True"`` or ``"true"``. An
extension that is Succeeded looks fine and serves no endpoint when it was installed for training alone: inference is
off unless it is asked for. Error statuses beside Succeeded are left over from earlier attempts; the pass names them.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.settings import serves
from auditor.model.verdict import Severity, Verdict, applies, fail, ok, unknown

STATUSES = "properties.statuses"
SERVING = (
    "enableInference=True inferenceRouterServiceType=LoadBalancer internalLoadBalancerProvider=azure "
    "sslSecret=<tls-secret> sslCname=<domain>"
)


@rule(
    id="AKS-008",
    title="AzureML extension is installed, healthy and enabled for inference",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az k8s-extension delete --name {failed_extension} --cluster-type managedClusters --cluster-name {cluster} "
    "-g {cluster_group} --yes && "
    "az k8s-extension create --name {new_extension} --extension-type Microsoft.AzureML.Kubernetes --scope cluster "
    f"--cluster-type managedClusters --cluster-name {{cluster}} -g {{cluster_group}} --config {SERVING} && "
    "az k8s-extension update --name {idle_extension} --cluster-type managedClusters --cluster-name {cluster} "
    f"-g {{cluster_group}} --config {SERVING}",
    references=(
        f"{LEARN}/machine-learning/how-to-deploy-kubernetes-extension",
        f"{LEARN}/machine-learning/how-to-troubleshoot-kubernetes-extension",
    ),
    bicep="""
resource azureml 'Microsoft.KubernetesConfiguration/extensions@2024-11-01' = {
  scope: cluster
  name: 'azureml'
  properties: {
    extensionType: 'Microsoft.AzureML.Kubernetes'
    configurationSettings: {
      enableInference: 'True'
    }
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster_extension" "azureml" {
  name           = "azureml"
  cluster_id     = azurerm_kubernetes_cluster.this.id
  extension_type = "Microsoft.AzureML.Kubernetes"
  configuration_settings = {
    enableInference = "True"
  }
}
""",
)
def extension_serves(env: Environment) -> Verdict:
    applies(not env.is_legacy, "the cluster is attached as a legacy AksCompute")
    cluster = env.aks
    extension = env.extension
    if extension is None:
        others = [e.see("properties.extensionType") for e in env.extensions.found]
        return fail(f"{cluster.name} has no AzureML extension", *others, names={"new_extension": "azureml"})
    state = extension.text("properties.provisioningState")
    if equal(state.value, "Failed") or equal(state.value, "Canceled"):
        names = {"failed_extension": extension.name, "new_extension": extension.name}
        return fail(f"the extension {extension.name} is {state.value}", state, extension.see(STATUSES), names=names)
    if not equal(state.value, "Succeeded"):
        gap = extension.missing(state.path, f"it is {state.value}")
        return unknown(f"the extension {extension.name} is {state.value} at this moment", gap)
    inference = serves(extension)
    if not inference.value:
        message = f"the extension {extension.name} does not have inference enabled"
        return fail(message, state, inference, names={"idle_extension": extension.name})
    message = f"the extension {extension.name} is installed for inference"
    return ok(message, state, inference, assuming=_errors(extension))


def _errors(extension: Resource) -> list[str]:
    found = [status for _, status in extension.objects(STATUSES) if equal(status.get("level"), "Error")]
    return [f"the status {status.get('code')}, which Azure shows beside it as an error, is past" for status in found]
