"""What the terminal report says of what was decided, and of what changed since a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Final

from rich.text import Text

from auditor.model.baseline import Settled, Standing
from auditor.model.decisions import Use
from auditor.model.report import Report
from auditor.model.verdict import Status
from auditor.reports.table_layout import Page
from auditor.reports.text import Names, clean, plural, shorten

MAX_WAIVED: Final = 20
MAX_SETTLED: Final = 15
MAX_NOTES: Final = 20
MAX_REASON: Final = 300


def waived(report: Report, page: Page, names: Names, labels: Mapping[str, str]) -> None:
    """Every waived failure with the reason and the end of its waiver."""
    found = [r for r in report.results if r.waiver is not None]
    if not found:
        return
    page.heading(f"Waived ({len(found):,})")
    for result in found[:MAX_WAIVED]:
        assert result.waiver is not None  # noqa: S101  (chosen so)
        of = f"  of {label}" if (label := labels.get(result.environment_id or "")) else ""
        what = (f"{result.rule.id}  ", "bold"), names.of(result.resource_id), (of, "dim")
        page.line(Text.assemble(*what, (f"  {result.severity}", "dim")), 4, "  ·")
        page.line(f"until {result.waiver.expires}: {shorten(clean(result.waiver.reason), MAX_REASON)}", 4)
    page.more(len(found) - MAX_WAIVED, "waived failures", 4)


def decisions(report: Report, page: Page) -> None:
    """Rules that are off or have another severity, and waivers that did nothing."""
    if report.decisions is None:
        return
    idle = [u for u in report.waivers if u.use is not Use.APPLIED]
    lines = []
    if report.decisions.off:
        lines.append(Text.assemble("not checked, switched off: ", (" ".join(report.decisions.off), "bold")))
    if report.decisions.severities:
        changed = (f"{rule} {severity}" for rule, severity in report.decisions.severities.items())
        lines.append(Text.assemble("severity changed: ", (", ".join(changed), "bold")))
    for use in idle:
        of = f"waiver of {' '.join(use.waiver.rules)} on {clean(use.waiver.resource)}"
        lines.append(Text.assemble((of, ""), (f" {clean(use.message)}", "yellow")))
    if lines:
        page.heading("By the configuration")
    for line in lines[:MAX_NOTES]:
        page.line(line, 4, "  ·")
    page.more(len(lines) - MAX_NOTES, "waivers", 4)


def changes(report: Report, page: Page, names: Names) -> None:
    """What was fixed since the baseline, and what can no longer be told; what is new is marked where it stands."""
    comparison = report.comparison
    if comparison is None:
        return
    new = sum(r.status is Status.FAIL and r.baseline is Standing.NEW for r in report.results)
    when = f"{comparison.baseline.finished_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    page.heading(
        f"Since the baseline of {when}: {plural(new, 'new failure')}, {len(comparison.fixed):,} fixed"
        + (f", {len(comparison.unsettled):,} not judged again" if comparison.unsettled else "")
    )
    _settled(comparison.fixed, Text("fixed", style="green"), page, names)
    _settled(comparison.unsettled, Text("unsure", style="yellow"), page, names)


def _settled(found: Sequence[Settled], word: Text, page: Page, names: Names) -> None:
    for one in found[:MAX_SETTLED]:
        finding = one.finding
        what = (f"{clean(finding.rule_id)}  ", "bold"), names.of(finding.resource_id)
        page.line(Text.assemble(*what, (f"  {shorten(clean(one.now), MAX_REASON)}", "dim")), 10, Text("  ") + word)
    page.more(len(found) - MAX_SETTLED, f"{word.plain}", 10)
