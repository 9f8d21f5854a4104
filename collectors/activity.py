"""What happened when: starts of clusters from the activity log, and when private endpoints were created."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import EVENTS, PRIVATE_ENDPOINTS, RESOURCES
from collectors.clients import Clients
from collectors.readers import Query, Reader


def _events(clients: Clients, cluster_id: str, query: Query) -> Any:
    subscription = ArmId.parse(cluster_id).subscription
    since = query.since.strftime("%Y-%m-%dT%H:%M:%SZ")
    wanted = f"eventTimestamp ge '{since}' and resourceUri eq '{cluster_id}'"
    return clients.management("monitor", "MonitorManagementClient", subscription).activity_logs.list(filter=wanted)


def _created(clients: Clients, scope: str, _: Query) -> Any:
    client = clients.management("resource.resources", "ResourceManagementClient", ArmId.parse(scope).subscription)
    return client.resources.list(filter=f"resourceType eq '{PRIVATE_ENDPOINTS}'", expand="createdTime")


READERS = (
    Reader(
        EVENTS,
        ("operationName.value", "status.value", "eventTimestamp", "resourceId"),
        list=_events,
    ),
    Reader(
        RESOURCES,
        ("createdTime",),
        list=_created,
    ),
)
