"""AKS-006: Azure ML can get into the cluster, by local accounts or by Trusted Access."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.clouds import CLOUDS
from tests.arm.aks import CLUSTER, trusted_access
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import hub_project, secure
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
DISABLED = "properties.disableLocalAccounts"
BINDINGS = f"{CLUSTER}/trustedAccessRoleBindings"
ROLES, SOURCE, STATE = "properties.roles", "properties.sourceResourceId", "properties.provisioningState"
WORKLOAD = "Microsoft.MachineLearningServices/workspaces/mlworkload"


def accounts(value: object) -> Change:
    return lambda e: e.set(e.find(CLUSTER), DISABLED, value)


def unset(e: Estate) -> None:
    e.unset(e.find(CLUSTER), DISABLED)


def bound(workspace: str = "", path: str = "", value: object = None) -> Change:
    """No local accounts, and a Trusted Access binding in which something may differ."""

    def change(e: Estate) -> None:
        accounts(True)(e)
        binding = trusted_access(e, e.find(CLUSTER), e.find(WORKSPACE, workspace))
        if path:
            e.set(binding, path, value)

    return change


def capitals(e: Estate) -> None:
    bound("", ROLES, [WORKLOAD.upper()])(e)
    e.set(e.find(BINDINGS), SOURCE, e.find(WORKSPACE)["id"].upper())


def legacy(e: Estate) -> None:
    bound()(e)
    e.set(e.find(f"{WORKSPACE}/computes", "k8s-"), "properties.computeType", "AKS")


def bindings_denied(e: Estate) -> None:
    bound()(e)
    e.denied.append(Denial(type=BINDINGS))


NOTE = "attached after"
ROWS = [
    Row("enabled", lambda e: None, "pass", "local accounts are enabled", DISABLED),
    Row("not said", unset, "pass", "local accounts are enabled", DISABLED),
    Row("null", accounts(None), "pass", "local accounts are enabled", DISABLED),
    Row("another kind", accounts("false"), "unknown", "as str, not bool", DISABLED),
    Row("disabled", accounts(True), "fail", "no Trusted Access binding of aks-tidal", DISABLED, counter=True),
    Row("disabled, bound", bound(), "pass", "azureml admits the workspace", ROLES, assumes=NOTE, counter=True),
    Row("bound, in capitals", capitals, "pass", assumes=NOTE),
    Row("bound with other roles too", bound("", ROLES, ["a/b/c", WORKLOAD]), "pass", assumes=NOTE),
    Row("being renewed", bound("", STATE, "Updating"), "pass", assumes=NOTE),
    Row("bound with another role", bound("", ROLES, [f"{WORKLOAD}s"]), "fail", "no Trusted Access binding"),
    Row("bound to another workspace", bound("", SOURCE, "/subscriptions/x"), "fail", "no Trusted Access binding"),
    Row("a binding that failed", bound("", STATE, "Failed"), "fail", "no Trusted Access binding"),
    Row("a binding that goes", bound("", STATE, "Deleting"), "fail", "no Trusted Access binding"),
    Row("bound, but legacy", legacy, "fail", "Kubernetes computes in the public cloud only", counter=True),
    Row("bindings denied", bindings_denied, "unknown", "could not be read", f"{BINDINGS}/read"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "does not exist"),
    Row("an answer of nothing", lambda e: e.set(e.find(CLUSTER), "properties", {}), "unknown", shows=STATE),
]
PROJECT = [
    Row("the Project bound", bound("proj-"), "pass", assumes=NOTE),
    Row("the hub bound, not the Project", bound("mlw-"), "fail", "no Trusted Access binding", counter=True),
]
CASES = [(secure, row) for row in ROWS] + [(hub_project, row) for row in PROJECT]


@pytest.mark.parametrize(("build", "row"), CASES, ids=[row.name for _, row in CASES])
def test_access_to_cluster(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "AKS-006"), row)
    if row.status == "fail" and row.change is not legacy:
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"AKS-006"}


def test_trusted_access_is_of_the_public_cloud() -> None:
    estate = secure()
    bound()(estate)
    elsewhere = snapshot_of(estate).model_copy(update={"cloud": CLOUDS["AzureUSGovernment"]})
    check(only(report_on(elsewhere), "AKS-006"), Row("Gov", bound(), "fail", "public cloud only", DISABLED))
