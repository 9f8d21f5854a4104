"""One collection from beginning to end: live, recorded, or replayed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from azure.core.credentials import TokenCredential
from requests.adapters import BaseAdapter

from auditor.model.clouds import Cloud
from auditor.model.ids import equal
from auditor.model.snapshot import Failure, Scope, Snapshot, Subscription
from auditor.model.types import SUBSCRIPTIONS
from collectors import login, recording
from collectors.clients import Clients
from collectors.crawl import READERS, Crawl
from collectors.errors import CollectionError
from collectors.readers import Query
from collectors.session import https, open_session

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What to collect. No ``subscriptions`` means every one the identity sees; ``seconds`` bounds the whole run."""

    subscriptions: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    threads: int = 16
    seconds: float | None = None
    progress: Progress = lambda what, done, of: None


def live(request: Request, cloud: Cloud, tenant: str | None, now: datetime, record: Path | None = None) -> Snapshot:
    """Collect from Azure; with ``record``, keep the raw exchange in a folder.

    Raises:
        CollectionError: no audit is possible (no credentials, no such subscription, a folder that cannot be written).
    """
    deadline = time.monotonic() + request.seconds if request.seconds else None
    credential = login.sign_in(cloud, tenant)
    adapter: BaseAdapter = https(request.threads)
    if record is not None:
        manifest = recording.Manifest(
            recorded_at=now,
            cloud=cloud,
            tenant_id=tenant,
            subscriptions=list(request.subscriptions),
            scope=request.scope,
        )
        recording.start(record, manifest)
        adapter = recording.RecordingAdapter(adapter, record)
    return collect(request, cloud, credential, adapter, now, deadline)


def replay(request: Request, folder: Path) -> Snapshot:
    """Run the same collectors over a recording, as of the time when it was made.

    Raises:
        CollectionError: the folder is not a recording.
    """
    held = recording.Recording(folder)
    manifest = held.manifest
    subscriptions = request.subscriptions or tuple(manifest.subscriptions)
    scope = request.scope if request.scope != Scope() else manifest.scope
    asked = Request(subscriptions, scope, request.threads, request.seconds, request.progress)
    deadline = time.monotonic() + request.seconds if request.seconds else None
    adapter = recording.ReplayAdapter(held)
    return collect(asked, manifest.cloud, login.ReplayCredential(), adapter, manifest.recorded_at, deadline)


def collect(
    request: Request,
    cloud: Cloud,
    credential: TokenCredential,
    adapter: BaseAdapter,
    now: datetime,
    deadline: float | None = None,
) -> Snapshot:
    """Collect through an adapter, whatever stands behind it.

    Raises:
        CollectionError: a subscription that was asked for does not exist, or none can be seen.
    """
    session, guard = open_session(adapter, cloud.resource_manager)
    try:
        clients = Clients(credential, cloud, session)
        snapshot = Snapshot(taken_at=now, finished_at=now, cloud=cloud, scope=request.scope)
        snapshot.subscriptions, snapshot.tenant_id = _subscriptions(clients, request.subscriptions)
        Crawl(clients, snapshot, request.threads, deadline, request.progress).run()
        snapshot.traffic = guard.traffic
        return snapshot
    finally:
        session.close()


def _subscriptions(clients: Clients, asked: tuple[str, ...]) -> tuple[list[Subscription], str | None]:
    reader = READERS[SUBSCRIPTIONS]
    get, listing = reader.get, reader.list
    assert get is not None  # noqa: S101  (both are declared)
    assert listing is not None  # noqa: S101
    found: dict[str, Subscription] = {}
    tenant: str | None = None
    by_name = [name for name in asked if not GUID.fullmatch(_bare(name))]
    everything: list[dict[str, object]] = []
    if by_name or not asked:
        answer = clients.read(lambda c: listing(c, "/", Query("", datetime.min)), reader.needs, listing=True)
        everything = list(answer.items())
        if answer.failure is not None and not everything:
            raise CollectionError(f"the subscriptions could not be listed: {answer.failure.reason}", HELP)
    for body in everything:
        if not asked and equal(body.get("state"), "Enabled"):
            found[str(body["subscriptionId"]).lower()] = _subscription(body)
            tenant = tenant or _text(body.get("tenantId"))
    for name in asked:
        if name in by_name:
            body = _by_name(name, everything)
        else:
            at = f"/subscriptions/{_bare(name)}"
            answer = clients.read(lambda c, at=at: get(c, at), reader.needs, listing=False)  # type: ignore[misc]
            if answer.failure is not None:
                if answer.failure.http_status in (403, 429) or (answer.failure.http_status or 500) >= 500:
                    found[_bare(name).lower()] = _unread(_bare(name), answer.failure)
                    continue
                raise CollectionError(
                    f"the subscription {_bare(name)} cannot be audited: {answer.failure.reason}", HELP
                )
            body = dict(answer.bodies[0])
        found[str(body["subscriptionId"]).lower()] = _subscription(body)
        tenant = tenant or _text(body.get("tenantId"))
    if not found:
        raise CollectionError("this identity sees no enabled subscription", HELP)
    return list(found.values()), tenant


HELP = "'az account list' shows the subscriptions that you can read; --tenant chooses among several tenants"


def _bare(name: str) -> str:
    return name.strip().rstrip("/").rpartition("/")[2] if name.lower().startswith("/subscriptions/") else name.strip()


def _by_name(name: str, everything: list[dict[str, object]]) -> dict[str, object]:
    matches = [b for b in everything if equal(b.get("displayName"), name.strip())]
    if not matches:
        raise CollectionError(f"there is no subscription called {name} among those that you can read", HELP)
    if len(matches) > 1:
        ids = ", ".join(str(m["subscriptionId"]) for m in matches)
        raise CollectionError(f"{len(matches)} subscriptions are called {name}: {ids}", "give --subscription the id")
    return matches[0]


def _subscription(body: dict[str, object]) -> Subscription:
    return Subscription(id=str(body["subscriptionId"]), name=str(body.get("displayName") or ""), audited=True)


def _unread(name: str, failure: Failure) -> Subscription:
    return Subscription(id=name, name="", audited=False, failure=failure)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
