"""One audit from a source to a report, for the command line and for programs alike. It prints and ends nothing."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import ValidationError

import rules as rule_package
from auditor import files, service_tags
from auditor.engine import audit
from auditor.errors import AuditError
from auditor.model.decisions import Decisions
from auditor.model.ids import ArmId
from auditor.model.report import Report, Run
from auditor.model.rule import Rule, load
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.types import WORKSPACES

LARGEST_SNAPSHOT = 2**28


class TokenCredential(Protocol):
    """Any credential of azure-identity."""

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """A token for scopes."""


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
    credential: TokenCredential | None = None
    threads: int = 32
    seconds: float | None = None

    @property
    def name(self) -> Literal["live", "replay", "snapshot"]:
        return "snapshot" if self.snapshot else "replay" if self.replay else "live"


def check(source: Source) -> None:
    """See that a program asks for one thing, in what a run can work with. (The command line speaks of its options.)

    Raises:
        AuditError: it does not.
    """
    sources = {
        "subscriptions": source.subscriptions and source.replay is None,  # they may narrow a recording
        "management_group": source.management_group is not None,
        "snapshot": source.snapshot is not None,
        "replay": source.replay is not None,
    }
    given = [name for name, value in sources.items() if value]
    if len(given) > 1:
        raise AuditError(f"{' and '.join(given)} cannot be given together", "choose one")
    for name, texts in (
        ("a subscription", source.subscriptions),
        ("management_group", (source.management_group,) if source.management_group is not None else ()),
        ("cloud", (source.cloud,)),
        ("tenant", (source.tenant,) if source.tenant is not None else ()),
    ):
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise AuditError(f"{name} must be a text that is not empty", "help(auditor.run) says what each argument is")
    if source.anonymize and source.record is None:
        raise AuditError("anonymize needs record", "it changes the names in a recording")
    if source.record is not None and source.name != "live":
        raise AuditError(f"record needs a live audit, not {source.name}", "leave one of the two out")
    if not isinstance(source.threads, int) or source.threads < 1:
        raise AuditError("concurrency must be a whole number of at least 1", "leave it out for the usual number")
    seconds = source.seconds
    if seconds is not None and not (isinstance(seconds, int | float) and 0 < seconds < threading.TIMEOUT_MAX):
        raise AuditError("timeout must be a number of seconds above 0", "leave it out for a run without a bound")


class Progress(Protocol):
    """Is told what a run is at."""

    def begin(self, stage: str) -> None:
        """Another stage begins."""

    def note(self, text: str) -> None:
        """Something that whoever waits should know."""

    def read(self, what: str, done: int, of: int) -> None:
        """``done`` of the ``of`` reads that are known to be needed so far have been made; the last was of ``what``."""


class Reads:
    """Tells a function of the reads, and nobody of the rest."""

    def __init__(self, read: Callable[[str, int, int], None] = lambda what, done, of: None) -> None:
        self.read = read

    def begin(self, stage: str) -> None:
        """Nothing to tell."""

    def note(self, text: str) -> None:
        """Nothing to tell."""


def run(
    source: Source,
    scope: Scope,
    *,
    rules: Sequence[Rule] | None = None,
    decisions: Decisions | None = None,
    progress: Progress | None = None,
) -> Report:
    """Audit a source, by our own rules unless others are given.

    Raises:
        AuditError: no audit was possible.
    """
    progress = progress or Reads()
    started = datetime.now(UTC)
    tags = service_tags.read(source.service_tags) if source.service_tags else None
    snapshot = collect(source, scope, progress, started)
    if tags is not None:
        snapshot.service_tags = service_tags.of_cloud(tags, snapshot.cloud)
    _check_workspaces(snapshot)
    progress.begin("judging")
    about = Run(str(uuid.uuid4()), started, datetime.now(UTC), source.name)
    return audit(snapshot, load(rule_package) if rules is None else rules, about, decisions)


def collect(source: Source, scope: Scope, progress: Progress, started: datetime) -> Snapshot:
    """The snapshot of a source, narrowed to a scope.

    Raises:
        AuditError: there is none.
    """
    if source.snapshot is not None:
        progress.begin("reading the snapshot")
        snapshot = read_snapshot(source.snapshot)
        if scope != Scope():
            snapshot.scope = scope
        return snapshot
    progress.begin("signing in and finding subscriptions")
    from collectors.deadline import Deadline

    deadline = Deadline(source.seconds)
    # The SDKs take seconds to import, and commands that stay offline must not pay for them. The deadline counts them.
    from collectors.collect import Request, live, replay
    from collectors.errors import CollectionError

    try:
        request = Request(
            *(source.subscriptions, scope, source.threads, deadline, progress.read, progress.note),
            management_group=source.management_group,
        )
        if source.replay is not None:
            snapshot = replay(request, source.replay)
        else:
            snapshot = live(
                *(request, source.cloud, source.tenant, started, source.record, source.anonymize, source.credential)
            )
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
        what = files.first_wrong(error)
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
