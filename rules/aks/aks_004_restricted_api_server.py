"""The API server is private, or answers selected addresses only.

What it checks: ``enablePrivateCluster`` is true, or ``authorizedIPRanges`` is not empty and its ranges together admit
no more than a /8.

When it applies: the compute refers to a cluster that exists.

Why it matters: an API server that answers every address leaves the whole cluster to whoever gets hold of a credential.
The article allows a default cluster, which is public; so this is advice beyond it.

How to fix it: authorize the addresses that need the API server. Azure ML's own are among them, see AKS-007. An
existing public cluster without API server VNet integration cannot be made private.

When it is unknown: the cluster could not be read, or its ranges hold a service tag or something that is no range.

Easily misjudged: a private cluster without ranges looks unlimited and passes: it has no public address, and Azure
supports no ranges there. 0.0.0.0/1 and 128.0.0.0/1 look limited and are the whole internet; 0.0.0.0/32 looks like the
whole internet and admits only the cluster itself. The tag AzureCloud admits every virtual machine of every customer.
API server VNet integration alone changes how nodes reach the API server, and does not close it.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import equal
from auditor.model.ranges import admitted
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown

PROFILE = "properties.apiServerAccessProfile"


@rule(
    id="AKS-004",
    title="API server is private or limited to authorized ranges",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az aks update -g {cluster_group} -n {cluster} --api-server-authorized-ip-ranges <your-ranges>",
    references=(
        f"{LEARN}/aks/api-server-authorized-ip-ranges",
        f"{LEARN}/aks/api-server-service-tags",
        f"{LEARN}/aks/private-clusters",
    ),
    controls=("MCSB NS-1", "MCSB NS-2"),
    bicep="""
resource cluster 'Microsoft.ContainerService/managedClusters@2025-10-01' = {
  properties: {
    apiServerAccessProfile: {
      authorizedIPRanges: ['203.0.113.0/24']
    }
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster" "this" {
  api_server_access_profile {
    authorized_ip_ranges = ["203.0.113.0/24"]
  }
}
""",
)
def restricted_api_server(env: Environment) -> Verdict:
    require(env.attached)
    cluster = env.aks
    cluster.text("properties.provisioningState").value  # noqa: B018  (of an answer without it, absence means nothing)
    # Absent means a public cluster: https://learn.microsoft.com/azure/aks/private-clusters
    private = cluster.flag(f"{PROFILE}.enablePrivateCluster", absent=False)
    if private.value:
        return ok("the cluster is private", private)
    # Absent or empty means that every address is let in:
    # https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
    ranges = cluster.items(f"{PROFILE}.authorizedIPRanges", absent=[])
    values = [str(value) for value in ranges.value]
    shown = ", ".join(values)
    if not values:
        return fail("the API server is public and has no authorized ranges", private, ranges)
    if any(equal(value, "AzureCloud") for value in values):
        return fail("the API server admits AzureCloud, which is every public address in Azure", private, ranges)
    size = admitted(values)
    if size is None:
        gap = cluster.missing(ranges.path, f"{shown} are not all address ranges")
        return unknown("how much the authorized ranges admit is not known", gap, seen=[ranges])
    if size.too_many:
        return fail(f"the authorized ranges of the API server admit more than a /8: {shown}", private, ranges)
    return ok(f"the API server admits only {shown}", private, ranges)
