"""Where the cluster's nodes and pods send from: its VNet and egress subnets.

A default cluster names no subnet; its VNet is in the node resource group (``MC_<group>_<cluster>_<region>``).
https://learn.microsoft.com/azure/aks/faq#why-are-two-resource-groups-created-with-aks
"""

from __future__ import annotations

from typing import Any

from auditor.model.access import Network
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, equal, key, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import default_subnets, dig, dig_text
from auditor.model.snapshot import Gone, Lookup, Snapshot
from auditor.model.types import VNETS
from auditor.model.verdict import Verdict, fail, ok, unknown

POOLS = "properties.agentPoolProfiles"
AUTO_PROVISIONING = (
    "node auto-provisioning is on: nodes may stand in subnets that no node pool names, and those are not judged"
)


def locate(snapshot: Snapshot, cluster: Lookup | None) -> Network:
    """The network of a cluster; ``located`` says why when it is not known."""
    if cluster is None:
        return Network(fail("the compute names no cluster"))
    if isinstance(cluster, Missing):
        return Network(unknown(f"the cluster could not be read: {cluster.reason}", cluster))
    if isinstance(cluster, Gone):
        return Network(fail("the cluster does not exist"))
    pools = cluster.objects(POOLS)
    if not pools:
        return Network(
            unknown("the node pools were not read", cluster.missing(POOLS, "no node pool in Azure's answer"))
        )
    assumptions = _assumptions(cluster)
    named = [p for p, pool in pools if isinstance(pool.get("vnetSubnetID"), str) and pool["vnetSubnetID"]]
    if not named:
        return _in_node_resource_group(snapshot, cluster, assumptions)
    if len(named) < len(pools):
        path = next(f"{p}.vnetSubnetID" for p, _ in pools if p not in named)
        gap = cluster.missing(path, "some node pools name a subnet and some do not")
        return Network(unknown("some node pools name a subnet and some do not", gap))
    subnets: dict[str, str] = {}
    proof = []
    for path, pool in pools:
        for name in ("vnetSubnetID", "podSubnetID"):
            if isinstance(pool.get(name), str) and pool[name]:
                subnets.setdefault(key(pool[name]), pool[name])
                proof.append(cluster.see(f"{path}.{name}"))
    vnets = {key(vnet_of(s)): vnet_of(s) for s in subnets.values()}
    if len(vnets) > 1:
        names = ", ".join(ArmId.parse(v).name for v in vnets.values())
        return Network(fail(f"the node pools span several VNets: {names}", *proof))
    vnet_id = next(iter(vnets.values()))
    vnet = snapshot.find(vnet_id)
    located = _read(vnet_id, vnet, *proof)
    return Network(located, vnet_id, vnet, tuple(subnets.values()), assumptions, _groups([pool for _, pool in pools]))


def _in_node_resource_group(snapshot: Snapshot, cluster: Resource, assumptions: tuple[str, ...]) -> Network:
    group_fact = cluster.text("properties.nodeResourceGroup")
    if isinstance(group_fact, Missing):
        return Network(unknown("the node resource group is not known", group_fact))
    group = f"/subscriptions/{cluster.arm.subscription}/resourceGroups/{group_fact.value}"
    gap = snapshot.unlisted(group, VNETS)
    if gap is not None:
        return Network(unknown(f"the node resource group {group_fact.value} could not be read: {gap.reason}", gap))
    found = snapshot.children(group, VNETS)
    if not found:
        message = f"no node pool names a subnet, and {group_fact.value} holds no VNet"
        return Network(fail(message, group_fact, names={"node_group": group_fact.value}))
    if len(found) > 1:
        several = ", ".join(v.name for v in found)
        message = f"no node pool names a subnet, and {group_fact.value} holds several VNets: {several}"
        gap = cluster.missing(f"{POOLS}[0].vnetSubnetID", "Azure does not say which of them the nodes are in")
        return Network(unknown(message, gap, seen=[group_fact]))
    vnet = found[0]
    return Network(_read(vnet.id, vnet, group_fact), vnet.id, vnet, tuple(default_subnets(vnet)), assumptions)


def _groups(pools: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """The application security groups of the nodes in each subnet, where every pool there says the same."""
    said: dict[str, set[frozenset[str] | None]] = {}
    for pool in pools:
        listed = dig(pool, "networkProfile", "applicationSecurityGroups")
        groups = frozenset(key(str(g)) for g in listed) if isinstance(listed, list) else None
        for name in ("vnetSubnetID", "podSubnetID"):
            if subnet := dig_text(pool, name):
                said.setdefault(key(subnet), set()).add(groups)
    return {s: only for s, all_ in said.items() if len(all_) == 1 and (only := next(iter(all_))) is not None}


def _read(vnet_id: str, vnet: Lookup, *proof: object) -> Verdict:
    name = ArmId.parse(vnet_id).name
    seen = tuple(p for p in proof if not isinstance(p, Missing))
    if isinstance(vnet, Missing):
        return unknown(f"the cluster is in {name}, which could not be read: {vnet.reason}", vnet, seen=seen)  # type: ignore[arg-type]
    if isinstance(vnet, Gone):
        gap = vnet.failure.missing(vnet_id, "")
        return unknown(f"the cluster names {name}, which Azure does not find", gap, seen=seen)  # type: ignore[arg-type]
    return ok(f"the nodes are in {name}", *seen)  # type: ignore[arg-type]


def _assumptions(cluster: Resource) -> tuple[str, ...]:
    auto = cluster.raw("properties.nodeProvisioningProfile.mode")
    return (AUTO_PROVISIONING,) if equal(auto, "Auto") else ()
