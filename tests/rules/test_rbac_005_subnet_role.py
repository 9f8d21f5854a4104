"""RBAC-005: the cluster's identity holds Network Contributor on the subnets of its node pools."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import roles
from tests.arm.aks import CLUSTER, own_network
from tests.arm.estate import Denial, Estate, Json, guid
from tests.arm.network import VNET, add_subnet, subnet
from tests.arm.roles import ASSIGNMENT, BUILT_IN, DEFINITION
from tests.arm.scenarios import default_cluster, hub_and_spoke, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ROLE = "Network Contributor"
POOLS = "properties.agentPoolProfiles"
JOIN, SEE = (f"{VNET}/subnets/{action}" for action in ("join/action", "read"))
ABOVE = "/providers/Microsoft.Management/managementGroups/northwharf"
ASSIGNED = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks"


def principal(e: Estate) -> str:
    return str(e.find(CLUSTER)["identity"]["principalId"])


def nodes(e: Estate) -> Json:
    return subnet(own_network(e, e.find(CLUSTER)), "snet-aks")


def taken(e: Estate) -> None:
    """Without the role that the scenario gives."""
    for assignment in e.find_all(ASSIGNMENT):
        if assignment["properties"]["roleDefinitionId"].endswith(BUILT_IN[ROLE].number):
            e.remove(assignment)


def given(role: str = ROLE, levels: int | None = None, condition: str | None = None, to: str = "") -> Change:
    """The role, or another, on the subnet or at the first so many levels of its id, and not on the VNet."""

    def change(e: Estate) -> None:
        taken(e)
        scope = "/".join(nodes(e)["id"].split("/")[: None if levels is None else levels + 1])
        e.set(roles.assign(e, scope, role, to or principal(e)), "properties.condition", condition)

    return change


def at_a_management_group(e: Estate) -> None:
    taken(e)
    roles.assign(e, ABOVE, f"/providers/{DEFINITION}/{BUILT_IN[ROLE].number}", principal(e))


def on_the_subnet_of_the_endpoints(e: Estate) -> None:
    taken(e)
    roles.assign(e, subnet(own_network(e, e.find(CLUSTER)), "snet-pe")["id"], ROLE, principal(e))


def to_the_kubelet(e: Estate) -> None:
    given(to=e.find(CLUSTER)["properties"]["identityProfile"]["kubeletidentity"]["objectId"])(e)


def to_a_group(e: Estate) -> None:
    e.groups[guid("clusters")] = [principal(e)]
    given(to=guid("clusters"))(e)


def custom(*actions: str, withheld: str = "", denied: bool = False) -> Change:
    def change(e: Estate) -> None:
        body = roles.custom_role(e, e.find(CLUSTER)["id"].split("/")[2], "Subnet User", actions)
        body["properties"]["permissions"][0]["notActions"] = [withheld] if withheld else []
        given(body["id"])(e)
        if denied:
            e.denied.append(Denial(scope=body["id"]))

    return change


def user_assigned(first: bool = True, second: bool | None = None) -> Change:
    """A cluster with assigned identities, each with the role or without."""

    def change(e: Estate) -> None:
        taken(e)
        held = {f"{ASSIGNED}-{i}": has for i, has in enumerate((first, second)) if has is not None}
        identities = {i: {"principalId": guid(i), "clientId": guid(i, "client")} for i in held}
        e.set(e.find(CLUSTER), "identity", {"type": "UserAssigned", "userAssignedIdentities": identities})
        for name, has in held.items():
            if has:
                roles.assign(e, nodes(e)["id"], ROLE, guid(name))

    return change


def service_principal(e: Estate) -> None:
    e.unset(e.find(CLUSTER), "identity")
    e.set(e.find(CLUSTER), "properties.servicePrincipalProfile.clientId", guid("application"))


def pods(role_there: bool) -> Change:
    """Pods in a subnet of their own; the role is on the nodes' subnet, and perhaps there."""

    def change(e: Estate) -> None:
        given()(e)
        where = add_subnet(own_network(e, e.find(CLUSTER)), "snet-pods", "10.40.20.0/22")
        e.set(e.find(CLUSTER), f"{POOLS}[1].podSubnetID", where["id"])
        if role_there:
            roles.assign(e, where["id"], ROLE, principal(e))

    return change


