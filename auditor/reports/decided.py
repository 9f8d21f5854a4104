"""The part of the page's top about decisions and time: what was waived, configured, and changed since a baseline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from auditor.model.baseline import Settled, Standing
from auditor.model.decisions import Use, Waiver
from auditor.model.report import Report
from auditor.model.result import Result
from auditor.model.verdict import Severity, Status
from auditor.reports.text import Names, clean, names_of, plural

MAX_PLACES: Final = 5
MAX_SETTLED: Final = 100


@dataclass(frozen=True)
class Accepted:
    """The failures of one rule that one waiver accepts."""

    rule: str
    severity: Severity
    where: str
    reason: str
    expires: str


@dataclass(frozen=True)
class Note:
    """One decision, and what became of it."""

    decision: str
    effect: str


@dataclass(frozen=True)
class Moved:
    """A failure of the baseline that fails no more. ``status`` is pass where it is fixed, else unknown."""

    status: Status
    word: str
    rule: str
    title: str
    where: str
    now: str


@dataclass(frozen=True)
class Since:
    """What is new and what was fixed since the baseline."""

    when: str
    headline: str
    moved: tuple[Moved, ...]
    more: str


def accepted(report: Report) -> tuple[Accepted, ...]:
    """What was waived, worst first."""
    found: dict[tuple[str, Waiver], list[Result]] = defaultdict(list)
    for result in report.results:
        if result.waiver is not None:
            found[result.rule.id, result.waiver].append(result)
    names = names_of(report)
    rows = [_accepted(rule, waiver, results, names) for (rule, waiver), results in found.items()]
    return tuple(sorted(rows, key=lambda row: (row.severity.rank, row.rule)))


def _accepted(rule: str, waiver: Waiver, results: list[Result], names: Names) -> Accepted:
    places = list(dict.fromkeys(names.of(r.resource_id) for r in results))
    more = f" and {len(places) - MAX_PLACES:,} more" if len(places) > MAX_PLACES else ""
    worst = min((r.severity for r in results), key=lambda s: s.rank)
    where = ", ".join(places[:MAX_PLACES]) + more
    return Accepted(rule, worst, where, clean(waiver.reason), waiver.expires.isoformat())


def notes(report: Report) -> Iterable[Note]:
    """The decisions that no result shows."""
    if report.decisions is None:
        return
    for rule in report.decisions.off:
        yield Note(f"{rule} is off", "it was not checked")
    for rule, severity in report.decisions.severities.items():
        yield Note(f"{rule} is of severity {severity}", "every result of it counts as such, or as less")
    for use in report.waivers:
        if use.use is not Use.APPLIED:
            yield Note(f"Waiver of {', '.join(use.waiver.rules)} on {clean(use.waiver.resource)}", clean(use.message))


def since(report: Report) -> Since | None:
    comparison = report.comparison
    if comparison is None:
        return None
    new = sum(r.status is Status.FAIL and r.baseline is Standing.NEW for r in report.results)
    fixed, unsettled = comparison.fixed, comparison.unsettled
    names = names_of(report)
    moved = [_moved(s, Status.PASS, "fixed", names) for s in fixed]
    moved += [_moved(s, Status.UNKNOWN, "not judged again", names) for s in unsettled]
    unsure = f", {len(unsettled):,} not judged again" if unsettled else ""
    return Since(
        when=f"{comparison.baseline.finished_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        headline=f"{plural(new, 'new failure')}, {len(fixed):,} fixed{unsure}.",
        moved=tuple(moved[:MAX_SETTLED]),
        more=f"{len(moved) - MAX_SETTLED:,} more are in the JSON report." if len(moved) > MAX_SETTLED else "",
    )


def _moved(settled: Settled, status: Status, word: str, names: Names) -> Moved:
    finding = settled.finding
    where, now = names.of(finding.resource_id), clean(settled.now)
    return Moved(status, word, clean(finding.rule_id), clean(finding.title), where, now)
