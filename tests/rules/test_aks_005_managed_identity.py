"""AKS-005: the cluster works as a managed identity, not as a service principal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, guid
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
KIND, CLIENT = "identity.type", "properties.servicePrincipalProfile.clientId"
PRINCIPAL = guid("service principal")


def runs_as(kind: object, client: object) -> Change:
    def change(e: Estate) -> None:
        body = e.find(CLUSTER)
        body["identity"] = None if kind is None else body["identity"] | {"type": kind}
        body["properties"]["servicePrincipalProfile"] = None if client is None else {"clientId": client}

    return change


def legacy(e: Estate) -> None:
    e.set(e.find(f"{WORKSPACE}/computes", "k8s-"), "properties.computeType", "AKS")


def legacy_principal(e: Estate) -> None:
    legacy(e)
    runs_as(None, PRINCIPAL)(e)


ROWS = [
    Row("system-assigned, and a profile of msi", lambda e: None, "pass", "is SystemAssigned", CLIENT, counter=True),
    Row("user-assigned", runs_as("UserAssigned", "msi"), "pass", "is UserAssigned", KIND),
    Row("in another case", runs_as("systemassigned", "MSI"), "pass"),
    Row("without a profile", runs_as("SystemAssigned", None), "pass"),
    Row("a service principal", runs_as(None, PRINCIPAL), "fail", f"service principal {PRINCIPAL}", CLIENT),
    Row("that, with an identity of None", runs_as("None", PRINCIPAL), "fail", "service principal", KIND),
    Row(
        "an identity, and a service principal",
        runs_as("SystemAssigned", PRINCIPAL),
        "unknown",
        shows=KIND,
        counter=True,
    ),
    Row("neither", runs_as(None, None), "unknown", "does not show", KIND),
    Row("no identity, but msi", runs_as(None, "msi"), "unknown", "does not show", KIND),
    Row("an identity of another kind", runs_as(7, "msi"), "unknown", "does not show", KIND),
    Row("a client of another kind", runs_as(None, {"a": "b"}), "unknown", "does not show", KIND),
    Row("an empty client", runs_as(None, ""), "unknown", "does not show", KIND),
    Row("an unknown identity", runs_as("Borrowed", PRINCIPAL), "unknown", "does not show", KIND),
    Row("denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "does not exist"),
    Row("a legacy compute", legacy, "pass", "is SystemAssigned"),
    Row("that, with a service principal", legacy_principal, "not-applicable", "legacy", counter=True),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_managed_identity(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "AKS-005"), row)
    if row.status == "fail":
        # An identity that is not there can hold no role on the subnets either.
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed == {"AKS-005"} | (failed & {"RBAC-005"})
