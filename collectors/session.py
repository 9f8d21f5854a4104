"""The one HTTP session under every client, with the read-only guard at its bottom.

The guard stands below every policy and retry of the SDKs, because they can write on their own: their usual pipeline
answers a 409 with a POST that registers a provider. Only GET to the cloud's own Resource Manager passes, and the one
read that is a POST by design: a query of Azure Resource Graph.
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from auditor.model.snapshot import Traffic
from auditor.model.types import GRAPH
from collectors.errors import RefusedRequestError

REQUEST_ID = "x-ms-client-request-id"
GRAPH_QUERY = f"/providers/{GRAPH}"
SKIP_TOKEN = "$skipToken"  # noqa: S105  (it names the next page of an answer of Resource Graph)


class ReadOnlyAdapter(BaseAdapter):
    """Lets reads of one host through to ``inner``, counts them, and refuses everything else."""

    def __init__(self, inner: BaseAdapter, resource_manager: str) -> None:
        super().__init__()
        self.inner = inner
        self.host = _host(resource_manager)
        self.traffic = Traffic()
        self._lock = threading.Lock()
        self._sent: set[str] = set()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        if request.method != "GET" and not is_graph_query(request):
            raise RefusedRequestError(f"refused to send {request.method} {url.path}: this tool only reads")
        if url.scheme != "https" or "@" in url.netloc or _host(request.url or "") != self.host:
            # What stands before an @ may be a password, and would go in the token's place.
            at = url.netloc.rpartition("@")[2]
            raise RefusedRequestError(f"refused to send a token to {at}: not the Resource Manager of this cloud")
        self._count(request.headers.get(REQUEST_ID))
        response = self.inner.send(request, *args, **kwargs)
        if response.status_code == 429:
            with self._lock:
                self.traffic.throttled += 1
        return response

    def close(self) -> None:
        self.inner.close()

    def _count(self, request_id: str | bytes | None) -> None:
        """A retry carries the same client request id as the first try."""
        with self._lock:
            self.traffic.requests += 1
            if request_id:
                name = str(request_id)
                self.traffic.retries += name in self._sent
                self._sent.add(name)


def is_graph_query(request: requests.PreparedRequest) -> bool:
    """Whether a request asks Resource Graph, which can change nothing: its language only reads."""
    return request.method == "POST" and urlsplit(request.url or "").path.lower() == GRAPH_QUERY.lower()


def _host(url: str) -> tuple[str | None, int | None]:
    """Host and port; 443 may be written or not."""
    parts = urlsplit(url)
    return parts.hostname, parts.port or 443


class Session(requests.Session):
    """Sends a request as the SDKs made it. To merge it with what a session and the environment say costs as much as to
    send it; they say the same every time. And a ``.netrc`` must not put a password in the place of the token."""

    def __init__(self, resource_manager: str) -> None:
        super().__init__()
        self._settings = super().merge_environment_settings(resource_manager, {}, None, None, None)
        self.trust_env = False
        self.max_redirects = 0

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = requests.PreparedRequest()
        headers = {**self.headers, **request.headers}
        prepared.prepare(method=request.method, url=request.url, headers=headers, data=request.data, json=request.json)
        return prepared

    def merge_environment_settings(self, *_: Any) -> Any:
        return self._settings.copy()


def open_session(inner: BaseAdapter, resource_manager: str) -> tuple[requests.Session, ReadOnlyAdapter]:
    """A session on which nothing but reads of one Resource Manager can be sent."""
    session = Session(resource_manager)
    guard = ReadOnlyAdapter(inner, resource_manager)
    for prefix in list(session.adapters):
        del session.adapters[prefix]
    session.mount("https://", guard)
    session.mount("http://", guard)
    return session, guard
