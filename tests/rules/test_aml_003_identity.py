"""AML-003: a workspace whose default storage is network restricted has a system-assigned identity."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.private_link import ENDPOINT
from tests.arm.scenarios import everything_public, hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
TYPE = "identity.type"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}"


def kind(value: str, name: str = "") -> Change:
    return lambda e: e.set(e.find(WORKSPACE, name), TYPE, value)


def principal(value: str) -> Change:
    return lambda e: e.set(e.find(WORKSPACE), "identity.principalId", value)


def no_principal(e: Estate) -> None:
    e.unset(e.find(WORKSPACE), "identity.principalId")


def deny(kind_of: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind_of))


def only_endpoints(e: Estate) -> None:
    """Storage is open, but somebody made private endpoints to it."""
    e.find(STORAGE, "main")["properties"]["publicNetworkAccess"] = "Enabled"
    e.find(STORAGE, "main")["properties"]["networkAcls"]["defaultAction"] = "Allow"
    kind("UserAssigned")(e)


def only_a_managed_network(e: Estate) -> None:
    """Storage is open, and only Azure ML's managed network made a private endpoint to it."""
    kind("UserAssigned")(e)
    state = {"privateEndpoint": {"id": f"{HIDDEN}/x"}, "privateLinkServiceConnectionState": {"status": "Approved"}}
    connections = [{"name": "__SYS_PE_stbuoymain_blob", "properties": state}]
    e.set(e.find(STORAGE), "properties.privateEndpointConnections", connections)


PRIVATE = [
    Row("sound", lambda e: None, "pass", "has a system-assigned identity", TYPE),
    Row("beside a user-assigned one", kind("SystemAssigned,UserAssigned"), "pass"),
    Row("in Azure's other spelling", kind("userAssigned, systemAssigned"), "pass"),
    Row("user-assigned only", kind("UserAssigned"), "fail", "UserAssigned", TYPE, counter=True),
    Row("None", kind("None"), "fail", "None", TYPE),
    Row("principal not in the answer", no_principal, "unknown", shows="identity.principalId"),
    Row("no principal", principal(""), "fail", "no principal", "identity.principalId"),
    Row("storage open, but with endpoints", only_endpoints, "fail", "UserAssigned"),
    Row("no identity in the answer", lambda e: e.unset(e.find(WORKSPACE), "identity"), "unknown", shows=TYPE),
    Row("storage denied", deny(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("storage gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
]
OTHERS = [
    (service_endpoints, Row("storage denies by default", kind("UserAssigned"), "fail", "UserAssigned")),
    (everything_public, Row("storage open", kind("UserAssigned"), "not-applicable", "not network restricted")),
    (everything_public, Row("storage open, managed network", only_a_managed_network, "not-applicable")),
    (hub_project, Row("the Project's own identity", kind("UserAssigned", "proj-"), "fail", "UserAssigned")),
    (hub_project, Row("not the hub's", kind("UserAssigned", "mlw-"), "pass")),
]
ROWS = [(secure, row) for row in PRIVATE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_system_assigned_identity(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-003"), row)


def test_a_user_assigned_identity_breaks_nothing_else() -> None:
    estate = secure()
    kind("UserAssigned")(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["AML-003"]
