"""NET-007: which route the way from AKS to its private endpoints takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import VNET, add_subnet, route_table, subnet
from tests.arm.private_link import ENDPOINT, NIC
from tests.arm.scenarios import default_cluster, hub_and_spoke, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
TABLE = "Microsoft.Network/routeTables"
POLICIES = "privateEndpointNetworkPolicies"
HOP = "properties.routes[0].properties.nextHopType"
FIREWALL = "10.40.18.200"
ALL = "10.40.0.0/16"  # the whole VNet
BLOB = "10.40.16.7/32"  # the endpoint for blob, behind the workspace's three addresses


def at(e: Estate, vnet: str) -> Group:
    space = e.find(VNET, vnet)
    return Group(e, space["id"].partition("/providers/")[0], space["location"])


def routes(
    to: dict[str, str], policies: object = "Disabled", where: str = "snet-aks", vnet: str = "vnet-tidal"
) -> Change:
    """A subnet has a route table with these routes; the endpoints' subnet has network policies of that value."""

    def change(e: Estate) -> None:
        space = e.find(VNET, vnet)
        route_table(at(e, vnet), f"rt-{where}", space, [where], to)
        for body in space["properties"]["subnets"]:
            if body["name"] == "snet-pe":
                body["properties"][POLICIES] = policies
                if policies is None:
                    del body["properties"][POLICIES]

    return change


def with_pods(to: dict[str, str]) -> Change:
    """Pods have a subnet of their own, with a route table that has these routes."""

    def change(e: Estate) -> None:
        where = add_subnet(e.find(VNET, "vnet-tidal"), "snet-pods", "10.40.32.0/20")
        for pool in e.find(CLUSTER)["properties"]["agentPoolProfiles"]:
            pool["podSubnetID"] = where["id"]
        routes(to, where="snet-pods")(e)

    return change


