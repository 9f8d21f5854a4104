"""The ranges inside the cluster do not overlap the VNets in use.

What it checks: the service range, the pod range (with kubenet or an overlay network) and the Docker bridge range of
the cluster, against the prefixes of the AKS VNet, of those peered with it, and of the private endpoints' VNets.

When it applies: the VNet of the cluster is known (ENV-002).

Why it matters: an address in one of these ranges is answered inside the cluster. An endpoint, a DNS server or anything
else with the same address outside is out of reach for every pod.

How to fix it: make a new cluster with other ranges, and attach it: they cannot be changed afterwards.

When it is unknown: the cluster's ranges, or the prefixes of a VNet, could not be read.

Easily misjudged: 172.17.0.1/16 for the Docker bridge beside a VNet of 192.168.0.0/16 looks like a clash in Microsoft's
own quickstart, and is none. A pod range inside the VNet is right with Azure CNI without overlay, where pods have
addresses of their subnet; so it is compared only where pods have a network of their own. And a range that is clear of
the AKS VNet may still hide an endpoint in a peered one.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.environment import AddressSpace, Environment
from auditor.model.facts import Fact, Missing
from auditor.model.ids import equal
from auditor.model.ranges import network
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, require, unknown

PROFILE = "properties.networkProfile"


@rule(
    id="NET-006",
    title="Kubernetes service, pod and Docker ranges do not overlap the VNets in use",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az aks create -g {cluster_group} -n <new-cluster> --vnet-subnet-id <aks-subnet-id> "
    "--service-cidr <range-outside-the-vnets> --dns-service-ip <address-in-it> --pod-cidr <range-outside-the-vnets>",
    references=(
        f"{LEARN}/machine-learning/v1/how-to-secure-inferencing-vnet",
        f"{LEARN}/aks/concepts-network-ip-address-planning",
    ),
    bicep="""
resource cluster 'Microsoft.ContainerService/managedClusters@2025-10-01' = {
  properties: {
    networkProfile: {
      serviceCidr: '10.2.0.0/16' // in no VNet that the cluster talks to
      dnsServiceIP: '10.2.0.10'
      podCidr: '10.244.0.0/16'
    }
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster" "this" {
  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    service_cidr        = "10.2.0.0/16" # in no VNet that the cluster talks to
    dns_service_ip      = "10.2.0.10"
    pod_cidr            = "10.244.0.0/16"
  }
}
""",
)
def ranges_apart(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    ranges = list(_ranges(env.aks))
    verdicts = [_apart(inner, space) for inner in ranges for space in env.spaces]
    return all_of(verdicts, f"no range of {env.aks.name} overlaps {', '.join(space.name for space in env.spaces)}")


def _ranges(cluster: Resource) -> Iterator[Fact[str]]:
    yield from _listed(cluster, "serviceCidr")
    mode = cluster.text(f"{PROFILE}.networkPluginMode", absent="")  # absent means no overlay, as with kubenet
    plugin = cluster.text(f"{PROFILE}.networkPlugin")
    if isinstance(mode, Missing):
        yield mode
    elif equal(mode.value, "overlay"):
        yield from _listed(cluster, "podCidr")
    elif isinstance(plugin, Missing):
        yield plugin
    elif equal(plugin.value, "kubenet"):
        yield from _listed(cluster, "podCidr")
    # Today's clusters have no Docker and do not name a range for it: https://learn.microsoft.com/azure/aks/core-aks-concepts
    if cluster.raw(f"{PROFILE}.dockerBridgeCidr") is not None:
        yield cluster.text(f"{PROFILE}.dockerBridgeCidr")


def _listed(cluster: Resource, name: str) -> Iterator[Fact[str]]:
    """One range for each IP family, or the one of before there was a list."""
    listed = cluster.items(f"{PROFILE}.{name}s", absent=[])
    if isinstance(listed, Missing):
        yield listed
    elif listed.value:
        yield from (cluster.text(f"{PROFILE}.{name}s[{i}]") for i in range(len(listed.value)))
    else:
        yield cluster.text(f"{PROFILE}.{name}")


def _apart(inner: Fact[str], space: AddressSpace) -> Verdict:
    outer = space.prefixes
    unread = [fact for fact in (inner, outer) if isinstance(fact, Missing)]
    if isinstance(inner, Missing) or isinstance(outer, Missing):
        return unknown("; ".join(gap.reason for gap in unread), *unread)
    field, mine = inner.path.rpartition(".")[2].partition("s[")[0], network(inner.value)
    if mine is None:
        gap = Missing(inner.resource_id, inner.path, f"{inner.value!r} is not an address range")
        return unknown(f"the {field} of the cluster could not be understood", gap)
    read = {text: network(text) for text in outer.value}
    taken = [text for text, found in read.items() if found is not None and mine.overlaps(found)]
    if taken:
        hidden = [a for a in space.endpoints if (at := network(a)) is not None and mine.overlaps(at)]
        worse = f", with the private endpoints' addresses {', '.join(hidden)}" if hidden else ""
        what = f"the {field} {inner.value} overlaps {', '.join(taken)} of {space.name} ({space.use}){worse}"
        return fail(what, inner, outer)
    strange = [text for text, found in read.items() if found is None]
    if strange:
        gap = Missing(outer.resource_id, outer.path, f"{strange[0]!r} is not an address prefix")
        return unknown(f"a prefix of {space.name} could not be understood", gap)
    return ok(f"{field} {inner.value} is clear of {space.name}", inner, outer)
