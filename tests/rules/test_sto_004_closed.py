"""STO-004: the default storage is closed to public networks, whatever its firewall looks like."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import secure
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ACCESS = "properties.publicNetworkAccess"
ACLS = "properties.networkAcls"


def firewall(access: str | None, action: str | None, *ranges: str, ipv6: tuple[str, ...] = ()) -> Change:
    """Public access, default action and IP rules of the account; None takes a property out of the answer."""

    def change(e: Estate) -> None:
        properties = e.find(STORAGE, "main")["properties"]
        rules = [{"value": value, "action": "Allow"} for value in ranges]
        six = [{"value": value, "action": "Allow"} for value in ipv6]
        properties["networkAcls"] |= {"defaultAction": action, "ipRules": rules, "ipv6Rules": six}
        properties["publicNetworkAccess"] = access
        for name, value in (("publicNetworkAccess", access), ("networkAcls", action)):
            if value is None:
                del properties[name]

    return change


def action(value: str | None) -> Change:
    """An account that is Enabled, with rules whose default action is this."""

    def change(e: Estate) -> None:
        firewall("Enabled", "Allow")(e)
        e.set(e.find(STORAGE, "main"), f"{ACLS}.defaultAction", value)

    return change


ROWS = [
    Row("Disabled", lambda e: None, "pass", "Disabled", ACCESS),
    Row("disabled, whatever the action", firewall("disabled", "Allow"), "pass", shows=ACCESS, counter=True),
    Row("Deny", firewall("Enabled", "Deny"), "pass", "denies by default", f"{ACLS}.defaultAction"),
    Row("deny, access not in the answer", firewall(None, "deny"), "pass", "denies by default"),
    Row("one address", firewall("Enabled", "Deny", "198.51.100.7"), "pass", "198.51.100.7", f"{ACLS}.ipRules"),
    Row("a /8", firewall("Enabled", "Deny", "52.0.0.0/8"), "pass", "52.0.0.0/8"),
    Row("a /8 and half of it again", firewall("Enabled", "Deny", "52.0.0.0/8", "52.128.0.0/9"), "pass"),
    Row("Allow", firewall("Enabled", "Allow"), "fail", "answers the public network", f"{ACLS}.defaultAction"),
    Row("Allow, access not in the answer", firewall(None, "Allow"), "fail", "answers the public network"),
    Row("no rules at all", firewall("Enabled", None), "fail", "answers the public network"),
    Row(
        "two halves of everything",
        firewall("Enabled", "Deny", "0.0.0.0/1", "128.0.0.0/1"),
        "fail",
        "0.0.0.0/1",
        counter=True,
    ),
    Row("everything", firewall("Enabled", "Deny", "0.0.0.0/0"), "fail", "0.0.0.0/0", f"{ACLS}.ipRules"),
    Row("two of a /8", firewall("Enabled", "Deny", "52.0.0.0/8", "20.0.0.0/8"), "fail", "20.0.0.0/8"),
    Row("all of IPv6", firewall("Enabled", "Deny", ipv6=("::/0",)), "fail", "::/0"),
    Row("an action nobody knows", firewall("Enabled", "Audit"), "unknown", "is Audit", f"{ACLS}.defaultAction"),
    Row("rules without an action", action(None), "unknown", shows=f"{ACLS}.defaultAction", counter=True),
    Row("nothing in the answer", firewall(None, None), "unknown", shows=f"{ACLS}.defaultAction"),
    Row("perimeter", firewall("SecuredByPerimeter", "Deny"), "unknown", "perimeter", ACCESS),
    Row("denied", lambda e: e.denied.append(Denial(type=STORAGE)), "unknown", shows=f"{STORAGE}/read"),
    Row("gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_storage_closed(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-004"), row)
    if row.status == "fail":
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"STO-004", "ENV-003"}
