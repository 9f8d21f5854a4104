"""Whom a connection trusts, with and without a proxy on the way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
import requests

from collectors.deadline import Deadline
from collectors.https import HTTPSAdapter
from tests.arm import scenarios
from tests.chaos.endpoint import Endpoint
from tests.chaos.test_time import at, how

tunnels: list[str] = []  # that were asked for since the proxy was there


class _Tunnel(StreamRequestHandler):
    """Answers CONNECT, and passes on what comes from either side."""

    def handle(self) -> None:
        verb, place, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        assert verb == "CONNECT"
        tunnels.append(place)
        host, port = place.split(":")
        with socket.create_connection((host, int(port))) as far:
            self.wfile.write(b"HTTP/1.1 200 -\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(far, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, far)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(2**16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A proxy, and the environment that leads to it."""
    with ThreadingTCPServer(("127.0.0.1", 0), _Tunnel) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_address[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        tunnels.clear()
        yield
        assert tunnels, "the proxy was passed by"
        server.shutdown()


def get(adapter: HTTPSAdapter, endpoint: Endpoint) -> int:
    with requests.Session() as session:
        session.mount("https://", adapter)
        answer = session.get(f"{endpoint.url}/metadata/endpoints")
        adapter.poolmanager.clear()  # the next request makes a connection of its own
        return answer.status_code


def test_authorities_are_loaded_once(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is made later trusts as the first one does, and reads no file for it."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(endpoint.ca.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    endpoint.serve(scenarios.secure())
    adapter = HTTPSAdapter(Deadline())
    assert get(adapter, endpoint) == 200
    bundle.write_text("no certificate")
    assert get(adapter, endpoint) == 200
    with pytest.raises(requests.exceptions.SSLError, match=r"bundle\.pem holds no certificates"):
        get(HTTPSAdapter(Deadline()), endpoint)


def test_authorities_may_stand_in_a_folder(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without the certificate trusts nobody."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    endpoint.serve(scenarios.secure())
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        get(HTTPSAdapter(Deadline()), endpoint)


@pytest.mark.parametrize("through", [None, "proxy"])
def test_others_are_not_trusted(
    endpoint: Endpoint, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, through: str | None
) -> None:
    """With the public authorities alone, a certificate of one's own is refused, whatever the system trusts."""
    if through:
        request.getfixturevalue(through)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    endpoint.serve(scenarios.secure())
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        get(HTTPSAdapter(Deadline()), endpoint)


@pytest.mark.usefixtures("proxy")
def test_a_proxy_changes_neither_trust_nor_time(endpoint: Endpoint) -> None:
    """Behind a proxy the same authorities are trusted, and an answer has the same time to be there."""
    endpoint.serve(scenarios.secure())
    assert get(HTTPSAdapter(Deadline()), endpoint) == 200
    endpoint.serve(scenarios.secure(), at("endpoints", how("drip")))
    with pytest.raises(requests.ReadTimeout, match="no whole answer within 1 s"):
        get(HTTPSAdapter(Deadline(), seconds=1), endpoint)
