"""STO-007: each account with a hierarchical namespace has private endpoints for dfs and for blob."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import ml
from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import VNET, subnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import default_cluster, hub_project, secure, service_endpoints
from tests.arm.services import STORAGE, storage
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
DATASTORE = f"{ml.WORKSPACE}/datastores"
HNS = "properties.isHnsEnabled"
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"


def hns(account: str, value: object) -> Change:
    """The flag of an account; None takes it out of the answer."""

    def change(e: Estate) -> None:
        e.set(e.find(STORAGE, account), HNS, value)
        if value is None:
            e.unset(e.find(STORAGE, account), HNS)

    return change


def without(*names: str) -> Change:
    def change(e: Estate) -> None:
        for name in names:
            remove_private_endpoint(e, e.find(ENDPOINT, name))

    return change


def datastore(**properties: object) -> Change:
    return lambda e: e.find(DATASTORE, "lake")["properties"].update(properties)


def place(e: Estate) -> Group:
    space = e.find(VNET, "vnet-tidal")
    return Group(e, space["id"].partition("/providers/")[0], space["location"])


def with_dfs(e: Estate) -> None:
    private_endpoint(
        place(e), "pe-main-dfs", e.find(STORAGE, "main"), "dfs", subnet(e.find(VNET, "vnet-tidal"), "snet-pe")
    )


def third(kind: str = "AzureBlob", hierarchical: bool = False, endpoints: tuple[str, ...] = ()) -> Change:
    """A third account behind a datastore, with these endpoints."""

    def change(e: Estate) -> None:
        account = storage(place(e), "stthird", hierarchical=hierarchical)
        ml.datastore(e, e.find(ml.WORKSPACE), "third", account, kind)
        for group in endpoints:
            private_endpoint(
                place(e), f"pe-third-{group}", account, group, subnet(e.find(VNET, "vnet-tidal"), "snet-pe")
            )

    return change


def default_lake(e: Estate) -> None:
    """A datastore for Data Lake Gen2 on the default account."""
    ml.datastore(e, e.find(ml.WORKSPACE), "own", e.find(STORAGE, "main"), "AzureDataLakeGen2")


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def unread(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


PRIVATE = [
    Row("sound", lambda e: None, "pass", "dfs and blob", STATE),
    Row(
        "no dfs",
        without("lake-dfs"),
        "fail",
        "sttidallake has no private endpoint for dfs",
        "EndpointConnections",
        counter=True,
    ),
    Row("no blob", without("lake-blob"), "fail", "sttidallake has no private endpoint for blob", counter=True),
    Row("dfs Pending", lambda e: e.set(e.find(ENDPOINT, "lake-dfs"), STATE, "Pending"), "fail", "is Pending", STATE),
    Row("neither", without("lake-dfs", "lake-blob"), "not-applicable", "no account with a hierarchical namespace"),
    Row(
        "no dfs, no namespace, plain blob",
        all_of(without("lake-dfs"), hns("lake", False), datastore(datastoreType="AzureBlob")),
        "not-applicable",
        counter=True,
    ),
    Row(
        "no dfs, plain blob on a namespace",
        all_of(without("lake-dfs"), datastore(datastoreType="AzureBlob")),
        "fail",
        "dfs",
    ),
    Row("no dfs, a Gen2 datastore, no flag", all_of(without("lake-dfs"), hns("lake", None)), "fail", "dfs"),
    Row(
        "type in another case",
        all_of(without("lake-dfs"), hns("lake", False), datastore(datastoreType="azuredatalakegen2")),
        "fail",
    ),
    Row("plain blob, no flag", all_of(hns("lake", None), datastore(datastoreType="AzureBlob")), "not-applicable"),
    Row(
        "flag null, plain blob",
        all_of(lambda e: e.set(e.find(STORAGE, "lake"), HNS, None), datastore(datastoreType="AzureBlob")),
        "not-applicable",
    ),
    Row(
        "flag of the wrong kind",
        all_of(hns("lake", "true"), datastore(datastoreType="AzureBlob")),
        "unknown",
        shows=HNS,
    ),
    Row("the default account, no dfs", hns("main", True), "fail", "sttidalmain has no private endpoint for dfs"),
    Row("the default account, both", all_of(hns("main", True), with_dfs), "pass"),
    Row("a Gen2 datastore on the default", default_lake, "fail", "sttidalmain has no private endpoint for dfs"),
    Row("a third account, plain", third(endpoints=("blob",)), "pass"),
    Row(
        "a third account, dfs alone",
        third("AzureDataLakeGen2", endpoints=("dfs",)),
        "fail",
        "stthird has no private endpoint for blob",
    ),
    Row("a third account, files on a namespace", third("AzureFile", hierarchical=True, endpoints=("file",)), "pass"),
    Row("a third account without endpoints", third("AzureDataLakeGen2", hierarchical=True), "pass"),
    Row("dfs denied", deny(ENDPOINT, "lake-dfs"), "unknown", shows=f"{ENDPOINT}/read"),
    Row(
        "dfs denied, no blob",
        all_of(without("lake-blob"), deny(ENDPOINT, "lake-dfs")),
        "unknown",
        shows=f"{ENDPOINT}/read",
    ),
    Row("the lake denied", deny(STORAGE, "lake"), "unknown", "sttidallake could not be read", f"{STORAGE}/read"),
    Row("the default denied", deny(STORAGE, "main"), "unknown", "sttidalmain could not be read", f"{STORAGE}/read"),
    Row("the default denied, no dfs", all_of(deny(STORAGE, "main"), without("lake-dfs")), "fail", "dfs"),
    Row("datastores denied", unread(DATASTORE), "unknown", shows=f"{DATASTORE}/read"),
    Row("the lake gone", lambda e: e.remove(e.find(STORAGE, "lake")), "not-applicable"),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
]
CASES = [
    (secure, PRIVATE),
    (default_cluster, [Row("no lake", lambda e: None, "not-applicable", "no account with a hierarchical namespace")]),
    (service_endpoints, [Row("by service endpoints", hns("main", True), "not-applicable")]),
    (hub_project, [Row("a Project's own datastore", without("lake-dfs"), "fail", "sttidallake")]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_lakes_have_both(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-007"), row)
    if row.status == "fail":  # STO-005 and DNS-006 judge the endpoints that a datastore itself asks for
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"STO-005", "DNS-006", "DNS-007"} == {"STO-007"}


def test_the_fix_names_account_and_group() -> None:
    estate = secure()
    without("lake-dfs")(estate)
    fix = only(audited(estate), "STO-007").fix
    assert fix.startswith(
        "az network private-endpoint create -g rg-tidal-net -n pe-sttidallake-dfs --vnet-name vnet-tidal "
    )
    assert "/storageAccounts/sttidallake --group-id dfs " in fix
