"""ACR-004: the registry is closed to public networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import secure
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ACCESS = "properties.publicNetworkAccess"
ACTION = "properties.networkRuleSet.defaultAction"
RANGES = "properties.networkRuleSet.ipRules"


def firewall(access: str | None, action: str | None, *ranges: str) -> Change:
    """Public access, default action and IP rules of the registry; None takes a property out of the answer."""

    def change(e: Estate) -> None:
        properties = e.find(REGISTRY)["properties"]
        rules = [{"value": value, "action": "Allow"} for value in ranges]
        properties |= {"publicNetworkAccess": access, "networkRuleSet": {"defaultAction": action, "ipRules": rules}}
        for name, value in (("publicNetworkAccess", access), ("networkRuleSet", action)):
            if value is None:
                del properties[name]

    return change


ROWS = [
    Row("Disabled", lambda e: None, "pass", "Disabled", ACCESS),
    Row("disabled, whatever the action", firewall("disabled", "Allow"), "pass", shows=ACCESS, counter=True),
    Row("Deny", firewall("Enabled", "Deny"), "pass", "denies by default", ACTION),
    Row("an address", firewall("Enabled", "deny", "198.51.100.7"), "pass", "198.51.100.7", RANGES),
    Row("Allow", firewall("Enabled", "Allow"), "fail", "answers the public network", ACTION),
    Row("Enabled without rules", firewall("Enabled", None), "fail", "answers the public network", ACCESS),
    Row(
        "two halves of everything",
        firewall("Enabled", "Deny", "0.0.0.0/1", "128.0.0.0/1"),
        "fail",
        "/1",
        RANGES,
        counter=True,
    ),
    Row("nothing in the answer", firewall(None, None), "unknown", shows=ACTION),
    Row("perimeter", firewall("SecuredByPerimeter", "Deny"), "unknown", "perimeter", ACCESS),
    Row("denied", lambda e: e.denied.append(Denial(type=REGISTRY)), "unknown", shows=f"{REGISTRY}/read"),
    Row("gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable"),
    Row("none yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "not-applicable"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_registry_closed(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "ACR-004"), row)
    if row.status == "fail":
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"ACR-004", "ENV-003"}
