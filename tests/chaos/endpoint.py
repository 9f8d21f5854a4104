"""A Resource Manager on this machine, over HTTPS with a certificate authority of its own, that misbehaves on request.

It answers from an estate as `tests.arm.adapter` does, describes itself as a cloud, and issues tokens as the managed
identity of App Service does, which azure-identity accepts.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.arm.adapter import METADATA, ArmAdapter
from tests.arm.estate import Estate, Json

HEADER = "the identity header"


@dataclass
class Reply:
    """An answer on its way out. What ``how`` names happens to it: reset, cut, hang or drip."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""


# What becomes of the answer to the path and query of a request.
Spoil = Callable[[str, Reply], Reply]


class Endpoint:
    """Serves one estate at a time. ``spoil`` sees every answer before it leaves."""

    def __init__(self, folder: Path) -> None:
        self.ca, certificate = _certificates(folder)
        self.release = threading.Event()  # ends what hangs and drips
        self.strangers: list[str] = []  # requests that came here under another name
        self._tokens: dict[str, float] = {}
        self._servers = [_Server(("127.0.0.1", 0), self) for _ in range(2)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        secure = self._servers[0]
        secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
        self.host = f"127.0.0.1:{secure.server_port}"
        self.url = f"https://{self.host}"
        self.identity = f"http://127.0.0.1:{self._servers[1].server_port}/msi/token"
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, estate: Estate, spoil: Spoil = lambda target, reply: reply, lifetime: float = 3600) -> None:
        """From now on this is the estate, and this happens to its answers."""
        self.release.set()
        self.release = threading.Event()
        self._adapter, self._spoil, self._lifetime = ArmAdapter(estate, page_size=4), spoil, lifetime
        self._tokens, self.strangers = {}, []

    @property
    def asked(self) -> list[str]:
        """The path and query of everything that was asked for."""
        return [url.removeprefix(self.url) for _, url in self._adapter.requests]

    def environment(self) -> dict[str, str]:
        """What a process needs to find its way here, and nowhere else."""
        return {
            "REQUESTS_CA_BUNDLE": str(self.ca),
            "SSL_CERT_FILE": str(self.ca),
            "NO_PROXY": "*",
            "IDENTITY_ENDPOINT": self.identity,
            "IDENTITY_HEADER": HEADER,
        }

    def close(self) -> None:
        self.release.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    # -- answering -------------------------------------------------------------------------------------------------

    def reply(self, target: str, headers: dict[str, str]) -> Reply:
        """The answer to a GET."""
        path = urlsplit(target).path
        if path == "/msi/token":
            return self._spoil(target, self._token(headers))
        if headers.get("host") != self.host:
            self.strangers.append(f"{headers.get('host')}{target}")
        if path == "/metadata/endpoints":
            login = {**METADATA["authentication"], "loginEndpoint": self.url, "audiences": [self.url]}
            cloud = {**METADATA, "name": "Local", "resourceManager": self.url, "authentication": login}
            return self._spoil(target, _reply(200, [cloud]))
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) <= time.time():
            error = {"code": "ExpiredAuthenticationToken", "message": "The access token expiry time is in the past."}
            return _reply(401, {"error": error}, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        request = requests.Request("GET", self.url + target).prepare()
        response = self._adapter.send(request)
        return self._spoil(target, Reply(response.status_code, response.content))

    def _token(self, headers: dict[str, str]) -> Reply:
        if headers.get("x-identity-header") != HEADER:
            return _reply(401, {"message": "no"})
        token, until = uuid.uuid4().hex, time.time() + self._lifetime
        self._tokens[token] = until
        return _reply(
            200,
            {"access_token": token, "expires_on": str(int(until)), "resource": self.url, "token_type": "Bearer"},
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], endpoint: Endpoint) -> None:
        super().__init__(address, _Handler)
        self.endpoint = endpoint

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        endpoint = self.server.endpoint
        reply = endpoint.reply(self.path, {k.lower(): v for k, v in self.headers.items()})
        head = [f"HTTP/1.1 {reply.status} -", f"Content-Length: {len(reply.body)}"]
        kind = {"Content-Type": "application/json"} | reply.headers
        data = "\r\n".join([*head, *(f"{k}: {v}" for k, v in kind.items()), "", ""]).encode() + reply.body
        if reply.how in ("hang", "drip"):
            self.close_connection = True
            for at in range(len(data) if reply.how == "drip" else 0):
                self.wfile.write(data[at : at + 1])
                if endpoint.release.wait(0.2):
                    return
            endpoint.release.wait(120)
        elif reply.how == "reset":
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The socket below TLS, without a goodbye.
            socket.socket(fileno=self.connection.detach()).close()
        elif reply.how == "cut":
            self.close_connection = True
            self.wfile.write(data[: len(data) - max(1, len(reply.body) // 2)])
        else:
            self.wfile.write(data)

    do_POST = do_PUT = do_GET  # noqa: N815

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


def _reply(status: int, body: Json | list[Json], headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(body).encode(), headers or {})


def _certificates(folder: Path) -> tuple[Path, Path]:
    """A certificate authority, and a certificate of it for this machine with its key."""
    now, year = dt.datetime.now(dt.UTC), dt.timedelta(days=365)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def begun(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - year)
            .not_valid_after(now + year)
        )

    above, below = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(above.public_key())
    use = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = (
        begun("authority", above)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(use, critical=True)
        .add_extension(identifier, critical=False)
        .sign(above, hashes.SHA256())
    )
    here = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = (
        begun("here", below)
        .add_extension(here, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(above, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca, both = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(authority.public_bytes(pem))
    secret = below.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(leaf.public_bytes(pem) + secret)
    return ca, both
