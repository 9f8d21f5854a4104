"""What differs between two audits: results, environments, and resources with their properties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from auditor.model.baseline import Finding, Settled


class Kind(StrEnum):
    """What happened to a resource. That it was not read this time is not that it is gone."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UNREAD = "unread"
    READ = "read"


@dataclass(frozen=True)
class Change:
    """One thing that is different about a resource: ``message`` in words, and for a changed one the property path with
    what stood there. ``telling``: of the kind that access depends on. ``rules`` changed their answer beside it."""

    resource_id: str
    type: str
    kind: Kind
    message: str
    path: str = ""
    before: Any = None
    after: Any = None
    telling: bool = False
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shift:
    """A result with another outcome. One of the two may be absent."""

    before: Finding | None
    after: Finding | None


@dataclass(frozen=True)
class Turn:
    """An environment whose verdict is another; None where it was not there."""

    environment_id: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Side:
    """One of the two audits: ``kind`` is snapshot or report."""

    kind: str
    name: str
    when: datetime


@dataclass(frozen=True)
class Difference:
    """``new``: what fails and did not; ``fixed``: what failed and surely does no more; ``missing``: what failed and has
    no counterpart, which proves nothing; ``changed``: any other change of a status or severity. ``resources`` is None
    where two reports were compared, which hold none."""

    earlier: Side
    later: Side
    new: tuple[Finding, ...]
    fixed: tuple[Settled, ...]
    missing: tuple[Settled, ...]
    changed: tuple[Shift, ...]
    unchanged: int
    environments: tuple[Turn, ...]
    resources: tuple[Change, ...] | None = None
