"""DNS-006: the endpoints of each other storage account have their records in zones that AKS resolves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate, Json
from tests.arm.ml import WORKSPACE
from tests.arm.private_link import ENDPOINT, NIC, ZONE, remove_private_endpoint
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK, GROUP, RECORD = f"{ZONE}/virtualNetworkLinks", f"{ENDPOINT}/privateDnsZoneGroups", f"{ZONE}/A"
DATASTORE = f"{WORKSPACE}/datastores"
BLOB, DFS = "privatelink.blob.core.windows.net", "privatelink.dfs.core.windows.net"


def of(kind: str, part: str, name: str = "") -> Callable[[Estate], Json]:
    """The one body of a type with this in its id and in its name."""
    return lambda e: next(b for b in e.find_all(kind, name) if part in b["id"])


def drop(*bodies: Callable[[Estate], Json]) -> Change:
    def change(e: Estate) -> None:
        for body in bodies:
            e.remove(body(e))

    return change


def deny(body: Callable[[Estate], Json]) -> Change:
    return lambda e: e.denied.append(Denial(scope=body(e)["id"]))


def lake(**properties: object) -> Change:
    return lambda e: e.find(DATASTORE, "lake")["properties"].update(properties)


def without(*endpoints: str) -> Change:
    def change(e: Estate) -> None:
        for name in endpoints:
            remove_private_endpoint(e, e.find(ENDPOINT, name))

    return change


def plain_blob(e: Estate) -> None:
    """The datastore is one for blobs, so that nobody needs the dfs zone."""
    lake(datastoreType="AzureBlob")(e)
    e.remove(of(LINK, DFS)(e))


PRIVATE = [
    Row("sound", lambda e: None, "pass", "resolves to its private endpoints", "properties.aRecords"),
    Row("no zone group, right record", drop(of(GROUP, "lake-dfs/")), "pass", assumes="no zone group keeps"),
    Row("plain blob, dfs zone not linked", plain_blob, "pass", counter=True),
    Row("no endpoint for dfs", without("lake-dfs"), "pass"),
    Row("no record for blob", drop(of(RECORD, BLOB, "lake")), "fail", f"{BLOB} has no record sttidallake"),
    Row("no record for dfs", drop(of(RECORD, DFS)), "fail", f"{DFS} has no record sttidallake", counter=True),
    Row("dfs zone not linked", drop(of(LINK, DFS)), "fail", f"{DFS} is not linked"),
    Row("no endpoint", without("lake-blob", "lake-dfs"), "not-applicable", "no private endpoint within reach"),
    Row("no other account", lake(accountName="sttidalmain"), "not-applicable", "no datastore uses another"),
    Row("zone denied", deny(of(ZONE, DFS)), "unknown", shows=f"{ZONE}/read"),
    Row("interface denied", deny(of(NIC, "lake-dfs")), "unknown", shows=f"{NIC}/read"),
    Row("account denied", deny(of(STORAGE, "lake")), "unknown", shows=f"{STORAGE}/read"),
    Row("datastores denied", lambda e: e.denied.append(Denial(type=DATASTORE)), "unknown", shows=f"{DATASTORE}/read"),
    Row("nobody knows where", lake(accountName="stfar", subscriptionId=None), "unknown", "stfar"),
]
HUB = [Row("a Project's own datastore", lambda e: None, "pass")]
SUBNETS = [Row("none", lambda e: None, "not-applicable", "no datastore uses another")]

CASES = ((secure, PRIVATE), (hub_project, HUB), (service_endpoints, SUBNETS))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_other_storage_names(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-006"), row)
    if row.status == "fail":
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"DNS-007"} == {"DNS-006"}  # and the extended rules on the same records
