"""When a run is over: its time is up, or nobody waits for it any more. Everything that waits asks here."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

T = TypeVar("T")


class OverError(Exception):
    """The run is over; whatever was being read is not needed any more. No policy of the SDKs tries this again."""


class LateError(Exception):
    """Some work did not end in time."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """The outcome of some work that nothing else bounds. Where it takes longer, it is left behind: `LateError`."""
    outcome: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            found = work()
        except Exception as error:  # noqa: BLE001  (it is raised where it is waited for)
            outcome.put(partial(_raise, error))
        else:
            outcome.put(lambda: found)

    threading.Thread(target=run, name="within", daemon=True).start()
    try:
        return outcome.get(timeout=seconds)()
    except queue.Empty:
        raise LateError from None


def _raise(error: Exception) -> NoReturn:
    raise error


class Deadline:
    """The end of one run. ``seconds`` bounds it; without, it ends when it is called over."""

    def __init__(self, seconds: float | None = None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds
        self._over = threading.Event()

    def left(self, most: float = threading.TIMEOUT_MAX) -> float:
        """The seconds that are left, ``most`` at most."""
        if self._over.is_set():
            return 0.0
        return most if self._at is None else max(0.0, min(most, self._at - time.monotonic()))

    def call_over(self) -> None:
        """End the run now: every thread that waits for something stops waiting."""
        self._over.set()

    def check(self) -> None:
        """Raise `OverError` if the run is over."""
        if self.left() == 0.0:
            raise OverError("the run is over")

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the run is over first."""
        self._over.wait(self.left(seconds))
        self.check()
