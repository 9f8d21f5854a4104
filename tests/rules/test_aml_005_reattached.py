"""AML-005: the compute was attached again after the cluster's last start."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.arm import aks, ml
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import Denial, Estate, ago
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT
from tests.arm.scenarios import default_cluster, hub_and_spoke, restarted, secure
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
COMPUTE, SERVING = f"{ml.WORKSPACE}/computes", f"{ml.WORKSPACE}/onlineEndpoints"
LOG = "Microsoft.Insights/eventtypes/values"
TIMES = "Microsoft.Resources/subscriptions/resources"
OWN = "kube-apiserver"
CREATED, MODIFIED = "properties.createdOn", "properties.modifiedOn"


def attached(days: float, modified: float | None = None, offset: str = "+00:00") -> Change:
    def change(e: Estate) -> None:
        compute = e.find(COMPUTE, "k8s-")
        e.set(compute, CREATED, ago(days, offset=offset))
        e.set(compute, MODIFIED, ago(days if modified is None else modified, offset=offset))

    return change


def started(days: float, outcome: str = "Succeeded") -> Change:
    return lambda e: aks.power(e, e.find(aks.CLUSTER), "start", days, outcome)


def deny(*kinds: str) -> Change:
    return lambda e: e.denied.extend(Denial(type=kind) for kind in kinds)


def both(*changes: Change) -> Change:
    return lambda e: [change(e) for change in changes].clear()


def state(kind: str, name: str) -> Change:
    """Attached before the log begins, and something of a kind is not well."""
    return both(attached(120), lambda e: e.set(e.find(kind, name), "properties.provisioningState", "Failed"))


def another_started(e: Estate) -> None:
    aks.event(e, f"{e.find(aks.CLUSTER)['id']}-2", f"{aks.CLUSTER}/start/action", "Succeeded", 3)


def started_in_capitals(e: Estate) -> None:
    aks.event(e, e.find(aks.CLUSTER)["id"].upper(), f"{aks.CLUSTER}/start/action".upper(), "Succeeded", 3)


def ill_elsewhere(e: Estate) -> None:
    attached(120)(e)
    workspace = e.find(ml.WORKSPACE)
    other = ml.endpoint(e, workspace, {"id": f"{workspace['id']}/computes/other"}, "score-other", "other.example")
    other["properties"]["provisioningState"] = "Failed"


def before_a_start(e: Estate) -> None:
    """The log has forgotten a start, which AKS's own endpoint shows: it was made after the attachment."""
    attached(200)(e)
    e.activity.clear()
    e.add(e.find(ENDPOINT, OWN), days_old=120)


# The secure cluster was started 20 days ago, and attached 19 days ago; AKS's own endpoint is of that start.
PRIVATE = [
    Row("sound", lambda e: None, "pass", "AKS's own endpoint is older", "createdTime"),
    Row("log denied, AKS's endpoint older", deny(LOG), "pass", "own endpoint", "createdTime", counter=True),
    Row("times denied, start seen", deny(TIMES), "pass", "attached after the last start", "eventTimestamp"),
    Row("log and times denied", deny(LOG, TIMES), "unknown", shows=f"{LOG}/read"),
    Row(
        "attached before the log, AKS's endpoint younger",
        before_a_start,
        "pass",
        "no start",
        "createdTime",
        assumes="check for",
    ),
    Row("a start that failed", started(3, "Failed"), "pass"),
    Row("a start that ended as none does", both(started(3, "Quantum"), deny(TIMES)), "unknown", shows="status.value"),
    Row("stopped since", lambda e: aks.power(e, e.find(aks.CLUSTER), "stop", 3), "pass"),
    Row("another cluster started", another_started, "pass"),
    Row("started, in capitals", started_in_capitals, "fail", "started on 2026-11-17", "eventTimestamp"),
    Row("VNet denied", deny(VNET), "unknown", shows=f"{VNET}/read"),
    Row("cluster denied", deny(aks.CLUSTER), "unknown", shows=f"{aks.CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(aks.CLUSTER)), "not-applicable"),
]
RESTARTED = [
    Row("not attached again", lambda e: None, "fail", "started on 2026-11-17, after", CREATED, counter=True),
    Row("attached again", attached(2), "pass", "own endpoint"),
    Row("attached again, times denied", both(attached(2), deny(TIMES)), "pass", "attached after the last start"),
    Row("at that very moment", attached(3 - 0.005), "fail", "started on", "eventTimestamp"),
    Row("later only by its clock", attached(2.8, offset="+09:00"), "fail", "started on"),
    Row("earlier only by its clock", both(attached(3.2, offset="-09:00"), deny(TIMES)), "pass", "attached after"),
    Row(
        "only modified since",
        attached(19, modified=1),
        "unknown",
        "modified, but not attached again",
        MODIFIED,
        counter=True,
    ),
    Row("modified before", attached(30, modified=4), "fail", "started on"),
    Row("log denied, AKS's endpoint younger", deny(LOG), "unknown", shows=f"{LOG}/read"),
    Row("no createdOn", lambda e: e.unset(e.find(COMPUTE, "k8s-"), CREATED), "unknown", shows=CREATED),
]
# Public: there is no endpoint of AKS's own. Attached 50 days ago and never started since.
PUBLIC = [
    Row("no start", lambda e: None, "pass", "not started since", "activity log since"),
    Row("started later", started(3), "fail", "started on 2026-11-17"),
    Row("started earlier", started(55), "pass", "attached after the last start"),
    Row("log denied", deny(LOG), "unknown", shows=f"{LOG}/read"),
    Row("attached before the log, all well", attached(120), "pass", "no start", assumes="cannot be seen"),
    Row("attached before the log, started in it", both(attached(120), started(80)), "fail", "started on"),
    Row("attached before the log, ill elsewhere", ill_elsewhere, "pass", assumes="cannot be seen"),
    Row("compute ill", state(COMPUTE, "k8s-"), "unknown", "not everything on it is healthy", "provisioningState"),
    Row("endpoint ill", state(SERVING, "score-"), "unknown", "not everything on it is healthy", "provisioningState"),
    Row("deployment ill", state(f"{SERVING}/deployments", "blue"), "unknown", "not everything", "provisioningState"),
    Row("endpoints denied", both(attached(120), deny(SERVING)), "unknown", shows=f"{SERVING}/read"),
    Row("log denied, attached before it", both(attached(120), deny(LOG)), "unknown", shows=f"{LOG}/read"),
]
SPOKE = [Row("AKS's endpoint of the first start", deny(LOG), "pass", "own endpoint is older", "createdTime")]
CASES = ((secure, PRIVATE), (restarted, RESTARTED), (default_cluster, PUBLIC), (hub_and_spoke, SPOKE))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[f"{b.__name__}: {r.name}" for b, r in ROWS])
def test_reattached_after_start(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-005"), row)


def test_part_of_the_log_is_not_enough() -> None:
    """The second page of the log is refused; the first shows no start after the attachment."""
    estate = default_cluster()
    for days in (54, 55, 56):
        started(days)(estate)

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        cut = "eventtypes/management" in f"{request.url}" and "skiptoken" in f"{request.url}"
        return respond(request, 403, {"error": {"code": "AuthorizationFailed", "message": "No."}}) if cut else None

    adapter = ArmAdapter(estate, page_size=2, fault=fault)
    check(only(report_on(snapshot_of(estate, adapter)), "AML-005"), Row("cut", lambda e: None, "unknown"))


def test_a_restart_fails_with_the_endpoint_to_the_cluster_only() -> None:
    assert {r.rule.id for r in audited(restarted()).results if r.status == "fail"} == {"AML-005", "AKS-003"}
