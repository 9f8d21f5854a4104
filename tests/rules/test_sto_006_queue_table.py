"""STO-006: with batch endpoints, queue and table of the default storage have private endpoints too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.estate import Denial, Estate, Group, child_of
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, peer, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import everything_public, hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
BATCH = f"{WORKSPACE}/batchEndpoints"
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
MEDIUM = Severity.MEDIUM


def batch(workspace: str = "") -> Change:
    """The workspace has a batch endpoint."""

    def change(e: Estate) -> None:
        owner = e.find(WORKSPACE, workspace)
        e.add(child_of(owner, "batchEndpoints", "nightly") | {"properties": {"provisioningState": "Succeeded"}})

    return change


def endpoints(*groups: str, where: str = "snet-pe", account: str = "main") -> Change:
    """Private endpoints of the default storage for these groups."""

    def change(e: Estate) -> None:
        space = e.find_all(VNET)[0]
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        for group in groups:
            private_endpoint(at, f"pe-{group}-new", e.find(STORAGE, account), group, subnet(space, where))

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


def no_blob(e: Estate) -> None:
    remove_private_endpoint(e, e.find(ENDPOINT, "pe-tidal-blob"))


def elsewhere(peered: bool) -> Change:
    """The two endpoints are in another VNet."""

    def change(e: Estate) -> None:
        home = e.find(VNET, "vnet-tidal")
        at = Group(e, home["id"].partition("/providers/")[0], home["location"])
        there = vnet(at, "vnet-else", "10.90.0.0/16", {"snet-pe": "10.90.0.0/24"})
        if peered:
            peer(home, there)
        for group in ("queue", "table"):
            private_endpoint(at, f"pe-{group}-new", e.find(STORAGE, "main"), group, subnet(there, "snet-pe"))

    return change


PRIVATE = [
    Row("no batch endpoint", lambda e: None, "not-applicable", "no batch endpoints", counter=True),
    Row("no batch endpoint, both there", endpoints("queue", "table"), "not-applicable"),
    Row("both there", all_of(batch(), endpoints("queue", "table")), "pass", "queue and table", STATE),
    Row(
        "neither",
        batch(),
        "fail",
        "for queue; sttidalmain has no private endpoint for table",
        severity=MEDIUM,
        counter=True,
    ),
    Row("no table", all_of(batch(), endpoints("queue")), "fail", "for table", "privateEndpointConnections", MEDIUM),
    Row("no queue", all_of(batch(), endpoints("table")), "fail", "no private endpoint for queue", severity=MEDIUM),
    Row(
        "table Pending", all_of(batch(), endpoints("queue", "table"), pending("pe-table")), "fail", "is Pending", STATE
    ),
    Row("of another account", all_of(batch(), endpoints("queue", "table", account="lake")), "fail", severity=MEDIUM),
    Row("in a peered VNet", all_of(batch(), elsewhere(peered=True)), "pass", assumes="peered with the AKS VNet"),
    Row("out of reach", all_of(batch(), elsewhere(peered=False)), "fail", "nor directly peered", severity=MEDIUM),
    Row("blob has none", all_of(batch(), no_blob), "not-applicable", "blob is not reached through a private endpoint"),
    Row("batch endpoints denied", unread(BATCH), "unknown", shows=f"{BATCH}/read"),
    Row("batch endpoints denied, both there", all_of(unread(BATCH), endpoints("queue", "table")), "unknown"),
    Row("endpoints denied", all_of(batch(), unread(ENDPOINT)), "unknown", shows=f"{ENDPOINT}/read"),
    Row(
        "table's endpoint denied",
        all_of(batch(), endpoints("queue", "table"), deny(ENDPOINT, "pe-table")),
        "unknown",
        shows=f"{ENDPOINT}/read",
    ),
    Row("storage denied", all_of(batch(), unread(STORAGE)), "unknown", shows=f"{STORAGE}/read"),
    Row("storage gone", all_of(batch(), lambda e: e.remove(e.find(STORAGE, "main"))), "not-applicable"),
    Row("AKS VNet denied", all_of(batch(), deny(VNET, "vnet-tidal")), "unknown", shows=f"{VNET}/read"),
]
CASES = [
    (secure, PRIVATE),
    (service_endpoints, [Row("service endpoints", batch(), "not-applicable", "blob is not reached", counter=True)]),
    (everything_public, [Row("an open account", batch(), "not-applicable")]),
    (
        hub_project,
        [
            Row("of the Project", batch("proj-"), "fail", "sttidalmain", severity=MEDIUM),
            Row("of the hub alone", batch("mlw-"), "not-applicable"),
        ],
    ),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_queue_and_table(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-006"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["STO-006"]


def test_the_fix_names_the_group_that_is_missing() -> None:
    estate = secure()
    all_of(batch(), endpoints("queue"))(estate)
    fix = only(audited(estate), "STO-006").fix
    assert fix.startswith("az network private-endpoint create -g rg-tidal-net -n pe-sttidalmain-table ")
    assert fix.endswith(" --group-id table --connection-name table")
