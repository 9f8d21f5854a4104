"""AML-010: the attached compute and the online endpoints on it are provisioned."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import ml
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import hub_project, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
STATE, ERRORS = "properties.provisioningState", "properties.provisioningErrors"
COMPUTE, ENDPOINT = f"{WORKSPACE}/computes", f"{WORKSPACE}/onlineEndpoints"
DEPLOYMENT = f"{ENDPOINT}/deployments"


def state(value: object, kind: str = COMPUTE, name: str = "") -> Change:
    return lambda e: e.set(e.find(kind, name or ("k8s-" if kind == COMPUTE else "")), STATE, value)


def no_state(kind: str, name: str = "") -> Change:
    return lambda e: e.unset(e.find(kind, name), STATE)


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def with_errors(e: Estate) -> None:
    state("Failed")(e)
    e.set(e.find(COMPUTE, "k8s-"), ERRORS, [{"error": {"code": "ClusterNotReachable", "message": "No route."}}, None])


def another(where: str, value: str = "Failed", by_name: bool = False) -> Change:
    """A second endpoint, on this compute or on another, in this state."""

    def change(e: Estate) -> None:
        owner, compute = e.find(WORKSPACE), e.find(COMPUTE, where)
        body = ml.endpoint(e, owner, compute, "score-night", "night.example")
        body["properties"] |= {"provisioningState": value, "compute": compute["name" if by_name else "id"]}

    return change


def managed(e: Estate) -> None:
    another("k8s-")(e)
    e.set(e.find(ENDPOINT, "score-night"), "properties.compute", None)


SECURE = [
    Row("sound", lambda e: None, "pass", "so is the endpoint", STATE),
    Row("in another case", both(state("succeeded"), state("SUCCEEDED", ENDPOINT)), "pass"),
    Row("two endpoints", another("k8s-", "Succeeded"), "pass", "so are the 2 endpoints"),
    Row("no endpoint", lambda e: e.remove(e.find(ENDPOINT)), "pass", "no endpoint runs on it"),
    Row("compute Failed", state("Failed"), "fail", "the compute k8s-tidal is Failed", STATE),
    Row("compute Failed, and why", with_errors, "fail", "Failed: ClusterNotReachable", f"{ERRORS}[0].error.code"),
    Row("compute Canceled", state("Canceled"), "fail", "the compute k8s-tidal is Canceled", STATE),
    Row("endpoint Failed", state("Failed", ENDPOINT), "fail", "the endpoint score-tidal is Failed", STATE),
    Row("endpoint Canceled", state("canceled", ENDPOINT), "fail", "the endpoint score-tidal is canceled"),
    Row("one of two Failed", another("k8s-"), "fail", "the endpoint score-night is Failed", counter=True),
    Row("named by the compute's name", another("k8s-", by_name=True), "fail", "score-night is Failed"),
    Row("Failed on another compute", another("cpu-build"), "pass", "so is the endpoint", counter=True),
    Row("a managed one Failed", managed, "pass", "so is the endpoint", counter=True),
    Row(
        "a deployment Failed",
        state("Failed", DEPLOYMENT),
        "pass",
        "so is the endpoint",
        assumes="the deployment blue of score-tidal is Failed",
        counter=True,
    ),
    Row("a deployment on its way", state("Updating", DEPLOYMENT), "pass"),
    Row("compute Creating", state("Creating"), "unknown", "is Creating", STATE),
    Row("compute Updating", state("Updating"), "unknown", "is Updating", STATE),
    Row("compute Deleting", state("Deleting"), "unknown", "is Deleting", STATE),
    Row("endpoint Updating", state("Updating", ENDPOINT), "unknown", "score-tidal is Updating", STATE),
    Row("compute null", state(None), "unknown", "was not read", STATE),
    Row("compute a number", state(3), "unknown", "was not read", STATE),
    Row("endpoint without a state", no_state(ENDPOINT), "unknown", "was not read", STATE),
    Row("endpoints denied", deny(ENDPOINT), "unknown", shows=f"{ENDPOINT}/read"),
    Row("deployments denied", deny(DEPLOYMENT), "unknown", shows=f"{DEPLOYMENT}/read"),
    Row("endpoints denied, compute Failed", both(deny(ENDPOINT), state("Failed")), "fail", "the compute k8s-tidal"),
    Row(
        "compute unread, endpoint Failed", both(no_state(COMPUTE, "k8s-"), state("Failed", ENDPOINT)), "fail", "score-"
    ),
    Row("cluster denied", deny(CLUSTER), "pass"),
]
OTHERS = [(hub_project, Row("the Project's endpoint Failed", state("Failed", ENDPOINT), "fail", "score-tidal"))]
ROWS = [(secure, row) for row in SECURE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_provisioned(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "AML-010"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["AML-010"]


def test_the_fix_names_what_failed() -> None:
    estate = secure()
    state("Failed", ENDPOINT)(estate)
    endpoint = "az ml online-endpoint show -g rg-tidal -w mlw-tidal -n score-tidal"
    assert only(audited(estate), "AML-010").fix == endpoint
    state("Failed")(estate)
    compute = "az ml compute show -g rg-tidal -w mlw-tidal -n k8s-tidal"
    assert only(audited(estate), "AML-010").fix == f"{compute} && {endpoint}"
