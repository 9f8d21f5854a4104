"""KV-004: the Key Vault has soft delete and purge protection on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.report import Report
from auditor.model.verdict import Severity
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import everything_public, hub_project, secure
from tests.arm.services import VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
SOFT, PURGE = "properties.enableSoftDelete", "properties.enablePurgeProtection"
LOW = Severity.LOW


def vault(**settings: object) -> Change:
    return lambda e: e.find(VAULT)["properties"].update(settings)


def without(*paths: str) -> Change:
    def change(e: Estate) -> None:
        for path in paths:
            e.unset(e.find(VAULT), path)

    return change


SECURE = [
    Row("both on", lambda e: None, "pass", "soft delete and purge protection on", PURGE),
    Row("purge protection off", vault(enablePurgeProtection=False), "fail", "has purge protection off", PURGE, LOW),
    Row("purge protection absent", without(PURGE), "fail", "has purge protection off", PURGE, LOW, counter=True),
    Row("purge protection null", vault(enablePurgeProtection=None), "fail", "purge protection off", PURGE, LOW),
    Row("soft delete off", vault(enableSoftDelete=False), "fail", "has soft delete off", SOFT, LOW),
    Row("soft delete absent", without(SOFT), "fail", "has soft delete off", SOFT, LOW),
    Row("neither", without(SOFT, PURGE), "fail", "soft delete and purge protection off", SOFT, LOW),
    Row("a word for a flag", vault(enablePurgeProtection="true"), "unknown", shows=PURGE),
    Row("no properties", lambda e: e.set(e.find(VAULT), "properties", {}), "unknown", shows="properties"),
    Row("denied", lambda e: e.denied.append(Denial(type=VAULT)), "unknown", shows=f"{VAULT}/read"),
    Row("gone", lambda e: e.remove(e.find(VAULT)), "not-applicable", "does not exist"),
]
OTHERS = [
    (everything_public, Row("an open vault", lambda e: None, "pass", counter=True)),
    (everything_public, Row("an open vault without", without(PURGE), "fail", "purge protection off")),
    (hub_project, Row("the hub's", without(PURGE), "fail", "kv-tidal has purge protection off")),
]
ROWS = [(secure, row) for row in SECURE] + OTHERS


def failed(report: Report) -> set[str]:
    return {r.rule.id for r in report.results if r.status == "fail"}


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_purge_protection(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "KV-004"), row)
    if row.status == "fail":
        assert failed(report) - failed(audited(build())) == {"KV-004"}
