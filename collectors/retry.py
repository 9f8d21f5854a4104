"""What is asked again, how often, and how long is waited before: the SDKs' own retries, bounded."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.pipeline.policies import RetryPolicy
from azure.core.pipeline.transport import RequestsTransport

from collectors.deadline import Deadline
from collectors.https import CONNECT_SECONDS, REQUEST_SECONDS

# Longer than Azure asks for when it is busy. One that asks for an hour will not answer in this run.
LONGEST_WAIT = 60.0
# One request with all its retries.
LONGEST_REQUEST = 180


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that Azure asks to wait: a number or a date. None where it says neither."""
    text = (headers.get("Retry-After") or "").strip()
    if (seconds := _number(text)) is not None:
        return seconds
    with contextlib.suppress(ValueError, OverflowError):
        when = parsedate_to_datetime(text)
        return max(0.0, (when.astimezone(UTC) - (now or datetime.now(UTC))).total_seconds())
    milliseconds = _number(headers.get("retry-after-ms") or headers.get("x-ms-retry-after-ms") or "")
    return None if milliseconds is None else milliseconds / 1000


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if not math.isnan(number) else None


class Retry(RetryPolicy):  # type: ignore[misc]  # the SDK is not followed by mypy
    """The SDK's retries, bounded: under ARM's budget a thread may be told to wait several times before its turn comes,
    but a service that stays down, or asks for an hour, must not hold up the rest for minutes."""

    def __init__(self, retries: bool = True) -> None:
        self.of_thread = threading.local()
        if not retries:
            super().__init__(retry_total=0)
        else:
            super().__init__(
                retry_total=8,
                retry_connect=2,
                retry_read=1,
                retry_status=6,
                retry_backoff_max=4,
                timeout=LONGEST_REQUEST,
            )

    @contextlib.contextmanager
    def patience(self, patient: bool) -> Iterator[None]:
        """Whether what this thread asks for is asked for again."""
        self.of_thread.patient = patient
        try:
            yield
        finally:
            self.of_thread.patient = True

    def increment(self, settings: dict[str, Any], response: Any = None, error: Any = None) -> bool:
        if not getattr(self.of_thread, "patient", True):
            return False
        return bool(super().increment(settings, response=response, error=error))

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        if (self.get_retry_after(response) or 0.0) > LONGEST_WAIT:
            return False
        return bool(response.http_response.status_code in self._retry_on_status_codes and settings["total"] > 0)

    def get_retry_after(self, response: Any) -> float | None:
        return retry_after(response.http_response.headers)

    def sleep(self, settings: dict[str, Any], transport: Any, response: Any = None) -> None:
        """As long as Azure asks, even if that is not at all."""
        wait = None if response is None else self.get_retry_after(response)
        transport.sleep(self.get_backoff_time(settings) if wait is None else wait)


class Transport(RequestsTransport):  # type: ignore[misc]  # the SDK is not followed by mypy
    """The SDKs' way onto the session. Its sleeps end with the run."""

    def __init__(self, session: Any, deadline: Deadline) -> None:
        super().__init__(
            session=session,
            session_owner=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=REQUEST_SECONDS,
        )
        self.deadline = deadline

    def sleep(self, duration: float) -> None:
        self.deadline.sleep(duration)