def in_capitals(e: Estate) -> None:
    given()(e)
    assignment = next(a for a in e.find_all(ASSIGNMENT) if a["properties"]["scope"] == nodes(e)["id"])
    number = f"/subscriptions/x/providers/{DEFINITION}/{BUILT_IN[ROLE].number}"
    assignment["properties"] |= {"scope": nodes(e)["id"].upper(), "roleDefinitionId": number.upper()}


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


SECURE = [
    Row("on the VNet", lambda e: None, "pass", "may use snet-aks", "properties.scope"),
    Row("on the subnet", given(), "pass"),
    Row("on the group", given(levels=4), "pass"),
    Row("on the subscription", given(levels=2), "pass"),
    Row("at a management group", at_a_management_group, "pass"),
    Row("in capitals", in_capitals, "pass"),
    Row("through a group", to_a_group, "pass", counter=True),
    Row("Contributor", given("Contributor"), "pass", assumes="Contributor stands in for Network Contributor"),
    Row("Owner", given("Owner", 2), "pass", assumes="Owner stands in"),
    Row("a custom role", custom(JOIN, SEE), "pass", assumes="the custom role Subnet User stands in"),
    Row("an assigned identity", user_assigned(), "pass"),
    Row("two, both with it", user_assigned(True, True), "pass"),
    Row("pods elsewhere, with it", pods(True), "pass", "may use snet-aks, snet-pods"),
    Row("VNet denied, its roles not", deny(VNET), "pass"),
    Row("nothing", taken, "fail", f"does not hold {ROLE} on snet-aks", counter=True),
    Row("Reader", given("Reader"), "fail", "does not hold", "properties.roleDefinitionId"),
    Row("on another subnet", on_the_subnet_of_the_endpoints, "fail", "on snet-aks"),
    Row("to the kubelet", to_the_kubelet, "fail", "does not hold", counter=True),
    Row("a custom role that reads", custom(SEE), "fail", "does not hold"),
    Row("a custom role without joining", custom(f"{VNET}/*", withheld=JOIN), "fail", "does not hold"),
    Row("a custom role without subnets", custom("*", withheld=f"{VNET}/subnets/*"), "fail", "does not hold"),
    Row("an assigned identity without", user_assigned(False), "fail", "does not hold"),
    Row("two, none with it", user_assigned(False, False), "fail", "does not hold"),
    Row("pods elsewhere, without it", pods(False), "fail", "on snet-pods"),
    Row("two, one with it", user_assigned(True, False), "unknown", "some hold", "identity.userAssignedIdentities"),
    Row("under a condition", given(condition="true"), "unknown", "only under a condition", "properties.condition"),
    Row("a custom role denied", custom(JOIN, SEE, denied=True), "unknown", shows=f"{DEFINITION}/read"),
    Row("assignments denied", deny(ASSIGNMENT), "unknown", shows=f"{ASSIGNMENT}/read"),
    Row("a service principal", service_principal, "unknown", "a service principal", "servicePrincipalProfile.clientId"),
    Row("identity absent", lambda e: e.unset(e.find(CLUSTER), "identity"), "unknown", shows="identity.principalId"),
    Row("no pools in the answer", lambda e: e.set(e.find(CLUSTER), POOLS, None), "unknown", shows=POOLS),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "no cluster"),
]
OTHERS = [
    (hub_and_spoke, Row("a spoke", lambda e: None, "pass")),
    (default_cluster, Row("a VNet of AKS's own", taken, "not-applicable", "AKS made the VNet", counter=True)),
]
ROWS = [(secure, row) for row in SECURE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_subnet_role(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "RBAC-005"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["RBAC-005"]


def test_the_fix_names_the_identity_and_the_subnet() -> None:
    estate = secure()
    pods(False)(estate)
    fix = only(audited(estate), "RBAC-005").fix
    assert f"--assignee-object-id {principal(estate)} " in fix
    assert fix.endswith(f"--scope {own_network(estate, estate.find(CLUSTER))['id']}/subnets/snet-pods")
