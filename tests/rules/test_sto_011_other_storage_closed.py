"""STO-011: each other account behind a datastore is closed to public networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import ml
from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import VNET
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.arm.services import STORAGE, storage
from tests.audits import Row, audited, check, only, results

Change = Callable[[Estate], None]
DATASTORE = f"{ml.WORKSPACE}/datastores"
ACCESS = "properties.publicNetworkAccess"
ACLS = "properties.networkAcls"


def firewall(access: str | None, action: str | None, *ranges: str) -> Change:
    """Public access, default action and IP rules of the lake; None takes a property out of the answer."""

    def change(e: Estate) -> None:
        properties = e.find(STORAGE, "lake")["properties"]
        rules = [{"value": value, "action": "Allow"} for value in ranges]
        properties["networkAcls"] |= {"defaultAction": action, "ipRules": rules}
        properties["publicNetworkAccess"] = access
        for name, value in (("publicNetworkAccess", access), ("networkAcls", action)):
            if value is None:
                del properties[name]

    return change


def datastore(**properties: object) -> Change:
    return lambda e: e.find(DATASTORE, "lake")["properties"].update(properties)


def third(e: Estate) -> None:
    """A third account behind a datastore, which is open."""
    space = e.find(VNET, "vnet-tidal")
    at = Group(e, space["id"].partition("/providers/")[0], space["location"])
    ml.datastore(e, e.find(ml.WORKSPACE), "third", storage(at, "stthird", "open"))


OWN = [
    Row("Disabled", lambda e: None, "pass", "sttidallake has public network access Disabled", ACCESS),
    Row("disabled, whatever the action", firewall("disabled", "Allow"), "pass", shows=ACCESS, counter=True),
    Row("Deny", firewall("Enabled", "Deny"), "pass", "denies by default", f"{ACLS}.defaultAction"),
    Row("deny, access not in the answer", firewall(None, "deny"), "pass"),
    Row("a /8", firewall("Enabled", "Deny", "52.0.0.0/8"), "pass", "52.0.0.0/8", f"{ACLS}.ipRules"),
    Row("Allow, with private endpoints", firewall("Enabled", "Allow"), "fail", "sttidallake answers", counter=True),
    Row("no rules at all", firewall("Enabled", None), "fail", "answers the public network"),
    Row("two halves", firewall("Enabled", "Deny", "0.0.0.0/1", "128.0.0.0/1"), "fail", "0.0.0.0/1", counter=True),
    Row("no range", firewall("Enabled", "Deny", "everywhere"), "unknown", shows=f"{ACLS}.ipRules"),
    Row("nothing in the answer", firewall(None, None), "unknown", shows=f"{ACLS}.defaultAction"),
    Row("perimeter", firewall("SecuredByPerimeter", "Deny"), "unknown", "perimeter", ACCESS),
    Row("of files", datastore(datastoreType="AzureFile"), "pass"),
    Row("on the default account", datastore(accountName="STTIDALMAIN"), "not-applicable", "no datastore uses another"),
    Row("not on storage", datastore(datastoreType="OneLake"), "not-applicable"),
    Row(
        "nobody knows where",
        datastore(accountName="stfar", subscriptionId=None, resourceGroup=None),
        "unknown",
        "stfar",
    ),
    Row("account denied", lambda e: e.denied.append(Denial(type=STORAGE)), "unknown", shows=f"{STORAGE}/read"),
    Row("datastores denied", lambda e: e.denied.append(Denial(type=DATASTORE)), "unknown", shows=f"{DATASTORE}/read"),
    Row("account gone", lambda e: e.remove(e.find(STORAGE, "lake")), "not-applicable", "does not exist"),
]
CASES = [
    (secure, OWN),
    (hub_project, [Row("a Project's own datastore", firewall("Enabled", "Allow"), "fail", "sttidallake")]),
    (service_endpoints, [Row("none", lambda e: None, "not-applicable", "no datastore uses another")]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_other_storage_closed(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-011"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail" and r.rule.id != "AML-007"] == ["STO-011"]


def test_one_result_for_each_account() -> None:
    estate = secure()
    third(estate)
    found = {str(r.resource_id).rpartition("/")[2]: r for r in results(audited(estate), "STO-011")}
    assert {name: str(r.status) for name, r in found.items()} == {"sttidallake": "pass", "stthird": "fail"}
    assert found["stthird"].fix == "az storage account update -g rg-tidal-net -n stthird --default-action Deny"
