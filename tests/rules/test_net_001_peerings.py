"""NET-001: peerings that carry a needed endpoint work both ways; and what AKS reaches over them (by KV-001)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET, peer, subnet, vnet
from tests.arm.private_link import ENDPOINT
from tests.arm.scenarios import default_cluster, hub_and_spoke, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
PEERINGS = "properties.virtualNetworkPeerings"
STATE = f"{PEERINGS}[0].properties.peeringState"
ALLOWED = f"{PEERINGS}[0].properties.allowVirtualNetworkAccess"
PEERED = "peered with the AKS VNet"
LINK = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"


def in_hub() -> Estate:
    return hub_and_spoke("hub")


def spoke(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel")


def hub(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel-hub")


def side(of: Callable[[Estate], Json], **properties: object) -> Change:
    """Other properties of a VNet's one peering."""
    return lambda e: of(e)["properties"]["virtualNetworkPeerings"][0]["properties"].update(properties)


def cut(*sides: Callable[[Estate], Json]) -> Change:
    """These sides of the peering do not exist."""

    def change(e: Estate) -> None:
        for of in sides:
            of(e)["properties"]["virtualNetworkPeerings"].clear()

    return change


def synced(level: str, carried: str, current: str = "10.50.0.0/16") -> Change:
    """A level of sync, the space that the peering carries, and what the hub has by now."""
    spaces = {"remoteAddressSpace": carried, "remoteVirtualNetworkAddressSpace": current}
    return side(spoke, peeringSyncLevel=level, **{name: {"addressPrefixes": [s]} for name, s in spaces.items()})


def subnets(ours: str, theirs: str) -> Change:
    """Only these subnets of the two VNets are peered."""

    def change(e: Estate) -> None:
        for of, near, far in ((spoke, ours, theirs), (hub, theirs, ours)):
            side(of, peerCompleteVnets=False, localSubnetNames=[near], remoteSubnetNames=[far])(e)

    return change


def two_flaws(e: Estate) -> None:
    """The peering with the hub is out of sync, and that with the vault endpoint's own VNet is cut."""
    at = Group(e, hub(e)["id"].partition("/providers/")[0], hub(e)["location"])
    third = vnet(at, "vnet-third", "10.52.0.0/16", {"snet-pe": "10.52.0.0/24"})
    peer(spoke(e), third)
    e.set(third, STATE, "Disconnected")
    e.set(e.find(ENDPOINT, "-vault"), "properties.subnet.id", subnet(third, "snet-pe")["id"])
    synced("RemoteNotInSync", "10.49.0.0/16")(e)


def all_pending(e: Estate) -> None:
    for endpoint in e.find_all(ENDPOINT, "pe-keel"):
        e.set(endpoint, LINK, "Pending")


def over_a_third(e: Estate) -> None:
    """Spoke and hub are each peered with a third VNet, not with each other."""
    cut(spoke, hub)(e)
    at = Group(e, hub(e)["id"].partition("/providers/")[0], hub(e)["location"])
    third = vnet(at, "vnet-third", "10.52.0.0/16", {})
    peer(hub(e), third)
    peer(spoke(e), third)


def beside(name: str, dead: bool = False) -> Change:
    """The spoke has a peering that somebody manages; that with the hub is gone, or is dead."""

    def change(e: Estate) -> None:
        managed = {"name": name, "properties": {"peeringState": "Connected"}}
        managed["properties"] |= {"remoteVirtualNetwork": {"id": f"{spoke(e)['id']}-managed"}}  # type: ignore[operator]
        (side(spoke, peeringState="Disconnected") if dead else cut(spoke, hub))(e)
        spoke(e)["properties"]["virtualNetworkPeerings"].append(managed)

    return change


