"""ACR-005: the admin user of the registry is on, or the compute's identity may pull."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import roles
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, guid
from tests.arm.ml import WORKSPACE
from tests.arm.roles import ASSIGNMENT, BUILT_IN, DEFINITION
from tests.arm.scenarios import everything_public, hub_project, secure
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ADMIN, MODE = "properties.adminUserEnabled", "properties.roleAssignmentMode"
ROLE, READER = "AcrPull", "Container Registry Repository Reader"
WRITER, CONTRIBUTOR = "2a1e307c-b015-4ebd-883e-5b7698a07328", "2efddaa5-3f1f-4df3-97df-af3f13818f4c"
COMPUTE = f"{WORKSPACE}/computes"
PULL = f"{REGISTRY}/pull/read"
CONTENT = f"{REGISTRY}/repositories/content/read"
ABOVE = "/providers/Microsoft.Management/managementGroups/northwharf"
ASSIGNED = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-scoring"


def registry(e: Estate) -> str:
    return str(e.find(REGISTRY)["id"])


def principal(e: Estate) -> str:
    return str(e.find(COMPUTE, "k8s-")["identity"]["principalId"])


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def admin(value: object) -> Change:
    return lambda e: e.set(e.find(REGISTRY), ADMIN, value)


def no_admin_in_the_answer(e: Estate) -> None:
    e.unset(e.find(REGISTRY), ADMIN)


def by_repository(e: Estate) -> None:
    e.set(e.find(REGISTRY), MODE, "AbacRepositoryPermissions")


def in_small_letters(e: Estate) -> None:
    e.set(e.find(REGISTRY), MODE, e.find(REGISTRY)["properties"]["roleAssignmentMode"].lower())


def taken(e: Estate) -> None:
    """Without the role that the scenario gives."""
    for assignment in e.find_all(ASSIGNMENT):
        if assignment["properties"]["roleDefinitionId"].endswith(BUILT_IN[ROLE].number):
            e.remove(assignment)


def given(role: str, levels: int | None = None, condition: str | None = None, to: str = "") -> Change:
    """A role in its place, on the registry or at the first so many levels of its id."""

    def change(e: Estate) -> None:
        taken(e)
        scope = "/".join(registry(e).split("/")[: None if levels is None else levels + 1])
        e.set(roles.assign(e, scope, role, to or principal(e)), "properties.condition", condition)

    return change


def numbered(number: str) -> str:
    return f"/providers/{DEFINITION}/{number}"


def at_a_management_group(e: Estate) -> None:
    taken(e)
    roles.assign(e, ABOVE, numbered(BUILT_IN[ROLE].number), principal(e))


def to_a_group(e: Estate) -> None:
    e.groups[guid("scorers")] = [principal(e)]
    given(ROLE, to=guid("scorers"))(e)


def to_the_kubelet(e: Estate) -> None:
    given(ROLE, to=e.find(CLUSTER)["properties"]["identityProfile"]["kubeletidentity"]["objectId"])(e)


def to_the_workspace(e: Estate) -> None:
    given(ROLE, to=e.find(WORKSPACE)["identity"]["principalId"])(e)


def custom(action: str, data: bool = False, name: str = "Puller", denied: bool = False) -> Change:
    def change(e: Estate) -> None:
        body = roles.custom_role(e, registry(e).split("/")[2], name, [])
        body["properties"]["permissions"][0]["dataActions" if data else "actions"] = [action]
        given(body["id"])(e)
        if denied:
            e.denied.append(Denial(scope=body["id"]))

    return change


def identity(kind: str) -> Change:
    return lambda e: e.set(e.find(COMPUTE, "k8s-"), "identity", {"type": kind})


def user_assigned(*held: bool) -> Change:
    """Assigned identities in place of the compute's own, each with the role or without."""

    def change(e: Estate) -> None:
        taken(e)
        names = {f"{ASSIGNED}-{i}": has for i, has in enumerate(held)}
        known = {name: {"principalId": guid(name)} for name in names}
        e.set(e.find(COMPUTE, "k8s-"), "identity", {"type": "UserAssigned", "userAssignedIdentities": known})
        for name, has in names.items():
            if has:
                roles.assign(e, registry(e), ROLE, guid(name))

    return change


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


