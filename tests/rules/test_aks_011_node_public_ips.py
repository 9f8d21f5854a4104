"""AKS-011: nodes have no public addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import everything_public, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
POOLS = "properties.agentPoolProfiles"


def public(number: int) -> str:
    return f"{POOLS}[{number}].enableNodePublicIP"


def cluster(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(CLUSTER), path, value)


def each(*values: object) -> Change:
    def change(e: Estate) -> None:
        for number, value in enumerate(values):
            e.set(e.find(CLUSTER), public(number), value)

    return change


def unset(e: Estate) -> None:
    for number in (0, 1):
        e.unset(e.find(CLUSTER), public(number))


AUTO = cluster("properties.nodeProvisioningProfile.mode", "auto")
ROWS = [
    Row("sound", lambda e: None, "pass", "no node pool", public(1)),
    Row("not said", unset, "pass", "no node pool", public(0)),
    Row("null", each(None, None), "pass"),
    Row("pools of AKS's own choice", AUTO, "pass", assumes="that AKS adds by itself"),
    Row("a pool of a private cluster", each(False, True), "fail", "pool scoring have public", public(1), counter=True),
    Row("both", each(True, True), "fail", "pool system have public addresses; the nodes of the pool scoring"),
    Row("one, and one of another kind", each("no", True), "fail", "pool scoring", public(1)),
    Row("one of another kind", each(False, "no"), "unknown", "as str, not bool", public(1)),
    Row("a pool without a name", cluster(f"{POOLS}[0]", {}), "unknown", shows=f"{POOLS}[0].name"),
    Row("a pool of null", cluster(f"{POOLS}[0]", None), "unknown", "were not read", POOLS),
    Row("no pools", cluster(POOLS, []), "unknown", "were not read", POOLS),
    Row("pools of null", cluster(POOLS, None), "unknown", shows=POOLS),
    Row("pools of another kind", cluster(POOLS, {"a": "b"}), "unknown", shows=POOLS),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "does not exist"),
]
PUBLIC = [
    Row("a public cluster", lambda e: None, "pass", "no node pool", counter=True),
    Row("public nodes", each(True), "fail", "pool system", public(0)),
]
CASES = [(secure, row) for row in ROWS] + [(everything_public, row) for row in PUBLIC]


@pytest.mark.parametrize(("build", "row"), CASES, ids=[row.name for _, row in CASES])
def test_private_nodes(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AKS-011"), row)


def test_public_nodes_break_nothing_else() -> None:
    estate = secure()
    each(True, True)(estate)
    failed = [r for r in audited(estate).results if r.status == "fail"]
    assert [r.rule.id for r in failed] == ["AKS-011"]
    assert failed[0].fix.endswith("az aks nodepool delete -g rg-tidal --cluster-name aks-tidal -n system")
