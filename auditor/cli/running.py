"""One run: get a snapshot, judge it, write the reports, and say what the exit code means."""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from auditor import files
from auditor.cli import config, earlier, evidence, outputs, rulebook, service_tags
from auditor.cli.errors import AuditError
from auditor.cli.outputs import Document, Output
from auditor.cli.progress import Progress
from auditor.comparing import compared
from auditor.engine import audit
from auditor.model.decisions import Use
from auditor.model.ids import ArmId
from auditor.model.report import Outcome, Report, Run, outcome
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.types import WORKSPACES
from auditor.model.verdict import Severity, Status
from auditor.reports.evidence import files as evidence_files
from auditor.reports.sarif import Options
from auditor.reports.text import clean

LARGEST_SNAPSHOT = 2**28
EXIT = {Outcome.CLEAN: 0, Outcome.FAILED: 1, Outcome.UNSURE: 3}


@dataclass(frozen=True)
class Source:
    """Where the snapshot comes from: exactly one of them. ``everything`` means all subscriptions."""

    subscriptions: tuple[str, ...] = ()
    everything: bool = False
    management_group: str | None = None
    snapshot: Path | None = None
    replay: Path | None = None
    cloud: str = "AzureCloud"
    tenant: str | None = None
    record: Path | None = None
    anonymize: bool = False
    service_tags: Path | None = None
    threads: int = 16
    seconds: float | None = None

    @property
    def name(self) -> Literal["live", "replay", "snapshot"]:
        return "snapshot" if self.snapshot else "replay" if self.replay else "live"


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
    tags = service_tags.read(source.service_tags) if source.service_tags else None
    started = datetime.now(UTC)
    snapshot = collect(source, scope, wish, started)
    if tags is not None:
        snapshot.service_tags = service_tags.of_cloud(tags, snapshot.cloud)
    _check_workspaces(snapshot)
    if source.snapshot is None and not wish.quiet:
        seconds = (snapshot.finished_at - snapshot.taken_at).total_seconds()
        sys.stderr.write(f"read Azure in {snapshot.traffic.requests} requests and {seconds:.1f} s\n")
    run_ = Run(str(uuid.uuid4()), started, datetime.now(UTC), source.name)
    with contextlib.redirect_stdout(sys.stderr):  # a rule of other people may print, and stdout belongs to the report
        report = audit(snapshot, book, run_, decided.decisions if decided else None)
    if baseline is not None:
        report = compared(report, baseline)
    documents = [
        Document(o.path, outputs.RENDERERS[o.format](report, wish.sarif)) for o in wish.outputs if o.path is not None
    ]
    if wish.save_snapshot:
        documents.append(Document(wish.save_snapshot, snapshot.model_dump_json(indent=1) + "\n", private=True))
    with evidence.written(wish.evidence, evidence_files(report)) if wish.evidence else contextlib.nullcontext():
        outputs.write(documents)
    reached = outcome(report, wish.fail_on)
    try:
        _print(report, wish)
    except BrokenPipeError:  # audit … | head: what it concluded stays true
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not wish.quiet:
        sys.stderr.writelines(_idle_waivers(report, wish))
        sys.stderr.write(_why(report, reached, wish.fail_on) + "\n")
    return EXIT[reached]


def collect(source: Source, scope: Scope, wish: Wish, started: datetime) -> Snapshot:
    """The snapshot of a source, narrowed to a scope."""
    if source.snapshot is not None:
        snapshot = read_snapshot(source.snapshot)
        if scope != Scope():
            snapshot.scope = scope
        return snapshot
    # The SDKs take seconds to import, and commands that stay offline must not pay for them.
    from collectors.collect import Request, live, replay
    from collectors.errors import CollectionError

    try:
        with Progress(wish.quiet, wish.verbose) as progress:
            request = Request(
                source.subscriptions,
                scope,
                source.threads,
                source.seconds,
                progress.read,
                progress.note,
                source.management_group,
            )
            if source.replay is not None:
                snapshot = replay(request, source.replay)
            else:
                snapshot = live(request, source.cloud, source.tenant, started, source.record, source.anonymize)
    except CollectionError as error:
        raise AuditError(str(error), error.help) from error
    snapshot.finished_at = snapshot.taken_at + (datetime.now(UTC) - started)
    return snapshot


def read_snapshot(path: Path, help_: str = "give --snapshot a file that --save-snapshot wrote") -> Snapshot:
    """A saved snapshot.

    Raises:
        AuditError: the file cannot be read, is cut off, or is not a snapshot of this version.
    """
    try:
        snapshot = Snapshot.model_validate(files.parse(files.read(path, LARGEST_SNAPSHOT)))
    except files.UnreadableError as error:
        raise AuditError(f"cannot read the snapshot {path}: {error}", help_) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise AuditError(f"{path} is not a whole snapshot of this version ({what})", help_) from error
    except ValueError as error:
        raise AuditError(f"{path} is not a whole snapshot of this version ({error})", help_) from error
    absent = sorted({"schema_version", "subscriptions", "resources", "listings", "unread"} - snapshot.model_fields_set)
    if absent:
        raise AuditError(f"{path} is not a whole snapshot of this version (no {', '.join(absent)})", help_)
    return snapshot


def _check_workspaces(snapshot: Snapshot) -> None:
    """A name that matches nothing is a mistake, as long as every workspace could be seen."""
    whole = all(
        (listing := snapshot.listing(f"/subscriptions/{s.id}", WORKSPACES)) is not None and listing.failure is None
        for s in snapshot.subscriptions
    )
    there = [w.id for w in snapshot.of_type(WORKSPACES)]
    for name in snapshot.scope.workspaces if whole else ():
        if not any(Scope(workspaces=[name]).admits(w) for w in there):
            names = ", ".join(sorted(w.rpartition("/")[2] for w in there)[:10]) or "none"
            raise AuditError(f"there is no workspace {name} in the scope", f"the workspaces there: {names}")
    for group in snapshot.scope.resource_groups if whole else ():
        if not any(Scope(resource_groups=[group]).admits(w) for w in there):
            groups = ", ".join(sorted({ArmId.parse(w).resource_group for w in there})[:10]) or "none"
            raise AuditError(f"no workspace is in a resource group {group}", f"the groups with workspaces: {groups}")


def _print(report: Report, wish: Wish) -> None:
    printed = [o for o in wish.outputs if o.path is None]
    for output in printed:
        outputs.to_stdout(outputs.RENDERERS[output.format](report, wish.sarif))
    if printed:
        return
    if wish.stdout != "table":
        outputs.to_stdout(outputs.RENDERERS[wish.stdout](report, wish.sarif))
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
