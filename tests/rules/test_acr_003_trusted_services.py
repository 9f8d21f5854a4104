"""ACR-003: a registry whose network is restricted lets trusted Microsoft services in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, secure, service_endpoints
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
BYPASS = "properties.networkRuleBypassOptions"


def registry(**properties: object) -> Change:
    return lambda e: e.find(REGISTRY)["properties"].update(properties)


PRIVATE = [
    Row("AzureServices", lambda e: None, "pass", "trusted Microsoft services", BYPASS),
    Row("in another case", registry(networkRuleBypassOptions="azureservices"), "pass"),
    Row("None", registry(networkRuleBypassOptions="None"), "fail", "is None", BYPASS, counter=True),
    Row("not in the answer", lambda e: e.unset(e.find(REGISTRY), BYPASS), "unknown", shows=BYPASS),
    Row("denied", lambda e: e.denied.append(Denial(type=REGISTRY)), "unknown", shows=f"{REGISTRY}/read"),
    Row("gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable"),
    Row("none yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "not-applicable"),
]
SELECTED = [
    Row("selected networks", lambda e: None, "pass"),
    Row("selected networks, None", registry(networkRuleBypassOptions="None"), "fail", "is None", BYPASS),
]
OPEN = [
    Row("open to all, None", registry(networkRuleBypassOptions="None"), "not-applicable", "not network restricted"),
    Row("no firewall in its tier", lambda e: e.unset(e.find(REGISTRY), "properties.networkRuleSet"), "not-applicable"),
]

CASES = ((secure, PRIVATE), (service_endpoints, SELECTED), (everything_public, OPEN))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_trusted_services(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "ACR-003"), row)


def test_a_closed_bypass_breaks_nothing_else() -> None:
    estate = secure()
    registry(networkRuleBypassOptions="None")(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["ACR-003"]
