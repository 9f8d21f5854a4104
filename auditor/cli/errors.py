"""What ends a run early, said in one line, and one that says what to do."""

from __future__ import annotations

import sys

from auditor.errors import AuditError as AuditError


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived. ``during`` says what the run was at, and what had been done."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.during = ""


def complain(message: str, help_: str) -> None:
    """Say it on stderr, in the two lines that every error has. Names from Azure or from a file may be in it."""
    from auditor.reports.text import clean  # here, since help has no use for what it imports

    sys.stderr.write(f"error: {clean(message)}\nhelp: {clean(help_)}\n")
    sys.stderr.flush()
