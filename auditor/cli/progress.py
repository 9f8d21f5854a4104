"""Progress on stderr while collecting: one moving line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

from auditor.cli.errors import Interrupted


class Progress:
    """What a run is at. ``quiet`` says nothing; ``verbose`` names every read."""

    def __init__(self, quiet: bool, verbose: bool) -> None:
        self.quiet = quiet
        self.verbose = verbose and not quiet
        self.moving = sys.stderr.isatty() and not quiet and not verbose
        self.said = time.monotonic()
        self.stage = "starting"
        self.reads = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._clear()
        if isinstance(error, Interrupted):
            error.during = self.stage + self.reads

    def begin(self, stage: str) -> None:
        """Another stage begins. Off a terminal nothing is said before an error, which stands alone then."""
        self.stage = stage
        self._clear()
        if self.moving and stage.startswith(("signing", "judging")):
            self.say(f"{stage} …")

    def read(self, what: str, done: int, of: int) -> None:
        """``done`` of the ``of`` reads that are known to be needed so far have been made; the last was of ``what``."""
        self.stage, self.reads = "reading Azure", f" ({done} of {of} reads made)"
        if self.verbose:
            sys.stderr.write(f"read {done}/{of} {what}\n")
        elif self.moving or time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            self.say(f"reading Azure: {done} of {of}, {what.rpartition('/')[2]}")

    def note(self, text: str) -> None:
        """Say something that stays."""
        self.say(f"{text}\n" if self.moving else text)

    def _clear(self) -> None:
        if self.moving:
            sys.stderr.write("\r\x1b[K")

    def say(self, text: str) -> None:
        if self.quiet:
            return
        sys.stderr.write(f"\r\x1b[K{text}" if self.moving else f"{text}\n")
        sys.stderr.flush()
