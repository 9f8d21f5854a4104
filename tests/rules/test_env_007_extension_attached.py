"""ENV-007: a cluster with the AzureML extension is attached to a workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.model.snapshot import Failure, Scope, Snapshot, Subscription
from tests.arm import aks, ml
from tests.arm.aks import CLUSTER, EXTENSION
from tests.arm.estate import Denial, Estate, Group
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import hub_project, large, secure
from tests.audits import Row, audited, check, only, report_on, results, snapshot_of

Change = Callable[[Estate], None]
COMPUTE = f"{WORKSPACE}/computes"
TYPE, KIND, ID = "properties.extensionType", "properties.computeType", "properties.resourceId"
HIDDEN = "00000000-0000-0000-0000-00000000beef"


def compute(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(COMPUTE, "k8s-"), path, value)


def extension(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(EXTENSION), path, value)


def detach(e: Estate) -> None:
    e.remove(e.find(COMPUTE, "k8s-"))


def detached(*changes: Change) -> Change:
    """No compute, and what else is changed."""

    def change(e: Estate) -> None:
        detach(e)
        for one in changes:
            one(e)

    return change


def deny(**parts: str) -> Change:
    return lambda e: e.denied.append(Denial(**parts))


def workspace_denied(e: Estate) -> None:
    """A second workspace, whose computes cannot be listed."""
    at = Group(e, e.find(WORKSPACE)["id"].partition("/providers/")[0], "northeurope")
    e.denied.append(Denial(type=COMPUTE, scope=ml.workspace(at, "mlw-other")["id"]))


def another_uses_it(e: Estate) -> None:
    at = Group(e, e.find(WORKSPACE)["id"].partition("/providers/")[0], "northeurope")
    ml.attach(e, ml.workspace(at, "mlw-other"), e.find(CLUSTER), "k8s-other")


ATTACHED = [
    Row("sound", lambda e: None, "pass", "attached to mlw-tidal as k8s-tidal", ID),
    Row("id in capitals", lambda e: compute(ID, e.find(CLUSTER)["id"].upper())(e), "pass"),
    Row("a legacy compute", compute(KIND, "AKS"), "pass"),
    Row("type in capitals", extension(TYPE, "MICROSOFT.AZUREML.KUBERNETES"), "pass"),
    Row("another extension", extension(TYPE, "microsoft.flux"), "not-applicable", "does not carry"),
    Row("no extension", lambda e: e.remove(e.find(EXTENSION)), "not-applicable", "does not carry", counter=True),
    Row("a type of null", extension(TYPE, None), "unknown", shows=TYPE),
    Row("extensions denied", deny(type=EXTENSION), "unknown", shows=f"{EXTENSION}/read"),
    Row("cluster denied", deny(type=CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("extension failed", extension("properties.provisioningState", "Failed"), "pass"),
]
ALONE = [
    Row("no compute", detach, "fail", "no workspace that was read has aks-tidal attached", counter=True),
    Row("the compute names another", compute(ID, "/x/y"), "fail", "has aks-tidal attached"),
    Row("another workspace uses it", detached(another_uses_it), "pass", "mlw-other as k8s-other", counter=True),
    Row("type in capitals, no compute", detached(extension(TYPE, "MICROSOFT.AZUREML.KUBERNETES")), "fail"),
    Row("a workspace is unread", detached(workspace_denied), "unknown", "some compute attaches", f"{COMPUTE}/read"),
    Row("no compute, type of null", detached(extension(TYPE, None)), "unknown", shows=TYPE),
    Row("no compute, extensions denied", detached(deny(type=EXTENSION)), "unknown", shows=f"{EXTENSION}/read"),
    Row("a compute of unknown type", compute(KIND, None), "unknown", shows=KIND),
    Row("a compute that names null", compute(ID, None), "fail", "has aks-tidal attached"),
    Row("a compute that names a number", compute(ID, 7), "unknown", shows=ID),
]


@pytest.mark.parametrize("row", [*ATTACHED, *ALONE], ids=lambda r: r.name)
def test_attached(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    result = only(report, "ENV-007")
    check(result, row)
    assert result.environment_id is None
    assert result.resource_id.lower() == f"{result.subject}".lower()
    if row.status == "fail":
        shell = {"ENV-001"} if row.name == "a compute that names null" else set()
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"ENV-007"} | shell


@pytest.mark.parametrize(
    "changes",
    [
        [lambda e: e.remove(e.find(EXTENSION))],
        [extension(TYPE, "microsoft.flux")],
        [lambda e: e.remove(e.find(CLUSTER))],
    ],
    ids=["no extension", "another extension", "cluster gone"],
)
def test_a_cluster_of_no_concern_has_no_result(changes: list[Change]) -> None:
    """Unattached and without the extension, a cluster is none of this audit."""
    estate = secure()
    detached(*changes)(estate)
    assert results(audited(estate), "ENV-007") == []


def test_one_result_for_each_cluster() -> None:
    """Two clusters that nobody attaches, and one that two computes attach."""
    estate = large(environments=1, others=0)
    at = Group(estate, estate.find(WORKSPACE)["id"].partition("/providers/")[0], "northeurope")
    for name in ("aks-one", "aks-two"):
        aks.extension(estate, aks.cluster(at, name), "scoring.example")
    ml.attach(estate, estate.find(WORKSPACE), estate.find(CLUSTER, "aks-vessel00"), "k8s-twice")
    judged = [(r.resource_id.rpartition("/")[2], str(r.status)) for r in results(audited(estate), "ENV-007")]
    assert sorted(judged) == [("aks-one", "fail"), ("aks-two", "fail"), ("aks-vessel00", "pass")]


@pytest.mark.parametrize(
    ("scope", "alone"),
    [
        (Scope(workspaces=["mlw-tidal"]), ""),
        (Scope(workspaces=["mlw-tidal"], resource_groups=["rg-tidal"]), ""),
        (Scope(resource_groups=["RG-tidal"]), "unknown"),
    ],
)
def test_a_narrowed_run_looks_at_its_own_clusters(scope: Scope, alone: str) -> None:
    """Live, or where a whole snapshot is narrowed afterwards: a workspace that was left out may use the others."""
    estate = secure()
    at = Group(estate, estate.find(WORKSPACE)["id"].partition("/providers/")[0], "northeurope")
    aks.extension(estate, aks.cluster(at, "aks-alone"), "scoring.example")
    whole = snapshot_of(estate)
    assert {str(r.status) for r in results(report_on(whole), "ENV-007")} == {"pass", "fail"}
    narrowed = whole.model_copy(update={"scope": scope})
    for snapshot in (narrowed, snapshot_of(estate, scope=scope)):
        found = {r.subject.rpartition("/")[2]: r for r in results(report_on(snapshot), "ENV-007")}
        assert {name: str(r.status) for name, r in found.items()} == (
            {"aks-tidal": "pass"} | ({"aks-alone": alone} if alone else {})
        )
        assert not alone or "was narrowed" in found["aks-alone"].verdict.message


def changed(snapshot: Snapshot, **fields: object) -> Snapshot:
    """The same snapshot but for some of its fields."""
    return Snapshot(**{**dict(snapshot), **fields})


def test_a_hub_in_another_subscription_hides_nothing() -> None:
    """Its computes are not asked for, and it could attach no cluster of this subscription."""
    estate = hub_project()
    detach(estate)
    hub, snapshot = estate.find(WORKSPACE, "mlw-tidal")["id"], snapshot_of(estate)
    there = hub.replace(hub.split("/")[2], HIDDEN)
    moved = [replace(r, id=there) if r.id == hub else r for r in snapshot.resources]
    assert only(report_on(changed(snapshot, resources=moved)), "ENV-007").status == "fail"


def test_an_unread_subscription_leaves_it_open() -> None:
    estate = secure()
    detach(estate)
    snapshot = snapshot_of(estate)
    unread = Subscription(id=HIDDEN, name="", audited=False, failure=Failure(reason="no access"))
    result = only(report_on(changed(snapshot, subscriptions=[*snapshot.subscriptions, unread])), "ENV-007")
    check(result, Row("a subscription is unread", detach, "unknown", "no access"))


def test_a_run_that_was_cut_short_is_not_silent() -> None:
    """A cluster whose extensions were not reached any more may be one that is left alone."""
    estate = secure()
    detach(estate)
    snapshot = snapshot_of(estate)
    listings = [one for one in snapshot.listings if one.type != EXTENSION]
    resources = [one for one in snapshot.resources if one.type.lower() != EXTENSION.lower()]
    early = changed(snapshot, listings=listings, resources=resources, cut_short="time ran out")
    check(only(report_on(early), "ENV-007"), Row("cut short", detach, "unknown", "time ran out"))


def test_the_fix_names_the_cluster() -> None:
    estate = secure()
    detach(estate)
    assert f"--resource-id {estate.find(CLUSTER)['id']} " in only(audited(estate), "ENV-007").fix
