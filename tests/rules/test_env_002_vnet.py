"""ENV-002: the cluster's node pools are in one VNet that can be identified and read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import VNET, subnet, vnet
from tests.arm.scenarios import default_cluster, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
POOLS = "properties.agentPoolProfiles"
SUBNET, SUBNET0 = f"{POOLS}[1].vnetSubnetID", f"{POOLS}[0].vnetSubnetID"
GROUP = "properties.nodeResourceGroup"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{VNET}/vnet/subnets/aks"


def cluster(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(CLUSTER), path, value)


def second_pool_in(network: str, name: str, as_written: Callable[[str], str] = str) -> Change:
    return lambda e: cluster(SUBNET, as_written(subnet(e.find(VNET, network), name)["id"]))(e)


def pods_in(name: str) -> Change:
    return lambda e: cluster(f"{POOLS}[0].podSubnetID", subnet(e.find(VNET, "vnet-tidal"), name)["id"])(e)


def hidden(e: Estate) -> None:
    for number in (0, 1):
        cluster(f"{POOLS}[{number}].vnetSubnetID", HIDDEN)(e)


def node_group(e: Estate) -> str:
    body = e.find(CLUSTER)
    return f"{body['id'].partition('/resourcegroups/')[0]}/resourceGroups/{body['properties']['nodeResourceGroup']}"


def deny_node_group(e: Estate) -> None:
    e.denied.append(Denial(scope=node_group(e)))


def another_vnet(e: Estate) -> None:
    """A VNet of one's own beside that of AKS: which one the nodes are in does not show."""
    vnet(Group(e, node_group(e), "northeurope"), "vnet-guest", "10.97.0.0/16", {"snet-guest": "10.97.0.0/24"})


BROUGHT = [
    Row("sound", lambda e: None, "pass", "the nodes are in vnet-tidal", SUBNET),
    Row("two subnets of one VNet", second_pool_in("vnet-tidal", "snet-train"), "pass", "vnet-tidal", counter=True),
    Row("that VNet in capitals", second_pool_in("vnet-tidal", "snet-train", str.upper), "pass", "vnet-tidal"),
    Row("a subnet for pods", pods_in("snet-train"), "pass", shows=f"{POOLS}[0].podSubnetID"),
    Row("node group denied", deny_node_group, "pass", "vnet-tidal"),
    Row(
        "pools in two VNets", second_pool_in("vnet-tidal-ops", "snet-ops"), "fail", "vnet-tidal, vnet-tidal-ops", SUBNET
    ),
    Row("only one pool has a subnet", lambda e: e.unset(e.find(CLUSTER), SUBNET), "unknown", "some", SUBNET),
    Row("VNet denied", lambda e: e.denied.append(Denial(type=VNET)), "unknown", "vnet-tidal", f"{VNET}/read"),
    Row("VNet in a subscription unseen", hidden, "unknown", "SubscriptionNotFound"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]
MADE_BY_AKS = [
    Row("sound", lambda e: None, "pass", "the nodes are in aks-vnet-", GROUP),
    Row("subnet is null", cluster(f"{POOLS}[0].vnetSubnetID", None), "pass", "aks-vnet-", counter=True),
    Row("subnet is empty", cluster(f"{POOLS}[0].vnetSubnetID", ""), "pass", "aks-vnet-"),
    Row(
        "node group in capitals",
        lambda e: cluster(GROUP, e.find(CLUSTER)["properties"]["nodeResourceGroup"].upper())(e),
        "pass",
    ),
    Row("no VNet there", lambda e: e.remove(e.find(VNET, "aks-vnet-")), "fail", "holds no VNet", GROUP),
    Row("several VNets there", another_vnet, "unknown", "holds several VNets", SUBNET0),
    Row("node group denied", deny_node_group, "unknown", "could not be read", f"{VNET}/read"),
    Row("node group not in the answer", lambda e: e.unset(e.find(CLUSTER), GROUP), "unknown", shows=GROUP),
]
ROWS = [(build, row) for build, rows in ((secure, BROUGHT), (default_cluster, MADE_BY_AKS)) for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[f"{b.__name__}: {r.name}" for b, r in ROWS])
def test_behind_a_vnet(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "ENV-002"), row)
