"""What stops a collection, said to the user; and what Azure answered, turned into the reason for a gap."""

from __future__ import annotations

import re
from typing import Any

from auditor.model.snapshot import Failure
from collectors.secrets import clean

ABSENT_CODES = {"ResourceNotFound", "ResourceGroupNotFound"}
ACTION = re.compile(r"perform action '([^']+)'")
PROVIDERS = re.compile(r"\w+(\.\w+)+(/[\w.*-]{1,80}){1,12}")


class CollectionError(Exception):
    """No audit is possible; ``help`` says what to do about it."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002
        super().__init__(message)
        self.help = help


class RefusedRequestError(Exception):
    """A request that must never leave: anything but a read of the cloud's own Resource Manager."""


def from_answer(status: int, body: Any, action: str) -> tuple[Failure, bool]:
    """The failure that an error answer makes, and whether it says that the resource does not exist.

    404 is absence only with the codes ResourceNotFound and ResourceGroupNotFound; SubscriptionNotFound may be another
    tenant's. ``action`` is the permission of the read, for answers that do not name it.
    """
    error = body.get("error", body) if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    named = ACTION.search(message)
    needs = _action(named.group(1) if named else "", action) if status in (401, 403) else None
    words = message.split(". ")[0].strip().rstrip(".") if message else f"HTTP {status}"
    if status == 403:
        words = f"not permitted to {needs}"
    reason = clean(f"{code}: {words}" if code else words)
    return Failure(reason=reason[:300], http_status=status, needs_action=needs), status == 404 and code in ABSENT_CODES


def _action(said: str, known: str) -> str:
    """The action that Azure names, unless that is ours in another case, or none of a resource provider."""
    return known if said.lower() == known.lower() or not PROVIDERS.fullmatch(said) else said


def from_exception(error: BaseException) -> Failure:
    """The failure of a read that brought no answer, in one line."""
    name = type(error).__name__
    if name == "DecodeError":  # its text repeats the whole body
        return Failure(reason="Azure's answer is not JSON")
    text = " ".join(str(error).split())
    return Failure(reason=clean(f"{name}: {text}" if text else name)[:300])
