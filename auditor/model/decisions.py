"""What the people who answer for an environment decided: rules off, other severities, and failures waived for a time.

A decision changes what counts, never what was seen: it stands in every report, with its reason and its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from auditor.model.ids import key
from auditor.model.rule import Rule
from auditor.model.verdict import Severity


def matches(pattern: str, arm_id: str) -> bool:
    """Whether an id fits a pattern, without case: ``*`` is any text, also with ``/`` in it, ``?`` one character."""
    return fnmatchcase(key(arm_id), key(pattern).replace("[", "[[]"))


@dataclass(frozen=True)
class Waiver:
    """A failure that somebody accepts until the end of a day (UTC), with the reason.

    ``resource`` is a pattern for the id of the thing to change, ``environment`` narrows it to environments. Rules are
    named one by one, so that a rule of a later version is never waived by accident.
    """

    rules: tuple[str, ...]
    resource: str
    reason: str
    expires: date
    environment: str | None = None

    def covers(self, rule_id: str, resource_id: str, environment_id: str | None) -> bool:
        """Whether this is about a result, whatever its status and the date."""
        if rule_id not in self.rules or not matches(self.resource, resource_id):
            return False
        return self.environment is None or matches(self.environment, environment_id or "")

    def expired(self, today: date) -> bool:
        return today > self.expires


class Use(StrEnum):
    """What became of a waiver in a run."""

    APPLIED = "applied"
    EXPIRED = "expired"
    UNMATCHED = "unmatched"


@dataclass(frozen=True)
class WaiverUse:
    """A waiver after a run: how many failures it waived, or why it waived none."""

    waiver: Waiver
    use: Use
    results: int
    message: str


@dataclass(frozen=True)
class Decisions:
    """All of them. ``off`` and ``severities`` name rules by their ids."""

    off: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    def applied_to(self, rules: Sequence[Rule]) -> list[Rule]:
        """The rules that are on, with the severity that was decided for each."""
        on = [rule for rule in rules if rule.id not in self.off]
        decided = self.severities
        return [replace(r, severity=decided[r.id], capped=True) if r.id in decided else r for r in on]
