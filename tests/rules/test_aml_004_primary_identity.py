"""AML-004: a workspace whose default storage is network restricted does not work as a user-assigned identity."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
TYPE, PRIMARY = "identity.type", "properties.primaryUserAssignedIdentity"
IDENTITY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-ml"
ABSENT = object()


def works_as(primary: object, kind: str = "SystemAssigned,UserAssigned", name: str = "") -> Change:
    """A user-assigned identity beside the workspace's own, and which is the primary one."""

    def change(e: Estate) -> None:
        workspace = e.find(WORKSPACE, name)
        e.set(workspace, TYPE, kind)
        e.set(workspace, "identity.userAssignedIdentities", {IDENTITY: {}})
        if primary is not ABSENT:
            e.set(workspace, PRIMARY, primary)

    return change


def denied(kind: str) -> Change:
    def change(e: Estate) -> None:
        works_as(IDENTITY)(e)
        e.denied.append(Denial(type=kind))

    return change


def storage_gone(e: Estate) -> None:
    works_as(IDENTITY)(e)
    e.remove(e.find(STORAGE, "main"))


def unread_identity(e: Estate) -> None:
    e.set(e.find(WORKSPACE), PRIMARY, IDENTITY)
    e.unset(e.find(WORKSPACE), "identity")


PRIVATE = [
    Row("none primary", works_as(None), "pass", "no primary user-assigned identity", PRIMARY, counter=True),
    Row("an empty one", works_as(""), "pass", shows=TYPE),
    Row("in Azure's other spelling", works_as(None, "systemAssigned, userAssigned"), "pass"),
    Row("beside its own", works_as(IDENTITY), "fail", "works as id-ml", PRIMARY, counter=True),
    Row("without its own", works_as(IDENTITY, "UserAssigned"), "fail", "works as id-ml", PRIMARY),
    Row("not in the answer", works_as(ABSENT), "unknown", shows=PRIMARY),
    Row("an object", works_as({"id": IDENTITY}), "unknown", shows=PRIMARY),
    Row("identity not in the answer", unread_identity, "unknown", shows=TYPE),
    Row("storage denied", denied(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("its own identity alone", lambda e: None, "not-applicable", "no user-assigned identity"),
    Row("no identity", works_as(IDENTITY, "None"), "not-applicable", "no user-assigned identity"),
    Row("storage gone", storage_gone, "not-applicable", "does not exist"),
]
OTHERS = [
    (service_endpoints, Row("storage denies by default", works_as(IDENTITY), "fail", "works as id-ml")),
    (everything_public, Row("storage open", works_as(IDENTITY), "not-applicable", "not network restricted")),
    (hub_project, Row("the Project's", works_as(IDENTITY, name="proj-"), "fail", "works as id-ml")),
    (hub_project, Row("the hub's", works_as(IDENTITY, name="mlw-"), "not-applicable", "no user-assigned")),
]
ROWS = [(secure, row) for row in PRIVATE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_no_user_assigned_primary(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-004"), row)


def test_a_primary_identity_fails_nothing_else() -> None:
    """A workspace with a system-assigned identity, too, passes AML-003; whether the other may attach is not known."""
    estate = secure()
    works_as(IDENTITY)(estate)
    report = audited(estate)
    assert [r.rule.id for r in report.results if r.status == "fail"] == ["AML-004"]
    assert str(only(report, "AML-003").status) == "pass"
