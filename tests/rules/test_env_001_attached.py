"""ENV-001: each attached AKS compute names a managed cluster that exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.arm import ml
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import secure
from tests.audits import Row, audited, check, only, report_on, results, snapshot_of

COMPUTE = f"{ml.WORKSPACE}/computes"
ID = "properties.resourceId"
HIDDEN = "00000000-0000-0000-0000-00000000beef"


def compute(path: str, value: object) -> Callable[[Estate], None]:
    return lambda e: e.set(e.find(COMPUTE, "k8s-tidal"), path, value)


def refer(change: Callable[[list[str]], None]) -> Callable[[Estate], None]:
    """The compute names a cluster whose id differs in some of its parts."""

    def apply(e: Estate) -> None:
        parts = e.find(CLUSTER)["id"].split("/")
        change(parts)
        compute(ID, "/".join(parts))(e)

    return apply


ROWS = [
    Row("sound", lambda e: None, "pass", "attached to the cluster aks-tidal", ID),
    Row("id in capitals", lambda e: compute(ID, e.find(CLUSTER)["id"].upper())(e), "pass"),
    Row("a legacy compute", compute("properties.computeType", "aks"), "pass"),
    Row(
        "stopped, but there",
        lambda e: e.set(e.find(CLUSTER), "properties.powerState.code", "Stopped"),
        "pass",
        counter=True,
    ),
    Row("cluster deleted", lambda e: e.remove(e.find(CLUSTER)), "fail", "does not exist: ResourceNotFound", ID),
    Row("its group deleted", refer(lambda p: p.__setitem__(4, "rg-old")), "fail", "ResourceGroupNotFound", ID),
    Row("names null", compute(ID, None), "fail", "refers to no cluster", ID),
    Row("names what is no id", compute(ID, 7), "unknown", "as int", ID),
    Row("does not say what it names", lambda e: e.unset(e.find(COMPUTE, "k8s-tidal"), ID), "unknown", shows=ID),
    Row("names nothing", compute(ID, ""), "fail", "refers to no cluster", ID),
    Row("denied", lambda e: e.denied.append(Denial(scope=e.find(CLUSTER)["id"])), "unknown", shows=f"{CLUSTER}/read"),
    Row(
        "subscription unseen",
        refer(lambda p: p.__setitem__(2, HIDDEN)),
        "unknown",
        "SubscriptionNotFound",
        counter=True,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_cluster_exists(row: Row) -> None:
    estate = secure()
    row.change(estate)
    check(only(audited(estate), "ENV-001"), row)


def test_a_detached_compute_asks_which_cluster_to_attach() -> None:
    """The id of the compute is no stand-in for that of a cluster."""
    estate = secure()
    compute(ID, None)(estate)
    report = audited(estate)
    assert only(report, "ENV-001").fix.endswith("--resource-id '<cluster-id>' --identity-type SystemAssigned")
    assert report.environments[0].cluster_id is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "BadRequest"), (404, "NotFound"), (404, "InvalidResourceType"), (401, "InvalidAuthenticationTokenTenant")],
)
def test_only_two_codes_mean_absence(status: int, code: str) -> None:
    estate = secure()
    gone = estate.find(CLUSTER)["id"]
    estate.remove(gone)

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        asked = f"{request.url}".lower().partition("?")[0].endswith(gone.lower())
        return respond(request, status, {"error": {"code": code, "message": "No."}}) if asked else None

    result = only(report_on(snapshot_of(estate, ArmAdapter(estate, fault=fault))), "ENV-001")
    check(result, Row(code, lambda e: None, "unknown", code))


def test_unlisted_computes_are_not_silent() -> None:
    estate = secure()
    estate.denied.append(Denial(type=COMPUTE))
    result = only(audited(estate), "ENV-001")
    check(result, Row("computes denied", lambda e: None, "unknown", "computes could not be listed", f"{COMPUTE}/read"))
    assert (result.environment_id, result.resource_id) == (None, estate.find(ml.WORKSPACE)["id"])


def test_each_compute_is_judged_and_an_arc_cluster_is_listed() -> None:
    estate = secure()
    workspace, nodes = estate.find(ml.WORKSPACE), estate.find(CLUSTER)
    ml.attach(estate, workspace, nodes | {"id": f"{nodes['id']}-2"}, "k8s-lost")
    arc = nodes["id"].replace("ContainerService/managedClusters", "Kubernetes/connectedClusters")
    ml.attach(estate, workspace, nodes | {"id": arc}, "k8s-arc")
    report = audited(estate)
    judged = [(r.resource_id.rpartition("/")[2], str(r.status)) for r in results(report, "ENV-001")]
    assert sorted(judged) == [("k8s-lost", "fail"), ("k8s-tidal", "pass")]
    assert [u.reason for u in report.unjudged if u.resource_id.endswith("k8s-arc")] == ["Arc cluster"]
