"""One ARM resource, read as facts."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, TypeVar

from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import ArmId
from auditor.model.paths import ABSENT, at

T = TypeVar("T")


@dataclass(frozen=True)
class Resource:
    """One ARM resource: its id, type and the kept part of its body, at Azure's own property paths.

    The accessors return facts. A property that is absent, null or of another kind than asked for is `Missing`, unless
    ``absent`` says what Azure documents its absence to mean (the caller gives the reason beside it). ``whole``: it was
    read by id, so that what is absent is not there; a list may leave properties out.
    """

    id: str
    type: str
    body: dict[str, Any]
    whole: bool = False

    def __hash__(self) -> int:
        return hash(self.id)

    @cached_property
    def arm(self) -> ArmId:
        return ArmId.parse(self.id)

    @cached_property
    def name(self) -> str:
        return self.id.strip().rstrip("/").rpartition("/")[2]  # most names are wanted of ids that nobody takes apart

    @cached_property
    def _made(self) -> dict[Callable[[Resource], Any], Any]:
        return {}

    def text(self, path: str, absent: str | None = None) -> Fact[str]:
        return self._fact(path, str, absent)

    def flag(self, path: str, absent: bool | None = None) -> Fact[bool]:
        return self._fact(path, bool, absent)

    def items(self, path: str, absent: list[Any] | None = None) -> Fact[list[Any]]:
        return self._fact(path, list, absent)

    def objects(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """The objects of a list with their paths; an absent or null list has none. Anything else in it is left out."""
        value = at(self.body, path)
        if not isinstance(value, list):
            return []
        return [(f"{path}[{i}]", item) for i, item in enumerate(value) if isinstance(item, dict)]

    def raw(self, path: str) -> Any:
        """The value as Azure answered it; None when absent."""
        value = at(self.body, path)
        return None if value is ABSENT else value

    def see(self, path: str, note: str | None = None) -> Seen[Any]:
        """What stands at a path, as evidence: None and ``absent`` when nothing does."""
        value = at(self.body, path)
        return Seen(self.id, path, None, note or "absent") if value is ABSENT else Seen(self.id, path, value, note)

    def missing(self, path: str, reason: str, needs_action: str | None = None) -> Missing:
        return Missing(self.id, path, reason, needs_action=needs_action)

    def _fact(self, path: str, kind: builtins.type[Any], absent: Any) -> Fact[Any]:
        value = at(self.body, path)
        if value is ABSENT or value is None:
            if absent is not None:
                return Seen(self.id, path, absent, "absent")
            return Missing(self.id, path, f"Azure's answer does not hold {path}")
        if not isinstance(value, kind):
            return Missing(self.id, path, f"Azure answered {path} as {type(value).__name__}, not {kind.__name__}")
        return Seen(self.id, path, value)


def kept(work: Callable[[Resource], T]) -> Callable[[Resource], T]:
    """A function of a resource whose answer is made once, and kept with the resource."""

    @wraps(work)
    def answer(resource: Resource) -> T:
        made = resource._made
        if work not in made:
            made[work] = work(resource)
        found: T = made[work]
        return found

    return answer
