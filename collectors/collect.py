"""One collection from beginning to end: live, recorded, or replayed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from azure.core.credentials import TokenCredential
from requests.adapters import BaseAdapter

from auditor.model.clouds import Cloud
from auditor.model.ids import equal
from auditor.model.permissions import action
from auditor.model.snapshot import Failure, Scope, Snapshot, Subscription
from auditor.model.types import DESCENDANTS, SUBSCRIPTIONS
from collectors import discovery, login, recording, subscriptions
from collectors.capture import CapturingAdapter
from collectors.clients import Clients, import_ahead
from collectors.crawl import READERS, TIME_IS_UP, Crawl
from collectors.deadline import Deadline, LateError, within
from collectors.errors import CollectionError
from collectors.https import HTTPSAdapter
from collectors.pace import PacedAdapter
from collectors.pseudonyms import Pseudonyms
from collectors.readers import Query
from collectors.session import open_session

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What to collect. No ``subscriptions`` means every one that the identity sees, or those in a management group, but
    none with nothing to audit. ``deadline`` bounds the whole run; ``say`` takes what the user should know meanwhile."""

    subscriptions: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    threads: int = 32
    deadline: Deadline = field(default_factory=Deadline)
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
    credential: TokenCredential | None = None,
) -> Snapshot:
    """Collect from Azure; with ``record``, keep the raw exchange in a folder, under other names with ``anonymize``.

    Raises:
        CollectionError: no audit is possible (no credentials, no such subscription, a folder that cannot be written).
    """
    deadline = request.deadline
    import_ahead()
    with contextlib.ExitStack() as stack:
        try:
            # In a thread of its own, since looking a host's name up has no end that could be set, and heeds no signal.
            cloud = within(deadline.left(), lambda: login.find_cloud(cloud_name, deadline))
        except LateError:
            raise CollectionError(
                f"cannot reach {cloud_name}: no answer in time", "give --timeout more seconds"
            ) from None
        signed_in = stack.enter_context(contextlib.closing(login.Credential(cloud, tenant, credential)))
        login.sign_in(signed_in, cloud, deadline)
        adapter: BaseAdapter = HTTPSAdapter(deadline, request.threads)
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
            adapter = stack.enter_context(recording.kept(adapter, record, manifest, pseudonyms))
        return collect(request, cloud, signed_in, adapter, now)


def replay(request: Request, folder: Path) -> Snapshot:
    """Run the same collectors over a recording, as of the time when it was made.

    Raises:
        CollectionError: the folder is not a recording.
    """
    held = recording.Recording(folder)
    manifest = held.manifest
    asked = replace(
        request,
        subscriptions=request.subscriptions or tuple(manifest.subscriptions),
        scope=request.scope if request.scope != Scope() else manifest.scope,
        management_group=manifest.management_group,
    )
    adapter = recording.ReplayAdapter(held)
    return collect(asked, manifest.cloud, login.ReplayCredential(), adapter, manifest.recorded_at)


def collect(
    request: Request, cloud: Cloud, credential: TokenCredential, adapter: BaseAdapter, now: datetime
) -> Snapshot:
    """Collect through an adapter, whatever stands behind it.

    Raises:
        CollectionError: a subscription that was asked for does not exist, or none can be seen.
    """
    deadline = request.deadline
    answers = CapturingAdapter(PacedAdapter(adapter, deadline))
    session, guard = open_session(answers, cloud.resource_manager)
    try:
        # A recording holds the last answer to each request: asking again would only wait for the same.
        retries = not isinstance(adapter, recording.ReplayAdapter)
        clients = Clients(credential, cloud, session, answers, deadline, retries=retries)
        snapshot = Snapshot(taken_at=now, finished_at=now, cloud=cloud, scope=request.scope)
        try:
            found = within(deadline.left(), lambda: _subscriptions(clients, request))
        except LateError:
            found = _too_late(request.subscriptions)
        snapshot.subscriptions, snapshot.tenant_id = found
        if not request.subscriptions:
            _leave_out(clients, snapshot, deadline, request.say)
        Crawl(clients, snapshot, request.threads, deadline, request.progress).run()
        snapshot.settle()
        # The counting goes on in a thread that nothing could reach: what is kept is what it was now.
        snapshot.traffic = guard.traffic.model_copy()
        return snapshot
    finally:
        deadline.call_over()
        session.close()


def _leave_out(clients: Clients, snapshot: Snapshot, deadline: Deadline, say: Callable[[str], None]) -> None:
    """Take out of the subscriptions to read those that hold nothing to audit."""
    among = [s for s in snapshot.subscriptions if s.audited]
    until = Deadline(deadline.left(discovery.SECONDS))
    try:
        idle, said = within(until.left(), lambda: discovery.idle(clients, among, until))
    except LateError:
        idle, said = [], discovery.no_use(among, discovery.TOO_LATE)
    if said:
        say(said)
    out = {s.id for s in idle}
    snapshot.left_out = [s.model_copy(update={"audited": False}) for s in idle]
    snapshot.subscriptions = [s for s in snapshot.subscriptions if s.id not in out]


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
