"""Verdicts: what a rule, or one hop of a path, concludes, and how conclusions combine.

There are four outcomes, not two. `any_of` and `all_of` combine in Kleene's three-valued way: one sure pass decides
an *any*, one sure fail decides an *all*; else what was not seen makes the whole unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from auditor.model.facts import Evidence, Fact, Missing, Undecided, evidence


class Status(StrEnum):
    PASS = "pass"  # noqa: S105  # nosec B105
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"


# Looking a member up in its class takes longer than what is done with it, and there are hundreds of verdicts to an
# environment.
PASS, FAIL, UNKNOWN, NOT_APPLICABLE = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    rank: int  # 0 for critical, growing towards info; an attribute, since reports sort by it

    def __init__(self, _: str) -> None:
        self.rank = len(type(self).__members__)


class Verdict(NamedTuple):
    """An outcome with its sentence and its proof. ``severity`` is set only where a rule downgrades itself; ``names``
    fill in the fix, of two alike the last."""

    status: Status
    message: str
    evidence: tuple[Evidence, ...] = ()
    assumptions: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    severity: Severity | None = None
    names: tuple[tuple[str, str], ...] = ()

    @property
    def passed(self) -> bool:
        return self.status is PASS

    @property
    def failed(self) -> bool:
        return self.status is FAIL

    @property
    def unknown(self) -> bool:
        return self.status is UNKNOWN

    def saying(self, message: str) -> Verdict:
        """The same outcome and proof in other words."""
        return self._replace(message=message)

    def also(self, *facts: Fact[Any] | Evidence) -> Verdict:
        """The same outcome with more evidence."""
        return self._replace(evidence=self.evidence + _evidence(facts))

    def naming(self, names: Mapping[str, str]) -> Verdict:
        """The same outcome with more names for the fix."""
        return self._replace(names=(*self.names, *names.items()))

    def once(self) -> Verdict:
        """The same outcome with each piece of its evidence once."""
        kept: list[Evidence] = []
        at: dict[tuple[str, str], list[Evidence]] = {}  # what was observed may be a list, which no set holds
        for item in self.evidence:
            alike = at.setdefault((item.resource_id, item.path), [])
            if item not in alike:
                alike.append(item)
                kept.append(item)
        return self._replace(evidence=tuple(kept))


def _evidence(facts: Iterable[Fact[Any] | Evidence]) -> tuple[Evidence, ...]:
    return tuple([f if isinstance(f, Evidence) else evidence(f) for f in facts])


def ok(message: str, *facts: Fact[Any] | Evidence, assuming: Iterable[str] = ()) -> Verdict:
    """A pass; ``assuming`` lists what it takes for granted and the reader must see."""
    return Verdict(PASS, message, _evidence(facts), tuple(assuming))


def fail(
    message: str,
    *facts: Fact[Any] | Evidence,
    at: Severity | None = None,
    names: Mapping[str, str] | None = None,
) -> Verdict:
    """A failure; ``at`` is the severity when it is lower than the rule's own, ``names`` fill in the fix."""
    return Verdict(FAIL, message, _evidence(facts), severity=at, names=tuple((names or {}).items()))


def unknown(message: str, *missing: Missing, seen: Iterable[Fact[Any] | Evidence] = ()) -> Verdict:
    """Not decided; ``missing`` says what would have been needed, at least one thing."""
    return Verdict(UNKNOWN, message, _evidence(seen), missing=missing)


def not_applicable(message: str, *facts: Fact[Any] | Evidence) -> Verdict:
    return Verdict(NOT_APPLICABLE, message, _evidence(facts))


def undecided(error: Undecided) -> Verdict:
    """The unknown verdict that an unread fact makes."""
    reasons = list(dict.fromkeys(f"{m.path}: {m.reason}" if m.path else m.reason for m in error.missing))
    return unknown("; ".join(reasons), *error.missing)


class NotApplicable(Exception):  # noqa: N818  (an outcome, not an error)
    """A rule's precondition does not hold."""


def require(verdict: Verdict, otherwise: str | None = None) -> None:
    """Go on only when a prerequisite holds: unknown makes the rule unknown with the same missing facts, anything else
    makes it not applicable."""
    if verdict.unknown:
        raise Undecided(*verdict.missing)
    if not verdict.passed:
        raise NotApplicable(otherwise or verdict.message)


def applies(condition: bool, otherwise: str) -> None:
    """Go on only when a condition holds; else the rule does not apply."""
    if not condition:
        raise NotApplicable(otherwise)


def any_of(verdicts: Iterable[Verdict], none: Verdict) -> Verdict:
    """The first pass; else unknown if one is; else ``none``, carrying the evidence and reasons of all."""
    seen = list(verdicts)
    for verdict in seen:
        if verdict.status is PASS:
            return verdict
    unsure = [v for v in seen if v.status is UNKNOWN]
    if unsure:
        missing = tuple(dict.fromkeys(m for v in unsure for m in v.missing))
        return unsure[0]._replace(message=_join(unsure), missing=missing)
    failed = [v for v in seen if v.status is FAIL]
    if not failed:
        return none
    proof = tuple(e for v in failed for e in v.evidence) + none.evidence
    names = tuple([pair for v in (*reversed(failed), none) for pair in v.names])
    return none._replace(message=_join(failed), evidence=proof, names=names)


def all_of(verdicts: Iterable[Verdict], every: str) -> Verdict:
    """The first failure; else unknown if one is; else a pass that carries the evidence and assumptions of all."""
    seen = list(verdicts)
    failed = [v for v in seen if v.status is FAIL]
    if failed:
        proof = tuple(e for v in failed for e in v.evidence)
        worst = min(failed, key=lambda v: -1 if v.severity is None else v.severity.rank)
        names = tuple([pair for v in reversed(failed) for pair in v.names])
        return worst._replace(message=_join(failed), evidence=proof, names=names)
    unsure = [v for v in seen if v.status is UNKNOWN]
    if unsure:
        missing = tuple(dict.fromkeys(m for v in unsure for m in v.missing))
        return unsure[0]._replace(message=_join(unsure), missing=missing)
    proof = tuple([e for v in seen for e in v.evidence])
    notes = tuple(dict.fromkeys([a for v in seen for a in v.assumptions]))
    return Verdict(PASS, every, proof, notes)


def each_of(verdicts: Iterable[Verdict], every: str, none: str) -> Verdict:
    """`all_of` those that apply; not applicable, for the reason ``none``, where none does."""
    seen = [v for v in verdicts if v.status is not NOT_APPLICABLE]
    return all_of(seen, every) if seen else not_applicable(none)


def _join(verdicts: list[Verdict]) -> str:
    return "; ".join(dict.fromkeys(v.message for v in verdicts))
