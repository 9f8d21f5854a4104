"""What a user did wrong, or what makes an audit impossible: one line, and one that says what to do."""

from __future__ import annotations

import sys


class AuditError(Exception):
    """No audit was possible; ``help`` says what to do about it."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002
        super().__init__(message)
        self.help = help


class Terminated(BaseException):
    """SIGTERM arrived."""


def complain(message: str, help_: str) -> None:
    """Say it on stderr, in the two lines that every error has."""
    sys.stderr.write(f"error: {_printable(message)}\nhelp: {_printable(help_)}\n")
    sys.stderr.flush()


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
