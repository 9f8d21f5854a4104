"""RBAC-001: in a high business impact workspace the attached compute has a system-assigned identity."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from auditor.model.verdict import Severity
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import hbi, hub_project, secure
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
COMPUTE = f"{WORKSPACE}/computes"
TYPE, HBI = "identity.type", "properties.hbiWorkspace"


def kind(value: str) -> Change:
    return lambda e: e.set(e.find(COMPUTE, "k8s-tidal"), TYPE, value)


def no_principal(e: Estate) -> None:
    e.unset(e.find(COMPUTE, "k8s-tidal"), "identity.principalId")


def marked(name: str, value: bool | None = True) -> Change:
    return lambda e: e.set(e.find(WORKSPACE, name), HBI, value)


def deny_hub(e: Estate) -> None:
    e.denied.append(Denial(scope=e.find(WORKSPACE, "mlw-")["id"]))


def only_others_have_one(e: Estate) -> None:
    """The workspace and the extension have identities; they are not the compute's."""
    e.unset(e.find(COMPUTE, "k8s-tidal"), "identity")


MARKED = [
    Row("sound", lambda e: None, "pass", "has a system-assigned identity", TYPE),
    Row("beside a user-assigned one", kind("UserAssigned, SystemAssigned"), "pass", shows="identity.principalId"),
    Row("in another case", kind("systemassigned,userassigned"), "pass"),
    Row("None", kind("None"), "fail", "has no identity", TYPE, Severity.HIGH),
    Row("no identity at all", only_others_have_one, "fail", "has no identity", TYPE, Severity.HIGH, counter=True),
    Row("user-assigned only", kind("UserAssigned"), "fail", "user-assigned identity only", TYPE, Severity.MEDIUM),
    Row("principal not in the answer", no_principal, "unknown", shows="identity.principalId"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "pass", "system-assigned"),
    Row("not marked", marked("mlw-", False), "not-applicable", "not marked"),
    Row("mark not in the answer", lambda e: e.unset(e.find(WORKSPACE), HBI), "not-applicable", "not marked"),
]
OTHERS = [
    (secure, Row("an ordinary workspace without", kind("None"), "not-applicable", "not marked")),
    (hub_project, Row("the hub marked", marked("mlw-"), "pass", "system-assigned")),
    (hub_project, Row("only the Project marked", marked("proj-"), "not-applicable", "not marked", counter=True)),
    (hub_project, Row("hub denied", deny_hub, "unknown", shows=f"{WORKSPACE}/read")),
]
ROWS = [(hbi, row) for row in MARKED] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_compute_identity(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "RBAC-001"), row)


@pytest.mark.parametrize("readable", [True, False])
def test_a_list_without_the_identity(readable: bool) -> None:
    """The list of computes leaves the identity out; it is then read by id, where that is allowed."""
    estate = hbi()
    compute = estate.find(COMPUTE, "k8s-tidal")
    listed = [{k: v for k, v in c.items() if k != "identity"} for c in estate.find_all(COMPUTE)]

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        path = f"{request.url}".lower().partition("?")[0]
        if path.endswith("/computes"):
            return respond(request, 200, {"value": listed})
        if path.endswith(compute["id"].lower()) and not readable:
            return respond(request, 403, {"error": {"code": "AuthorizationFailed", "message": "No."}})
        return None

    report = report_on(snapshot_of(estate, ArmAdapter(estate, fault=fault)))
    status, shows = ("pass", TYPE) if readable else ("unknown", TYPE)
    check(only(report, "RBAC-001"), Row("list", lambda e: None, status, shows=shows))
    if not readable:
        assert {str(only(report, rule).status) for rule in ("RBAC-002", "RBAC-003")} == {"unknown"}


def test_no_identity_fails_what_needs_one_alone() -> None:
    """The roles of an identity that does not exist are not asked for; without one, images are pulled as nobody."""
    estate = hbi()
    only_others_have_one(estate)
    report = audited(estate)
    assert [r.rule.id for r in report.results if r.status == "fail"] == ["ACR-005", "RBAC-001"]
    assert {str(only(report, rule).status) for rule in ("RBAC-002", "RBAC-003")} == {"not-applicable"}
