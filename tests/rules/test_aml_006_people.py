"""AML-006: people have a private way to a workspace that is closed to the public network."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, add_subnet, bastion, peer, subnet, vpn_gateway
from tests.arm.private_link import private_endpoint
from tests.arm.scenarios import hub_and_spoke, hub_project, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
BASTION, GATEWAY = "Microsoft.Network/bastionHosts", "Microsoft.Network/virtualNetworkGateways"
PEERING = "properties.virtualNetworkPeerings[0].properties"
ACCESS = "properties.publicNetworkAccess"


def group_of(e: Estate, body: Json) -> Group:
    return Group(e, body["id"].partition("/providers/")[0], body["location"])


def deny(*kinds: str) -> Change:
    return lambda e: e.denied.extend(Denial(type=kind) for kind in kinds)


def deny_hub(e: Estate) -> None:
    e.denied.append(Denial(subscription=e.find(VNET, "hub")["id"].split("/")[2]))


def no_bastion(e: Estate) -> None:
    e.remove(e.find(BASTION))


def no_gateway(e: Estate) -> None:
    e.remove(e.find(GATEWAY))


def own_gateways_only(e: Estate) -> None:
    e.set(e.find(VNET, "vnet-keel"), f"{PEERING}.useRemoteGateways", False)


def disconnected(e: Estate) -> None:
    for name in ("vnet-keel", "vnet-keel-hub"):
        e.set(e.find(VNET, name), f"{PEERING}.peeringState", "Disconnected")


def no_access(e: Estate) -> None:
    e.set(e.find(VNET, "vnet-keel"), f"{PEERING}.allowVirtualNetworkAccess", False)


def gateway_beside(e: Estate) -> None:
    network = e.find(VNET, "vnet-tidal")
    add_subnet(network, "GatewaySubnet", "10.40.30.0/26")
    vpn_gateway(group_of(e, network), "vgw-tidal", network)["properties"]["gatewayType"] = "ExpressRoute"


def bastion_in_ops(e: Estate, peered: bool) -> None:
    ops = e.find(VNET, "vnet-tidal-ops")
    add_subnet(ops, "AzureBastionSubnet", "192.168.8.64/26")
    bastion(group_of(e, ops), "bas-ops", ops)
    if peered:
        peer(e.find(VNET, "vnet-tidal"), ops)


def pending_endpoint_in_ops(e: Estate) -> None:
    bastion_in_ops(e, peered=False)
    ops, target = e.find(VNET, "vnet-tidal-ops"), e.find(WORKSPACE)
    private_endpoint(group_of(e, ops), "pe-second", target, "amlworkspace", subnet(ops, "snet-ops"), status="Pending")


def developer_bastion(e: Estate) -> None:
    properties = e.find(BASTION)["properties"]
    del properties["ipConfigurations"]
    properties["virtualNetwork"] = {"id": e.find(VNET, "vnet-tidal")["id"]}


def both(*changes: Change) -> Change:
    return lambda e: [change(e) for change in changes].clear()


ALONE = [
    Row("a Bastion beside the endpoint", lambda e: None, "pass", "bas-tidal is in vnet-tidal", "subnet.id"),
    Row("a Developer Bastion", developer_bastion, "pass", "bas-tidal"),
    Row("an ExpressRoute gateway", both(no_bastion, gateway_beside), "pass", "vgw-tidal", "subnet.id"),
    Row("a Bastion in a peered VNet", both(no_bastion, lambda e: bastion_in_ops(e, True)), "pass", "bas-ops"),
    Row(
        "only the Bastion's subnet",
        no_bastion,
        "fail",
        "verify how users reach",
        "subnets[].name",
        Severity.LOW,
        counter=True,
    ),
    Row("only the gateway's subnet", both(no_bastion, gateway_beside, no_gateway), "fail", "verify how users reach"),
    Row("a Bastion in a VNet apart", both(no_bastion, lambda e: bastion_in_ops(e, False)), "fail", "vnet-tidal"),
    Row("beside a pending endpoint only", both(no_bastion, pending_endpoint_in_ops), "fail"),
    Row("Bastions denied", deny(BASTION), "unknown", shows=f"{BASTION}/read"),
    Row("gateways denied", both(no_bastion, gateway_beside, deny(GATEWAY)), "unknown", shows=f"{GATEWAY}/read"),
    Row("a Bastion seen, gateways denied", both(gateway_beside, deny(GATEWAY)), "pass", "bas-tidal"),
    Row("VNets denied", both(no_bastion, deny(VNET)), "unknown", shows=f"{VNET}/read"),
    Row("workspace public", lambda e: e.set(e.find(WORKSPACE), ACCESS, "Enabled"), "not-applicable", "public"),
    Row("workspace's access not known", lambda e: e.unset(e.find(WORKSPACE), ACCESS), "unknown", shows=ACCESS),
]
SPOKE = [
    Row(
        "the hub's gateway", no_bastion, "pass", "uses the gateway of a peered VNet", "useRemoteGateways", counter=True
    ),
    Row("the hub's Bastion", both(no_gateway, own_gateways_only), "pass", "bas-keel is in vnet-keel-hub"),
    Row("a gateway in the hub, not used", both(no_bastion, own_gateways_only), "pass", "vgw-keel"),
    Row("the hub empty", both(no_bastion, no_gateway, own_gateways_only), "fail", "verify how users reach"),
    Row("the peering without access", both(own_gateways_only, no_access), "fail", "verify how users reach"),
    Row("the peering broken", disconnected, "fail", "verify how users reach"),
    Row("the hub denied", both(own_gateways_only, deny_hub), "unknown", shows=f"{VNET}/read"),
    Row("the hub denied, its gateway used", deny_hub, "pass", "uses the gateway"),
]
OTHERS = [
    (hub_project, Row("of a Project", lambda e: None, "pass", "bas-tidal")),
    (service_endpoints, Row("no endpoint", lambda e: None, "not-applicable", "no private endpoint")),
]
ROWS = [(secure, row) for row in ALONE] + [(hub_and_spoke, row) for row in SPOKE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_private_path_for_people(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-006"), row)


def test_no_way_in_breaks_nothing_else() -> None:
    estate = secure()
    no_bastion(estate)
    failed = [r for r in audited(estate).results if r.status == "fail"]
    assert [r.rule.id for r in failed] == ["AML-006"]
    assert "-g rg-tidal-net -n bas-vnet-tidal --vnet-name vnet-tidal " in failed[0].fix
    assert failed[0].fix.endswith(" -l northeurope")
