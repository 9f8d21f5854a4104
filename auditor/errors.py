"""What a user did wrong, or what makes an audit impossible."""

from __future__ import annotations


class AuditError(Exception):
    """No audit was possible; ``help`` says what to do about it."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002
        super().__init__(message)
        self.help = help
