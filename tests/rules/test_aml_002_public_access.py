"""AML-002: a workspace with a private endpoint refuses the public network."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.private_link import ENDPOINT, remove_private_endpoint
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ACCESS = "properties.publicNetworkAccess"
ACTION = "properties.networkAcls.defaultAction"
OLDER = "properties.allowPublicAccessWhenBehindVnet"
LISTED = "properties.privateEndpointConnections"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}"


def workspace(values: dict[str, object], name: str = "mlw-tidal") -> Change:
    return lambda e: e.find(WORKSPACE, name)["properties"].update(values)


def access(value: str, name: str = "mlw-tidal") -> Change:
    return workspace({"publicNetworkAccess": value}, name)


def both_flags(value: str | None, older: bool | None) -> Change:
    return workspace({"publicNetworkAccess": value, "allowPublicAccessWhenBehindVnet": older})


def hub_denied(e: Estate) -> None:
    e.denied.append(Denial(scope=e.find(WORKSPACE, "mlw-")["id"]))


def selected(*ranges: str, action: str = "Deny", older: bool = False) -> Change:
    """Open to some addresses, as `networkAcls` says it or as the `ipAllowlist` did before."""
    acls: dict[str, object] = {"defaultAction": action, "ipRules": [] if older else [{"value": r} for r in ranges]}
    listed = list(ranges) if older else []
    return workspace({"publicNetworkAccess": "Enabled", "networkAcls": acls, "ipAllowlist": listed})


def no_endpoint(e: Estate) -> None:
    access("Enabled")(e)
    remove_private_endpoint(e, e.find(ENDPOINT, "-workspace"))


def only_managed(e: Estate) -> None:
    no_endpoint(e)
    state = {"privateEndpoint": {"id": f"{HIDDEN}/x"}, "privateLinkServiceConnectionState": {"status": "Approved"}}
    workspace({"privateEndpointConnections": [{"name": "__SYS_PE_mlw-tidal_amlworkspace", "properties": state}]})(e)


def no_word_of_endpoints(e: Estate) -> None:
    e.unset(e.find(WORKSPACE), LISTED)
    e.denied.append(Denial(type=ENDPOINT))


HIGH, LOW = Severity.HIGH, Severity.LOW
ALONE = [
    Row("sound", lambda e: None, "pass", "Disabled", ACCESS),
    Row("in another case", access("disabled"), "pass"),
    Row("disabled, though the older flag is on", both_flags("Disabled", True), "pass", counter=True),
    Row("absent, older flag off", both_flags(None, False), "pass", "when behind a VNet", OLDER),
    Row("absent, older flag on", both_flags(None, True), "fail", "allows public access", OLDER, HIGH),
    Row("neither", both_flags(None, None), "unknown", shows=ACCESS),
    Row("perimeter", access("SecuredByPerimeter"), "unknown", shows=ACCESS),
    Row("Enabled", access("Enabled"), "fail", "Enabled", ACCESS, HIGH),
    Row("Enabled, older flag off", both_flags("Enabled", False), "fail", severity=HIGH, counter=True),
    Row("selected addresses", selected("203.0.113.0/24", "198.51.100.7"), "fail", "203.0.113.0/24, 198", ACTION, LOW),
    Row("the older list", selected("203.0.113.0/24", older=True), "fail", "203.0.113.0/24", severity=LOW),
    Row("a /8", selected("16.0.0.0/8"), "fail", "16.0.0.0/8", severity=LOW),
    Row("two /8", selected("16.0.0.0/8", "20.0.0.0/8"), "fail", "Enabled", severity=HIGH),
    Row(
        "the internet in two halves",
        selected("0.0.0.0/1", "128.0.0.0/1"),
        "fail",
        "Enabled",
        severity=HIGH,
        counter=True,
    ),
    Row("no addresses", selected(), "fail", "Enabled", severity=HIGH),
    Row("addresses, but Allow", selected("203.0.113.0/24", action="Allow"), "fail", "Enabled", severity=HIGH),
    Row("public, no endpoint", no_endpoint, "not-applicable", "no private endpoint"),
    Row("public, only a managed network's endpoint", only_managed, "not-applicable", "no private endpoint"),
    Row("endpoints not known", no_word_of_endpoints, "unknown", shows=f"{ENDPOINT}/read"),
    Row("endpoint denied, but listed", lambda e: e.denied.append(Denial(type=ENDPOINT)), "pass", "Disabled"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "pass", "Disabled"),
]
OTHERS = [
    (service_endpoints, Row("public workspace", lambda e: None, "not-applicable", "no private endpoint")),
    (hub_project, Row("the hub's access", lambda e: None, "pass", "mlw-tidal", ACCESS)),
    (hub_project, Row("the hub public", access("Enabled"), "fail", "mlw-tidal", severity=HIGH)),
    (hub_project, Row("what the Project says", access("Enabled", "proj-"), "pass", "mlw-tidal")),
    (hub_project, Row("hub denied", hub_denied, "unknown", shows=f"{WORKSPACE}/read")),
]
ROWS = [(secure, row) for row in ALONE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_public_access_disabled(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-002"), row)


def test_a_public_workspace_fails_with_its_row_only() -> None:
    """AML-006, which is about a closed workspace, no longer applies."""
    estate = secure()
    access("Enabled")(estate)
    report = audited(estate)
    assert {r.rule.id for r in report.results if r.status == "fail"} == {"AML-002", "ENV-003"}
    assert only(report, "AML-006").status == "not-applicable"
