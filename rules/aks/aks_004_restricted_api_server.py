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
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, require


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
    return env.api_server_closed
