"""KV-003: a Key Vault that is closed to public networks lets trusted Microsoft services in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.report import Report
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import everything_public, secure, service_endpoints
from tests.arm.services import VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
PUBLIC, ACLS = "properties.publicNetworkAccess", "properties.networkAcls"
BYPASS = f"{ACLS}.bypass"


def vault(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(VAULT), path, value)


def without(path: str) -> Change:
    return lambda e: e.unset(e.find(VAULT), path)


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


CLOSED = [
    Row("AzureServices", lambda e: None, "pass", "trusted Microsoft services bypass", BYPASS),
    Row("in another case", vault(BYPASS, "azureservices"), "pass"),
    Row("Disabled, and None", vault(BYPASS, "None"), "fail", "the bypass of kv-tidal is None", BYPASS, counter=True),
    Row("empty", vault(BYPASS, ""), "fail", "the bypass"),
    Row("Disabled, default Allow", vault(f"{ACLS}.defaultAction", "Allow"), "pass"),
    Row("no network rules", without(ACLS), "unknown", shows=BYPASS),
    Row("no bypass", without(BYPASS), "unknown", shows=BYPASS),
    Row("null", vault(BYPASS, None), "unknown", shows=BYPASS),
    Row("a list", vault(BYPASS, ["AzureServices"]), "unknown", shows=BYPASS),
    Row("a perimeter", vault(PUBLIC, "SecuredByPerimeter"), "unknown", shows=PUBLIC),
    Row("denied", lambda e: e.denied.append(Denial(type=VAULT)), "unknown", shows=f"{VAULT}/read"),
    Row("gone", lambda e: e.remove(e.find(VAULT)), "not-applicable", "does not exist"),
]
SELECTED = [
    Row("denied by default", lambda e: None, "pass"),
    Row("denied by default, None", vault(BYPASS, "None"), "fail", "is None", BYPASS),
]
OPEN = [
    Row("open, None", vault(BYPASS, "None"), "not-applicable", "open to public networks", counter=True),
    Row("open, no network rules", both(without(ACLS), without(PUBLIC)), "not-applicable", "open to public networks"),
]

CASES = ((secure, CLOSED), (service_endpoints, SELECTED), (everything_public, OPEN))
ROWS = [(build, row) for build, rows in CASES for row in rows]


def failed(report: Report) -> set[str]:
    return {r.rule.id for r in report.results if r.status == "fail"}


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_trusted_services(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "KV-003"), row)
    if row.status == "fail":
        assert failed(report) - failed(audited(build())) == {"KV-003"}
