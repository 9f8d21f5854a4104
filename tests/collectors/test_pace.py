"""Pacing: all of a bucket is used, next to nothing is refused, and whoever is not throttled is not held back."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import requests

from auditor.model.clouds import CLOUDS
from collectors.collect import Request, collect
from collectors.deadline import Deadline, OverError
from collectors.login import ReplayCredential
from collectors.pace import CAPACITY, Budget, PacedAdapter, remaining
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import NOW

HANDFUL = 5
# Of 1500 reads, where Azure fills the bucket more slowly than it documents: that has to be found out first.
SOME = 20


@dataclass
class Bucket:
    """Resource Manager's side, on a clock of its own."""

    size: int = 250
    refill: float = 25.0
    retry_after: float = 1.0
    said: Callable[[int, int], int | None] = lambda number, left: left
    level: float = field(init=False)
    at: float = 0.0
    answered: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.level = float(self.size)

    def ask(self, now: float) -> tuple[bool, int | None]:
        self.level = min(self.size, self.level + (now - self.at) * self.refill)
        self.at = now
        granted = self.level >= 1
        self.level -= granted
        self.answered += granted
        self.refused += not granted
        return granted, self.said(self.answered, int(self.level))


def play(bucket: Bucket, reads: int, threads: int = 16, seed: int = 1) -> tuple[float, float]:
    """Make reads on threads through a budget, in simulated time. Returns when the last was answered, and what the
    longest wait for a turn was."""
    budget, chance = Budget(), random.Random(seed)  # noqa: S311  (not for secrets)
    events: list[tuple[float, int, Callable[[float], None]]] = []
    longest = 0.0
    ended = 0.0
    left = reads

    def at(when: float, do: Callable[[float], None]) -> None:
        heapq.heappush(events, (when, len(events) + chance.randrange(10**9), do))

    def turn(now: float, since: float | None = None) -> None:
        nonlocal longest
        since = now if since is None else since
        wait = budget.take(now)
        if wait > 0:
            at(now + wait, lambda then: turn(then, since))
            return
        longest = max(longest, now - since)
        number, there, back = budget.taken, chance.uniform(0.01, 0.06), chance.uniform(0.01, 0.06)

        def arrive(then: float) -> None:
            granted, said = bucket.ask(then)
            at(then + back, lambda when: heard(when, number, granted, said))

        at(now + there, arrive)

    def heard(now: float, number: int, granted: bool, said: int | None) -> None:
        nonlocal left, ended
        if not granted:
            budget.refused(now, number, said, bucket.retry_after)
            at(now + bucket.retry_after, turn)
            return
        budget.answered(now, number, said)
        ended = now
        left -= 1
        if left >= threads:
            turn(now)

    for _ in range(threads):
        turn(0.0)
    while events:
        when, _, do = heapq.heappop(events)
        do(when)
    assert left <= 0
    assert bucket.answered == reads
    return ended, longest


def silent(number: int, left: int) -> None:
    return None


