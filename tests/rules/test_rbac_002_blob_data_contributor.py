"""RBAC-002: in an HBI workspace the compute's identity holds Storage Blob Data Contributor on the default storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import roles
from tests.arm.estate import Denial, Estate, guid
from tests.arm.ml import WORKSPACE
from tests.arm.roles import ASSIGNMENT, BUILT_IN, DEFINITION
from tests.arm.scenarios import hbi, secure
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ROLE, WIDER = "Storage Blob Data Contributor", "Storage Blob Data Owner"
COMPUTE = f"{WORKSPACE}/computes"
ABOVE = "/providers/Microsoft.Management/managementGroups/northwharf"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


def account(e: Estate) -> str:
    return str(e.find(STORAGE, "main")["id"])


def principal(e: Estate) -> str:
    return str(e.find(COMPUTE, "k8s-tidal")["identity"]["principalId"])


def no_principal(e: Estate) -> None:
    e.unset(e.find(COMPUTE, "k8s-tidal"), "identity.principalId")


def taken(e: Estate) -> None:
    """Without the role that the scenario gives."""
    held = [a for a in e.find_all(ASSIGNMENT) if a["properties"]["roleDefinitionId"].endswith(BUILT_IN[ROLE].number)]
    for assignment in held:
        e.remove(assignment)


def given(role: str, levels: int | None = None, below: str = "", condition: str | None = None) -> Change:
    """Another role in its place, at the account or at the first so many levels of its id."""

    def change(e: Estate) -> None:
        taken(e)
        scope = account(e) + below if levels is None else "/".join(account(e).split("/")[: levels + 1])
        e.set(roles.assign(e, scope, role, principal(e)), "properties.condition", condition)

    return change


def at_a_management_group(e: Estate) -> None:
    taken(e)
    roles.assign(e, ABOVE, f"/providers/{DEFINITION}/{BUILT_IN[ROLE].number}", principal(e))


def to_a_group(member: bool) -> Change:
    def change(e: Estate) -> None:
        taken(e)
        e.groups[guid("scorers")] = [principal(e)] if member else []
        roles.assign(e, account(e), ROLE, guid("scorers"), "Group")

    return change


def on_another(e: Estate) -> None:
    taken(e)
    roles.assign(e, e.find(STORAGE, "lake")["id"], ROLE, principal(e))


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def not_marked(e: Estate) -> None:
    e.set(e.find(WORKSPACE), "properties.hbiWorkspace", False)


def to_the_workspace(e: Estate) -> None:
    taken(e)
    roles.assign(e, account(e), ROLE, e.find(WORKSPACE)["identity"]["principalId"])


def in_capitals(e: Estate) -> None:
    given(ROLE)(e)
    number = f"/subscriptions/x/providers/{DEFINITION}/{BUILT_IN[ROLE].number}".upper()
    e.set(
        [a for a in e.find_all(ASSIGNMENT) if a["id"].startswith(account(e))][-1], "properties.roleDefinitionId", number
    )


def custom(*data: str, denied: bool = False) -> Change:
    def change(e: Estate) -> None:
        taken(e)
        definition = roles.custom_role(e, account(e).split("/")[2], "Model Reader", [])
        definition["properties"]["permissions"][0]["dataActions"] = list(data)
        roles.assign(e, account(e), definition["id"], principal(e))
        if denied:
            e.denied.append(Denial(scope=definition["id"]))

    return change


def with_condition_too(e: Estate) -> None:
    given(WIDER, condition="true")(e)
    roles.assign(e, account(e), ROLE, principal(e))


def identity(value: str, name: str = "type") -> Change:
    return lambda e: e.set(e.find(COMPUTE, "k8s-tidal"), f"identity.{name}", value)


ROWS = [
    Row("at the account", lambda e: None, "pass", f"holds {ROLE}", "properties.scope"),
    Row("at its group", given(ROLE, 4), "pass"),
    Row("at the subscription", given(ROLE, 2), "pass"),
    Row("at a management group", at_a_management_group, "pass"),
    Row("through a group", to_a_group(True), "pass", counter=True),
    Row("the role's id in capitals", in_capitals, "pass"),
    Row("a second one, conditional", with_condition_too, "pass"),
    Row("storage denied, its roles not", deny(STORAGE), "pass"),
    Row("owner of the data", given(WIDER), "pass", f"holds {WIDER}", assumes=f"{WIDER} stands in for"),
    Row("a custom role with it all", custom(f"{BLOBS}/*"), "pass", assumes="custom role Model Reader stands in"),
    Row("nothing", taken, "fail", f"does not hold {ROLE}"),
    Row("at a container only", given(ROLE, below="/blobServices/default/containers/models"), "fail"),
    Row("on another account", on_another, "fail", "does not hold"),
    Row("to a group that it is not in", to_a_group(False), "fail", "does not hold"),
    Row("to the workspace", to_the_workspace, "fail", "does not hold"),
    Row(
        "Owner, who may not touch data",
        given("Owner"),
        "fail",
        "does not hold",
        "properties.roleDefinitionId",
        counter=True,
    ),
    Row("a custom role that reads", custom(f"{BLOBS}/read"), "fail", "does not hold"),
    Row("a custom role not readable", custom(f"{BLOBS}/*", denied=True), "unknown", shows=f"{DEFINITION}/read"),
    Row(
        "under a condition", given(ROLE, condition="true"), "unknown", "only under a condition", "properties.condition"
    ),
    Row("principal not known", no_principal, "unknown", shows="identity.principalId"),
    Row("assignments denied", deny(ASSIGNMENT), "unknown", shows=f"{ASSIGNMENT}/read"),
    Row("an empty principal", identity("", "principalId"), "not-applicable"),
    Row("user-assigned identity only", identity("UserAssigned"), "not-applicable", "no system-assigned identity"),
    Row("no identity", identity("None"), "not-applicable", "no system-assigned identity"),
    Row("not marked", not_marked, "not-applicable", "not marked"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_blob_data_contributor(row: Row) -> None:
    estate = hbi()
    row.change(estate)
    check(only(audited(estate), "RBAC-002"), row)


def test_without_the_role_nothing_else_fails() -> None:
    estate = hbi()
    taken(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["RBAC-002"]


def test_an_ordinary_workspace_needs_no_role() -> None:
    check(only(audited(secure()), "RBAC-002"), Row("secure", lambda e: None, "not-applicable", "not marked"))