def then(first: Change, path: str, value: object) -> Change:
    """The table's first route, or all, with something else in it."""

    def change(e: Estate) -> None:
        first(e)
        e.set(e.find(TABLE), path, value)

    return change


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def unread(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def gone(e: Estate) -> None:
    routes({})(e)
    e.remove(e.find(TABLE))


def wrong_table(e: Estate) -> None:
    subnet(e.find(VNET, "vnet-tidal"), "snet-aks")["properties"]["routeTable"] = {"id": 7}


def auto(e: Estate) -> None:
    e.set(e.find(CLUSTER), "properties.nodeProvisioningProfile.mode", "Auto")


MUST = "must forward"
PODS = {"10.244.0.0/24": "10.40.0.4", "10.244.1.0/24": "10.40.0.5", "10.244.2.0/24": "10.40.0.6"}
ONE_VNET = [
    Row("no table", lambda e: None, "not-applicable", "no AKS subnet has a route table"),
    Row("a table on another subnet", routes({BLOB: "None"}, where="snet-train"), "not-applicable"),
    Row("an empty table", routes({}), "pass", "routes lead from AKS"),
    Row(
        "kubenet's own routes", routes(PODS), "pass", shows="properties.routes[].properties.addressPrefix", counter=True
    ),
    Row("all to an appliance", routes({"0.0.0.0/0": FIREWALL}), "pass", counter=True),
    Row("all to nowhere", routes({"0.0.0.0/0": "None"}), "pass", counter=True),
    Row("all to an appliance, policies on", routes({"0.0.0.0/0": FIREWALL}, "Enabled"), "pass"),
    Row(
        "one endpoint to nowhere",
        routes({BLOB: "None"}),
        "fail",
        "get to pe-tidal-blob: rt-snet-aks sends 10.40.16.7",
        HOP,
    ),
    Row("one endpoint to the internet", routes({BLOB: "Internet"}), "fail", "to Internet by route route-0", HOP),
    Row("nowhere in another case", then(routes({BLOB: "None"}), HOP, "none"), "fail", shows=HOP),
    Row("one endpoint within the VNet", routes({BLOB: "VnetLocal"}), "pass", shows=HOP),
    Row("one endpoint to an appliance", routes({BLOB: FIREWALL}), "pass", shows=HOP, assumes=MUST),
    Row("one endpoint to a gateway", routes({BLOB: "VirtualNetworkGateway"}), "unknown", "route-0", HOP),
    Row("another address to nowhere", routes({"10.40.16.200/32": "None"}), "pass"),
    Row("the VNet to nowhere", routes({ALL: "None"}), "pass", counter=True),
    Row("the VNet, policies for groups", routes({ALL: "None"}, "NetworkSecurityGroupEnabled"), "pass"),
    Row("the VNet, policies for routes", routes({ALL: "None"}, "RouteTableEnabled"), "fail", ALL, HOP, counter=True),
    Row(
        "the VNet, policies Enabled", routes({ALL: "None"}, "Enabled"), "fail", "pe-tidal-workspace, pe-tidal-blob", HOP
    ),
    Row("the VNet, policies in another case", routes({ALL: "None"}, "routetableenabled"), "fail", shows=HOP),
    Row("the VNet, policies absent", routes({ALL: "None"}, None), "unknown", shows=POLICIES),
    Row("the VNet, policies of another value", routes({ALL: "None"}, "Sometimes"), "unknown", shows=POLICIES),
    Row("the VNet, policies of the wrong kind", routes({ALL: "None"}, 1), "unknown", shows=POLICIES),
    Row("the VNet to an appliance", routes({ALL: FIREWALL}, "RouteTableEnabled"), "pass", shows=HOP, assumes=MUST),
    Row("the VNet to an appliance, no policies", routes({ALL: FIREWALL}), "pass"),
    Row("the endpoints' subnet", routes({"10.40.16.0/24": "None"}, "RouteTableEnabled"), "fail", "10.40.16.0/24"),
    Row("wider than the VNet", routes({"10.0.0.0/8": "None"}, "RouteTableEnabled"), "pass", counter=True),
    Row("the longest wins", routes({ALL: "None", "10.40.16.0/24": FIREWALL}, "Enabled"), "pass", assumes=MUST),
    Row("the longest loses", routes({ALL: FIREWALL, "10.40.16.0/24": "None"}, "Enabled"), "fail", "10.40.16.0/24"),
    Row("a service tag", routes({"Storage": "None"}, "Enabled"), "pass"),
    Row("nodes anywhere", all_of(auto, routes({})), "pass", assumes="node auto-provisioning"),
    Row("pods to nowhere, nodes not", with_pods({BLOB: "None"}), "fail", "rt-snet-pods sends 10.40.16.7"),
    Row("routes null", then(routes({}), "properties.routes", None), "unknown", shows="properties.routes"),
    Row(
        "routes of the wrong kind", then(routes({}), "properties.routes", "none"), "unknown", shows="properties.routes"
    ),
    Row("no next hop", then(routes({BLOB: "None"}), HOP, None), "unknown", shows=HOP),
    Row("another next hop", then(routes({BLOB: "None"}), HOP, "Elsewhere"), "unknown", shows=HOP),
    Row(
        "an appliance without address",
        then(routes({BLOB: "None"}), HOP, "VirtualAppliance"),
        "unknown",
        shows="IpAddress",
    ),
    Row(
        "a prefix that is none",
        then(routes({BLOB: "None"}), "properties.routes[0].properties.addressPrefix", "blob"),
        "unknown",
        shows="addressPrefix",
    ),
    Row("table denied", all_of(routes({}), unread(TABLE)), "unknown", shows=f"{TABLE}/read"),
    Row("table gone", gone, "unknown", "rt-snet-aks on snet-aks could not be read"),
    Row("table without an id", wrong_table, "unknown", shows="routeTable.id"),
    Row("endpoints denied", all_of(routes({}), unread(ENDPOINT)), "unknown", shows=f"{ENDPOINT}/read"),
    Row("interfaces denied", all_of(routes({}), unread(NIC)), "unknown", shows=f"{NIC}/read"),
    Row("interfaces denied, no table", unread(NIC), "not-applicable"),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
]


def in_hub() -> Estate:
    return hub_and_spoke("hub")


def hub(to: dict[str, str], policies: str) -> Change:
    """The spoke's AKS subnet has these routes, and the hub's endpoints such network policies."""

    def change(e: Estate) -> None:
        routes(to, vnet="vnet-keel")(e)
        subnet(e.find(VNET, "vnet-keel-hub"), "snet-pe")["properties"][POLICIES] = policies

    return change


HUB = [
    Row("the hub to an appliance", hub({"10.50.0.0/16": "10.50.3.4"}, "Enabled"), "pass", assumes=MUST),
    Row("the hub to nowhere", hub({"10.50.0.0/16": "None"}, "Enabled"), "fail", "pe-keel-workspace", HOP),
    Row("the hub to nowhere, no policies", hub({"10.50.0.0/16": "None"}, "Disabled"), "pass"),
    Row(
        "the hub denied",
        all_of(hub({"10.50.0.0/16": "None"}, "Disabled"), deny(VNET, "vnet-keel-hub")),
        "unknown",
        shows=f"{VNET}/read",
    ),
]
DEFAULT = [
    Row("kubenet in AKS's own VNet", routes(PODS, where="aks-subnet", vnet="aks-vnet"), "pass"),
    Row("no table", lambda e: None, "not-applicable"),
]
SERVICE = [
    Row("all to an appliance", routes({"0.0.0.0/0": "10.42.9.4"}, vnet="vnet-pilot"), "pass"),
]
CASES = [(secure, ONE_VNET), (in_hub, HUB), (default_cluster, DEFAULT), (service_endpoints, SERVICE)]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_routes_lead_there(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "NET-007"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["NET-007"]


def test_the_fix_names_the_route() -> None:
    estate = secure()
    routes({BLOB: "None"})(estate)
    fix = only(audited(estate), "NET-007").fix
    assert fix == "az network route-table route delete -g rg-tidal-net --route-table-name rt-snet-aks -n route-0"
