"""A private cluster has no public FQDN.

What it checks: ``enablePrivateClusterPublicFQDN`` is false, or absent with no ``fqdn``; and ``privateDNSZone`` is not
none, which always means a public FQDN.

When it applies: the cluster is a private one. A public cluster always has a public FQDN, and is not judged here.

Why it matters: Azure ML does not support a public FQDN on a private cluster. Through Trusted Access the workspace
still works, so a binding for this workspace lowers the failure to medium.

How to fix it: disable the public FQDN, with a system or custom private DNS zone. A cluster without a zone of its own
cannot be given one later; make another, and attach that.

When it is unknown: the flag and the FQDN are both absent while the cluster is stopped. Trusted Access bindings that
could not be read leave the failure at its full severity.

Easily misjudged: a template that never mentions the flag reads as private, but AKS adds a public FQDN unless told not
to; so what Azure answers decides. The flag on false beside a ``privateDNSZone`` of none looks right as well: such a
cluster has no private name at all, only a public one.
"""

from __future__ import annotations

from typing import Any

from auditor.model.environment import Environment
from auditor.model.facts import Seen
from auditor.model.ids import equal
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok, unknown


@rule(
    id="AKS-001",
    title="Private AKS cluster does not expose a public FQDN",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="cluster",
    fix="az aks update -g {cluster_group} -n {exposed_cluster} --disable-public-fqdn && "
    "az aks create -g {cluster_group} -n {zoneless_cluster}-private --enable-private-cluster --private-dns-zone system "
    "--disable-public-fqdn --vnet-subnet-id <subnet-id>  # then attach it instead",
    references=(
        f"{LEARN}/aks/private-clusters",
        "https://learn.microsoft.com/security/benchmark/azure/baselines/aks-security-baseline",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md",
    ),
    controls=("MCSB NS-2",),
    bicep="""
resource cluster 'Microsoft.ContainerService/managedClusters@2025-10-01' = {
  properties: {
    apiServerAccessProfile: {
      enablePrivateClusterPublicFQDN: false
    }
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster" "this" {
  private_cluster_public_fqdn_enabled = false
}
""",
)
def no_public_fqdn(env: Environment) -> Verdict:
    cluster = env.aks
    profile = "properties.apiServerAccessProfile"
    # Absent means a public cluster: https://learn.microsoft.com/azure/aks/private-clusters
    applies(cluster.flag(f"{profile}.enablePrivateCluster", absent=False).value, "the cluster is not private")
    flag = cluster.see(f"{profile}.enablePrivateClusterPublicFQDN")
    zone = cluster.see(f"{profile}.privateDNSZone")
    fqdn = cluster.see("properties.fqdn")
    if equal(zone.value, "none"):
        return _exposed(env, "zoneless", "privateDNSZone is none, which means a public FQDN", zone, flag)
    if flag.value is True:
        message = f"the private cluster has the public FQDN {fqdn.value or ''}".rstrip()
        return _exposed(env, "exposed", message, flag, fqdn)
    if flag.value is False:
        return ok("the public FQDN is disabled", flag, zone)
    if fqdn.value:
        return _exposed(env, "exposed", f"the private cluster has the public FQDN {fqdn.value}", flag, fqdn)
    if equal(cluster.raw("properties.powerState.code"), "Stopped"):
        gap = cluster.missing("properties.fqdn", "a stopped cluster shows no FQDN")
        return unknown("whether there is a public FQDN does not show while the cluster is stopped", gap)
    return ok("the cluster shows no public FQDN", flag, fqdn)


def _exposed(env: Environment, how: str, message: str, *seen: Seen[Any]) -> Verdict:
    names = {f"{how}_cluster": env.aks.name}
    possible = env.cloud.family == "AzureCloud" and equal(env.compute.raw("properties.computeType"), "Kubernetes")
    binding = env.trusted_access
    if possible and binding.passed:
        message = f"{message}; it works only through Trusted Access"
        return fail(message, *seen, *binding.evidence, at=Severity.MEDIUM, names=names)
    return fail(message, *seen, names=names)
