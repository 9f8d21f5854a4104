"""DNS-003: the default storage's endpoints, for blob and for file, have their records in zones that AKS resolves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate, Json
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT, ZONE, a_record, remove_private_endpoint
from tests.arm.scenarios import default_cluster, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK, GROUP, RECORD = f"{ZONE}/virtualNetworkLinks", f"{ENDPOINT}/privateDnsZoneGroups", f"{ZONE}/A"
BLOB, FILE = "privatelink.blob.core.windows.net", "privatelink.file.core.windows.net"


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


def held(zone: str, *addresses: str) -> Change:
    def change(e: Estate) -> None:
        a_record(e, e.find(ZONE, zone), e.find(STORAGE, "main")["name"], *addresses)

    return change


def without(*endpoints: str) -> Change:
    def change(e: Estate) -> None:
        for name in endpoints:
            remove_private_endpoint(e, e.find(ENDPOINT, name))

    return change


GROUP_OF_BLOB = of(GROUP, "pe-tidal-blob/")
OWN_BLOB = of(RECORD, BLOB, "main")

PRIVATE = [
    Row("sound", lambda e: None, "pass", "blob and file resolve", "properties.virtualNetworkLinkState"),
    Row("no zone group, right record", drop(GROUP_OF_BLOB), "pass", assumes="no zone group keeps"),
    Row("no endpoint for files", without("pe-tidal-file"), "pass"),
    Row("no zone group, no record", drop(GROUP_OF_BLOB, OWN_BLOB), "fail", "no record sttidalmain"),
    Row("no record for blob", drop(OWN_BLOB), "fail", f"{BLOB} has no record sttidalmain", counter=True),
    Row("no record for file", drop(of(RECORD, FILE, "main")), "fail", f"{FILE} has no record sttidalmain"),
    Row("another address", held(BLOB, "10.40.16.250"), "fail", "10.40.16.250, not at", "properties.aRecords"),
    Row("another address for file", held(FILE, "10.40.16.250"), "fail", FILE),
    Row("blob zone not linked", drop(of(LINK, BLOB)), "fail", f"{BLOB} is not linked to vnet-tidal"),
    Row("file zone not linked", drop(of(LINK, FILE)), "fail", f"{FILE} is not linked to vnet-tidal"),
    Row("zone denied", deny(of(ZONE, BLOB)), "unknown", shows=f"{ZONE}/read"),
    Row("links denied", lambda e: e.denied.append(Denial(type=LINK)), "unknown", shows=f"{LINK}/read"),
    Row("endpoint denied", deny(of(ENDPOINT, "pe-tidal-file")), "unknown", shows=f"{ENDPOINT}/read"),
    Row("account denied", deny(of(STORAGE, "main")), "unknown", shows=f"{STORAGE}/read"),
    Row("AKS VNet denied", deny(lambda e: e.find(VNET, "vnet-tidal")), "unknown", shows=f"{VNET}/read"),
    Row("no endpoint", without("pe-tidal-blob", "pe-tidal-file"), "not-applicable", "no private endpoint within reach"),
    Row("account gone", drop(of(STORAGE, "main")), "not-applicable"),
]
PEERED = [
    Row("zones linked to both VNets", lambda e: None, "pass"),
    Row(
        "to the endpoint's VNet alone",
        drop(of(LINK, BLOB, "link-aks-vnet")),
        "fail",
        "only to vnet-lantern",
        counter=True,
    ),
    Row("to the AKS VNet alone", drop(of(LINK, BLOB, "link-vnet-lantern")), "pass"),
]
SUBNETS = [Row("service endpoints", lambda e: None, "not-applicable", "no private endpoint within reach")]

CASES = ((secure, PRIVATE), (default_cluster, PEERED), (service_endpoints, SUBNETS))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_storage_names(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-003"), row)
    if row.status == "fail":
        of_lake = {"DNS-006"} if row.name == "blob zone not linked" else set()
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"DNS-007"} == {"DNS-003"} | of_lake  # and the extended rule on the same records