CARRIED = [
    Row("sound", lambda e: None, "pass", shows=STATE, assumes=PEERED),
    Row("states in another case", side(spoke, peeringState="connected"), "pass", assumes=PEERED),
    Row("access not in the answer", lambda e: e.unset(spoke(e), ALLOWED), "pass", assumes=PEERED),
    Row("hub denied", lambda e: e.denied.append(Denial(scope=hub(e)["id"])), "pass", assumes="could not be read"),
    Row("our side Initiated", side(spoke, peeringState="Initiated"), "fail", "is Initiated", STATE, Severity.HIGH),
    Row(
        "their side Disconnected",
        side(hub, peeringState="Disconnected"),
        "fail",
        "is Disconnected",
        STATE,
        counter=True,
    ),
    Row("our side refuses access", side(spoke, allowVirtualNetworkAccess=False), "fail", "not allow", ALLOWED),
    Row("their side refuses access", side(hub, allowVirtualNetworkAccess=False), "fail", "not allow", ALLOWED),
    Row("our side missing", cut(spoke), "fail", "vnet-keel has none back", PEERINGS),
    Row("their side missing", cut(hub), "fail", "vnet-keel-hub has none back", PEERINGS, counter=True),
    Row("out of sync, carried", synced("RemoteNotInSync", "10.50.0.0/16"), "pass", assumes="RemoteNotInSync"),
    Row(
        "carried still",
        synced("LocalNotInSync", "10.50.0.0/16", "10.60.0.0/16"),
        "pass",
        assumes="LocalNot",
        counter=True,
    ),
    Row("not carried", synced("RemoteNotInSync", "10.49.0.0/16"), "fail", "outside", "SyncLevel", Severity.MEDIUM),
    Row("subnets peered", subnets("snet-aks", "snet-pe"), "pass", shows="peerCompleteVnets", assumes=PEERED),
    Row("AKS subnet left out", subnets("snet-train", "snet-pe"), "fail", "leaves out snet-aks", "localSubnetNames"),
    Row("endpoint's subnet left out", subnets("snet-aks", "GatewaySubnet"), "fail", "leaves out snet-pe"),
    Row("subnets not in the answer", side(spoke, peerCompleteVnets=False), "unknown", shows="localSubnetNames"),
    Row("a worse flaw beside a lesser one", two_flaws, "fail", "is Disconnected", STATE, Severity.HIGH),
    Row("no peering at all", cut(spoke, hub), "not-applicable"),
    Row("no endpoint approved", all_pending, "not-applicable"),
    Row("endpoints denied", lambda e: e.denied.append(Denial(type=ENDPOINT)), "unknown", shows=f"{ENDPOINT}/read"),
    Row("AKS VNet denied", lambda e: e.denied.append(Denial(scope=spoke(e)["id"])), "unknown", shows=f"{VNET}/read"),
]
CASES = [
    (in_hub, CARRIED),
    (default_cluster, [Row("VNet that AKS made", lambda e: None, "pass", assumes=PEERED)]),
    (hub_and_spoke, [Row("endpoints in the AKS VNet", side(spoke, peeringState="Disconnected"), "not-applicable")]),
    (secure, [Row("one VNet", lambda e: None, "not-applicable", "no needed private endpoint")]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_peerings_carry(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "NET-001"), row)
    if row.status == "fail" and row.change is not two_flaws:
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        # The computes that build images stand in the same VNet, and come to the registry the same way.
        assert failed - {"AML-007"} == {"NET-001", "AML-001", "STO-001", "KV-001", "ACR-001", "ENV-003"}


REACHED = [
    Row("peered", lambda e: None, "pass", assumes=PEERED),
    Row("peered over a third VNet", over_a_third, "fail", "nor directly peered", PEERINGS),
    Row("hub gone", lambda e: e.remove(hub(e)), "fail", "does not exist"),
    Row("on a Virtual WAN", beside("RemoteVnetToHubPeering_1"), "unknown", "Virtual WAN", f"{PEERINGS}[0]"),
    Row("on one, old peering dead", beside("RemoteVnetToHubPeering_1", dead=True), "unknown", "Virtual WAN"),
    Row("in a Network Manager's mesh", beside("ANM_1"), "unknown", "Network Manager", f"{PEERINGS}[0]"),
]


@pytest.mark.parametrize("row", REACHED, ids=lambda r: r.name)
def test_reach(row: Row) -> None:
    estate = in_hub()
    row.change(estate)
    check(only(audited(estate), "KV-001"), row)


def test_the_fix_names_the_vnet_of_the_endpoint() -> None:
    estate = in_hub()
    estate.set(hub(estate), PEERINGS, [])
    assert f"--remote-vnet {hub(estate)['id']} --allow-vnet-access" in only(audited(estate), "NET-001").fix
