"""What differs between two audits, on a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC
from itertools import groupby
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from auditor.model.baseline import Finding, Settled
from auditor.model.difference import Change, Difference, Kind, Side
from auditor.model.ids import ArmId, key
from auditor.reports.json_report import SCHEMA_VERSION, commandless, timestamp
from auditor.reports.table_layout import Page
from auditor.reports.text import Names, clean, plural, shorten

MAX_ROWS: Final = 40
MAX_UNREAD: Final = 8
MAX_MESSAGE: Final = 500
INDENT: Final = 10
JSON: Final = "-f json"


def render_json(found: Difference) -> str:
    """The difference as indented JSON text that ends in a newline."""
    shown: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "old": _side(found.earlier),
        "new": _side(found.later),
        "summary": {
            "new": len(found.new),
            "fixed": len(found.fixed),
            "missing": len(found.missing),
            "changed": len(found.changed),
            "unchanged": found.unchanged,
        },
        "environments": [asdict(turn) for turn in found.environments],
        "results": {
            "new": [asdict(f) for f in found.new],
            "fixed": [_settled(s) for s in found.fixed],
            "missing": [_settled(s) for s in found.missing],
            "changed": [asdict(s) for s in found.changed],
        },
    }
    if found.resources is not None:
        shown["resources"] = [{**asdict(c), "rules": list(c.rules)} for c in found.resources]
    return commandless(json.dumps(shown, indent=2, default=str)) + "\n"


def _side(side: Side) -> dict[str, Any]:
    return {"kind": side.kind, "file": side.name, "when": timestamp(side.when)}


def _settled(settled: Settled) -> dict[str, Any]:
    return {**asdict(settled.finding), "now": settled.now}


def render(found: Difference, console: Console) -> None:
    """Print the difference: environments, resources, then results, each with what matters first."""
    page = Page(console)
    names = Names(_ids(found), {})
    for word, side in (("old", found.earlier), ("new", found.later)):
        page.line(f"{clean(side.name)} ({side.kind} of {side.when.astimezone(UTC):%Y-%m-%d %H:%M} UTC)", 5, word)
    if found.environments:
        page.heading(f"Environments ({len(found.environments):,})")
    for turn in found.environments[:MAX_ROWS]:
        states = f"{turn.before or 'not there'} → {turn.after or 'not there'}"
        page.line(Text.assemble((names.of(turn.environment_id), "bold"), f"  {states}"), 4, "  ·")
    page.more(len(found.environments) - MAX_ROWS, "environments", 4, JSON)
    _resources(found.resources or (), page, names)
    _findings("Newly failed", "red", [(f, f.message) for f in found.new], page, names)
    _findings("Fixed", "green", [(s.finding, s.now) for s in found.fixed], page, names)
    shifts = [
        (after, f"{s.before.status if s.before else 'none'} → {_now(after, s.before)}: {after.message}")
        for s in found.changed
        if (after := s.after)
    ]
    _findings("Changed otherwise", "yellow", shifts, page, names)
    _findings("Failed before, and not judged again", "yellow", [(s.finding, s.now) for s in found.missing], page, names)
    page.blank()
    counts = (
        plural(len(found.new), "new failure"),
        f"{len(found.fixed):,} fixed",
        f"{len(found.changed):,} changed otherwise",
        f"{len(found.missing):,} not judged again",
        f"{found.unchanged:,} unchanged",
    )
    page.line(", ".join(counts))


def _now(after: Finding, before: Finding | None) -> str:
    same = before is not None and before.severity is after.severity
    return str(after.status) if same or before is None else f"{after.status} ({before.severity} → {after.severity})"


def _findings(title: str, style: str, found: Sequence[tuple[Finding, str]], page: Page, names: Names) -> None:
    if not found:
        return
    page.heading(f"{title} ({len(found):,})")
    for finding, words in found[:MAX_ROWS]:
        what = (f"{clean(finding.rule_id)}  ", "bold"), names.of(finding.resource_id), f"  {_shown(words)}"
        page.line(Text.assemble(*what), INDENT, Text(finding.severity, style=style))
    page.more(len(found) - MAX_ROWS, "of these", INDENT, JSON)


def _resources(found: Sequence[Change], page: Page, names: Names) -> None:
    """Resource by resource, the telling ones first, with the answers that changed beside; what was not read in both is
    only counted, by type."""
    sure = [c for c in found if c.kind not in (Kind.UNREAD, Kind.READ)]
    if sure:
        page.heading(f"Resources ({len({key(c.resource_id) for c in sure}):,})")
    groups = [list(group) for _, group in groupby(sure, key=lambda c: (c.telling, key(c.resource_id)))]
    for changes in groups[:MAX_ROWS]:
        first = changes[0]
        kind = ArmId.parse(first.resource_id).type.rpartition("/")[2]
        page.line(Text.assemble((names.of(first.resource_id), "bold"), (f"  {clean(kind)}", "dim")), 4, "  ·")
        for change in changes:
            page.line(_shown(change.message), 4)
        for rule in dict.fromkeys(rule for change in changes for rule in change.rules):
            page.line(Text(rule, style="yellow"), 6)
    page.more(len(groups) - MAX_ROWS, "resources", 4, JSON)
    unsure = [c for c in found if c.kind in (Kind.UNREAD, Kind.READ)]
    if unsure:
        page.heading(f"Not read in both, which does not say whether it was there ({len(unsure):,})")
    for change in unsure[:MAX_UNREAD]:
        page.line(Text.assemble(names.of(change.resource_id), (f"  {_shown(change.message)}", "dim")), 4, "  ·")
    page.more(len(unsure) - MAX_UNREAD, "resources", 4, JSON)


def _shown(text: str) -> str:
    return shorten(clean(text), MAX_MESSAGE)


def _ids(found: Difference) -> Iterable[str]:
    yield from (f.resource_id for f in found.new)
    yield from (s.finding.resource_id for s in (*found.fixed, *found.missing))
    yield from (s.after.resource_id for s in found.changed if s.after)
    yield from (t.environment_id for t in found.environments)
    yield from (c.resource_id for c in found.resources or ())
