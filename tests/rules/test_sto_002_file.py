"""STO-002: where blobs of the default storage are reached over a private endpoint, files have a valid one too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.private_link import ENDPOINT, remove_private_endpoint
from tests.arm.scenarios import default_cluster, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = "properties.privateLinkServiceConnections[0].properties"
STATE = f"{LINK}.privateLinkServiceConnectionState.status"


def file(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(ENDPOINT, "-file"), path, value)


def without(name: str) -> Change:
    return lambda e: remove_private_endpoint(e, e.find(ENDPOINT, name))


def deny(kind: str, name: str) -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


PRIVATE = [
    Row("sound", lambda e: None, "pass", "pe-tidal-file", STATE),
    Row("group in another case", file(f"{LINK}.groupIds", ["FILE"]), "pass"),
    Row("none", without("pe-tidal-file"), "fail", "no private endpoint for file", "privateEndpointConnections"),
    Row(
        "a second one for blob instead",
        file(f"{LINK}.groupIds", ["blob"]),
        "fail",
        "no private endpoint for file",
        counter=True,
    ),
    Row("Pending", file(STATE, "Pending"), "fail", "is Pending", STATE),
    Row("not provisioned", file("properties.provisioningState", "Updating"), "fail", "Updating", "provisioningState"),
    Row("no endpoint for blob", without("pe-tidal-blob"), "not-applicable", "blob is not reached"),
    Row("endpoint denied", deny(ENDPOINT, "-file"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("whether blob has one denied", deny(ENDPOINT, "pe-tidal-blob"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("account denied", deny(STORAGE, "main"), "unknown", shows=f"{STORAGE}/read"),
]
PEERED = [Row("in the peered VNet", lambda e: None, "pass", assumes="peered with the AKS VNet")]
SUBNETS = [Row("service endpoints serve files too", lambda e: None, "not-applicable", "blob is not reached")]

CASES = ((secure, PRIVATE), (default_cluster, PEERED), (service_endpoints, SUBNETS))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_file_endpoint(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-002"), row)
    if row.status == "fail":
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"STO-002", "ENV-003"}
