"""STO-010: the default storage is behind the same VNet as the workspace, as the studio wants it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, peer, service_endpoints, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import everything_public, hub_and_spoke, hub_project, secure
from tests.arm.services import STORAGE, allow_subnet
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
SUBNET = "properties.subnet.id"
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
RULES = "properties.networkAcls.virtualNetworkRules"


def at(e: Estate) -> Group:
    space = e.find(VNET, "vnet-tidal")
    return Group(e, space["id"].partition("/providers/")[0], space["location"])


def peered(e: Estate) -> Json:
    """Another VNet, peered with that of AKS."""
    found = e.find_all(VNET, "vnet-else")
    if found:
        return found[0]
    there = vnet(at(e), "vnet-else", "10.90.0.0/16", {"snet-pe": "10.90.0.0/24"})
    peer(e.find(VNET, "vnet-tidal"), there)
    return there


def moved(*names: str) -> Change:
    """These endpoints are in the peered VNet."""

    def change(e: Estate) -> None:
        for name in names:
            e.set(e.find(ENDPOINT, name), SUBNET, subnet(peered(e), "snet-pe")["id"])

    return change


def more(group: str) -> Change:
    """One endpoint more, in the peered VNet."""

    def change(e: Estate) -> None:
        target = e.find(WORKSPACE, "mlw-") if group == "amlworkspace" else e.find(STORAGE, "main")
        private_endpoint(at(e), f"pe-more-{group}", target, group, subnet(peered(e), "snet-pe"))

    return change


def without(*names: str) -> Change:
    def change(e: Estate) -> None:
        for name in names:
            remove_private_endpoint(e, e.find(ENDPOINT, name))

    return change


def by_subnet(name: str, access: str | None = "Enabled", **rule: object) -> Change:
    """The storage has no endpoint, but a VNet rule for a subnet."""

    def change(e: Estate) -> None:
        without("pe-tidal-blob", "pe-tidal-file")(e)
        space, account = e.find(VNET, "vnet-tidal"), e.find(STORAGE, "main")
        service_endpoints(space, name, "Microsoft.Storage")
        allow_subnet(account, subnet(space, name))
        account["properties"]["networkAcls"]["virtualNetworkRules"][0].update(rule)
        account["properties"]["publicNetworkAccess"] = access
        if access is None:
            del account["properties"]["publicNetworkAccess"]

    return change


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def pending(name: str) -> Change:
    return lambda e: e.set(e.find(ENDPOINT, name), STATE, "Pending")


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def unread(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def managed(e: Estate) -> None:
    """The storage has a connection of a managed network, and its own endpoint is in the peered VNet."""
    moved("pe-tidal-blob")(e)
    connections = e.find(STORAGE, "main")["properties"]["privateEndpointConnections"]
    endpoint = "/subscriptions/m/resourceGroups/m/providers/Microsoft.Network/privateEndpoints/__SYS_PE_main_blob_1"
    own = {"privateEndpoint": {"id": endpoint}, "privateLinkServiceConnectionState": {"status": "Approved"}}
    connections.append({"name": "__SYS_PE_main_blob_1", "properties": own})


PRIVATE = [
    Row("sound", lambda e: None, "pass", "vnet-tidal holds endpoints of mlw-tidal and of sttidalmain", SUBNET),
    Row(
        "another subnet of the VNet",
        lambda e: e.set(
            e.find(ENDPOINT, "pe-tidal-blob"), SUBNET, subnet(e.find(VNET, "vnet-tidal"), "snet-train")["id"]
        ),
        "pass",
    ),
    Row(
        "in another case",
        lambda e: e.set(
            e.find(ENDPOINT, "pe-tidal-blob"),
            SUBNET,
            e.find(ENDPOINT, "pe-tidal-blob")["properties"]["subnet"]["id"].upper().replace("/SUBNETS/", "/subnets/"),
        ),
        "pass",
    ),
    Row(
        "two peered VNets",
        moved("pe-tidal-blob"),
        "fail",
        "in vnet-tidal, and sttidalmain in vnet-else",
        SUBNET,
        counter=True,
    ),
    Row(
        "the workspace's one elsewhere",
        moved("pe-tidal-workspace"),
        "fail",
        "in vnet-else, and sttidalmain in vnet-tidal",
    ),
    Row("both elsewhere", moved("pe-tidal-workspace", "pe-tidal-blob"), "pass", "vnet-else", counter=True),
    Row("file elsewhere", moved("pe-tidal-file"), "pass"),
    Row("blob in both", more("blob"), "pass"),
    Row(
        "blob elsewhere, a second workspace endpoint there",
        all_of(moved("pe-tidal-blob"), more("amlworkspace")),
        "pass",
    ),
    Row(
        "shared, but Pending",
        all_of(moved("pe-tidal-blob"), more("amlworkspace"), pending("pe-more-amlworkspace")),
        "fail",
    ),
    Row(
        "none of the workspace approved",
        pending("pe-tidal-workspace"),
        "not-applicable",
        "no private endpoint of the workspace",
    ),
    Row(
        "no endpoint of the workspace",
        without("pe-tidal-workspace"),
        "not-applicable",
        "the workspace has no private endpoint",
    ),
    Row(
        "the storage has nothing",
        without("pe-tidal-blob", "pe-tidal-file"),
        "not-applicable",
        "has neither private endpoints",
    ),
    Row("a VNet rule for the subnet", by_subnet("snet-pe"), "pass", "a VNet rule of sttidalmain admits snet-pe", RULES),
    Row("public access not in the answer", by_subnet("snet-pe", None), "pass", shows=RULES),
    Row(
        "a VNet rule for another subnet",
        by_subnet("snet-aks"),
        "fail",
        "sttidalmain no VNet rule for its subnet",
        RULES,
        counter=True,
    ),
    Row("a VNet rule that denies", by_subnet("snet-pe", action="Deny"), "not-applicable"),
    Row(
        "a VNet rule that does not hold",
        by_subnet("snet-pe", "Disabled"),
        "not-applicable",
        "neither private endpoints",
        counter=True,
    ),
    Row(
        "rules of the wrong kind",
        all_of(by_subnet("snet-pe"), lambda e: e.set(e.find(STORAGE, "main"), RULES, "all")),
        "unknown",
        shows=RULES,
    ),
    Row("beside a managed network", managed, "fail", "in vnet-else"),
    Row("blob denied", deny(ENDPOINT, "pe-tidal-blob"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("the workspace's denied", deny(ENDPOINT, "pe-tidal-workspace"), "unknown", shows=f"{ENDPOINT}/read"),
    Row(
        "a second of the workspace denied",
        all_of(moved("pe-tidal-blob"), more("amlworkspace"), deny(ENDPOINT, "pe-more")),
        "unknown",
        "pe-more-amlworkspace was not read",
        "privateEndpoint.id",
    ),
    Row("all denied", unread(ENDPOINT), "unknown", shows=f"{ENDPOINT}/read"),
    Row("storage denied", unread(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("storage gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
]
CASES = [
    (secure, PRIVATE),
    (
        hub_project,
        [
            Row("a hub's endpoint", lambda e: None, "pass", "mlw-tidal"),
            Row("moved", moved("pe-tidal-blob"), "fail", "mlw-tidal"),
        ],
    ),
    (lambda: hub_and_spoke("hub"), [Row("both in the hub", lambda e: None, "pass", "vnet-keel-hub")]),
    (everything_public, [Row("public", lambda e: None, "not-applicable", "the workspace has no private endpoint")]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_same_vnet(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "STO-010"), row)


def test_the_fix_is_in_the_vnet_of_the_workspace() -> None:
    estate = secure()
    moved("pe-tidal-blob")(estate)
    fix = only(audited(estate), "STO-010").fix
    assert fix.startswith(
        "az network private-endpoint create -g rg-tidal-net -n pe-sttidalmain-blob --vnet-name vnet-tidal "
    )


def test_two_peered_vnets_serve_aks() -> None:
    """An endpoint for blob in a peered VNet, whole: the studio minds, and AML-011, but nothing that AKS needs."""
    estate = hub_and_spoke()
    hub = estate.find(VNET, "vnet-keel-hub")
    where = subnet(hub, "snet-pe")["id"]
    estate.set(estate.find(ENDPOINT, "pe-keel-blob"), SUBNET, where)
    failed = {r.rule.id for r in audited(estate).results if r.status == "fail"}
    assert failed - {"AML-011"} == {"STO-010"}
