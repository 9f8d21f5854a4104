"""HTTPS in which an answer has a time by which all of it must be there, and a size that it may have.

The timeouts of `requests` bound each wait for the next bytes. A server that sends a byte now and then, or a line of
its header, is never late by them. Here every read of a socket knows the end of the request that it serves.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import create_urllib3_context
from urllib3.util.retry import Retry

from collectors.deadline import Deadline

CONNECT_SECONDS = 20.0
# Resource Manager itself gives up on a provider after a minute.
REQUEST_SECONDS = 60.0
# Once so many requests have run out of time, Azure is not slow but down: the others need not wait as long.
PATIENT_WITH, IMPATIENT_SECONDS = 8, 15.0
# Larger than any page of Azure's, small enough to be held.
LARGEST_ANSWER = 64 * 2**20
_TICK = 0.5


class _Serving(threading.local):
    """The request that this thread waits for: when it must be over, and the run that it is part of."""

    until: float | None = None
    deadline: Deadline | None = None


_serving = _Serving()


class _Socket(ssl.SSLSocket):
    """Waits for bytes no longer than the request it serves may take, and no longer than the run."""

    def read(self, len: int = 1024, buffer: bytearray | None = None) -> Any:  # type: ignore[override]  # noqa: A002
        until, deadline = _serving.until, _serving.deadline
        if until is None or deadline is None:
            return super().read(len, buffer)
        usual = self.gettimeout()
        try:
            while True:
                left = deadline.left(until - time.monotonic())
                if left <= 0:
                    raise TimeoutError("the answer did not come to an end in time")
                self.settimeout(min(left, _TICK))
                try:
                    return super().read(len, buffer)
                except TimeoutError:
                    continue
        finally:
            self.settimeout(usual)


class HTTPSAdapter(HTTPAdapter):
    """The adapter of a live run. Answers come back whole; it asks nothing twice unless told to, which the SDKs do."""

    def __init__(
        self, deadline: Deadline, threads: int = 1, retries: Retry | int = 0, seconds: float = REQUEST_SECONDS
    ) -> None:
        self.deadline = deadline
        self.seconds = seconds
        self._late = 0
        super().__init__(pool_connections=4, pool_maxsize=threads + 2, max_retries=retries)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        self._context = create_urllib3_context()
        self._context.sslsocket_class = _Socket
        self._authorities: set[tuple[str | None, str | None]] = set()
        self._loading = threading.Lock()
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """As usual, but that the certificates of the authorities are loaded once: the public ones take 40 ms, and a
        pool that knows of them loads them for every connection."""
        with self._loading:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
            authorities = conn.ca_certs, conn.ca_cert_dir
            conn.ca_certs = conn.ca_cert_dir = None
            if any(authorities) and authorities not in self._authorities:
                try:
                    self._context.load_verify_locations(*authorities)
                except OSError as error:
                    raise requests.exceptions.SSLError(f"{verify} holds no certificates: {error}") from error
                self._authorities.add(authorities)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.deadline.check()
        seconds = self.seconds if self._late < PATIENT_WITH else min(self.seconds, IMPATIENT_SECONDS)
        # With so little left of the run, a connection must not be waited for longer than that either.
        kwargs["timeout"] = (max(0.01, self.deadline.left(min(CONNECT_SECONDS, seconds))), seconds)
        with self._serve(seconds) as until:
            try:
                response = super().send(request, *args, **kwargs)
                return self._whole(response)
            except requests.RequestException as error:
                self.deadline.check()
                unconnected = isinstance(error, requests.ConnectTimeout)
                self._late += unconnected or time.monotonic() >= until
                if unconnected or time.monotonic() < until:
                    raise
                raise requests.ReadTimeout(f"no whole answer within {seconds:g} s", request=request) from error

    @contextmanager
    def _serve(self, seconds: float) -> Iterator[float]:
        _serving.until, _serving.deadline = time.monotonic() + seconds, self.deadline
        try:
            yield _serving.until
        finally:
            _serving.until = _serving.deadline = None

    @staticmethod
    def _whole(response: requests.Response) -> requests.Response:
        """The response with all of its body there."""
        body = bytearray()
        for chunk in response.iter_content(2**16):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                response.close()
                raise requests.exceptions.ContentDecodingError(f"an answer larger than {LARGEST_ANSWER} bytes")
        response._content = bytes(body)  # where `content` would have put it, had it been small for sure
        return response
