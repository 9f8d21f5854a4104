"""KV-002: the Key Vault is closed to public networks; a vault without network rules is open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import secure
from tests.arm.services import VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ACCESS = "properties.publicNetworkAccess"
ACLS = "properties.networkAcls"


def firewall(access: str | None, action: str | None, *ranges: str) -> Change:
    """Public access, default action and IP rules of the vault; None takes a property out of the answer."""

    def change(e: Estate) -> None:
        properties = e.find(VAULT)["properties"]
        rules = [{"value": value} for value in ranges]
        properties["networkAcls"] |= {"defaultAction": action, "ipRules": rules}
        properties["publicNetworkAccess"] = access
        for name, value in (("publicNetworkAccess", access), ("networkAcls", action)):
            if value is None:
                del properties[name]

    return change


ROWS = [
    Row("Disabled", lambda e: None, "pass", "Disabled", ACCESS),
    Row("disabled without rules", firewall("disabled", None), "pass", shows=ACCESS),
    Row("disabled, whatever the action", firewall("Disabled", "Allow"), "pass", "Disabled", ACCESS, counter=True),
    Row("Deny", firewall("Enabled", "Deny"), "pass", "denies by default", f"{ACLS}.defaultAction"),
    Row("deny, access not in the answer", firewall(None, "deny"), "pass", "denies by default"),
    Row("an address", firewall("Enabled", "Deny", "198.51.100.7/32"), "pass", "198.51.100.7/32", f"{ACLS}.ipRules"),
    Row("Allow", firewall("Enabled", "Allow"), "fail", "answers the public network", f"{ACLS}.defaultAction"),
    Row("without rules", firewall("Enabled", None), "fail", "answers the public network", f"{ACLS}.defaultAction"),
    Row("nothing in the answer", firewall(None, None), "fail", "answers the public network", counter=True),
    Row("two halves of everything", firewall("Enabled", "Deny", "0.0.0.0/1", "128.0.0.0/1"), "fail", "0.0.0.0/1"),
    Row("perimeter", firewall("SecuredByPerimeter", "Deny"), "unknown", "perimeter", ACCESS),
    Row("denied", lambda e: e.denied.append(Denial(type=VAULT)), "unknown", shows=f"{VAULT}/read"),
    Row("gone", lambda e: e.remove(e.find(VAULT)), "not-applicable"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_vault_closed(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "KV-002"), row)
    if row.status == "fail":
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"KV-002", "ENV-003"}
