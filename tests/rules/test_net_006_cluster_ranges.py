"""NET-006: the cluster's own ranges keep clear of the VNets in use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import VNET, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint
from tests.arm.scenarios import default_cluster, hub_and_spoke, secure
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
PROFILE = "properties.networkProfile"
PREFIXES = "properties.addressSpace.addressPrefixes"


def profile(**fields: object) -> Change:
    """Other fields of the network profile; None takes one out of the answer."""

    def change(e: Estate) -> None:
        holder = e.find(CLUSTER)["properties"]["networkProfile"]
        holder.update(fields)
        for name in [name for name, value in fields.items() if value is None]:
            del holder[name]

    return change


def service(cidr: str) -> Change:
    return profile(serviceCidr=cidr, serviceCidrs=[cidr])


def pods(cidr: str, **fields: object) -> Change:
    return profile(podCidr=cidr, podCidrs=[cidr], **fields)


def space(name: str, *prefixes: object) -> Change:
    return lambda e: e.set(e.find(VNET, name), PREFIXES, list(prefixes))


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def spoke(**fields: object) -> Change:
    """Other properties of the spoke's peering; None takes one out of the answer."""

    def change(e: Estate) -> None:
        holder = e.find(VNET, "vnet-keel")["properties"]["virtualNetworkPeerings"][0]["properties"]
        holder.update(fields)
        for name in [name for name, value in fields.items() if value is None]:
            del holder[name]

    return change


def elsewhere(e: Estate) -> None:
    """Another VNet, which AKS does not reach, has an endpoint of the storage in the service range."""
    home = e.find(VNET, "vnet-tidal")
    at = Group(e, home["id"].partition("/providers/")[0], home["location"])
    there = vnet(at, "vnet-else", "10.2.0.0/16", {"snet-pe": "10.2.0.0/24"})
    private_endpoint(at, "pe-else", e.find(STORAGE, "main"), "blob", subnet(there, "snet-pe"))


KUBENET: dict[str, object] = {"networkPlugin": "kubenet", "networkPluginMode": None}
FLAT: dict[str, object] = {"networkPlugin": "azure", "networkPluginMode": None}
SERVICE, POD, DOCKER = (f"{PROFILE}.{name}" for name in ("serviceCidr", "podCidr", "dockerBridgeCidr"))

ONE_VNET = [
    Row("sound", lambda e: None, "pass", "overlaps vnet-tidal", f"{SERVICE}s[0]"),
    Row(
        "service range around the endpoints", service("10.40.16.0/24"), "fail", "addresses 10.40.16.4", f"{SERVICE}s[0]"
    ),
    Row("service range elsewhere in the VNet", service("10.40.64.0/20"), "fail", "of vnet-tidal (AKS)", PREFIXES),
    Row(
        "service range around the VNet",
        service("10.0.0.0/8"),
        "fail",
        "the serviceCidr 10.0.0.0/8 overlaps 10.40.0.0/16",
    ),
    Row("service range beside the VNet", service("10.41.0.0/16"), "pass"),
    Row("one range alone", profile(serviceCidr="10.40.64.0/20", serviceCidrs=None), "fail", "10.40.64.0/20", SERVICE),
    Row("one range alone, clear", profile(serviceCidrs=None), "pass", shows=SERVICE),
    Row("the second of two", profile(serviceCidrs=["10.2.0.0/16", "10.40.0.0/20"]), "fail", shows=f"{SERVICE}s[1]"),
    Row("IPv6 for services", profile(serviceCidrs=["10.2.0.0/16", "fd00:9::/108"]), "pass"),
    Row(
        "IPv6 on both sides",
        all_of(
            profile(serviceCidrs=["10.2.0.0/16", "fd00:9::/108"]), space("vnet-tidal", "10.40.0.0/16", "fd00:9::/48")
        ),
        "fail",
        "fd00:9::/108 overlaps fd00:9::/48",
    ),
    Row("pods in the VNet, overlay", pods("10.40.128.0/17"), "fail", "the podCidr 10.40.128.0/17", f"{POD}s[0]"),
    Row("pods in the VNet, Overlay", pods("10.40.128.0/17", networkPluginMode="Overlay"), "fail", "podCidr"),
    Row("pods in the VNet, kubenet", pods("10.40.128.0/17", **KUBENET), "fail", "podCidr"),
    Row("pods in the VNet, Kubenet", pods("10.40.128.0/17", **{**KUBENET, "networkPlugin": "Kubenet"}), "fail"),
    Row("pods in the VNet, Azure CNI", pods("10.40.128.0/17", **FLAT), "pass", counter=True),
    Row("no pod range, Azure CNI", profile(podCidr=None, podCidrs=None, **FLAT), "pass"),
    Row("no pod range, overlay", profile(podCidr=None, podCidrs=None), "unknown", shows=POD),
    Row("no pod range, kubenet", profile(podCidr=None, podCidrs=None, **KUBENET), "unknown", shows=POD),
    Row(
        "Docker's own range in the quickstart",
        all_of(profile(dockerBridgeCidr="172.17.0.1/16", **KUBENET), space("vnet-tidal", "192.168.0.0/16")),
        "pass",
        shows=DOCKER,
        counter=True,
    ),
    Row("Docker in the VNet", profile(dockerBridgeCidr="10.40.200.1/24"), "fail", "the dockerBridgeCidr", DOCKER),
    Row("Docker of the wrong kind", profile(dockerBridgeCidr=172), "unknown", shows=DOCKER),
    Row(
        "no plugin in the answer", profile(networkPlugin=None, networkPluginMode=None), "unknown", shows="networkPlugin"
    ),
    Row("mode of the wrong kind", profile(networkPluginMode=1), "unknown", shows="networkPluginMode"),
    Row("no service range", profile(serviceCidr=None, serviceCidrs=None), "unknown", shows=SERVICE),
    Row("service ranges of the wrong kind", profile(serviceCidrs="10.2.0.0/16"), "unknown", shows=f"{SERVICE}s"),
    Row("a number among the ranges", profile(serviceCidrs=[10]), "unknown", shows=f"{SERVICE}s[0]"),
    Row("no range", service("ten"), "unknown", "could not be understood", f"{SERVICE}s[0]"),
    Row("no range beside a clash", all_of(service("ten"), pods("10.40.0.0/16")), "fail", "podCidr"),
    Row("no profile", lambda e: e.unset(e.find(CLUSTER), PROFILE), "unknown", shows=SERVICE),
    Row("prefixes null", lambda e: e.set(e.find(VNET, "vnet-tidal"), PREFIXES, None), "unknown", shows=PREFIXES),
    Row("no prefix", space("vnet-tidal"), "unknown", shows=PREFIXES),
    Row("a prefix that is none", space("vnet-tidal", "10.40.0.0/16", "ten"), "unknown", shows=PREFIXES),
    Row("a VNet out of reach", elsewhere, "pass", counter=True),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]
