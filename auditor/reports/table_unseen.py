"""What the terminal report says of the unseen: unknown results, things that were not judged, and gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

from rich.text import Text

from auditor.model.facts import Missing
from auditor.model.report import Report
from auditor.model.snapshot import Failure
from auditor.model.verdict import Status
from auditor.reports.table_layout import Page
from auditor.reports.text import Names, clean

MAX_CAUSES: Final = 8
MAX_NAMES: Final = 4
MAX_IDS: Final = 24


@dataclass
class Cause:
    """One thing that stood in the way, with what it kept from view and which rules it left open."""

    words: str
    places: dict[str, None] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)


def unknowns(report: Report, page: Page, names: Names) -> None:
    """Unknown results by what is missing, so that each permission is asked for once."""
    causes: dict[Hashable, Cause] = {}
    for result in sorted(report.results, key=lambda r: r.severity.rank):
        if result.status is Status.UNKNOWN:
            for missing in result.verdict.missing:
                cause = causes.setdefault(_cause(missing), Cause(_words(missing)))
                if missing.resource_id:
                    cause.places[names.of(missing.resource_id)] = None
                cause.rules[result.rule.id] = None
    if causes:
        page.heading(f"Unknown ({report.count(Status.UNKNOWN):,}), by what is missing")
        _list(list(causes.values()), page)


def gaps(report: Report, page: Page, names: Names) -> None:
    """What collection could not read and no unknown result or unjudged thing has named already."""
    said = {_cause(m) for r in report.results if r.status is Status.UNKNOWN for m in r.verdict.missing}
    said |= {_cause(u.failure) for u in report.unjudged if u.failure}
    causes: dict[Hashable, Cause] = {}
    for gap in report.gaps:
        if _cause(gap.failure) not in said:
            cause = causes.setdefault(_cause(gap.failure), Cause(_words(gap.failure)))
            cause.places[names.of(gap.resource_id)] = None
    if causes:
        page.heading("Also not read")
        _list(list(causes.values()), page)


def _list(causes: list[Cause], page: Page) -> None:
    causes.sort(key=lambda c: -len(c.rules))
    for cause in causes[:MAX_CAUSES]:
        places = list(cause.places)
        on = ", ".join(places[:MAX_NAMES])
        if len(places) > MAX_NAMES:
            on += f" and {len(places) - MAX_NAMES:,} more"
        page.line(Text.assemble((cause.words, "yellow"), (f" ({on})" if on else "")), 4, "  ·")
        rules = list(cause.rules)
        if rules:
            more = f" and {len(rules) - MAX_IDS} more" if len(rules) > MAX_IDS else ""
            page.line(Text(" ".join(rules[:MAX_IDS]) + more, style="dim"), 4)
    page.more(len(causes) - MAX_CAUSES, "causes", 4)


def unjudged(report: Report, page: Page, names: Names) -> None:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in report.unjudged:
        by_reason[clean(item.reason)].append(item.resource_id)
    if not by_reason:
        return
    page.heading(f"Not judged ({len(report.unjudged):,})")
    for reason, ids in list(by_reason.items())[:MAX_CAUSES]:
        shown = ", ".join(names.of(i) for i in ids[:MAX_NAMES])
        if len(ids) > MAX_NAMES:
            shown += f" and {len(ids) - MAX_NAMES:,} more"
        page.line(Text.assemble((shown, "bold"), f": {reason}"), 4, "  ·")
    page.more(len(by_reason) - MAX_CAUSES, "reasons", 4)


def _cause(missing: Missing | Failure) -> Hashable:
    """A permission is one cause wherever it is missing; anything else is told apart by its reason."""
    return missing.needs_action.lower() if _refused(missing) and missing.needs_action else clean(missing.reason)


def _words(missing: Missing | Failure) -> str:
    if not missing.needs_action:
        return clean(missing.reason)
    return f"{'permission' if _refused(missing) else f'{clean(missing.reason)}: needs'} {clean(missing.needs_action)}"


def _refused(missing: Missing | Failure) -> bool:
    return missing.http_status in (401, 403)
