"""AML-009: the cluster is attached as a KubernetesCompute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import auditor.topology.build as topology
from auditor.engine import Case, judge
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, secure
from tests.audits import RULES, Row, audited, check, only, results, snapshot_of

Change = Callable[[Estate], None]
TYPE = "properties.computeType"
COMPUTE = f"{WORKSPACE}/computes"


def attached_as(kind: object) -> Change:
    return lambda e: e.set(e.find(COMPUTE, "k8s-"), TYPE, kind)


ROWS = [
    (secure, Row("Kubernetes", lambda e: None, "pass", "as Kubernetes", TYPE)),
    (secure, Row("in capitals", attached_as("KUBERNETES"), "pass", "k8s-tidal")),
    (secure, Row("AKS, healthy and called k8s", attached_as("AKS"), "fail", "legacy AksCompute", TYPE, counter=True)),
    (secure, Row("in small letters", attached_as("aks"), "fail", "k8s-tidal attaches the cluster as a legacy")),
    (secure, Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "pass")),
    (secure, Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "pass")),
    (everything_public, Row("AKS, public", attached_as("AKS"), "fail", "legacy AksCompute")),
]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_kubernetes_compute(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AML-009"), row)


@pytest.mark.parametrize("kind", [None, 7], ids=["null", "a number"])
def test_a_compute_without_a_type(kind: object) -> None:
    """It makes no environment; were it in one, the rule would not know."""
    estate = secure()
    env = topology.build(snapshot_of(estate)).environments[0]
    body = {**env.compute.body, "properties": {**env.compute.body["properties"], "computeType": kind}}
    untyped = replace(env, compute=replace(env.compute, body=body))
    rule = next(r for r in RULES if r.id == "AML-009")
    case = Case(untyped, env.id, env.id, env.resources, env.names)
    check(judge(rule, case), Row("untyped", lambda e: None, "unknown", shows=TYPE))
    attached_as(kind)(estate)
    assert not results(audited(estate), "AML-009")


def test_a_legacy_compute_fails_nothing_else() -> None:
    estate = secure()
    attached_as("AKS")(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["AML-009"]
