"""The scoring router has no public load balancer.

What it checks: the extension's ``inferenceRouterServiceType`` is clusterIP or nodePort; or its
``internalLoadBalancerProvider`` is azure, or ``scoringFe.serviceType.internalLoadBalancer`` True. For a legacy
AksCompute, ``loadBalancerType`` is InternalLoadBalancer.

When it applies: inference is enabled on the compute. A legacy AksCompute is always there for inference.

Why it matters: by default the router gets a load balancer with a public address. The models then answer the internet,
however private the cluster is.

How to fix it: give the extension the internal load balancer. The address changes, so that DNS names of the endpoints
have to follow. A legacy AksCompute is changed by the CLI of the first version, or better replaced, see AML-009.

When it is unknown: the extension or its settings could not be read, the settings say both, or nothing at all. A legacy
compute is often answered without its details.

Easily misjudged: a private cluster looks as if nothing of it were public. That is its API server: the router has an
address of its own. The CLI turns internalLoadBalancerProvider into the setting of the two that the extension works by;
a template has to set both, so a pass on the first alone says so. What stands in front of a clusterIP or nodePort router
is not in Azure Resource Manager, and may be public.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.settings import serving, setting, switch
from auditor.model.verdict import Severity, Verdict, fail, ok, unknown

INTERNAL = "scoringFe.serviceType.internalLoadBalancer"
INGRESS = "what the cluster itself puts in front of the router is not public either"
DERIVED = f"internalLoadBalancerProvider works alone: {INTERNAL}, which the CLI derives from it, is not set"


@rule(
    id="AKS-009",
    title="Scoring router is not exposed on a public load balancer",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az k8s-extension update --name {extension} --cluster-type managedClusters --cluster-name {cluster} "
    "-g {cluster_group} --config internalLoadBalancerProvider=azure && "
    "az ml computetarget update aks -n {legacy_compute} -g {workspace_group} -w {workspace} "
    "--load-balancer-type InternalLoadBalancer --load-balancer-subnet <subnet-name>",
    references=(
        f"{LEARN}/machine-learning/how-to-deploy-kubernetes-extension",
        "https://github.com/Azure/AML-Kubernetes/blob/master/files/deployextension.json",
        "https://github.com/MicrosoftDocs/azure-docs/issues/77654",
    ),
    bicep="""
resource azureml 'Microsoft.KubernetesConfiguration/extensions@2024-11-01' = {
  scope: cluster
  name: 'azureml'
  properties: {
    configurationSettings: {
      internalLoadBalancerProvider: 'azure'
      'scoringFe.serviceType.internalLoadBalancer': 'True'
    }
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster_extension" "azureml" {
  configuration_settings = {
    internalLoadBalancerProvider                 = "azure"
    "scoringFe.serviceType.internalLoadBalancer" = "True"
  }
}
""",
)
def internal_router(env: Environment) -> Verdict:
    if env.is_legacy:
        return _legacy(env.compute)
    extension = serving(env.extension)
    service = setting(extension, "inferenceRouterServiceType")
    provider, internal = setting(extension, "internalLoadBalancerProvider"), setting(extension, INTERNAL)
    if any(equal(service.value, kind) for kind in ("ClusterIP", "NodePort")):
        return ok(f"the router is a service of type {service.value}", service, assuming=[INGRESS])
    if service.value and not equal(service.value, "LoadBalancer"):
        gap = extension.missing(service.path, f"{service.value} is not a type that is known")
        return unknown(f"the router is a service of type {service.value}", gap)
    if switch(extension, INTERNAL).value:
        return ok("the router has an internal load balancer", service, provider, internal)
    if equal(provider.value, "azure") and not internal.value:
        return ok("the router has an internal load balancer", service, provider, internal, assuming=[DERIVED])
    if equal(provider.value, "azure") or not service.value:
        said = f"internalLoadBalancerProvider {provider.value or 'unset'}, {INTERNAL} {internal.value or 'unset'}"
        gap = extension.missing(internal.path, f"Azure's answer has {said}")
        message = "whether the load balancer of the router is internal does not show"
        return unknown(message, gap, seen=[service, provider, internal])
    names = {"extension": extension.name}
    return fail("the router has a public load balancer", service, provider, internal, names=names)


def _legacy(compute: Resource) -> Verdict:
    balancer = compute.text("properties.properties.loadBalancerType")
    if equal(balancer.value, "InternalLoadBalancer"):
        return ok(f"the router of {compute.name} has an internal load balancer", balancer)
    if equal(balancer.value, "PublicIp"):
        names = {"legacy_compute": compute.name}
        return fail(f"the router of {compute.name} has a public load balancer", balancer, names=names)
    gap = compute.missing(balancer.path, f"{balancer.value} is not a type that is known")
    return unknown(f"the load balancer of {compute.name} is {balancer.value}", gap)
