"""What the terminal report says of the unseen: unknown results, things that were not judged, and gaps."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from auditor.model.report import Report
from auditor.model.verdict import Status
from auditor.reports.table_layout import Page
from auditor.reports.text import Names
from auditor.reports.unseen import Cause, causes_of_gaps, causes_of_unknowns, unjudged_by_reason

MAX_CAUSES: Final = 8
MAX_NAMES: Final = 4
MAX_IDS: Final = 24


def unknowns(report: Report, page: Page, names: Names) -> None:
    if causes := causes_of_unknowns(report, names):
        page.heading(f"Unknown ({report.count(Status.UNKNOWN):,}), by what is missing")
        _list(causes, page)


def gaps(report: Report, page: Page, names: Names) -> None:
    if causes := causes_of_gaps(report, names):
        page.heading("Also not read")
        _list(causes, page)


def _list(causes: list[Cause], page: Page) -> None:
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
    by_reason = unjudged_by_reason(report)
    if not by_reason:
        return
    page.heading(f"Not judged ({len(report.unjudged):,})")
    for reason, ids in list(by_reason.items())[:MAX_CAUSES]:
        shown = ", ".join(names.of(i) for i in ids[:MAX_NAMES])
        if len(ids) > MAX_NAMES:
            shown += f" and {len(ids) - MAX_NAMES:,} more"
        page.line(Text.assemble((shown, "bold"), f": {reason}"), 4, "  ·")
    page.more(len(by_reason) - MAX_CAUSES, "reasons", 4)