PEERED = [
    Row("sound", lambda e: None, "pass", "vnet-lantern"),
    Row("the endpoints' VNet", service("10.41.0.0/24"), "fail", "vnet-lantern (private endpoints), with", counter=True),
]
HUB = [
    Row("sound", lambda e: None, "pass", "vnet-keel-hub"),
    Row("the hub", service("10.50.0.0/16"), "fail", "of vnet-keel-hub (peered)", PREFIXES),
    Row(
        "the hub denied",
        all_of(service("10.50.0.0/16"), deny(VNET, "vnet-keel-hub")),
        "fail",
        "(peered)",
        "remoteVirtualNetworkAddressSpace.addressPrefixes",
    ),
    Row(
        "the hub denied, as it was",
        all_of(service("10.50.0.0/16"), deny(VNET, "vnet-keel-hub"), spoke(remoteVirtualNetworkAddressSpace=None)),
        "fail",
        "(peered)",
        "remoteAddressSpace.addressPrefixes",
    ),
    Row(
        "nothing known of the hub",
        all_of(deny(VNET, "vnet-keel-hub"), spoke(remoteVirtualNetworkAddressSpace=None, remoteAddressSpace=None)),
        "unknown",
        shows=f"{VNET}/read",
    ),
    Row("a cut peering", all_of(service("10.50.0.0/16"), spoke(peeringState="Disconnected")), "pass", counter=True),
    Row("a peering half made", all_of(service("10.50.0.0/16"), spoke(peeringState="Initiated")), "pass"),
    Row("a peering without access", all_of(service("10.50.0.0/16"), spoke(allowVirtualNetworkAccess=False)), "pass"),
    Row("a peering without state", all_of(service("10.50.0.0/16"), spoke(peeringState=None)), "fail", "(peered)"),
]
CASES = [(secure, ONE_VNET), (default_cluster, PEERED), (hub_and_spoke, HUB)]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_ranges_apart(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "NET-006"), row)
    if row.status == "fail":  # a peering of which the state is not known lets nobody in for sure
        assert {r.rule.id for r in report.results if r.status == "fail"} - {"AML-006"} == {"NET-006"}


def test_a_docker_range_and_a_vnet_of_the_same_fail_both_rules() -> None:
    estate = secure()
    profile(dockerBridgeCidr="172.17.0.1/16")(estate)
    space("vnet-tidal", "10.40.0.0/16", "172.17.0.0/16")(estate)
    failed = {r.rule.id for r in audited(estate).results if r.status == "fail"}
    assert failed == {"NET-005", "NET-006"}


def test_an_endpoint_that_was_not_read_hides_no_clash() -> None:
    estate = secure()
    service("10.40.16.0/24")(estate)
    estate.denied.append(Denial(type=ENDPOINT))
    check(only(audited(estate), "NET-006"), Row("", service(""), "fail", "of vnet-tidal (AKS)"))
