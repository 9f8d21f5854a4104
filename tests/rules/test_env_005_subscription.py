"""ENV-005: the cluster is in the subscription of its workspace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER, EXTENSION
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import hub_and_spoke, hub_project, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ID, KIND = "properties.resourceId", "properties.computeType"
HIDDEN = "00000000-0000-0000-0000-00000000beef"


def compute(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(f"{WORKSPACE}/computes", "k8s-"), path, value)


def refer(part: int, name: str) -> Change:
    """The compute names a cluster whose id differs in one part."""

    def change(e: Estate) -> None:
        parts = e.find(CLUSTER)["id"].split("/")
        parts[part] = name
        compute(ID, "/".join(parts))(e)

    return change


def elsewhere(e: Estate) -> None:
    refer(2, HIDDEN)(e)
    e.remove(e.find(EXTENSION))  # of the cluster that is left behind


def legacy_elsewhere(e: Estate) -> None:
    elsewhere(e)
    compute(KIND, "AKS")(e)


ROWS = [
    Row("sound", lambda e: None, "pass", "in the subscription of mlw-tidal", ID),
    Row("id in capitals", lambda e: compute(ID, e.find(CLUSTER)["id"].upper())(e), "pass"),
    Row("another group", refer(4, "rg-elsewhere"), "pass", counter=True),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "pass"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "pass"),
    Row("another subscription", elsewhere, "fail", f"aks-tidal is in the subscription {HIDDEN}", ID, counter=True),
    Row("names null", compute(ID, None), "unknown", shows=ID),
    Row("names a number", compute(ID, 7), "unknown", "as int, not str", ID),
    Row("names nothing", compute(ID, ""), "unknown", "is not known", ID),
    Row("names no subscription", compute(ID, f"/providers/{CLUSTER}/aks-tidal"), "unknown", "is not known", ID),
    Row("a legacy compute", compute(KIND, "aks"), "pass"),
    Row("a legacy compute, another subscription", legacy_elsewhere, "not-applicable", "legacy", counter=True),
]
OTHERS = [
    (hub_project, Row("a Project", lambda e: None, "pass", "in the subscription of proj-tidal")),
    (hub_and_spoke, Row("zones and hub in another one", lambda e: None, "pass", counter=True)),
]
CASES = [(secure, row) for row in ROWS] + OTHERS


@pytest.mark.parametrize(("build", "row"), CASES, ids=[row.name for _, row in CASES])
def test_one_subscription(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "ENV-005"), row)
    if row.status == "fail":
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"ENV-005"}


def test_the_fix_connects_the_cluster_where_the_workspace_is() -> None:
    estate = secure()
    elsewhere(estate)
    subscription = estate.find(WORKSPACE)["id"].split("/")[2]
    wanted = f"az connectedk8s connect --subscription {subscription} -g rg-tidal -n aks-tidal"
    assert only(audited(estate), "ENV-005").fix == wanted