BUCKETS = {
    "as documented": (Bucket(), 1.05, HANDFUL),
    "a smaller one": (Bucket(size=50, refill=10), 1.1, SOME),
    "a slower one": (Bucket(size=100, refill=5, retry_after=1), 1.1, SOME),
    "a faster one": (Bucket(refill=60), 1.1, HANDFUL),
    "it says nothing": (Bucket(said=silent), 1.15, SOME),
    "it says nothing and is slower": (Bucket(refill=10, said=silent), 1.15, 2 * SOME),
    "it speaks now and then": (Bucket(said=lambda n, left: left if n % 7 == 0 else None), 1.1, SOME),
    "it asks for ten seconds": (Bucket(size=100, refill=12, said=silent, retry_after=10), 1.3, 2 * SOME),
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", BUCKETS)
def test_all_of_a_bucket_is_used_and_no_more(name: str, seed: int) -> None:
    """A run ends when the budget allows, with no more than a handful of refusals."""
    kind, slack, refusals = BUCKETS[name]
    bucket = Bucket(kind.size, kind.refill, kind.retry_after, kind.said)
    ended, _ = play(bucket, 1500, seed=seed)
    necessary = (1500 - bucket.size) / bucket.refill
    assert ended <= slack * necessary, f"{ended:.1f} s for {necessary:.1f} s, {bucket.refused} refused"
    assert bucket.refused <= refusals


@pytest.mark.parametrize("said", [lambda n, left: left, silent, lambda n, left: 11_999 - n // 10])
def test_plenty_holds_nothing_back(said: Callable[[int, int], int | None]) -> None:
    """Where Azure has enough, or says nothing and refuses nothing, no read waits for its turn."""
    _, longest = play(Bucket(size=12_000, said=said), 2000, threads=64)
    assert longest == 0.0


def test_a_bucket_that_filled_again_holds_nothing_back() -> None:
    """One refusal does not slow the rest of a run down for ever."""
    budget = Budget()
    assert budget.take(0.0) == 0.0
    budget.refused(0.0, 1, None, 1.0)
    assert 0 < budget.take(0.5) <= 0.5
    later = 1.0 + CAPACITY / budget.rate
    assert all(budget.take(later) == 0.0 for _ in range(10 * CAPACITY))


def test_a_busy_provider_is_not_an_empty_bucket() -> None:
    """A 429 that says that reads are left stops nobody else."""
    budget = Budget()
    budget.take(0.0)
    budget.refused(0.0, 1, 200, 60.0)
    assert budget.take(0.0) == 0.0


HEADERS = [
    ("x-ms-ratelimit-remaining-subscription-reads", "249", 249),
    ("X-Ms-Ratelimit-Remaining-Tenant-Reads", " 0 ", 0),
    *(("x-ms-ratelimit-remaining-subscription-reads", text, None) for text in ("", "-5", "1e9", "many", "²", "9" * 40)),
    ("x-ms-ratelimit-remaining-subscription-global-reads", "7", None),
]


@pytest.mark.parametrize(("name", "text", "left"), HEADERS)
def test_what_the_headers_say(name: str, text: str, left: int | None) -> None:
    """A number is believed; what is none says nothing."""
    response = requests.Response()
    response.headers[name] = text
    assert remaining(response) == left


def refusing(request: requests.PreparedRequest) -> requests.Response | None:
    answer = respond(request, 429, {"error": {"code": "TooManyRequests", "message": "Slow down."}})
    answer.headers["Retry-After"] = "30"
    return answer


def test_a_wait_is_every_threads_and_ends_with_the_run() -> None:
    """After a refusal nothing is sent to that subscription, but to others; and nobody waits past the deadline."""
    far = ArmAdapter(scenarios.secure(), fault=refusing)
    adapter = PacedAdapter(far, Deadline(0.5))

    def get(subscription: str) -> requests.Response:
        url = f"https://management.azure.com/subscriptions/{subscription}/x"
        return adapter.send(requests.Request("GET", url).prepare())

    assert get("a").status_code == get("b").status_code == 429
    began = time.monotonic()
    with pytest.raises(OverError):
        get("A")
    assert time.monotonic() - began < 2
    assert len(far.requests) == 2


@pytest.mark.parametrize("asked", ["86400", "Fri, 31 Dec 2199 23:59:59 GMT", "inf"])
def test_one_that_asks_for_days_is_given_up(asked: str) -> None:
    """The read becomes a gap at once, the rest is read."""

    def days(request: requests.PreparedRequest) -> requests.Response | None:
        if not str(request.url).lower().partition("?")[0].endswith("/bastionhosts"):
            return None
        answer = refusing(request)
        assert answer is not None
        answer.headers["Retry-After"] = asked
        return answer

    estate = scenarios.secure()
    adapter = ArmAdapter(estate, fault=days)
    home = str(estate.subscriptions[0]["subscriptionId"])
    began = time.monotonic()
    snapshot = collect(Request((home,)), CLOUDS["AzureCloud"], ReplayCredential(), adapter, NOW)
    assert time.monotonic() - began < 20
    failed = [x for x in snapshot.listings if x.failure]
    assert [x.failure.http_status for x in failed if x.failure] == [429]
