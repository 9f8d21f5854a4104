"""``audit diff``: what differs between two snapshots, or between two JSON reports.

Two snapshots are both judged by the rules of today, so that what differs is the environment and not the tool. The exit
code has its usual meaning, for what is new: 1 when something fails that did not, 3 when nothing does but something is
unknown that was not, both at or above ``--fail-on``; else 0.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from auditor.auditing import read_snapshot
from auditor.changes import changes
from auditor.cli import earlier, rulebook
from auditor.cli.errors import AuditError
from auditor.cli.outputs import to_stdout
from auditor.comparing import differing, whereabouts
from auditor.engine import audit
from auditor.model.baseline import Finding
from auditor.model.difference import Change, Difference, Side, Turn
from auditor.model.ids import key
from auditor.model.report import Report, Run
from auditor.model.result import Result
from auditor.model.snapshot import Snapshot
from auditor.model.verdict import Severity, Status
from auditor.reports import difference_report

ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?!/)")
HELP = "give two files of --save-snapshot, or two of -o report.json"


def run(old: Path, new: Path, format_: str, fail_on: Severity | None, rules: tuple[Path, ...], quiet: bool) -> int:
    """Print what differs, and answer with the exit code.

    Raises:
        AuditError: one of the files is neither a snapshot nor a JSON report, or they are not of one kind.
    """
    found = compare(old, new, rules)
    if format_ == "json":
        to_stdout(difference_report.render_json(found))
    else:
        width = None if sys.stdout.isatty() else 100
        console = Console(file=sys.stdout, width=width, highlight=False)
        with console.capture() as captured:
            difference_report.render(found, console)
        to_stdout(captured.get())
    code, why = _code(found, fail_on)
    if not quiet:
        sys.stderr.write(f"exit {code}: {why}\n")
    return code


def compare(old: Path, new: Path, rules: tuple[Path, ...] = ()) -> Difference:
    """What differs between two files."""
    documents = [earlier.load(path, HELP) for path in (old, new)]
    kinds = [earlier.kind(document) for document in documents]
    for path, kind in zip((old, new), kinds, strict=True):
        if kind not in ("snapshot", "report"):
            raise AuditError(f"{path} is neither a snapshot nor a JSON report of audit", HELP)
    if kinds[0] != kinds[1]:
        raise AuditError(f"{old} is a {kinds[0]} and {new} is a {kinds[1]}", HELP)
    if kinds[0] == "report":
        return _reports(old, earlier.read(old, documents[0]), new, earlier.read(new, documents[1]))
    return _snapshots(old, new, rules)


def _reports(old: Path, before: earlier.EarlierReport, new: Path, after: earlier.EarlierReport) -> Difference:
    # A report does not say what was there and has no result, so nothing without a counterpart is known to be gone.
    results = differing(before.findings, after.findings, lambda _: "the newer report has no such result")
    return Difference(
        Side("report", str(old), before.finished_at),
        Side("report", str(new), after.finished_at),
        *results,
        environments=_turns(
            {e.id: e.verdict for e in before.environments}, {e.id: e.verdict for e in after.environments}
        ),
    )


def _snapshots(old: Path, new: Path, rules: tuple[Path, ...]) -> Difference:
    book = rulebook.rules(rules)

    def judged(path: Path) -> Report:
        snapshot = read_snapshot(path, HELP)
        run_ = Run("", snapshot.taken_at, snapshot.finished_at, "snapshot")
        with redirect_stdout(sys.stderr):
            return audit(snapshot, book, run_)

    before, after = judged(old), judged(new)
    results = differing(
        (r.finding for r in before.results),
        (r.finding for r in after.results),
        lambda finding: whereabouts(after, finding),
    )
    return Difference(
        _side(old, before.snapshot),
        _side(new, after.snapshot),
        *results,
        environments=_turns(_verdicts(before), _verdicts(after)),
        resources=tuple(_beside(changes(before.snapshot, after.snapshot), before, after)),
    )


def _side(path: Path, snapshot: Snapshot) -> Side:
    return Side("snapshot", str(path), snapshot.taken_at)


def _verdicts(report: Report) -> dict[str, str]:
    return {e.id: str(report.conclusion(e)) for e in report.environments}


def _turns(before: dict[str, str], after: dict[str, str]) -> tuple[Turn, ...]:
    old, new = ({key(i): (i, verdict) for i, verdict in side.items()} for side in (before, after))
    turns = []
    for at in dict.fromkeys([*old, *new]):
        known, verdicts = new.get(at) or old[at], (old.get(at, ("", None))[1], new.get(at, ("", None))[1])
        if verdicts[0] != verdicts[1]:
            turns.append(Turn(known[0], *verdicts))
    return tuple(turns)


def _beside(found: Iterable[Change], before: Report, after: Report) -> Iterable[Change]:
    """The changes with the rules that answer otherwise and rest on the resource, or speak of the address it has now."""
    was = {r.fingerprint: r for r in before.results}
    touched: dict[str, dict[str, None]] = defaultdict(dict)
    for result in after.results:
        old = was.get(result.fingerprint)
        if old is not None and old.status is not result.status:
            shift = f"{result.rule.id} {old.status} → {result.status}"
            for name in {*_speaks_of(old), *_speaks_of(result)}:
                touched[name][shift] = None
    return [
        replace(
            change,
            rules=tuple({**touched.get(key(change.resource_id), {}), **touched.get(str(change.after), {})}),
        )
        for change in found
    ]


def _speaks_of(result: Result) -> Iterable[str]:
    yield key(result.resource_id)
    yield from (key(e.resource_id) for e in result.verdict.evidence)
    yield from (key(m.resource_id) for m in result.verdict.missing)
    yield from ADDRESS.findall(result.verdict.message)


def _code(found: Difference, fail_on: Severity | None) -> tuple[int, str]:
    if fail_on is None:
        return 0, "--fail-on never"

    def counts(findings: Iterable[Finding | None], status: Status) -> int:
        rank = fail_on.rank
        return sum(f is not None and f.status is status and f.severity.rank <= rank for f in findings)

    failed = counts((*found.new, *(s.after for s in found.changed)), Status.FAIL)
    unknown = counts((s.after for s in found.changed), Status.UNKNOWN)
    if failed:
        return 1, f"{failed} failed at or above {fail_on} that did not before"
    if unknown:
        return 3, f"{unknown} unknown at or above {fail_on} that {'was' if unknown == 1 else 'were'} not before"
    return 0, f"nothing new failed and nothing new is unknown at or above {fail_on}"
