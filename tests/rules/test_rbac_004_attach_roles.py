"""RBAC-004: a user-assigned identity that the workspace works as holds the roles that attaching a cluster needs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from auditor.model.clouds import CLOUDS
from tests.arm import roles
from tests.arm.aks import CLUSTER, trusted_access
from tests.arm.estate import Denial, Estate, guid
from tests.arm.ml import WORKSPACE
from tests.arm.roles import ASSIGNMENT, DEFINITION
from tests.arm.scenarios import hub_project, secure
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
READER, EXTENSIONS = "Reader", "Kubernetes Extension Contributor"
ADMIN = "Azure Kubernetes Service Cluster Admin Role"
ALL = (READER, EXTENSIONS, ADMIN)
NUMBER = "85cb6faf-e071-4c9b-8136-154b5a04f717"  # of Kubernetes Extension Contributor
BINDINGS = f"{CLUSTER}/trustedAccessRoleBindings"
PRIMARY, ASSIGNED = "properties.primaryUserAssignedIdentity", "identity.userAssignedIdentities"
IDENTITY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-ml"
CREDENTIAL = f"{CLUSTER}/listClusterAdminCredential/action"
ABSENT = object()


def who(number: int = 0) -> str:
    return guid(IDENTITY, str(number))


def identities(count: int = 1, kind: str = "UserAssigned", primary: object = ABSENT, name: str = "") -> Change:
    """So many user-assigned identities of the workspace, instead of its own or beside it."""

    def change(e: Estate) -> None:
        workspace = e.find(WORKSPACE, name)
        known = {f"{IDENTITY}-{i}": {"principalId": who(i)} for i in range(count)}
        workspace["identity"] = {"type": kind, "userAssignedIdentities": known}
        if primary is not ABSENT:
            e.set(workspace, PRIMARY, primary)

    return change


def definition(e: Estate, name: str) -> str:
    """The id of a role; the one that the tenant does not show yet is added to it."""
    subscription = e.find(CLUSTER)["id"].split("/")[2]
    if name != EXTENSIONS:
        return name
    verbs = ("read", "write", "delete", "operations/read")
    body = roles.custom_role(
        e, subscription, name, [f"Microsoft.KubernetesConfiguration/extensions/{v}" for v in verbs]
    )
    e.remove(body)
    body["properties"]["type"] = "BuiltInRole"
    e.add(body | {"id": body["id"].replace(body["name"], NUMBER), "name": NUMBER})
    return f"/subscriptions/{subscription}/providers/{DEFINITION}/{NUMBER}"


def under_another_number(e: Estate) -> None:
    """The role by its name alone: other clouds may number it in another way."""
    grant(READER, ADMIN, EXTENSIONS)(e)
    for body in (e.find(DEFINITION, NUMBER), *e.find_all(ASSIGNMENT)):
        e.remove(body)
        text = json.dumps(body).replace(NUMBER, "00000000-0000-0000-0000-0000000000ec")
        e.add(json.loads(text))


def grant(*names: str, to: str = "", levels: int | None = None, condition: str | None = None) -> Change:
    """Roles on the cluster, or at the first so many levels of its id."""

    def change(e: Estate) -> None:
        scope = "/".join(e.find(CLUSTER)["id"].split("/")[: None if levels is None else levels + 1])
        for name in names:
            assignment = roles.assign(e, scope, definition(e, name), to or who())
            e.set(assignment, "properties.condition", condition)

    return change


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def holding(*names: str, levels: int | None = None) -> Change:
    return both(identities(), grant(*names, levels=levels))


def beside_its_own(primary: object, *names: str) -> Change:
    return both(identities(2, "SystemAssigned,UserAssigned", primary), grant(*names, to=who(1)))


def through_a_group(e: Estate) -> None:
    e.groups[guid("attachers")] = [who()]
    both(identities(), grant(*ALL, to=guid("attachers")))(e)


def custom(*actions: str, withheld: str = "", denied: bool = False) -> Change:
    """A role of the tenant's own beside Reader and Kubernetes Extension Contributor."""

    def change(e: Estate) -> None:
        body = roles.custom_role(e, e.find(CLUSTER)["id"].split("/")[2], "Attacher", actions)
        body["properties"]["permissions"][0]["notActions"] = [withheld] if withheld else []
        both(holding(READER, EXTENSIONS), grant(body["id"]))(e)
        if denied:
            e.denied.append(Denial(scope=body["id"]))

    return change


def bound(*names: str, readable: bool = True) -> Change:
    """A Trusted Access binding of the workspace, and these roles."""

    def change(e: Estate) -> None:
        holding(*names)(e)
        trusted_access(e, e.find(CLUSTER), e.find(WORKSPACE))
        if not readable:
            e.denied.append(Denial(type=BINDINGS))

    return change


def bound_elsewhere(e: Estate) -> None:
    bound(*ALL)(e)
    e.set(e.find(BINDINGS), "properties.sourceResourceId", "/subscriptions/x")


def no_principal(e: Estate) -> None:
    holding(*ALL)(e)
    e.set(e.find(WORKSPACE), ASSIGNED, {IDENTITY: {}})


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


