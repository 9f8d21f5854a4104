"""A finished audit: what every report is made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Literal

from auditor.model.baseline import Comparison
from auditor.model.decisions import Decisions, WaiverUse
from auditor.model.environment import Environment
from auditor.model.ids import key
from auditor.model.result import Result
from auditor.model.rule import Rule, Tier
from auditor.model.snapshot import Failure, Snapshot
from auditor.model.verdict import Severity, Status


class Conclusion(StrEnum):
    """The verdict on an environment, or on all of them."""

    SECURE = "secure"
    DEVIATES = "deviates"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Unjudged:
    """A subscription, workspace, compute or cluster that makes no environment, and why. ``failure`` is set where the
    reason is that something could not be read."""

    resource_id: str
    reason: str
    failure: Failure | None = None


@dataclass(frozen=True)
class Gap:
    """Something that collection asked for and did not get."""

    resource_id: str
    operation: str
    failure: Failure


@dataclass(frozen=True)
class Run:
    """When and from what the audit was made."""

    id: str
    started_at: datetime
    finished_at: datetime
    source: Literal["live", "replay", "snapshot"]


@dataclass(frozen=True)
class Report:
    """Results in report order: environment by environment, failures first, worst first.

    ``rules`` are those that are on. ``decisions`` is None where no configuration was given, ``comparison`` where there
    is no earlier report.
    """

    run: Run
    snapshot: Snapshot
    environments: tuple[Environment, ...]
    unjudged: tuple[Unjudged, ...]
    rules: tuple[Rule, ...]
    results: tuple[Result, ...]
    decisions: Decisions | None = None
    waivers: tuple[WaiverUse, ...] = ()
    comparison: Comparison | None = None

    @property
    def gaps(self) -> list[Gap]:
        snapshot = self.snapshot
        found = [
            Gap(f"/subscriptions/{s.id}", "read the subscription", s.failure)
            for s in snapshot.subscriptions
            if s.failure
        ]
        found += [Gap(x.scope, f"list {x.type}", x.failure) for x in snapshot.listings if x.failure]
        found += [Gap(u.id, "read", u.failure) for u in snapshot.unread if not u.gone]
        return sorted(found, key=lambda gap: (key(gap.resource_id), gap.operation))

    @property
    def scope_unread(self) -> bool:
        """Whether part of what was asked for could not even be looked through."""
        return any(u.failure is not None for u in self.unjudged)

    @cached_property
    def _by_environment(self) -> dict[str | None, list[Result]]:
        found: dict[str | None, list[Result]] = {}
        for result in self.results:
            found.setdefault(result.environment_id, []).append(result)
        return found

    def of(self, environment: Environment) -> list[Result]:
        return self._by_environment.get(environment.id, [])

    def conclusion(self, environment: Environment | None = None) -> Conclusion:
        """The verdict by the core rules of severity medium and above; over everything when no environment is given."""
        if environment is None and not self.environments:
            return Conclusion.UNDETERMINED
        results = self.results if environment is None else self.of(environment)
        counting = [r for r in results if r.rule.tier is Tier.CORE and r.severity.rank <= Severity.MEDIUM.rank]
        if any(r.status is Status.FAIL for r in counting):
            return Conclusion.DEVIATES
        if any(r.status is Status.UNKNOWN for r in counting):
            return Conclusion.UNDETERMINED
        return Conclusion.SECURE

    @cached_property
    def _counts(self) -> Counter[tuple[Status, Severity]]:
        return Counter((r.status, r.severity) for r in self.results)

    def count(self, status: Status) -> int:
        return sum(self._counts[status, severity] for severity in Severity)

    def failed(self, severity: Severity) -> int:
        return self._counts[Status.FAIL, severity]


class Outcome(StrEnum):
    """What the exit code follows from."""

    CLEAN = "clean"
    FAILED = "failed"
    UNSURE = "unsure"


def outcome(report: Report, fail_on: Severity | None) -> Outcome:
    """Whether something failed, or is unsure, at or above a severity; ``None`` means never."""
    if fail_on is None:
        return Outcome.CLEAN
    counting = [r for r in report.results if r.severity.rank <= fail_on.rank]
    if any(r.status is Status.FAIL for r in counting):
        return Outcome.FAILED
    if report.scope_unread or any(r.status is Status.UNKNOWN for r in counting):
        return Outcome.UNSURE
    return Outcome.CLEAN
