"""Waivers on results: which failures are accepted, and what became of each waiver.

Only a failure can be waived. An unknown result is not a risk that somebody has seen and accepted, so it stays unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from auditor.model.decisions import Decisions, Use, Waiver, WaiverUse
from auditor.model.result import Result
from auditor.model.verdict import Status


def waived(results: Sequence[Result], waivers: Sequence[Waiver], today: date) -> Iterator[Result]:
    """The results, each failure with the first waiver that covers it and has not expired."""
    in_force = [w for w in waivers if not w.expired(today)]
    for result in results:
        waiver = next((w for w in in_force if _covers(w, result)), None) if in_force and _fails(result) else None
        yield result if waiver is None else replace(result, waiver=waiver)


def use(waiver: Waiver, results: Sequence[Result], decisions: Decisions, today: date) -> WaiverUse:
    """What became of a waiver; ``results`` are those without waivers."""
    covered = [r for r in results if _covers(waiver, r)]
    failing = sum(map(_fails, covered))
    if waiver.expired(today):
        again = f"{failing} that it covered {'counts' if failing == 1 else 'count'}" if failing else _idle(covered)
        return WaiverUse(waiver, Use.EXPIRED, 0, f"expired on {waiver.expires}; {again}")
    if failing:
        return WaiverUse(waiver, Use.APPLIED, failing, f"waives {failing} until {waiver.expires}")
    if all(rule in decisions.off for rule in waiver.rules):
        return WaiverUse(waiver, Use.UNMATCHED, 0, f"waives nothing: {' and '.join(waiver.rules)} is off")
    return WaiverUse(waiver, Use.UNMATCHED, 0, f"waives nothing: {_idle(covered)}")


def _covers(waiver: Waiver, result: Result) -> bool:
    return waiver.covers(result.rule.id, result.resource_id, result.environment_id)


def _fails(result: Result) -> bool:
    return result.status is Status.FAIL


def _idle(covered: Sequence[Result]) -> str:
    """Why a waiver has nothing to waive."""
    if not covered:
        return "no result is about what it names"
    tally = Counter(r.status for r in covered)
    seen = ", ".join(f"{tally[status]} {status}" for status in Status if tally[status])
    doubt = "; an unknown result cannot be waived" if tally[Status.UNKNOWN] else ""
    return f"nothing that it covers fails ({seen}){doubt}"
