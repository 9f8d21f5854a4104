"""Runs the plan: reads on a few threads until nothing more is wanted, and grows the snapshot."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from auditor.model.ids import equal, key
from auditor.model.paths import Tree, keep
from auditor.model.resource import Resource
from auditor.model.snapshot import Failure, Listing, Snapshot, Unread
from auditor.model.times import moment
from auditor.model.types import CREATED_TIMES, EVENTS, RESOURCES
from collectors import (
    activity,
    aks,
    authorization,
    container_registry,
    dns_resolver,
    key_vault,
    machine_learning,
    network,
    private_dns,
    storage,
    subscriptions,
)
from collectors.clients import Answer, Clients
from collectors.deadline import Deadline
from collectors.plan import wanted
from collectors.readers import Query, Read, Reader
from collectors.secrets import clean

READERS: dict[str, Reader] = {
    reader.type: reader
    for module in (
        subscriptions,
        machine_learning,
        aks,
        storage,
        key_vault,
        container_registry,
        network,
        private_dns,
        dns_resolver,
        authorization,
        activity,
    )
    for reader in module.READERS
}
# ARM refuses a window of more than 90 days; five minutes of it are left for clocks that differ.
WINDOW = timedelta(days=90) - timedelta(minutes=5)
FAREWELL_SECONDS = 1.0
LONGEST_GATHER = 60.0
TIME_IS_UP = "the run's time was up before this was read"


class Crawl:
    """One collection. Workers only read; everything that touches the snapshot happens in the calling thread."""

    def __init__(
        self,
        clients: Clients,
        snapshot: Snapshot,
        threads: int,
        deadline: Deadline,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.clients = clients
        self.snapshot = snapshot
        self.deadline = deadline
        self.progress = progress
        self.since = snapshot.taken_at - WINDOW
        # Daemon threads: one that hangs where nothing can reach it must not keep the process from ending.
        self._threads = [threading.Thread(target=self._work, name=f"read-{n}", daemon=True) for n in range(threads)]
        self._asked: set[tuple[str, str, bool, str]] = set()
        self._open: set[Read] = set()
        self._next_plan = 0.0
        self._todo: queue.SimpleQueue[Read | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Read, Answer]] = queue.SimpleQueue()
        self._trees: dict[str, Tree] = {t: r.wanted for t, r in READERS.items()}

    def run(self) -> None:
        """Read until the plan wants nothing more, or the time is up."""
        try:
            for thread in self._threads:
                thread.start()
            while True:
                self._plan()
                if not self._open:
                    break
                if self.deadline.left() == 0:
                    self._give_up()
                    break
                self._gather()
        finally:
            self._dismiss()

    def _dismiss(self) -> None:
        """Let the threads end: those that wait for Azure stop waiting, and nothing is read any more."""
        self.deadline.call_over()
        for _ in self._threads:
            self._todo.put(None)
        until = time.monotonic() + FAREWELL_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def _plan(self) -> None:
        """Ask for everything that is wanted and was not asked for; one read for every casing of an id."""
        began = time.monotonic()
        for read in wanted(self.snapshot):
            name = (read.type, key(read.at), read.listing, read.query)
            if name not in self._asked:
                self._asked.add(name)
                self._open.add(read)
                self._todo.put(read)
        # Planning walks every environment: with many of them, gather a while, so that it takes a fifth of the time.
        self._next_plan = time.monotonic() + 4 * (time.monotonic() - began)

    def _gather(self) -> None:
        """Take in what has arrived, at least one answer unless the time is up first."""
        arrived = self._next(self.deadline.left(LONGEST_GATHER))
        while self._open:
            if arrived is not None:
                read, answer = arrived
                self._open.discard(read)
                self.take(read, self._in_time(answer))
                self.progress(read.type, len(self._asked) - len(self._open), len(self._asked))
            wait = self._next_plan - time.monotonic()
            if self.deadline.left() == 0 or (wait <= 0 and self._done.empty()):
                break
            arrived = self._next(max(wait, 0.001))

    def _next(self, seconds: float) -> tuple[Read, Answer] | None:
        try:
            return self._done.get(timeout=seconds)
        except queue.Empty:
            return None

    def _in_time(self, answer: Answer) -> Answer:
        """An answer that the end of the run cut off says so, however the cut looked from where it was made."""
        if answer.failure is None or answer.failure.http_status is not None or self.deadline.left() > 0:
            return answer
        self.snapshot.cut_short = TIME_IS_UP
        return replace(answer, failure=Failure(reason=TIME_IS_UP))

    def take(self, read: Read, answer: Answer) -> None:
        """Put what was read into the snapshot."""
        if not read.listing:
            for body in answer.bodies:
                self._resource(read.type, body, read.at)
            if self.snapshot.get(read.at) is None:
                failure = answer.failure or Failure(reason="Azure's answer holds no such resource")
                self.snapshot.add_unread(Unread(id=read.at, gone=answer.gone, failure=failure))
            return
        ids, lost = [], answer.failure
        for body in answer.items():
            if read.type == RESOURCES:
                self._created(body)
                continue
            added = self._resource(read.type, body, None)
            if added is None:
                lost = lost or Failure(reason="Azure's answer holds an item without the id of a resource")
                continue
            ids.append(added)
            known = self.snapshot.get(added)
            if known is None or not equal(known.type, read.type):  # then one of the two is not what it seems
                lost = lost or Failure(reason=f"Azure answered {added} as two kinds of resource")
        self.snapshot.add_listing(
            Listing(
                scope=read.at,
                type=read.type,
                query=read.query,
                failure=lost,
                items=ids if read.query and read.query != CREATED_TIMES else [],
                since=self.since if read.type == EVENTS else None,
            )
        )

    def _resource(self, arm_type: str, body: dict[str, object], asked_for: str | None) -> str | None:
        arm_id = body.get("id")
        if not isinstance(arm_id, str) or not arm_id.startswith("/"):
            return None
        if asked_for is None and "/providers/" not in arm_id.lower():
            return None
        if asked_for is not None and key(arm_id) != key(asked_for):
            # Some providers answer another form of the id than was asked for; the reference must still be found.
            arm_id = asked_for
        kept = keep(body, self._trees[arm_type], clean)
        self.snapshot.add(Resource(id=arm_id, type=arm_type, body=kept, whole=asked_for is not None))
        return arm_id

    def _created(self, body: dict[str, object]) -> None:
        arm_id, when = body.get("id"), body.get("createdTime")
        if isinstance(arm_id, str) and isinstance(when, str):
            created = moment(when)
            if created is not None:
                self.snapshot.created[key(arm_id)] = created

    def _give_up(self) -> None:
        self.snapshot.cut_short = TIME_IS_UP
        late = Answer(failure=Failure(reason=TIME_IS_UP))
        for read in self._open:
            self.take(read, late)

    def _work(self) -> None:
        while (read := self._todo.get()) is not None:
            needs = READERS[read.type].needs
            self._done.put((read, self.clients.read(self._operation(read), needs, listing=read.listing)))

    def _operation(self, read: Read) -> Callable[[Clients], object]:
        """The SDK call of a read, made where the clients catch what goes wrong."""

        def run(clients: Clients) -> object:
            reader = READERS[read.type]
            if read.listing and reader.list is not None:
                return reader.list(clients, read.at, Query(read.query, self.since))
            if not read.listing and reader.get is not None:
                return reader.get(clients, read.at)
            raise LookupError(f"nothing reads {read.type} this way")

        return run
