"""The cluster is behind one VNet that can be identified.

What it checks: every node pool names a subnet of one VNet; or none names any, and the node resource group
(``MC_<group>_<cluster>_<region>``) of this default cluster holds exactly one VNet.

When it applies: the compute is attached to a cluster that exists (ENV-001).

Why it matters: everything else hangs on it. Private endpoints, peerings and DNS links are judged from this VNet.

How to fix it: look where the node pools stand. A cluster whose pools are spread over VNets has to be rebuilt in one.

When it is unknown: the node resource group or the VNet could not be read, only some pools name a subnet, or none does
and the node resource group holds several VNets.

Easily misjudged: a cluster that names no subnet looks as if it had no VNet. AKS made one for it, in the node resource
group, and private endpoints can be peered with that as with any other. Several subnets, for pools or pods, are fine
as long as they are in one VNet.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="ENV-002",
    title="AKS cluster is behind an identifiable VNet",
    severity=Severity.HIGH,
    about=Environment,
    resource="cluster",
    fix="az aks show -g {cluster_group} -n {cluster} --query agentPoolProfiles[].vnetSubnetId && "
    "az network vnet list -g {node_group} -o table",
    references=(f"{LEARN}/aks/configure-azure-cni",),
)
def behind_a_vnet(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    return env.network.located
