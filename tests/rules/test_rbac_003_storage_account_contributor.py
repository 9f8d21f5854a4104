"""RBAC-003: in an HBI workspace the compute's identity holds Storage Account Contributor on the default storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import roles
from tests.arm.estate import Denial, Estate, guid
from tests.arm.ml import WORKSPACE
from tests.arm.roles import ASSIGNMENT, BUILT_IN, DEFINITION
from tests.arm.scenarios import hbi, hub_project
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ROLE = "Storage Account Contributor"
COMPUTE = f"{WORKSPACE}/computes"
ACCOUNTS = "Microsoft.Storage/storageAccounts"


def account(e: Estate) -> str:
    return str(e.find(STORAGE, "main")["id"])


def principal(e: Estate) -> str:
    return str(e.find(COMPUTE, "k8s-tidal")["identity"]["principalId"])


def no_principal(e: Estate) -> None:
    e.unset(e.find(COMPUTE, "k8s-tidal"), "identity.principalId")


def taken(e: Estate) -> None:
    """Without the role that the scenario gives."""
    for assignment in e.find_all(ASSIGNMENT):
        if assignment["properties"]["roleDefinitionId"].endswith(BUILT_IN[ROLE].number):
            e.remove(assignment)


def given(role: str, below: str = "", condition: str | None = None) -> Change:
    """Another role in its place, at the account or below it."""

    def change(e: Estate) -> None:
        taken(e)
        e.set(roles.assign(e, account(e) + below, role, principal(e)), "properties.condition", condition)

    return change


def to_a_group(e: Estate) -> None:
    taken(e)
    e.groups[guid("scorers")] = [principal(e)]
    roles.assign(e, account(e), ROLE, guid("scorers"), "Group")


def custom(*actions: str, withheld: str = "", denied: bool = False) -> Change:
    def change(e: Estate) -> None:
        taken(e)
        definition = roles.custom_role(e, account(e).split("/")[2], "Key Keeper", actions)
        definition["properties"]["permissions"][0]["notActions"] = [withheld] if withheld else []
        roles.assign(e, account(e), definition["id"], principal(e))
        if denied:
            e.denied.append(Denial(scope=definition["id"]))

    return change


def of_the_hub(e: Estate) -> None:
    """The hub is marked, and the Project's compute holds the role on the hub's storage."""
    e.set(e.find(WORKSPACE, "mlw-"), "properties.hbiWorkspace", True)
    roles.assign(e, account(e), ROLE, principal(e))


ROWS = [
    Row("at the group of the account", lambda e: None, "pass", f"holds {ROLE}", "properties.scope"),
    Row("at the account", given(ROLE), "pass"),
    Row("through a group", to_a_group, "pass"),
    Row("Contributor", given("Contributor"), "pass", "holds Contributor", assumes="Contributor stands in for"),
    Row("Owner", given("Owner"), "pass", "holds Owner", assumes="Owner stands in for"),
    Row("a custom role with it all", custom(f"{ACCOUNTS}/*"), "pass", assumes="custom role Key Keeper stands in"),
    Row("nothing", taken, "fail", f"does not hold {ROLE}"),
    Row("Reader", given("Reader"), "fail", "does not hold", "properties.roleDefinitionId"),
    Row("the other role once more", given("Storage Blob Data Owner"), "fail", "does not hold", counter=True),
    Row("below the account only", given(ROLE, below="/blobServices/default/containers/models"), "fail"),
    Row("a custom role that reads", custom(f"{ACCOUNTS}/read"), "fail", "does not hold"),
    Row(
        "a custom role but for the keys",
        custom("*", withheld=f"{ACCOUNTS}/listKeys/*"),
        "fail",
        "does not hold",
        counter=True,
    ),
    Row("a custom role not readable", custom("*", denied=True), "unknown", shows=f"{DEFINITION}/read"),
    Row("under a condition", given(ROLE, condition="true"), "unknown", "under a condition", "properties.condition"),
    Row("Contributor under a condition", given("Contributor", condition="true"), "unknown", "only under a condition"),
    Row("principal not known", no_principal, "unknown", shows="identity.principalId"),
    Row("denied", lambda e: e.denied.append(Denial(type=ASSIGNMENT)), "unknown", shows=f"{ASSIGNMENT}/read"),
    Row("no identity", lambda e: e.set(e.find(COMPUTE, "k8s-"), "identity.type", "None"), "not-applicable"),
    Row("not marked", lambda e: e.set(e.find(WORKSPACE), "properties.hbiWorkspace", False), "not-applicable"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_storage_account_contributor(row: Row) -> None:
    estate = hbi()
    row.change(estate)
    check(only(audited(estate), "RBAC-003"), row)


def test_a_project_is_judged_on_the_storage_of_its_hub() -> None:
    estate = hub_project()
    of_the_hub(estate)
    report = audited(estate)
    check(only(report, "RBAC-003"), Row("hub", of_the_hub, "pass", f"holds {ROLE}"))
    assert only(report, "RBAC-002").status == "fail"


def test_without_the_role_nothing_else_fails() -> None:
    estate = hbi()
    taken(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["RBAC-003"]