SECURE = [
    Row("all three", holding(*ALL), "pass", "the identity holds Reader, Kubernetes Extension", "properties.scope"),
    Row("all three above", holding(*ALL, levels=4), "pass"),
    Row("one of them under another number", both(identities(), under_another_number), "pass", counter=True),
    Row("through a group", through_a_group, "pass", counter=True),
    Row("as the primary one", beside_its_own(f"{IDENTITY}-1", *ALL), "pass"),
    Row("as the primary one, in capitals", beside_its_own(f"{IDENTITY}-1".upper(), *ALL), "pass"),
    Row("Contributor for two", holding("Contributor", ADMIN), "pass", assumes="Contributor stands in for Reader"),
    Row("Owner for two", holding("Owner", ADMIN, levels=2), "pass", assumes="Owner stands in for Kubernetes Extension"),
    Row("a custom role for the third", custom(CREDENTIAL), "pass", assumes="the custom role Attacher stands in"),
    Row("two, both hold all", both(identities(2), grant(*ALL), grant(*ALL, to=who(1))), "pass"),
    Row(
        "Trusted Access, and Contributor", bound("Contributor", ADMIN), "pass", "Role, Contributor", assumes="stands in"
    ),
    Row("another workspace's binding", bound_elsewhere, "pass", "Cluster Admin Role on aks-tidal"),
    Row("nothing", identities(), "fail", f"does not hold {READER}", "roleAssignments"),
    Row("no Reader", holding(EXTENSIONS, ADMIN), "fail", "does not hold Reader on aks-tidal"),
    Row("no extensions", holding(READER, ADMIN), "fail", f"does not hold {EXTENSIONS}", "properties.roleDefinitionId"),
    Row("no cluster admin", holding(READER, EXTENSIONS), "fail", f"does not hold {ADMIN}"),
    Row("Contributor alone", holding("Contributor", levels=2), "fail", f"does not hold {ADMIN}", counter=True),
    Row("Owner alone", holding("Owner"), "fail", f"does not hold {ADMIN}", counter=True),
    Row("not the primary one", beside_its_own(f"{IDENTITY}-0", *ALL), "fail", f"{who(0)} does not hold"),
    Row("Trusted Access, no Contributor", bound(*ALL), "fail", "does not hold Contributor", counter=True),
    Row("a custom role that withholds", custom("*", withheld=CREDENTIAL), "fail", f"does not hold {ADMIN}"),
    Row("two, one holds all", both(identities(2), grant(*ALL)), "unknown", "some hold what is needed", ASSIGNED),
    Row("bindings denied, no Contributor", bound(*ALL, readable=False), "unknown", shows=f"{BINDINGS}/read"),
    Row("bindings denied, Contributor", bound("Contributor", ADMIN, readable=False), "pass", assumes="stands in"),
    Row("bindings denied, nothing", bound(readable=False), "fail", "does not hold Reader"),
    Row("a custom role denied", custom(CREDENTIAL, denied=True), "unknown", shows=f"{DEFINITION}/read"),
    Row("under a condition", both(identities(), grant(*ALL, condition="true")), "unknown", "under a condition"),
    Row("assignments denied", both(holding(*ALL), deny(ASSIGNMENT)), "unknown", shows=f"{ASSIGNMENT}/read"),
    Row("no principal", no_principal, "unknown", shows=ASSIGNED),
    Row("primary not in the answer", beside_its_own(ABSENT, *ALL), "unknown", shows=PRIMARY),
    Row(
        "no identity in the answer", lambda e: e.unset(e.find(WORKSPACE), "identity"), "unknown", shows="identity.type"
    ),
    Row("cluster denied", both(holding(*ALL), deny(CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("its own identity", lambda e: None, "not-applicable", "no user-assigned identity", counter=True),
    Row("no identity", identities(kind="None"), "not-applicable", "no user-assigned identity"),
    Row("none primary", beside_its_own(None), "not-applicable", "works as its system-assigned identity"),
    Row("an empty primary", beside_its_own(""), "not-applicable", "works as its system-assigned identity"),
    Row("cluster gone", both(identities(), lambda e: e.remove(e.find(CLUSTER))), "not-applicable", "no cluster"),
]
OTHERS = [
    (hub_project, Row("the Project's", identities(name="proj-"), "fail", "does not hold Reader")),
    (hub_project, Row("the hub's", identities(name="mlw-"), "not-applicable", "no user-assigned identity")),
]
ROWS = [(secure, row) for row in SECURE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[f"{b.__name__}: {row.name}" for b, row in ROWS])
def test_attach_roles(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "RBAC-004"), row)
    if row.status == "fail":  # a workspace without an identity of its own fails AML-003, one with a primary one AML-004
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"AML-003", "AML-004"} == {"RBAC-004"}


def test_the_fix_is_a_command_for_each_missing_role() -> None:
    estate = secure()
    holding(EXTENSIONS)(estate)
    fix = only(audited(estate), "RBAC-004").fix
    start = f"az role assignment create --assignee-object-id {who()} --assignee-principal-type ServicePrincipal"
    scope = estate.find(f"{WORKSPACE}/computes", "k8s-")["properties"]["resourceId"]
    assert fix == f"{start} --scope {scope} --role {READER} && {start} --scope {scope} --role '{ADMIN}'"


def test_trusted_access_is_of_the_public_cloud() -> None:
    estate = secure()
    bound(*ALL)(estate)
    elsewhere = snapshot_of(estate).model_copy(update={"cloud": CLOUDS["AzureUSGovernment"]})
    check(only(report_on(elsewhere), "RBAC-004"), Row("Gov", bound(), "pass"))
