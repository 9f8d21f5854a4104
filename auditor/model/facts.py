"""What was seen, and what was not: the leaf of everything.

A rule reads a fact's ``value``. Reading the value of something that was not seen raises `Undecided`, which the engine
turns into an *unknown* result: a rule cannot mistake unseen for false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)


# No tuples: one could be looped over, or searched, by a rule that forgot `value`, and would seem empty of what is bad.
@dataclass(frozen=True, slots=True)
class Missing:
    """Something that was not seen, why, and the permission that would have shown it."""

    resource_id: str
    path: str
    reason: str
    http_status: int | None = None
    needs_action: str | None = None

    @property
    def value(self) -> NoReturn:
        raise Undecided(self)


@dataclass(frozen=True, slots=True)
class Seen(Generic[T_co]):
    """A value that Azure Resource Manager answered, and the REST property path it stood at."""

    resource_id: str
    path: str
    value: T_co
    note: str | None = None


Fact = Seen[T_co] | Missing


class Undecided(Exception):  # noqa: N818  (an outcome, not an error)
    """A verdict needs facts that were not seen."""

    def __init__(self, *missing: Missing) -> None:
        super().__init__("; ".join(m.reason for m in missing))
        self.missing = missing


class Evidence(NamedTuple):
    """One observation behind a verdict, as every report shows it."""

    resource_id: str
    path: str
    observed: Any
    note: str | None = None


def evidence(fact: Fact[Any]) -> Evidence:
    """The evidence that a fact makes; for a missing one, the reason stands as the note."""
    if isinstance(fact, Missing):
        return Evidence(fact.resource_id, fact.path, None, fact.reason)
    return Evidence(fact.resource_id, fact.path, fact.value, fact.note)
