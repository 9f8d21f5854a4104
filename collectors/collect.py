"""One collection from beginning to end: live, recorded, or replayed."""

from __future__ import annotations

import math
import queue
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from azure.core.credentials import TokenCredential
from requests.adapters import BaseAdapter

from auditor.model.clouds import Cloud
from auditor.model.ids import equal
from auditor.model.permissions import action
from auditor.model.snapshot import Failure, Scope, Snapshot, Subscription
from auditor.model.types import DESCENDANTS, SUBSCRIPTIONS
from collectors import discovery, login, recording, subscriptions
from collectors.clients import Clients, import_ahead
from collectors.crawl import READERS, TIME_IS_UP, Crawl
from collectors.errors import CollectionError
from collectors.pseudonyms import Pseudonyms
from collectors.readers import Query
from collectors.session import https, open_session

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Progress = Callable[[str, int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """What to collect. No ``subscriptions`` means every one that the identity sees, or those in a management group, but
    none with nothing to audit. ``seconds`` bounds the whole run; ``say`` takes what the user should know meanwhile."""

    subscriptions: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    threads: int = 16
    seconds: float | None = None
    progress: Progress = lambda what, done, of: None
    say: Callable[[str], None] = lambda text: None
    management_group: str | None = None


def live(
    request: Request,
    cloud_name: str,
    tenant: str | None,
    now: datetime,
    record: Path | None = None,
    anonymize: bool = False,
) -> Snapshot:
    """Collect from Azure; with ``record``, keep the raw exchange in a folder, under other names with ``anonymize``.

    Raises:
        CollectionError: no audit is possible (no credentials, no such subscription, a folder that cannot be written).
    """
    deadline = time.monotonic() + request.seconds if request.seconds else None
    import_ahead()
    cloud = login.find_cloud(cloud_name, deadline)
    credential = login.sign_in(cloud, tenant, deadline)
    adapter: BaseAdapter = https(request.threads)
    if record is not None:
        manifest = recording.Manifest(
            recorded_at=now,
            cloud=cloud,
            tenant_id=tenant,
            subscriptions=list(request.subscriptions),
            management_group=request.management_group,
            scope=request.scope,
        )
        pseudonyms = Pseudonyms({t: r.wanted for t, r in READERS.items()}) if anonymize else None
        recorder = recording.RecordingAdapter(adapter, record, pseudonyms)
        recording.start(record, manifest, pseudonyms)
        try:
            snapshot = collect(request, cloud, credential, recorder, now, deadline)
        except BaseException:
            recorder.discard()
            raise
        if recorder.error is not None:
            recorder.discard()
            raise CollectionError(
                f"cannot record to {record}: {recorder.error.strerror}", "free space, or record elsewhere"
            )
        return snapshot
    return collect(request, cloud, credential, adapter, now, deadline)


def replay(request: Request, folder: Path) -> Snapshot:
    """Run the same collectors over a recording, as of the time when it was made.

    Raises:
        CollectionError: the folder is not a recording.
    """
    held = recording.Recording(folder)
    manifest = held.manifest
    scope = request.scope if request.scope != Scope() else manifest.scope
    asked = replace(
        request,
        subscriptions=request.subscriptions or tuple(manifest.subscriptions),
        scope=scope,
        management_group=manifest.management_group,
    )
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
        # A recording holds the last answer to each request: asking again would only wait for the same.
        clients = Clients(credential, cloud, session, retries=not isinstance(adapter, recording.ReplayAdapter))
        snapshot = Snapshot(taken_at=now, finished_at=now, cloud=cloud, scope=request.scope)
        snapshot.subscriptions, snapshot.tenant_id = _within(
            deadline, lambda: _subscriptions(clients, request), lambda: _too_late(request.subscriptions)
        )
        if not request.subscriptions:
            _leave_out(clients, snapshot, deadline, request.say)
        Crawl(clients, snapshot, request.threads, deadline, request.progress).run()
        snapshot.traffic = guard.traffic
        return snapshot
    finally:
        session.close()


def _leave_out(clients: Clients, snapshot: Snapshot, deadline: float | None, say: Callable[[str], None]) -> None:
    """Take out of the subscriptions to read those that hold nothing to audit."""
    among = [s for s in snapshot.subscriptions if s.audited]
    until = min(deadline or math.inf, time.monotonic() + discovery.SECONDS)
    late = discovery.no_use(among, discovery.TOO_LATE)
    idle, said = _within(until, lambda: discovery.idle(clients, among, until), lambda: ([], late))
    if said:
        say(said)
    out = {s.id for s in idle}
    snapshot.left_out = [s.model_copy(update={"audited": False}) for s in idle]
    snapshot.subscriptions = [s for s in snapshot.subscriptions if s.id not in out]


def _within(deadline: float | None, work: Callable[[], T], late: Callable[[], T]) -> T:
    """The outcome of some work, or what stands for it when the time is up first; the work is then left behind."""
    if deadline is None:
        return work()
    outcome: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            found = work()
        except CollectionError as error:
            outcome.put(partial(_raise, error))
        else:
            outcome.put(lambda: found)

    threading.Thread(target=run, name="subscriptions", daemon=True).start()
    try:
        return outcome.get(timeout=max(0.0, deadline - time.monotonic()))()
    except queue.Empty:
        return late()


def _raise(error: CollectionError) -> NoReturn:
    raise error


def _too_late(asked: tuple[str, ...]) -> tuple[list[Subscription], str | None]:
    """Subscriptions that were asked for by id are known, if unread; others cannot be told."""
    ids = [_bare(name) for name in asked]
    if not ids or not all(GUID.fullmatch(name) for name in ids):
        raise CollectionError("the time was up before the subscriptions were found", "give --timeout more seconds")
    return [_unread(name, Failure(reason=TIME_IS_UP)) for name in ids], None


def _subscriptions(clients: Clients, request: Request) -> tuple[list[Subscription], str | None]:
    """The subscriptions that were asked for, or every one; and the tenant that they are in."""
    if request.management_group:
        return _in_group(clients, request.management_group)
    asked = request.subscriptions
    names = [name for name in asked if not GUID.fullmatch(_bare(name))]
    visible = _visible(clients) if names or not asked else []
    # A subscription that is Disabled, PastDue or Warned can still be read, and may hold what is still running.
    bodies = [] if asked else [body for body in visible if _lives(body)]
    unread = []
    for name in asked:
        if name in names:
            bodies.append(_by_name(name, visible))
            continue
        answer = clients.read(partial(_get, name=_bare(name)), READERS[SUBSCRIPTIONS].needs, listing=False)
        body = answer.bodies[0] if answer.bodies else {}
        if answer.failure is None and isinstance(body.get("subscriptionId"), str):
            bodies.append(body)
            continue
        failure = answer.failure or Failure(reason="Azure's answer is not a subscription")
        if failure.http_status in (400, 404) or (failure.http_status == 401 and len(asked) == 1):
            raise CollectionError(f"the subscription {_bare(name)} cannot be audited: {failure.reason}", HELP)
        unread.append(_unread(_bare(name), failure))
    found = {s.id.lower(): s for s in (*(_subscription(body) for body in bodies), *unread)}
    if not found:
        raise CollectionError("this identity sees no subscription", HELP)
    return list(found.values()), _tenant(bodies)


def _in_group(clients: Clients, name: str) -> tuple[list[Subscription], str | None]:
    """The subscriptions in a management group. One that the identity does not see is in scope, and unread."""
    group = name.strip().rstrip("/").rpartition("/")[2]
    answer = clients.read(lambda c: subscriptions.descendants(c, group), action(DESCENDANTS), listing=True)
    if answer.failure is not None:
        reason = f"the management group {group} could not be read: {answer.failure.reason}"
        raise CollectionError(reason, "'az account management-group list' shows the groups that you can read")
    inside = [str(item["id"]).rstrip("/").lower().split("/")[-2:] for item in answer.items()]
    visible = {str(body["subscriptionId"]).lower(): body for body in _visible(clients)}
    found = []
    for number in dict.fromkeys(at for kind, at in inside if kind == "subscriptions"):
        if number not in visible:
            found.append(_unread(number, Failure(reason="this identity does not see it")))
        elif _lives(visible[number]):
            found.append(_subscription(visible[number]))
    if not found:
        raise CollectionError(f"no subscription is in the management group {group}", HELP)
    return found, _tenant(visible.values())


def _lives(body: dict[str, object]) -> bool:
    return not equal(body.get("state"), "Deleted")


def _tenant(bodies: Iterable[dict[str, object]]) -> str | None:
    return next((t for b in bodies if isinstance(t := b.get("tenantId"), str)), None)


def _visible(clients: Clients) -> list[dict[str, object]]:
    reader = READERS[SUBSCRIPTIONS]
    listing = reader.list
    assert listing is not None  # noqa: S101  (it is declared)
    answer = clients.read(lambda c: listing(c, "/", Query("", datetime.min)), reader.needs, listing=True)
    if answer.failure is not None:
        raise CollectionError(f"the subscriptions could not be listed: {answer.failure.reason}", HELP)
    return [body for body in answer.items() if isinstance(body.get("subscriptionId"), str)]


def _get(clients: Clients, name: str) -> object:
    get = READERS[SUBSCRIPTIONS].get
    assert get is not None  # noqa: S101  (it is declared)
    return get(clients, f"/subscriptions/{name}")


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
