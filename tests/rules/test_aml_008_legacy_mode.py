"""AML-008: a workspace with a Kubernetes compute is not in v1 legacy mode."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, hub_project, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
MODE = "properties.v1LegacyMode"
COMPUTE = f"{WORKSPACE}/computes"


def mode(value: object, name: str = "") -> Change:
    return lambda e: e.set(e.find(WORKSPACE, name), MODE, value)


def attached_as(kind: str) -> Change:
    def change(e: Estate) -> None:
        mode(True)(e)
        e.set(e.find(COMPUTE, "k8s-"), "properties.computeType", kind)

    return change


SECURE = [
    Row("off", lambda e: None, "pass", "answers the v2 API", MODE),
    Row("on", mode(True), "fail", "in v1 legacy mode", MODE),
    Row("on, type in capitals", attached_as("KUBERNETES"), "fail", "in v1 legacy mode", MODE),
    Row("absent", lambda e: e.unset(e.find(WORKSPACE), MODE), "unknown", shows=MODE),
    Row("null", mode(None), "unknown", shows=MODE),
    Row("a word for a flag", mode("false"), "unknown", shows=MODE),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "pass", "answers the v2 API"),
    Row("on, a legacy compute", attached_as("AKS"), "not-applicable", "an AksCompute", counter=True),
]
OTHERS = [
    (everything_public, Row("on, no private endpoint", mode(True), "fail", "legacy mode", MODE)),
    (hub_project, Row("on in the Project", mode(True, "proj-"), "fail", "legacy mode")),
    (hub_project, Row("on in the hub", mode(True, "mlw-"), "pass", counter=True)),
]
ROWS = [(secure, row) for row in SECURE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_legacy_mode_off(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-008"), row)


def test_legacy_mode_fails_nothing_else() -> None:
    estate = secure()
    mode(True)(estate)
    result = only(audited(estate), "AML-008")
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["AML-008"]
    assert result.fix.startswith(f"az rest --method patch --url {estate.find(WORKSPACE)['id']}'?api-version=")
    assert result.fix.endswith("""--body '{"properties": {"v1LegacyMode": false}}'""")
