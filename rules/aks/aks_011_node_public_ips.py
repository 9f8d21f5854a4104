"""Nodes have no public addresses.

What it checks: ``enableNodePublicIP`` is not true on any node pool.

When it applies: the compute refers to a cluster that exists.

Why it matters: a node with a public address of its own is one security rule away from the internet, past the load
balancer and the firewall. The article's secure environment has private addresses only.

How to fix it: a node pool cannot give up its public addresses. Add one without, move the workloads there, and delete
the old one.

When it is unknown: the cluster or its node pools could not be read.

Easily misjudged: a private cluster looks as if its nodes were private too; that is its API server, and its nodes can
have public addresses all the same. A public cluster, and one with a public load balancer for what goes out, pass:
neither gives nodes an address.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, require, unknown

POOLS = "properties.agentPoolProfiles"
AUTO = "the nodes that AKS adds by itself, beside the node pools, have no public addresses either"


@rule(
    id="AKS-011",
    title="Node pools have no public node IPs",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az aks nodepool add -g {cluster_group} --cluster-name {cluster} -n <new-pool> && "
    "az aks nodepool delete -g {cluster_group} --cluster-name {cluster} -n {public_pool}",
    references=(f"{LEARN}/aks/use-node-public-ips",),
    bicep="""
resource pool 'Microsoft.ContainerService/managedClusters/agentPools@2025-10-01' = {
  parent: cluster
  properties: {
    enableNodePublicIP: false
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster_node_pool" "scoring" {
  node_public_ip_enabled = false
}
""",
)
def private_nodes(env: Environment) -> Verdict:
    require(env.attached)
    cluster = env.aks
    listed = cluster.items(POOLS)
    pools = cluster.objects(POOLS)
    if not pools or len(pools) != len(listed.value):
        gap = cluster.missing(POOLS, "Azure's answer does not hold every node pool")
        return unknown("the node pools were not read", gap)
    auto = equal(cluster.raw("properties.nodeProvisioningProfile.mode"), "Auto")
    judged = all_of([_private(cluster, path) for path, _ in pools], "no node pool has public node addresses")
    return ok(judged.message, *judged.evidence, assuming=[AUTO]) if judged.passed and auto else judged


def _private(cluster: Resource, path: str) -> Verdict:
    name = cluster.text(f"{path}.name")
    # Absent means no: https://learn.microsoft.com/dotnet/api/azure.resourcemanager.containerservice.models.managedclusteragentpoolprofileproperties.isnodepublicipenabled
    public = cluster.flag(f"{path}.enableNodePublicIP", absent=False)
    for fact in (name, public):
        if isinstance(fact, Missing):
            return unknown(f"a node pool was not read: {fact.reason}", fact)
    if public.value:
        names = {"public_pool": name.value}
        return fail(f"the nodes of the pool {name.value} have public addresses", public, names=names)
    return ok(f"the nodes of the pool {name.value} have no public addresses", public)
