"""Subscriptions: found by id or name before anything else is read."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import SUBSCRIPTIONS
from collectors.clients import Clients
from collectors.readers import Reader


def _client(clients: Clients) -> Any:
    return clients.management("resource.subscriptions", "SubscriptionClient", None)


READERS = (
    Reader(
        SUBSCRIPTIONS,
        ("subscriptionId", "displayName", "tenantId", "state"),
        get=lambda c, i: _client(c).subscriptions.get(ArmId.parse(i).subscription),
        list=lambda c, scope, _: _client(c).subscriptions.list(),
    ),
)
