"""Keeps what Azure answered, whatever the SDKs make of it.

Their entities leave properties out, and one item that they cannot parse loses a whole list. So the body of each answer
is kept here, and the SDK is shown what is left without it: it has nothing to trip over or to make objects of, and
follows the link to the next page.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import BaseAdapter

from collectors.jsontext import parse
from collectors.recording import respond

MOST_PAGES = 2000


class CircleError(Exception):
    """Pages without end."""


@dataclass(frozen=True)
class Page:
    """One answer: its status, and its body, which is None where it is not JSON."""

    status: int
    body: Any


class _Read(threading.local):
    """What this thread has been answered in the read that it is at, by URL: the last of several tries counts."""

    def __init__(self) -> None:
        self.seen: dict[str, Page] = {}


class CapturingAdapter(BaseAdapter):
    """Passes requests to ``inner``. Clients are synchronous, so a thread reads one thing at a time."""

    def __init__(self, inner: BaseAdapter) -> None:
        super().__init__()
        self.inner = inner
        self._read = _Read()

    def begin(self) -> None:
        """Another read begins in this thread."""
        self._read.seen = {}

    @property
    def seen(self) -> list[Page]:
        """The pages of the read, in order."""
        return list(self._read.seen.values())

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        url = request.url or ""
        before = self._read.seen.get(url)
        if (before is not None and 200 <= before.status < 300) or len(self._read.seen) >= MOST_PAGES:
            raise CircleError("the pages of Azure's answer go in a circle")
        response = self.inner.send(request, *args, **kwargs)
        body = _parsed(response.content)
        self._read.seen[url] = Page(response.status_code, body)
        if response.status_code != 200 or not isinstance(body, dict):
            return response
        items: dict[str, Any] = {"value": []} if isinstance(body.get("value"), list) else {}
        return respond(request, response.status_code, {**items, "nextLink": body.get("nextLink")})

    def close(self) -> None:
        self.inner.close()


def _parsed(content: bytes) -> Any:
    try:
        return parse(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
