"""AML-001: the workspace has a valid private endpoint in the AKS VNet, or in one directly peered with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, peer, subnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import default_cluster, hub_and_spoke, hub_project, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = "properties.privateLinkServiceConnections[0].properties"
STATE = "privateLinkServiceConnectionState.status"
LISTED = "properties.privateEndpointConnections"
PEERINGS, ACCESS = "properties.virtualNetworkPeerings", "allowVirtualNetworkAccess"
APPROVAL = f"{LINK}.{STATE}"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}"


def own(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(ENDPOINT, "-workspace"), path, value)


def workspace(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(WORKSPACE, "mlw-"), path, value)


def peering(name: str, path: str, value: object) -> Change:
    return lambda e: e.set(e.find(VNET, name), f"{PEERINGS}[0].properties.{path}", value)


def one_sided(e: Estate) -> None:
    e.set(e.find(VNET, "vnet-lantern"), PEERINGS, [])


def auto_provisioning(e: Estate) -> None:
    e.set(e.find(CLUSTER), "properties.nodeProvisioningProfile.mode", "Auto")


def removed(e: Estate) -> None:
    remove_private_endpoint(e, e.find(ENDPOINT, "-workspace"))


def deny(kind: str, name: str) -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def in_capitals(e: Estate) -> None:
    own(f"{LINK}.privateLinkServiceId", e.find(WORKSPACE, "mlw-")["id"].upper())(e)
    own(f"{LINK}.groupIds", ["AmlWorkspace"])(e)
    own(APPROVAL, "approved")(e)


def by_hand(e: Estate) -> None:
    properties = e.find(ENDPOINT, "-workspace")["properties"]
    properties["manualPrivateLinkServiceConnections"] = properties.pop("privateLinkServiceConnections")


def second(status: str, first: str = "Approved") -> Change:
    def change(e: Estate) -> None:
        target = e.find(WORKSPACE, "mlw-")
        at = Group(e, target["id"].partition("/providers/")[0], target["location"])
        place = subnet(e.find(VNET, "vnet-tidal"), "snet-pe")
        private_endpoint(at, "pe-second", target, "amlworkspace", place, status=status)
        own(APPROVAL, first)(e)

    return change


def into(name: str, place: str) -> Change:
    return lambda e: own("properties.subnet.id", subnet(e.find(VNET, name), place)["id"])(e)


def only_hidden(name: str) -> Change:
    """Its one connection comes from a subscription that the caller cannot see."""

    def change(e: Estate) -> None:
        removed(e)
        state = {"privateEndpoint": {"id": f"{HIDDEN}/{name}"}, STATE.partition(".")[0]: {"status": "Approved"}}
        workspace(LISTED, [{"name": name, "properties": state}])(e)

    return change


def behind_the_hub(e: Estate) -> None:
    """In a VNet that is peered with the hub, and only with the hub."""
    far = e.find(VNET, "vnet-tidal-ops")
    hub = e.add(
        far
        | {
            "id": far["id"].replace("-ops", "-hub"),
            "name": "vnet-hub",
            "properties": far["properties"] | {"virtualNetworkPeerings": []},
        }
    )
    peer(e.find(VNET, "vnet-tidal"), hub)
    peer(hub, far)
    into("vnet-tidal-ops", "snet-ops")(e)


def virtual_wan(e: Estate) -> None:
    near, hub = e.find(VNET, "vnet-tidal"), f"{HIDDEN.partition('/providers/')[0]}/providers/{VNET}/HV_northeurope_1"
    state = {"peeringState": "Connected", "remoteVirtualNetwork": {"id": hub}}
    near["properties"]["virtualNetworkPeerings"] = [{"name": "RemoteVnetToHubPeering_1", "properties": state}]
    into("vnet-tidal-ops", "snet-ops")(e)


SAME = [
    Row("sound", lambda e: None, "pass", "pe-tidal-workspace: approved, in the AKS VNet", APPROVAL),
    Row("in another case", in_capitals, "pass"),
    Row("approved by hand", by_hand, "pass", shows=f"manualP{LINK[12:]}.{STATE}"),
    Row("a pending endpoint beside the good one", second("Pending"), "pass", "pe-tidal-workspace"),
    Row("a good endpoint beside a rejected one", second("Approved", "Rejected"), "pass", "pe-second"),
    Row("nodes may go elsewhere", auto_provisioning, "pass", assumes="auto-provisioning"),
    Row("none", removed, "fail", "no private endpoint", LISTED),
    *(Row(s, own(APPROVAL, s), "fail", f"is {s}", APPROVAL) for s in ("Pending", "Rejected", "Disconnected")),
    Row(
        "rejected by the workspace",
        workspace(f"{LISTED}[0].properties.{STATE}", "Rejected"),
        "fail",
        "mlw-tidal has",
        counter=True,
    ),
    Row("not provisioned", own("properties.provisioningState", "Failed"), "fail", "Failed", "provisioningState"),
    Row("for another group", own(f"{LINK}.groupIds", ["other"]), "fail", "no private endpoint for amlworkspace"),
    Row("groups of null", own(f"{LINK}.groupIds", None), "unknown", "connects to was not read", f"{LINK}.groupIds"),
    Row("out of reach", into("vnet-tidal-ops", "snet-ops"), "fail", "vnet-tidal-ops is neither"),
    Row(
        "two peerings away", behind_the_hub, "fail", "vnet-tidal-ops is neither", "virtualNetworkPeerings", counter=True
    ),
    Row("perhaps over a Virtual WAN", virtual_wan, "unknown", "Virtual WAN", "virtualNetworkPeerings[0]"),
    Row("only a managed network's", only_hidden("__SYS_PE_mlw"), "fail", "no private endpoint", counter=True),
    Row("only another tenant's", only_hidden("pe-partner"), "unknown", "pe-partner could not be read"),
    Row("endpoint denied", deny(ENDPOINT, "-workspace"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]
PEERED = [
    Row("peered", lambda e: None, "pass", "peered with the AKS VNet", assumes="same VNet when the workspace is new"),
    Row("near side Initiated", peering("aks-vnet", "peeringState", "Initiated"), "fail", "Initiated", "peeringState"),
    Row(
        "far side Disconnected",
        peering("vnet-lantern", "peeringState", "Disconnected"),
        "fail",
        "vnet-lantern to aks-vnet",
    ),
    Row("no VNet access", peering("aks-vnet", ACCESS, False), "fail", "does not allow VNet access", ACCESS),
    Row("peered from one side", one_sided, "fail", "none back"),
    Row("far side denied", deny(VNET, "vnet-lantern"), "pass", assumes="vnet-lantern could not be read"),
]
OTHERS = [
    (service_endpoints, Row("public workspace", lambda e: None, "fail", "no private endpoint", LISTED)),
    (lambda: hub_and_spoke("hub"), Row("in the hub", lambda e: None, "pass", "in vnet-keel-hub", assumes="same VNet")),
    (hub_project, Row("the hub's endpoint", lambda e: None, "pass", "pe-tidal-workspace")),
    (hub_project, Row("hub denied", deny(WORKSPACE, "mlw-tidal"), "unknown", shows=f"{WORKSPACE}/read")),
]
ROWS = [(secure, row) for row in SAME] + [(default_cluster, row) for row in PEERED] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_private_endpoint_in_reach(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-001"), row)


def test_a_pending_endpoint_fails_with_its_consequences_only() -> None:
    estate = secure()
    own(APPROVAL, "Pending")(estate)
    assert {r.rule.id for r in audited(estate).results if r.status == "fail"} == {"AML-001", "ENV-003"}
