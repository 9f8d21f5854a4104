"""STO-003: trusted Azure services, or at least this workspace, pass the firewall of the default storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ACLS = "properties.networkAcls"
BYPASS = f"{ACLS}.bypass"


def account(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(STORAGE, "main"), path, value)


def only_rule_for(name: Callable[[str], str]) -> Change:
    """No bypass, and a resource instance rule for what becomes of the workspace's id."""

    def change(e: Estate) -> None:
        acls = e.find(STORAGE, "main")["properties"]["networkAcls"]
        workspace = name(e.find(WORKSPACE)["id"])
        acls |= {"bypass": "None", "resourceAccessRules": [{"tenantId": e.tenant_id, "resourceId": workspace}]}

    return change


def every(workspace: str) -> str:
    return f"{workspace.partition('/resourceGroups/')[0]}/resourceGroups/*/providers/{WORKSPACE}/*"


def open_with_endpoints(e: Estate) -> None:
    e.find(STORAGE, "main")["properties"] |= {"publicNetworkAccess": "Enabled"}
    e.find(STORAGE, "main")["properties"]["networkAcls"] |= {"defaultAction": "Allow", "bypass": "None"}


PRIVATE = [
    Row("AzureServices", lambda e: None, "pass", "trusted Azure services", BYPASS),
    Row("one of a list", account(BYPASS, "Logging, Metrics, AzureServices"), "pass"),
    Row("in another case", account(BYPASS, "azureservices"), "pass"),
    Row("None", account(BYPASS, "None"), "fail", "bypass is None", BYPASS),
    Row("only logging", account(BYPASS, "Logging, Metrics"), "fail", "Logging, Metrics", f"{ACLS}.resourceAccessRules"),
    Row(
        "only a rule for the workspace",
        only_rule_for(str),
        "pass",
        assumes="only the resource instance rule",
        counter=True,
    ),
    Row("that rule in capitals", only_rule_for(str.upper), "pass", assumes="only the resource instance rule"),
    Row("a rule for every workspace", only_rule_for(every), "pass", assumes="only the resource instance rule"),
    Row("a rule for another workspace", only_rule_for(lambda i: f"{i}-2"), "fail", "no resource instance rule"),
    Row("open, but with private endpoints", open_with_endpoints, "fail", "bypass is None", counter=True),
    Row("no network rules", lambda e: e.unset(e.find(STORAGE, "main"), ACLS), "unknown", shows=BYPASS),
    Row("denied", lambda e: e.denied.append(Denial(type=STORAGE)), "unknown", shows=f"{STORAGE}/read"),
    Row("gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
]
SUBNETS = [
    Row("selected networks", lambda e: None, "pass"),
    Row("selected networks, None", account(BYPASS, "None"), "fail", "bypass is None", BYPASS),
]
PUBLIC = [Row("open to all, None", account(BYPASS, "None"), "not-applicable", "not network restricted")]

CASES = ((secure, PRIVATE), (service_endpoints, SUBNETS), (everything_public, PUBLIC))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_trusted_services(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "STO-003"), row)


def test_a_closed_bypass_breaks_nothing_else() -> None:
    estate = secure()
    account(BYPASS, "None")(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["STO-003"]