SECURE = [
    Row("AcrPull", lambda e: None, "pass", "identity of k8s-tidal holds AcrPull", ADMIN, counter=True),
    Row("at the group", given(ROLE, 4), "pass", shows="properties.scope"),
    Row("at the subscription", given(ROLE, 2), "pass"),
    Row("at a management group", at_a_management_group, "pass"),
    Row("through a group", to_a_group, "pass"),
    Row("AcrPush", given("AcrPush"), "pass", "holds AcrPush", assumes="AcrPush stands in for AcrPull"),
    Row("Contributor", given("Contributor"), "pass", assumes="Contributor stands in"),
    Row("Owner", given("Owner", 2), "pass", assumes="Owner stands in"),
    Row("a custom role", custom(PULL), "pass", assumes="custom role Puller stands in"),
    Row("an assigned identity", user_assigned(True), "pass", "holds AcrPull"),
    Row(
        "admin user, and no role", both(taken, admin(True)), "pass", "admin user of crtidal is on", ADMIN, counter=True
    ),
    Row("admin user, and no identity", both(admin(True), identity("None")), "pass", "is on"),
    Row("admin user, roles denied", both(admin(True), deny(ASSIGNMENT)), "pass", "is on"),
    Row("admin absent, AcrPull", no_admin_in_the_answer, "pass", "holds AcrPull"),
    Row("nothing", taken, "fail", "does not hold AcrPull on crtidal", ADMIN),
    Row("Reader", given("Reader"), "fail", "does not hold AcrPull", "properties.roleDefinitionId"),
    Row("to the kubelet", to_the_kubelet, "fail", "does not hold AcrPull", counter=True),
    Row("to the workspace", to_the_workspace, "fail", "does not hold AcrPull", counter=True),
    Row("no identity", identity("None"), "fail", "k8s-tidal has no identity", "identity.type"),
    Row("a custom role that pushes", custom(f"{REGISTRY}/push/write"), "fail", "does not hold"),
    Row("a custom role of the name", custom("*/read/x", name=ROLE), "fail", "does not hold", counter=True),
    Row("an assigned identity without", user_assigned(False), "fail", "does not hold"),
    Row("two assigned, one with it", user_assigned(True, False), "unknown", "some hold", "userAssignedIdentities"),
    Row("admin absent, nothing", both(no_admin_in_the_answer, taken), "unknown", "does not hold", ADMIN),
    Row("admin a word, nothing", both(admin("true"), taken), "unknown", "was not read", ADMIN),
    Row("under a condition", given(ROLE, condition="true"), "unknown", "only under a condition", "condition"),
    Row("a custom role denied", custom(PULL, denied=True), "unknown", shows=f"{DEFINITION}/read"),
    Row("assignments denied", deny(ASSIGNMENT), "unknown", shows=f"{ASSIGNMENT}/read"),
    Row("no principal", identity("SystemAssigned"), "unknown", shows="identity.principalId"),
    Row("mode absent", lambda e: e.unset(e.find(REGISTRY), MODE), "pass", "holds AcrPull", counter=True),
    Row("a mode of tomorrow", lambda e: e.set(e.find(REGISTRY), MODE, "Other"), "unknown", "not known", MODE),
    Row("registry denied", deny(REGISTRY), "unknown", shows=f"{REGISTRY}/read"),
    Row("registry gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable", "does not exist"),
    Row("none yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "not-applicable", "names no"),
]
BY_REPOSITORY = [
    Row("AcrPull", by_repository, "fail", f"does not hold {READER}", counter=True),
    Row("Owner", both(by_repository, given("Owner")), "fail", f"does not hold {READER}", counter=True),
    Row("the reader", both(by_repository, given(READER)), "pass", f"holds {READER}", MODE),
    Row("the writer", both(by_repository, given(numbered(WRITER))), "pass", assumes="Writer stands in"),
    Row("the contributor", both(by_repository, given(numbered(CONTRIBUTOR))), "pass", assumes="Contributor stands in"),
    Row("a custom role", both(by_repository, custom(CONTENT, data=True)), "pass", assumes="Puller stands in"),
    Row("the action, not the data", both(by_repository, custom(CONTENT)), "fail", "does not hold"),
    Row("for some repositories", both(by_repository, given(READER, condition="x")), "unknown", "under a condition"),
    Row("the mode in small letters", both(by_repository, in_small_letters, given(READER)), "pass"),
]
OTHERS = [
    (everything_public, Row("public, nothing", taken, "fail", "does not hold AcrPull")),
    (hub_project, Row("the Project's compute, the hub's registry", taken, "fail", "on crtidal")),
]
ROWS = [(secure, row) for row in (*SECURE, *BY_REPOSITORY)] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[f"{b.__name__}: {row.name}" for b, row in ROWS])
def test_pull_credential(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "ACR-005"), row)
    if row.status == "fail" and build is secure:
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["ACR-005"]


def test_the_fix_is_that_of_the_finding() -> None:
    """A role for the identity that has none, or an identity for the compute that has none."""
    estate = secure()
    taken(estate)
    whose = f"--assignee-object-id {principal(estate)} --assignee-principal-type ServicePrincipal"
    expected = f"az role assignment create {whose} --role AcrPull --scope {registry(estate)}"
    assert only(audited(estate), "ACR-005").fix == expected
    by_repository(estate)
    assert f"--role '{READER}' " in only(audited(estate), "ACR-005").fix
    identity("None")(estate)
    fix = only(audited(estate), "ACR-005").fix
    assert fix == "az ml compute update -g rg-tidal -w mlw-tidal -n k8s-tidal --identity-type SystemAssigned"
