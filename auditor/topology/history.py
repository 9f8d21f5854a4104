"""When a cluster was started, and when private endpoints were made.

The activity log keeps 90 days: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log
"""

from __future__ import annotations

from datetime import datetime

from auditor.model.environment import StartHistory
from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import ArmId, equal, key, subscription_of
from auditor.model.snapshot import Snapshot
from auditor.model.times import moment
from auditor.model.types import CREATED_TIMES, EVENTS, RESOURCES, STARTS

START = "Microsoft.ContainerService/managedClusters/start/action"
# What an event says of an operation that was not, or is not yet, carried out; none of them is a start.
UNFINISHED = {"accepted", "active", "canceled", "cancelled", "created", "failed", "in progress", "started"}


def starts(snapshot: Snapshot, cluster_id: str) -> StartHistory:
    """The successful starts of a cluster that the activity log shows."""
    listing = snapshot.listing(cluster_id, EVENTS, STARTS)
    gap = snapshot.unlisted(cluster_id, EVENTS, STARTS)
    if gap is not None:
        gap = Missing(cluster_id, "activity log", gap.reason, gap.http_status, gap.needs_action)
    found = []
    for event_id in listing.items if listing else []:
        event = snapshot.get(event_id)
        if event is None:
            continue
        operation, status = event.raw("operationName.value"), event.raw("status.value")
        if not isinstance(operation, str):
            gap = gap or event.missing("operationName.value", "what an event was about could not be understood")
        if not equal(operation, START) or str(status).lower() in UNFINISHED:
            continue
        if not equal(status, "Succeeded"):
            gap = gap or event.missing("status.value", "how a start ended could not be understood")
            continue
        when = moment(str(event.raw("eventTimestamp") or ""))
        if when is None:
            gap = gap or event.missing("eventTimestamp", "the time of a start could not be understood")
        else:
            found.append((when, event.id))
    since: Fact[datetime]
    if listing is not None and listing.since is not None:
        since = Seen(cluster_id, "activity log since", listing.since)
    else:
        since = gap or Missing(cluster_id, "activity log", "the activity log was not read")
    return StartHistory(tuple(sorted(found)), since, gap)


def created(snapshot: Snapshot, endpoint_id: str) -> Fact[datetime]:
    """When a resource was created (Azure answers it only on request, in a list)."""
    when = snapshot.created.get(key(endpoint_id))
    if when is not None:
        return Seen(endpoint_id, "createdTime", when)
    gap = snapshot.unlisted(subscription_of(endpoint_id), RESOURCES, CREATED_TIMES)
    reason = gap.reason if gap else f"Azure's list does not hold {ArmId.parse(endpoint_id).name}"
    return Missing(
        endpoint_id, "createdTime", reason, gap.http_status if gap else None, gap.needs_action if gap else None
    )
