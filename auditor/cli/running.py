"""One run: get a snapshot, judge it, write the reports, and say what the exit code means."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor import auditing
from auditor.auditing import Source
from auditor.cli import config, earlier, evidence, outputs, rulebook
from auditor.cli.outputs import Document, Output
from auditor.cli.progress import Progress
from auditor.comparing import compared
from auditor.model.decisions import Use
from auditor.model.report import Outcome, Report, outcome
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.verdict import Severity, Status
from auditor.reports.evidence import files as evidence_files
from auditor.reports.sarif import Options
from auditor.reports.text import clean

EXIT = {Outcome.CLEAN: 0, Outcome.FAILED: 1, Outcome.UNSURE: 3}


@dataclass(frozen=True)
class Wish:
    """By what is judged, and what is done with the verdicts. ``rules``: folders of rules beside ours; the outputs of
    ``config`` are written when there are no others."""

    outputs: tuple[Output, ...] = ()
    stdout: str = "table"
    save_snapshot: Path | None = None
    fail_on: Severity | None = Severity.LOW
    sarif: Options = field(default_factory=Options)
    evidence: Path | None = None
    quiet: bool = False
    verbose: bool = False
    rules: tuple[Path, ...] = ()
    config: Path | None = None
    baseline: Path | None = None


def run(source: Source, scope: Scope, wish: Wish) -> int:
    """Audit, report, and answer with the exit code.

    Raises:
        AuditError: no audit was possible; nothing was written.
    """
    book = rulebook.rules(wish.rules)
    decided = config.read(wish.config, book) if wish.config else None
    if decided is not None and not wish.outputs:
        wish = replace(wish, outputs=decided.outputs)
        outputs.check_stdout(wish.outputs, wish.stdout)
    files = [o.path for o in wish.outputs if o.path is not None]
    kept = [wish.save_snapshot] if wish.save_snapshot else []
    # A report may take the place of the baseline, which the next run is compared with.
    outputs.check([*files, *kept], inputs=(source.snapshot, source.service_tags, wish.config))
    baseline = earlier.read(wish.baseline).baseline if wish.baseline else None
    if wish.evidence:
        evidence.check(wish.evidence)
    with Progress(wish.quiet, wish.verbose) as progress:
        # A rule of other people may print, and stdout belongs to the report.
        with contextlib.redirect_stdout(sys.stderr):
            decisions = decided.decisions if decided else None
            report = auditing.run(source, scope, rules=book, decisions=decisions, progress=progress)
        if baseline is not None:
            report = compared(report, baseline)
        return _deliver(report, wish, progress)


def _deliver(report: Report, wish: Wish, progress: Progress) -> int:
    """Write the files, print the rest, and answer with the exit code."""
    progress.begin("writing the reports")
    snapshot = report.snapshot
    if report.run.source != "snapshot" and not wish.quiet:
        seconds = (snapshot.finished_at - snapshot.taken_at).total_seconds()
        sys.stderr.write(f"read Azure in {snapshot.traffic.requests} requests and {seconds:.1f} s\n")
    documents = [
        Document(o.path, outputs.RENDERERS[o.format](report, wish.sarif)) for o in wish.outputs if o.path is not None
    ]
    if wish.save_snapshot:
        documents.append(Document(wish.save_snapshot, _pieces(snapshot), private=True))
    with evidence.written(wish.evidence, evidence_files(report)) if wish.evidence else contextlib.nullcontext():
        outputs.write(documents)
    progress.begin("printing: the files are written" if documents else "printing")
    reached = outcome(report, wish.fail_on)
    try:
        _print(report, wish)
    except BrokenPipeError:  # audit … | head: what it concluded stays true
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not wish.quiet:
        sys.stderr.writelines(_idle_waivers(report, wish))
        sys.stderr.write(_why(report, reached, wish.fail_on) + "\n")
    return EXIT[reached]


def _pieces(snapshot: Snapshot) -> Iterator[str]:
    yield snapshot.model_dump_json(indent=1)
    yield "\n"


def _print(report: Report, wish: Wish) -> None:
    printed = [o for o in wish.outputs if o.path is None]
    for output in printed:
        outputs.to_stdout(*outputs.RENDERERS[output.format](report, wish.sarif))
    if printed:
        return
    if wish.stdout != "table":
        outputs.to_stdout(*outputs.RENDERERS[wish.stdout](report, wish.sarif))
        return
    from rich.console import Console

    from auditor.reports import table

    width = None if sys.stdout.isatty() else 100
    console = Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)
    with console.capture() as captured:  # rich ends the process itself where a pipe is broken
        table.render(report, console)
    outputs.to_stdout(captured.get())


def _idle_waivers(report: Report, wish: Wish) -> Iterator[str]:
    """Waivers that did nothing, where no table on stdout tells of them."""
    if wish.stdout == "table" and all(o.path is not None for o in wish.outputs):
        return
    for one in report.waivers:
        if one.use is not Use.APPLIED:
            named = f"{' '.join(one.waiver.rules)} on {one.waiver.resource}"
            yield f"warning: waiver of {clean(f'{named} {one.message}')}\n"


def _why(report: Report, reached: Outcome, fail_on: Severity | None) -> str:
    """The last line: why the exit code is what it is."""
    code = EXIT[reached]
    if fail_on is None:
        return f"exit {code}: --fail-on never"
    counting = [r for r in report.results if r.severity.rank <= fail_on.rank]
    failed = sum(r.status is Status.FAIL for r in counting)
    unsure = sum(r.status is Status.UNKNOWN for r in counting)
    if reached is Outcome.FAILED:
        return f"exit {code}: {failed} failed at or above {fail_on}" + (f", {unsure} unknown" if unsure else "")
    if reached is Outcome.UNSURE:
        parts = [f"{unsure} unknown at or above {fail_on}"] if unsure else []
        if report.scope_unread:
            parts.append("part of the scope could not be read")
        return f"exit {code}: nothing failed, but {' and '.join(parts)}"
    but = f", {accepted} waived" if (accepted := report.count(Status.WAIVED)) else ""
    if report.decisions is not None and report.decisions.off:
        but += f", rules off: {len(report.decisions.off)}"
    if not report.environments:
        return f"exit {code}: no workspace with an attached AKS cluster was seen"
    return f"exit {code}: nothing failed and nothing is unknown at or above {fail_on}{but}"
