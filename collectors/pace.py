"""Sends no faster than Azure says that it will answer.

Resource Manager gives each caller a bucket of reads per subscription, and one for the tenant, that fills again all the
time. Its answers say how many are left; a 429 says that none is, and how long to wait. Both are known to all threads.
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import BaseAdapter

from collectors.deadline import Deadline
from collectors.retry import LONGEST_WAIT, retry_after

# What Resource Manager documents for the reads of a subscription: so many at once, and so many more each second.
CAPACITY, REFILL = 250, 25.0
SLOWEST = 1.0
# With so many left, it is not the bucket that a refusal is about.
PLENTY = 20
# Refusals so close together are of the same moment.
ONE_BURST = 0.5
A_MOMENT = 0.001
SUBSCRIPTION = re.compile(r"^https://[^/]+/subscriptions/([^/?]+)", re.IGNORECASE)
LEFT = ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads")


@dataclass
class Budget:
    """What is known of one bucket. ``level`` is how many reads Azure would answer now, None while it said nothing.

    An answer sets the level: what Azure said is left, less what is on its way and may not have been counted. So as much
    can be on its way as is left, which uses all of a bucket that is nearly empty and no more. One that was overtaken by
    the answer to a later read says nothing new. In between the bucket fills at the documented rate, until a 429
    tells how many reads fitted in since it was known to hold so many.
    """

    level: float | None = None
    rate: float = REFILL
    taken: int = 0
    on_way: int = 0
    closed_until: float = 0.0
    _at: float = 0.0
    _latest: int = 0
    _shut: float | None = None
    _since: tuple[float, int] | None = None
    _answered: int = 0

    def take(self, now: float) -> float:
        """Take one read out, and answer 0; or the seconds to wait before asking again."""
        if now < self.closed_until:
            return max(self.closed_until - now, A_MOMENT)
        if self._shut is not None:
            self._reopen(self._shut)
        if self.level is not None:
            self.level += (now - self._at) * self.rate
            self._at = now
            if self.level < 1:
                return max((1 - self.level) / self.rate, A_MOMENT)
            # Full again without a word from Azure: nothing holds back what is asked next.
            self.level = self.level - 1 if self.level < CAPACITY else None
        self.taken += 1
        self.on_way += 1
        return 0.0

    def answered(self, now: float, number: int, left: int | None) -> None:
        """The read with a number is not on its way any more; Azure may have said how many are left."""
        self.on_way -= 1
        self._answered += 1
        self._hear(now, number, left)

    def refused(self, now: float, number: int, left: int | None, wait: float, again: bool = False) -> None:
        """A read was refused, perhaps ``again``, and Azure says how long to wait. Where reads are left it is a provider
        that is busy, and nothing to the others; so it is, as far as can be told, where one is refused over and over."""
        self.on_way -= 1
        self._hear(now, number, left or None)
        if left or (left is None and (again or (self.level is not None and self.level >= PLENTY))):
            return
        if self._shut is None:
            self._shut = now
            self.level, self._at = 0.0, now
        self.closed_until = max(self.closed_until, now + wait)

    def _reopen(self, shut: float) -> None:
        """Whatever was on its way when the bucket was found empty has come back: so many fitted in until then."""
        self._shut = None
        began, had = self._since or (shut, 0)
        if shut - began > ONE_BURST:
            self.rate = min(self.rate, max((self._answered - had) / (shut - began), SLOWEST))
        if self._since is None or shut - began > ONE_BURST:
            self._since, self._answered = (shut, 0), 0

    def _hear(self, now: float, number: int, left: int | None) -> None:
        if left is not None and number > self._latest:
            self.level, self._at, self._latest = left - self.on_way, now, number
            if self._since is None:
                self._since, self._answered = (now, left), 0


class PacedAdapter(BaseAdapter):
    """Passes requests to ``inner`` when their subscription's bucket has a read left."""

    def __init__(self, inner: BaseAdapter, deadline: Deadline) -> None:
        super().__init__()
        self.inner = inner
        self.deadline = deadline
        self._budgets: dict[str, Budget] = {}
        self._refused: set[str] = set()
        self._changed = threading.Condition()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        found = SUBSCRIPTION.match(request.url or "")
        budget, number = self._take(found.group(1).lower() if found else "")
        response = None
        try:
            response = self.inner.send(request, *args, **kwargs)
        finally:
            self._give_back(request.url or "", budget, number, response)
        return response

    def close(self) -> None:
        self.inner.close()

    def _take(self, name: str) -> tuple[Budget, int]:
        with self._changed:
            budget = self._budgets.setdefault(name, Budget())
            while (wait := budget.take(time.monotonic())) > 0:
                self.deadline.check()
                self._changed.wait(min(wait, 0.5))
            return budget, budget.taken

    def _give_back(self, url: str, budget: Budget, number: int, response: requests.Response | None) -> None:
        left = None if response is None else remaining(response)
        with self._changed:
            now = time.monotonic()
            if response is None or response.status_code != 429:
                budget.answered(now, number, left)
            else:
                wait = retry_after(response.headers)
                # One that asks for hours is given up, not waited for.
                wait = 1.0 if wait is None else wait if wait <= LONGEST_WAIT else 0.0
                budget.refused(now, number, left, wait, url in self._refused)
                self._refused.add(url)
            self._changed.notify_all()


def remaining(response: requests.Response) -> int | None:
    """How many reads Azure says are left, if it says so."""
    for name in LEFT:
        text = response.headers.get(name, "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
    return None
