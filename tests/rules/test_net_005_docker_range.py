"""NET-005: the VNets that AKS uses keep clear of 172.17.0.0/16."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import VNET, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint
from tests.arm.scenarios import default_cluster, hub_and_spoke, secure
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
PREFIXES = "properties.addressSpace.addressPrefixes"


def space(name: str, *prefixes: object) -> Change:
    return lambda e: e.set(e.find(VNET, name), PREFIXES, list(prefixes))


def deny(name: str) -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(VNET, name)["id"]))


def elsewhere(e: Estate) -> None:
    """Another VNet, which AKS does not reach, has an endpoint of the storage."""
    home = e.find(VNET, "vnet-tidal")
    at = Group(e, home["id"].partition("/providers/")[0], home["location"])
    there = vnet(at, "vnet-else", "172.17.0.0/16", {"snet-pe": "172.17.0.0/24"})
    private_endpoint(at, "pe-else", e.find(STORAGE, "main"), "blob", subnet(there, "snet-pe"))


def hidden(e: Estate) -> None:
    """The other side of the peering is unreadable, and what the peering says of it clashes."""
    peering = e.find(VNET, "aks-vnet")["properties"]["virtualNetworkPeerings"][0]["properties"]
    peering["remoteVirtualNetworkAddressSpace"]["addressPrefixes"] = ["172.17.0.0/20"]
    deny("vnet-lantern")(e)


def silent(e: Estate) -> None:
    """The other side of the peering is unreadable, and the peering says nothing of its addresses."""
    peering = e.find(VNET, "aks-vnet")["properties"]["virtualNetworkPeerings"][0]["properties"]
    del peering["remoteVirtualNetworkAddressSpace"], peering["remoteAddressSpace"]
    deny("vnet-lantern")(e)


ONE_VNET = [
    Row("sound", lambda e: None, "pass", "not in vnet-tidal", PREFIXES),
    Row("the range", space("vnet-tidal", "10.40.0.0/16", "172.17.0.0/16"), "fail", "vnet-tidal has 172.17.0.0/16"),
    Row("a part of it", space("vnet-tidal", "10.40.0.0/16", "172.17.240.0/24"), "fail", "172.17.240.0/24", PREFIXES),
    Row("around it", space("vnet-tidal", "10.40.0.0/16", "172.16.0.0/12"), "fail", "172.16.0.0/12", counter=True),
    Row("before it", space("vnet-tidal", "10.40.0.0/16", "172.16.0.0/16"), "pass", counter=True),
    Row("behind it", space("vnet-tidal", "10.40.0.0/16", "172.18.0.0/15"), "pass"),
    Row("IPv6", space("vnet-tidal", "10.40.0.0/16", "fd00:172:17::/48"), "pass"),
    Row(
        "an unknown form",
        space("vnet-tidal", "10.40.0.0/16", "172.17.*"),
        "unknown",
        "could not be understood",
        PREFIXES,
    ),
    Row("unknown beside a clash", space("vnet-tidal", "somewhere", "172.17.0.0/16"), "fail", "172.17.0.0/16"),
    Row("no prefixes", space("vnet-tidal"), "unknown", "shows no address prefix", PREFIXES),
    Row("null", lambda e: e.set(e.find(VNET, "vnet-tidal"), PREFIXES, None), "unknown", shows=PREFIXES),
    Row("a text", lambda e: e.set(e.find(VNET, "vnet-tidal"), PREFIXES, "10.0.0.0/8"), "unknown", shows=PREFIXES),
    Row("AKS VNet denied", deny("vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("endpoints denied", lambda e: e.denied.append(Denial(type=ENDPOINT)), "pass"),
    Row("a VNet out of reach", elsewhere, "pass", counter=True),
]
PEERED = [
    Row("sound", lambda e: None, "pass", "vnet-lantern", PREFIXES),
    Row("the endpoints' VNet", space("vnet-lantern", "10.41.0.0/16", "172.17.0.0/16"), "fail", "vnet-lantern has"),
    Row(
        "the endpoints' VNet denied",
        hidden,
        "fail",
        "172.17.0.0/20",
        "remoteVirtualNetworkAddressSpace.addressPrefixes",
    ),
    Row("nothing known of it", silent, "unknown", "vnet-lantern were not read", f"{VNET}/read"),
]
HUB = [
    Row(
        "only the hub, without endpoints", space("vnet-keel-hub", "10.50.0.0/16", "172.17.0.0/16"), "pass", counter=True
    ),
]
CASES = [(secure, ONE_VNET), (default_cluster, PEERED), (hub_and_spoke, HUB)]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_docker_range_free(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "NET-005"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["NET-005"]


def test_the_fix_names_the_vnet() -> None:
    estate = default_cluster()
    space("vnet-lantern", "10.41.0.0/16", "172.17.0.0/16")(estate)
    fix = only(audited(estate), "NET-005").fix
    assert fix.startswith("az network vnet update -g rg-lantern -n vnet-lantern --address-prefixes ")
