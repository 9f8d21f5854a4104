"""What a collector module declares: one `Reader` per ARM type, and nothing else.

``keep`` is the allow-list of properties that reach the snapshot (see `auditor.model.paths`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.model.paths import Tree, tree
from auditor.model.permissions import action
from collectors.clients import Clients

COMMON = (
    "location",
    "kind",
    "sku.name",
    "identity.type",
    "identity.principalId",
    "identity.userAssignedIdentities.{}.principalId",
)


@dataclass(frozen=True)
class Read:
    """One thing to read: a resource by id, or (``listing``) what is of a type in a scope, narrowed by ``query``."""

    type: str
    at: str
    listing: bool = False
    query: str = ""


@dataclass(frozen=True)
class Reader:
    """How one ARM type is read.

    Args:
        type: the ARM type.
        keep: property patterns, beside the common ones.
        get: reads one resource by id.
        list: lists a scope (a subscription, resource group or parent resource); the third argument is the query.
    """

    type: str
    keep: tuple[str, ...]
    get: Callable[[Clients, str], Any] | None = None
    list: Callable[[Clients, str, Query], Any] | None = None

    @property
    def needs(self) -> str:
        """The permission that both need."""
        return action(self.type)

    @property
    def wanted(self) -> Tree:
        return tree((*COMMON, *self.keep))


@dataclass(frozen=True)
class Query:
    """How a listing is narrowed: the words of `Read.query`, and since when the activity log is read."""

    text: str
    since: datetime
