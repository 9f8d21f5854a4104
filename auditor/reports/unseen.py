"""What was not seen, by what stood in the way, so that each permission is asked for once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from auditor.model.facts import Missing
from auditor.model.report import Report
from auditor.model.snapshot import Failure
from auditor.model.verdict import Status
from auditor.reports.text import Names, clean


@dataclass
class Cause:
    """One thing that stood in the way, with what it kept from view and which rules it left open."""

    words: str
    places: dict[str, None] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)


def causes_of_unknowns(report: Report, names: Names) -> list[Cause]:
    """What left results unknown; what left most rules open first, then what left the worst open."""
    causes: dict[Hashable, Cause] = {}
    unknown = (r for r in report.results if r.status is Status.UNKNOWN)
    for result in sorted(unknown, key=lambda r: r.severity.rank):
        for missing in result.verdict.missing:
            cause = causes.setdefault(_cause(missing), Cause(_words(missing)))
            if missing.resource_id:
                cause.places[names.of(missing.resource_id)] = None
            cause.rules[result.rule.id] = None
    return _most_first(causes.values())


def causes_of_gaps(report: Report, names: Names) -> list[Cause]:
    """What collection could not read and no unknown result or unjudged thing has named already."""
    said = {_cause(m) for r in report.results if r.status is Status.UNKNOWN for m in r.verdict.missing}
    said |= {_cause(u.failure) for u in report.unjudged if u.failure}
    causes: dict[Hashable, Cause] = {}
    for gap in report.gaps:
        if _cause(gap.failure) not in said:
            cause = causes.setdefault(_cause(gap.failure), Cause(_words(gap.failure)))
            cause.places[names.of(gap.resource_id)] = None
    return _most_first(causes.values())


def unjudged_by_reason(report: Report) -> dict[str, list[str]]:
    """The ids of what was not judged, by the reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in report.unjudged:
        by_reason[clean(item.reason)].append(item.resource_id)
    return by_reason


def _most_first(causes: Iterable[Cause]) -> list[Cause]:
    return sorted(causes, key=lambda c: -len(c.rules))


def _cause(missing: Missing | Failure) -> Hashable:
    """A permission is one cause wherever it is missing; anything else is told apart by its reason."""
    return missing.needs_action.lower() if _refused(missing) and missing.needs_action else clean(missing.reason)


def _words(missing: Missing | Failure) -> str:
    if not missing.needs_action:
        return clean(missing.reason)
    return f"{'permission' if _refused(missing) else f'{clean(missing.reason)}: needs'} {clean(missing.needs_action)}"


def _refused(missing: Missing | Failure) -> bool:
    return missing.http_status in (401, 403)
