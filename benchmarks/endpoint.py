"""A Resource Manager on this machine that answers after a while: our own, or the simulator that ``ARMSIM`` names.

Ours serves an estate of `tests.arm` over HTTPS, with a token endpoint beside it, from a thread of this process: the
command that is measured is another one.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from tests.arm.adapter import METADATA, ArmAdapter
from tests.arm.estate import Estate

ASIDE = ("/metadata/", "/msi/")  # asked of the endpoint, and not of Resource Manager
REFUSAL = {"error": {"code": "TooManyRequests", "message": "Number of requests exceeded the limit."}}
Budget = tuple[int, float]  # so many reads at once, and so many more each second


@dataclass
class Counts:
    """What was asked of Resource Manager: how often, how much of it again, and how much at once."""

    requests: int = 0
    repeated: int = 0
    in_flight: int = 0
    refused: int = 0


class Endpoint(Protocol):
    """Where the command is pointed to, with the environment that makes it sign in there."""

    url: str
    env: dict[str, str]

    def counts(self) -> Counts:
        """Since the last call."""


@contextmanager
def serving(estate: Estate, latency: float, folder: Path, budget: Budget | None = None) -> Iterator[Endpoint]:
    """An endpoint that serves an estate; a file or two are kept in ``folder``."""
    simulator = os.environ.get("ARMSIM")
    if simulator:
        with _simulated(Path(simulator), estate, latency, folder, budget) as simulated:
            yield simulated
    else:
        with _own(estate, latency, folder, budget) as own:
            yield own


# -- our own ---------------------------------------------------------------------------------------------------------


@dataclass
class _Own:
    adapter: ArmAdapter
    latency: float
    budget: Budget | None
    url: str = ""
    env: dict[str, str] = field(default_factory=dict)
    _asked: list[str] = field(default_factory=list)
    _now: int = 0
    _most: int = 0
    _refused: int = 0
    _left: float = 0
    _at: float = 0

    def counts(self) -> Counts:
        repeated = len(self._asked) - len(set(self._asked)) - self._refused
        found = Counts(len(self._asked), repeated, self._most, self._refused)
        self._asked, self._most, self._refused = [], 0, 0
        return found

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept open for as many requests as come."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, target, _ = head.decode().split(" ", 2)
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                sent = await reader.readexactly(int(length[1])) if length else b""
                status, body, left = await self._answer(method, target, sent)
                kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
                kind += "" if left is None else f"\r\nx-ms-ratelimit-remaining-subscription-reads: {left}"
                kind += "\r\nRetry-After: 1" if status == 429 else ""
                writer.write(f"HTTP/1.1 {status} -\r\n{kind}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    async def _answer(self, method: str, target: str, sent: bytes) -> tuple[int, bytes, int | None]:
        """Status, body, and how many reads the budget then had left."""
        left = None
        self._now += 1
        done = asyncio.get_running_loop().time() + self.latency
        if target.startswith(ASIDE):
            status, body = self._aside(target)
        else:
            self._asked.append(f"{target} {sent!r}")
            self._most = max(self._most, self._now)
            status, body = self._arm(method, target, sent) if self._afford() else (429, json.dumps(REFUSAL).encode())
            left = None if self.budget is None else int(self._left)
            self._refused += status == 429
        await asyncio.sleep(done - asyncio.get_running_loop().time())
        self._now -= 1
        return status, body, left

    def _afford(self) -> bool:
        """Whether the budget, where there is one, has a read left; it is taken."""
        if self.budget is None:
            return True
        most, each_second = self.budget
        now = asyncio.get_running_loop().time()
        self._left = min(most, self._left + (now - self._at) * each_second) if self._at else most
        self._at = now
        allowed = self._left >= 1
        self._left -= allowed
        return allowed

    def _aside(self, target: str) -> tuple[int, bytes]:
        """A token, or what describes the cloud."""
        if target.startswith("/msi/"):
            token = {"access_token": "t", "expires_in": 3600, "expires_on": 2**31, "resource": ""}
            return 200, json.dumps(token).encode()
        sign_in = {**METADATA["authentication"], "loginEndpoint": self.url, "audiences": [self.url]}
        cloud = {**METADATA, "resourceManager": self.url, "authentication": sign_in}
        return 200, json.dumps([cloud]).encode()

    def _arm(self, method: str, target: str, sent: bytes) -> tuple[int, bytes]:
        answer = self.adapter.send(requests.Request(method, self.url + target, data=sent).prepare())
        return answer.status_code, answer.content


@contextmanager
def _own(estate: Estate, latency: float, folder: Path, budget: Budget | None) -> Iterator[Endpoint]:
    own = _Own(ArmAdapter(estate), latency, budget)
    certificate, context = folder / "certificate.pem", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _certify(certificate)
    trusted = folder / "trusted.pem"  # the public authorities too, which an audit of Azure has to load
    trusted.write_bytes(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes() + certificate.read_bytes())
    context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(own.talk, "127.0.0.1", 0, ssl=context, backlog=1000))
    own.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    own.env = {name: str(trusted) for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
    own.env |= {"NO_PROXY": "*", "IDENTITY_ENDPOINT": f"{own.url}/msi/token", "IDENTITY_HEADER": "-"}
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield own
    finally:
        asyncio.run_coroutine_threadsafe(_end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _end() -> None:
    """Leave no connection waiting for a request that will not come."""
    talks = asyncio.all_tasks() - {asyncio.current_task()}
    for talk in talks:
        talk.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


def _certify(path: Path) -> None:
    """Write a key and a certificate of this machine, signed by itself, that lasts a day."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, form, plain) + certificate.public_bytes(pem))


# -- the simulator ---------------------------------------------------------------------------------------------------


@dataclass
class _Simulated:
    url: str
    env: dict[str, str]

    def counts(self) -> Counts:
        control = self.env["ARMSIM_HTTP"] + "/_sim/"
        with urllib.request.urlopen(control + "stats") as answer:  # noqa: S310  (our own child)
            seen = json.load(answer)
        urllib.request.urlopen(urllib.request.Request(control + "reset", b"{}", method="POST")).close()  # noqa: S310
        refused = seen["throttled"]
        return Counts(seen["arm_requests"], seen["arm_repeated"] - refused, seen["max_in_flight"], refused)


@contextmanager
def _simulated(
    simulator: Path, estate: Estate, latency: float, folder: Path, budget: Budget | None
) -> Iterator[Endpoint]:
    held = folder / "estate.json"
    held.write_text(json.dumps(estate.to_json()))
    limits = ["--bucket", str(budget[0]), "--refill", str(budget[1])] if budget else ["--no-throttle"]
    command = [str(simulator / "run"), str(held), "--latency-ms", str(latency * 1000), *limits]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  (what the user named)
        assert process.stdout is not None  # noqa: S101  (it was asked for)
        env = {}
        for line in iter(process.stdout.readline, ""):
            if line.startswith("#"):
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            env[name] = value.strip("'")
        try:
            yield _Simulated(env["ARMSIM_URL"], env)
        finally:
            process.send_signal(signal.SIGINT)  # at which it takes its server down with it
