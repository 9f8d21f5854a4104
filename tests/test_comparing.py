"""A report beside an earlier one: nothing is called fixed that may be there still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from auditor.comparing import GONE, PASSES, by_fingerprint, compared, differing, settle, standing
from auditor.engine import audit
from auditor.model.baseline import Baseline, Comparison, Finding, Standing
from auditor.model.decisions import Decisions
from auditor.model.ids import key
from auditor.model.report import Report
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.types import CLUSTERS, COMPUTES, WORKSPACES
from auditor.model.verdict import Severity, Status
from tests.arm.estate import Estate
from tests.arm.private_link import remove_private_endpoint
from tests.arm.scenarios import secure
from tests.audits import RULES, report_on, snapshot_of
from tests.reports.sample import NOON

P, F, U, N, W = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE, Status.WAIVED
NEW, UNCHANGED = Standing.NEW, Standing.UNCHANGED


def finding(status: Status, print_: str = "f1", severity: Severity = Severity.HIGH) -> Finding:
    return Finding(print_, "STO-004", "closed", status, severity, "/e", "/r", f"it is {status}")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, F, NEW),
        (P, F, NEW),
        (U, F, NEW),
        (N, F, NEW),
        (F, F, UNCHANGED),
        (W, F, UNCHANGED),  # its waiver ended; nothing got worse
        (F, W, UNCHANGED),
        (W, W, UNCHANGED),
        (P, W, NEW),
        (F, P, NEW),
        (W, P, NEW),
        (P, P, UNCHANGED),
        (P, U, NEW),
        (F, U, NEW),
        (U, U, UNCHANGED),
        (N, P, NEW),
    ],
)
def test_what_is_new(before: Status | None, now: Status, expected: Standing) -> None:
    assert standing(finding(now), finding(before) if before else None) is expected


@pytest.mark.parametrize(
    ("before", "now", "fixed", "unsettled"),
    [
        (F, P, [PASSES], []),
        (W, P, [PASSES], []),
        (F, F, [], []),
        (F, W, [], []),
        (F, U, [], ["it is unknown: it is unknown"]),
        (F, N, [], ["it does not apply: it is not-applicable"]),
        (P, F, [], []),
        (U, P, [], []),
        (P, None, [], []),
        (F, None, [], ["somewhere"]),
    ],
)
def test_what_is_fixed(before: Status, now: Status | None, fixed: list[str], unsettled: list[str]) -> None:
    after = {"f1": finding(now)} if now else {}
    found = settle([finding(before)], after, lambda _: "somewhere")
    assert [[s.now for s in side] for side in found] == [fixed, unsettled]


def test_what_is_gone_for_sure_is_fixed() -> None:
    fixed, unsettled = settle([finding(F)], {}, lambda _: GONE)
    assert [s.now for s in fixed] == [GONE]
    assert unsettled == ()


def test_of_two_results_with_one_fingerprint_the_failure_stays() -> None:
    for order in ([finding(F), finding(P)], [finding(P), finding(F)]):
        assert by_fingerprint(order)["f1"].status is F


def baseline_of(report: Report, *failing: str) -> Baseline:
    """The report as a baseline in which these rules failed."""
    findings = [r.finding for r in report.results]
    return Baseline("b", NOON, tuple(replace(f, status=F) if f.rule_id in failing else f for f in findings))


def fates(report: Report, baseline: Baseline) -> tuple[dict[str, str], dict[str, str]]:
    comparison = compared(report, baseline).comparison
    assert isinstance(comparison, Comparison)
    return (
        {s.finding.rule_id: s.now for s in comparison.fixed},
        {s.finding.rule_id: s.now for s in comparison.unsettled},
    )


SECURE = report_on(snapshot_of(secure()))
FAILED = baseline_of(SECURE, "STO-004", "DNS-005", "AKS-003", "AKS-008")


def changed(change: Callable[[Estate], None]) -> Snapshot:
    estate = secure()
    change(estate)
    return snapshot_of(estate)


def test_a_report_beside_itself_has_nothing_new() -> None:
    same = compared(SECURE, baseline_of(SECURE))
    assert {r.baseline for r in same.results} == {UNCHANGED}
    assert same.comparison is not None
    assert (same.comparison.fixed, same.comparison.unsettled) == ((), ())


def test_what_passes_now_is_fixed() -> None:
    fixed, unsettled = fates(SECURE, FAILED)
    assert fixed == dict.fromkeys(("STO-004", "DNS-005", "AKS-003", "AKS-008"), PASSES)
    assert unsettled == {}


def without_compute(estate: Estate) -> None:
    for compute in list(estate.find_all(COMPUTES)):
        estate.remove(compute)


def test_an_environment_that_is_gone_took_its_failures_along() -> None:
    fixed, _ = fates(report_on(changed(without_compute)), FAILED)
    assert fixed["STO-004"] == GONE


def test_computes_that_could_not_be_listed_prove_nothing() -> None:
    snapshot = snapshot_of(secure())
    lists = [x for x in snapshot.listings if x.type != COMPUTES]
    spoilt = snapshot.model_copy(
        update={"resources": [r for r in snapshot.resources if r.type != COMPUTES], "listings": lists}
    )
    fixed, unsettled = fates(report_on(Snapshot.model_validate(spoilt.model_dump())), FAILED)
    assert "STO-004" not in fixed
    assert unsettled["STO-004"] == "its environment was not judged in this run"


def test_workspaces_that_could_not_be_listed_prove_nothing() -> None:
    snapshot = snapshot_of(secure())
    lists = [x for x in snapshot.listings if x.type != WORKSPACES]
    under = f"/{WORKSPACES}/".lower()
    left = [r for r in snapshot.resources if under not in key(r.id) + "/"]
    spoilt = snapshot.model_copy(update={"resources": left, "listings": lists})
    fixed, unsettled = fates(report_on(Snapshot.model_validate(spoilt.model_dump())), FAILED)
    assert "STO-004" not in fixed
    assert "STO-004" in unsettled


def test_a_narrower_run_proves_nothing_about_the_rest() -> None:
    snapshot = snapshot_of(secure())
    snapshot.scope = Scope(workspaces=["mlw-another"])
    fixed, unsettled = fates(report_on(snapshot), FAILED)
    assert "STO-004" not in fixed
    assert unsettled["STO-004"] == "it is outside of what this run looked at"


def test_a_part_that_is_gone_from_an_environment_that_was_seen_whole() -> None:
    """The endpoint that somebody made to the cluster was deleted."""

    def without_endpoint(estate: Estate) -> None:
        remove_private_endpoint(estate, estate.find("Microsoft.Network/privateEndpoints", "pe-tidal-kube"))

    of_endpoint = next(f for f in FAILED.findings if f.rule_id == "AKS-003" and f.resource_id.endswith("pe-tidal-kube"))
    after = report_on(changed(without_endpoint))
    assert of_endpoint.fingerprint not in {r.fingerprint for r in after.results}
    fixed, _ = fates(after, replace(FAILED, findings=(replace(of_endpoint, status=F),)))
    assert fixed == {"AKS-003": GONE}


def test_a_rule_that_is_off_has_fixed_nothing() -> None:
    report = audit(SECURE.snapshot, RULES, SECURE.run, Decisions(off=("STO-004",)))
    fixed, unsettled = fates(report, FAILED)
    assert "STO-004" not in fixed
    assert unsettled["STO-004"] == "the rule is off"


def test_a_rule_that_there_is_no_more_has_fixed_nothing() -> None:
    rules = [r for r in RULES if r.id != "STO-004"]
    _, unsettled = fates(audit(SECURE.snapshot, rules, SECURE.run), FAILED)
    assert unsettled["STO-004"] == "there is no such rule any more"


def test_a_difference_tells_each_finding_once() -> None:
    before = [finding(P, "a"), finding(F, "b"), finding(F, "c"), finding(U, "d"), finding(F, "e"), finding(P, "f")]
    after = [finding(F, "a"), finding(P, "b"), finding(U, "c"), finding(P, "d"), finding(U, "g"), finding(P, "f")]
    new, fixed, missing, shifts, unchanged = differing(before, after, lambda _: "not there")
    assert [f.fingerprint for f in new] == ["a"]
    assert [s.finding.fingerprint for s in fixed] == ["b"]
    assert [s.finding.fingerprint for s in missing] == ["e"]
    assert [s.after.fingerprint for s in shifts if s.after] == ["c", "d", "g"]
    assert unchanged == 1


def test_another_severity_is_a_change() -> None:
    *_, shifts, unchanged = differing([finding(F)], [finding(F, severity=Severity.LOW)], lambda _: "")
    assert len(shifts) == 1
    assert unchanged == 0


CLUSTER = next(r.resource_id for r in SECURE.results if r.environment_id and "managedClusters" in r.resource_id)
OF_CLUSTER = Finding("c1", "AKS-008", "extension", F, Severity.HIGH, None, f"{CLUSTER}-old", "no extension")


def test_a_cluster_that_a_whole_list_does_not_hold_is_gone() -> None:
    fixed, _ = fates(SECURE, Baseline("b", NOON, (OF_CLUSTER,)))
    assert fixed == {"AKS-008": GONE}


def test_a_cluster_that_is_there_or_may_be_is_not_gone() -> None:
    there = replace(OF_CLUSTER, resource_id=CLUSTER)
    assert fates(SECURE, Baseline("b", NOON, (there,)))[1] == {"AKS-008": "it was not judged in this run"}
    lists = [x for x in SECURE.snapshot.listings if x.type != CLUSTERS]
    snapshot = Snapshot.model_validate(SECURE.snapshot.model_copy(update={"listings": lists}).model_dump())
    report = replace(SECURE, snapshot=snapshot)
    assert fates(report, Baseline("b", NOON, (OF_CLUSTER,)))[1] == {"AKS-008": "it was not judged in this run"}
