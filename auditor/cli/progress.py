"""Progress on stderr while collecting: one moving line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Progress:
    """Counts reads. ``quiet`` says nothing; ``verbose`` names every read."""

    def __init__(self, quiet: bool, verbose: bool) -> None:
        self.quiet = quiet
        self.verbose = verbose and not quiet
        self.moving = sys.stderr.isatty() and not quiet and not verbose
        self.started = self.said = time.monotonic()
        self.done = 0

    def __enter__(self) -> Progress:
        if self.moving:  # elsewhere nothing is said before an error, which stands alone then
            self.say("signing in and finding subscriptions …")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.moving:
            sys.stderr.write("\r\x1b[K")
        if kind is None:
            self.say(f"read {self.done} things in {time.monotonic() - self.started:.1f} s", last=True)

    def read(self, what: str, done: int, of: int) -> None:
        """``done`` of the ``of`` reads that are known to be needed so far have been made; the last was of ``what``."""
        self.done = done
        if self.verbose:
            sys.stderr.write(f"read {done}/{of} {what}\n")
        elif self.moving or time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            self.say(f"reading Azure: {done} of {of}, {what.rpartition('/')[2]}")

    def say(self, text: str, last: bool = False) -> None:
        if self.quiet:
            return
        sys.stderr.write(f"\r\x1b[K{text}" if self.moving and not last else f"{text}\n")
        sys.stderr.flush()
