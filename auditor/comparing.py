"""A report beside an earlier one: what is new, what was fixed, and what can no longer be told.

A failure that is not seen any more is fixed only where it shows: its rule passes, or its subject is gone for sure. One
that became unknown, does not apply any more, or is outside of this run may well be there still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from auditor.model.baseline import Baseline, Comparison, Finding, Settled, Standing
from auditor.model.difference import Shift
from auditor.model.ids import ArmId, key, subscription_of
from auditor.model.report import Report
from auditor.model.snapshot import Gone, Snapshot
from auditor.model.types import COMPUTES, WORKSPACES
from auditor.model.verdict import Status

GONE = "it is not there any more"
PASSES = "it passes"


def compared(report: Report, baseline: Baseline) -> Report:
    """A report whose results say how they stand to a baseline, with what was fixed since."""
    before = by_fingerprint(baseline.findings)
    results = tuple(replace(r, baseline=standing(r.finding, before.get(r.fingerprint))) for r in report.results)
    now = by_fingerprint(r.finding for r in results)
    fixed, unsettled = settle(before.values(), now, lambda finding: whereabouts(report, finding))
    return replace(report, results=results, comparison=Comparison(baseline, fixed, unsettled))


def by_fingerprint(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Findings by what identifies them; of several the failed one, so that it cannot get lost."""
    found: dict[str, Finding] = {}
    for finding in findings:
        known = found.get(finding.fingerprint)
        if known is None or (finding.deviates and not known.deviates):
            found[finding.fingerprint] = finding
    return found


def standing(now: Finding, before: Finding | None) -> Standing:
    """Unchanged is what had the same outcome before. To be waived, or not any more, is no other outcome."""
    if before is None:
        return Standing.NEW
    same = now.deviates == before.deviates and (now.deviates or now.status is before.status)
    return Standing.UNCHANGED if same else Standing.NEW


def settle(
    before: Iterable[Finding], now: dict[str, Finding], whereabouts: Callable[[Finding], str]
) -> tuple[tuple[Settled, ...], tuple[Settled, ...]]:
    """The failures of before that are fixed, and those that are neither fixed nor there, worst first. ``whereabouts``
    says why a finding has no counterpart; `GONE` is the one reason that makes it fixed."""
    fixed: list[Settled] = []
    unsettled: list[Settled] = []
    for finding in sorted(before, key=_place):
        after = now.get(finding.fingerprint)
        if not finding.deviates or (after is not None and after.deviates):
            continue
        if after is None:
            fate = whereabouts(finding)
            (fixed if fate == GONE else unsettled).append(Settled(finding, fate))
        elif after.status is Status.PASS:
            fixed.append(Settled(finding, PASSES))
        else:
            words = "it is unknown" if after.status is Status.UNKNOWN else "it does not apply"
            unsettled.append(Settled(finding, f"{words}: {after.message}"))
    return tuple(fixed), tuple(unsettled)


def whereabouts(report: Report, finding: Finding) -> str:
    """Why a report has no result where an earlier one had a failure."""
    if report.decisions is not None and finding.rule_id in report.decisions.off:
        return "the rule is off"
    if finding.rule_id not in {rule.id for rule in report.rules}:
        return "there is no such rule any more"
    if finding.environment_id is None:
        return GONE if _is_gone(report.snapshot, finding.resource_id) else "it was not judged in this run"
    environment = next((e for e in report.environments if key(e.id) == key(finding.environment_id or "")), None)
    if environment is None:
        return _environment(report.snapshot, finding.environment_id)
    # The environment is there and this part of it is not, unless the parts could not all be seen.
    own = [r for r in report.of(environment) if r.rule.id == finding.rule_id]
    return "its environment was not seen whole" if any(r.status is Status.UNKNOWN for r in own) or not own else GONE


def _environment(snapshot: Snapshot, environment_id: str) -> str:
    workspace = ArmId.parse(environment_id).parent
    if not snapshot.scope.admits(workspace):
        return "it is outside of what this run looked at"
    if _is_gone(snapshot, workspace, WORKSPACES, subscription_of(workspace)):
        return GONE
    if snapshot.get(workspace) and _is_gone(snapshot, environment_id, COMPUTES, workspace):
        return GONE
    return "its environment was not judged in this run"


def _is_gone(snapshot: Snapshot, arm_id: str, arm_type: str = "", scope: str = "") -> bool:
    """Whether a resource is not there for sure: Azure says so, or a whole list of its type does not hold it."""
    found = snapshot.find(arm_id)
    if isinstance(found, Gone):
        return True
    listing = snapshot.listing(scope or subscription_of(arm_id), arm_type or ArmId.parse(arm_id).type)
    return snapshot.get(arm_id) is None and listing is not None and listing.failure is None


def differing(
    earlier: Iterable[Finding], later: Iterable[Finding], whereabouts: Callable[[Finding], str]
) -> tuple[tuple[Finding, ...], tuple[Settled, ...], tuple[Settled, ...], tuple[Shift, ...], int]:
    """What is new, fixed, without a counterpart and otherwise changed between two sets of findings, worst first, and
    how many are as they were."""
    before, now = by_fingerprint(earlier), by_fingerprint(later)
    fixed, unsettled = settle(before.values(), now, whereabouts)
    new = [f for print_, f in now.items() if f.deviates and not (print_ in before and before[print_].deviates)]
    told = {f.fingerprint for f in new} | {s.finding.fingerprint for s in fixed}
    changed = [
        Shift(before.get(print_), finding)
        for print_, finding in now.items()
        if print_ not in told and _shifted(before.get(print_), finding)
    ]
    unchanged = sum(print_ in before and not _shifted(before[print_], finding) for print_, finding in now.items())
    missing = tuple(s for s in unsettled if s.finding.fingerprint not in now)
    by_rank = sorted(changed, key=lambda s: _place(s.after or s.before))
    return tuple(sorted(new, key=_place)), fixed, missing, tuple(by_rank), unchanged


def _shifted(before: Finding | None, after: Finding) -> bool:
    """Whether a finding has another outcome; one without a counterpart is told when it is unknown."""
    if before is None:
        return after.status is Status.UNKNOWN
    return (before.status, before.severity) != (after.status, after.severity)


def _place(finding: Finding | None) -> tuple[int, str, str]:
    assert finding is not None  # noqa: S101  (one side of a shift is always there)
    return finding.severity.rank, finding.rule_id, key(finding.resource_id)
