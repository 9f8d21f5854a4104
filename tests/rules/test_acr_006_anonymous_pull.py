"""ACR-006: the registry refuses anonymous pulls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.report import Report
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, hub_project, secure
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ANONYMOUS = "properties.anonymousPullEnabled"


def registry(value: object) -> Change:
    return lambda e: e.set(e.find(REGISTRY), ANONYMOUS, value)


CLOSED = [
    Row("off", lambda e: None, "pass", "refuses anonymous pulls", ANONYMOUS),
    Row("absent", lambda e: e.unset(e.find(REGISTRY), ANONYMOUS), "pass", "refuses", ANONYMOUS, counter=True),
    Row("null", registry(None), "pass", "refuses", ANONYMOUS),
    Row("on, in a closed registry", registry(True), "fail", "crtidal lets everybody pull", ANONYMOUS, counter=True),
    Row("a word for a flag", registry("false"), "unknown", shows=ANONYMOUS),
    Row("no properties", lambda e: e.set(e.find(REGISTRY), "properties", {}), "unknown", shows="properties"),
    Row("denied", lambda e: e.denied.append(Denial(type=REGISTRY)), "unknown", shows=f"{REGISTRY}/read"),
    Row("gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable", "does not exist"),
    Row("none yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "not-applicable", "names no"),
]
OTHERS = [
    (everything_public, Row("open, off", lambda e: None, "pass")),
    (everything_public, Row("open, on", registry(True), "fail", "lets everybody pull")),
    (hub_project, Row("the hub's, on", registry(True), "fail", "crtidal lets everybody pull")),
    (
        hub_project,
        Row("hub denied", lambda e: e.denied.append(Denial(scope=e.find(WORKSPACE, "mlw-")["id"])), "unknown"),
    ),
]
ROWS = [(secure, row) for row in CLOSED] + OTHERS


def failed(report: Report) -> set[str]:
    return {r.rule.id for r in report.results if r.status == "fail"}


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_no_anonymous_pull(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "ACR-006"), row)
    if row.status == "fail":
        assert failed(report) - failed(audited(build())) == {"ACR-006"}
