"""ACR-002: the registry is Premium."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import secure
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only


def tier(name: str) -> Callable[[Estate], None]:
    return lambda e: e.set(e.find(REGISTRY), "sku", {"name": name, "tier": name})


ROWS = [
    Row("Premium", lambda e: None, "pass", "Premium", "sku.name"),
    Row("in another case", tier("premium"), "pass"),
    Row("Standard", tier("Standard"), "fail", "is Standard", "sku.name", counter=True),
    Row("Basic", tier("Basic"), "fail", "is Basic", "sku.name"),
    Row("not in the answer", lambda e: e.unset(e.find(REGISTRY), "sku"), "unknown", shows="sku.name"),
    Row("denied", lambda e: e.denied.append(Denial(type=REGISTRY)), "unknown", shows=f"{REGISTRY}/read"),
    Row("gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable"),
    Row("none yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "not-applicable"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_premium(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "ACR-002"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["ACR-002"]
