"""AKS-002: the cluster is running."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import secure
from tests.audits import Row, audited, check, only

POWER, STATE = "properties.powerState.code", "properties.provisioningState"


def cluster(state: str | None = "Succeeded", power: str | None = "Running") -> Callable[[Estate], None]:
    return lambda e: e.find(CLUSTER)["properties"].update(provisioningState=state, powerState={"code": power})


ROWS = [
    Row("sound", lambda e: None, "pass", "is running", POWER),
    Row("in another case", cluster("succeeded", "running"), "pass"),
    Row("no provisioning state", cluster(None), "unknown", shows=STATE),
    Row("no provisioning state, stopped", cluster(None, "Stopped"), "fail", "is stopped", POWER),
    *(
        Row(s, cluster(s), "pass", "is running", STATE, assumes=s, counter=True)
        for s in ("Updating", "Upgrading", "Scaling")
    ),
    Row("stopped", cluster(power="Stopped"), "fail", "is stopped", POWER),
    Row("stopped, in another case", cluster(power="stopped"), "fail", "is stopped", POWER),
    *(
        Row(s, cluster(s), "fail", f"provisioning state {s}", STATE, counter=True)
        for s in ("Failed", "Canceled", "Deleting")
    ),
    Row("failed and stopped", cluster("Failed", "Stopped"), "fail", "provisioning state Failed"),
    Row("failed, no power state", cluster("Failed", None), "fail"),
    Row("starting", cluster("Starting", "Stopped"), "unknown", "is starting", POWER),
    Row("stopping", cluster("Stopping"), "unknown", "is stopping", POWER),
    Row("no power state", lambda e: e.unset(e.find(CLUSTER), "properties.powerState"), "unknown", shows=POWER),
    Row("a power state of the future", cluster(power="Hibernated"), "unknown", "Hibernated", POWER),
    Row("denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_running(row: Row) -> None:
    estate = secure()
    row.change(estate)
    check(only(audited(estate), "AKS-002"), row)


@pytest.mark.parametrize(
    ("state", "power", "mends"),
    [
        ("Succeeded", "Stopped", "az aks start -g rg-tidal -n aks-tidal  # then see AKS-003 and AML-005"),
        ("Failed", "Running", "az aks update -g rg-tidal -n aks-tidal --yes"),
        ("Deleting", "Running", "az ml compute detach -g rg-tidal -w mlw-tidal -n k8s-tidal"),
    ],
)
def test_the_fix_is_for_the_state(state: str, power: str, mends: str) -> None:
    estate = secure()
    cluster(state, power)(estate)
    assert only(audited(estate), "AKS-002").fix == mends


def test_a_stopped_cluster_fails_nothing_else() -> None:
    estate = secure()
    cluster(power="Stopped")(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["AKS-002"]
