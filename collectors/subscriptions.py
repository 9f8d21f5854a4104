"""Subscriptions: found by id, name or management group before anything else is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from auditor.model.ids import ArmId
from auditor.model.types import SUBSCRIPTIONS
from collectors.clients import Clients, pages
from collectors.readers import Reader


def client(clients: Clients) -> Any:
    """The client that is there from the beginning; what has no client of its own is sent through it, too."""
    return clients.management("resource.subscriptions", "SubscriptionClient", None)


def descendants(clients: Clients, group: str) -> Iterator[Any]:
    """Read what is in a management group, at any depth, page by page.

    https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
    """
    at = f"/providers/Microsoft.Management/managementGroups/{quote(group, safe='()')}"
    return pages(client(clients), f"{at}/descendants?api-version=2020-05-01")


READERS = (
    Reader(
        SUBSCRIPTIONS,
        ("subscriptionId", "displayName", "tenantId", "state"),
        get=lambda c, i: client(c).subscriptions.get(ArmId.parse(i).subscription),
        list=lambda c, scope, _: client(c).subscriptions.list(),
    ),
)
