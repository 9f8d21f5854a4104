"""The CSV report: one row per result, for spreadsheets.

A spreadsheet runs what looks like a formula, so nothing that comes from Azure may begin like one.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from auditor.model.environment import Environment
from auditor.model.report import Report
from auditor.model.result import Result
from auditor.reports.json_report import timestamp
from auditor.reports.lines import (
    SEPARATOR,
    TO_FIX,
    gap,
    links,
    needed_actions,
    obstacle,
    seen,
    unseen,
    ways,
    worst_first,
)
from auditor.reports.summary import headline
from auditor.reports.text import PARTS, Names, clean, fix_of, labels_of, names_of, shorten

# The environment stands first for a reader's sake; and a program that does not know of byte order marks stumbles only
# over the name of the first column.
COLUMNS: Final = (
    "environment",
    "environment_verdict",
    "status",
    "severity",
    "rule_id",
    "title",
    "resource",
    "message",
    "fix",
    "needed_actions",
    "evidence",
    "missing",
    "assumptions",
    "baseline",
    "waiver_reason",
    "waiver_expires",
    "scenario",
    "access",
    "tier",
    "controls",
    "references",
    "resource_id",
    "environment_id",
    "fingerprint",
    "audit_verdict",
    "seen_at",
)
# What has no result and must not fall silent has a row too, with a status that no result has.
NOT_JUDGED: Final = "not-judged"
NOT_READ: Final = "not-read"

# Without it, Excel takes the file for text in the code page of the machine.
BYTE_ORDER_MARK: Final = "\ufeff"
# Excel takes 32,767 UTF-16 units in a cell, and a character has two at most.
MAX_CELL: Final = 16_000
# Also in full width, and also behind what separates cells in another locale, in which Excel may read the file. The
# latter apart, since a search for one of two characters is far quicker than one that may begin anywhere.
FORMULA: Final = re.compile(r"[\s'\"]*[=+\-@＝＋－＠]")
FORMULA_BEHIND: Final = re.compile(rf"[,;](?={FORMULA.pattern})")

Row = dict[str, str]


def render(report: Report) -> str:
    """The report as CSV text (RFC 4180), each record in one line."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same text, record by record."""
    yield BYTE_ORDER_MARK + _record(COLUMNS)
    common = {"audit_verdict": str(report.conclusion()), "seen_at": timestamp(report.snapshot.taken_at)}
    for row in _rows(report):
        cells = row | common
        yield _record(_cell(cells.get(name, "")) for name in COLUMNS)


def harmless(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet could take for a formula."""
    behind = FORMULA_BEHIND.sub(r"\g<0>'", text)
    return f"'{behind}" if FORMULA.match(text) else behind


def _record(cells: Iterable[str]) -> str:
    return ",".join(cells) + "\r\n"


@lru_cache(4096)  # most cells say what others say
def _cell(text: str) -> str:
    """A text as one cell. It is one line, so that nothing but a comma or a quotation mark makes it need quotes.

    The standard library's writer looks at each character by itself, which takes a third of the time of a report.
    """
    shown = harmless(shorten(clean(text), MAX_CELL))
    return '"' + shown.replace('"', '""') + '"' if "," in shown or '"' in shown else shown


def _rows(report: Report) -> Iterator[Row]:
    names, labels = names_of(report), labels_of(report.environments)
    environments = {e.id: _environment(report, e, labels[e.id]) for e in report.environments}
    for result in worst_first(report.results):
        about = environments.get(result.environment_id or "", {"environment_id": result.environment_id or ""})
        yield about | _result(result, names)
    for item in report.unjudged:
        message = f"{item.reason}: {obstacle(item.failure)}" if item.failure else item.reason
        yield _about(item.resource_id, names) | {"status": NOT_JUDGED, "message": message}
    for found in report.gaps:
        needed = found.failure.needs_action or ""
        row = {"status": NOT_READ, "message": gap(found), "needed_actions": needed}
        yield _about(found.resource_id, names) | row
    if not report.environments and not report.unjudged:
        yield {"status": NOT_JUDGED, "message": headline(report)}


def _environment(report: Report, environment: Environment, label: str) -> Row:
    return {
        "environment": label,
        "environment_id": environment.id,
        "environment_verdict": str(report.conclusion(environment)),
        "scenario": str(environment.scenario),
        "access": SEPARATOR.join(f"{PARTS[part]}: {way}" for part, way in ways(environment).items()),
    }


def _result(result: Result, names: Names) -> Row:
    rule = result.rule
    several = {
        "evidence": seen(result),
        "missing": unseen(result),
        "needed_actions": needed_actions(result),
        "assumptions": list(dict.fromkeys(result.verdict.assumptions)),
        "controls": list(rule.controls),
        "references": links(rule),
    }
    return {
        "status": str(result.status),
        "severity": str(result.severity),
        "rule_id": rule.id,
        "title": rule.title,
        "tier": str(rule.tier),
        "message": result.verdict.message,
        "fix": fix_of(result) if result.status in TO_FIX else "",
        "fingerprint": result.fingerprint,
        "baseline": str(result.baseline or ""),
        "waiver_reason": result.waiver.reason if result.waiver else "",
        "waiver_expires": result.waiver.expires.isoformat() if result.waiver else "",
        **_about(result.resource_id, names),
        **{name: SEPARATOR.join(values) for name, values in several.items()},
    }


def _about(resource_id: str, names: Names) -> Row:
    return {"resource": names.of(resource_id), "resource_id": resource_id}
