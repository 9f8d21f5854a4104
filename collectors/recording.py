"""Recordings: the raw ARM exchange as readable JSON, one file a request, with tokens and secrets left out.

A recording is replayed below the SDK clients, so that the very same collectors run over it. The api-version stays part
of a request: one resource read with two versions has two bodies. So does what a query asks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from pydantic import AwareDatetime, BaseModel, Field, field_validator
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from auditor import files
from auditor.model.clouds import Cloud
from auditor.model.snapshot import Scope
from collectors.errors import CollectionError
from collectors.jsontext import parse
from collectors.pseudonyms import Pseudonyms
from collectors.secrets import REDACTED, clean, redact

MANIFEST = "recording.json"
HELP = "give --replay a folder that --record wrote"
LARGEST_FILE = 64 * 2**20
LARGEST_RECORDING = 2**29
MOST_FILES = 200_000


class Manifest(BaseModel):
    """What a recording needs to be run again: where, when, and what was asked for."""

    version: Literal["1"] = "1"
    recorded_at: AwareDatetime = Field(ge=datetime(2015, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
    cloud: Cloud
    tenant_id: str | None = None
    subscriptions: list[str]
    management_group: str | None = None
    scope: Scope = Scope()

    @field_validator("cloud")
    @classmethod
    def _has_address(cls, cloud: Cloud) -> Cloud:
        end = urlsplit(cloud.resource_manager)
        if end.scheme != "https" or not end.hostname or end.port == 0:
            raise ValueError("no Resource Manager")
        return cloud

    def under(self, pseudonyms: Pseudonyms) -> Manifest:
        """The same under other names."""
        return Manifest(
            recorded_at=self.recorded_at,
            cloud=pseudonyms.cloud(self.cloud),
            tenant_id=pseudonyms.name(self.tenant_id) if self.tenant_id else None,
            subscriptions=[pseudonyms.asked(s.strip()) for s in self.subscriptions],
            management_group=pseudonyms.asked(self.management_group) if self.management_group else None,
            scope=pseudonyms.scope(self.scope),
        )


class _Request(BaseModel):
    method: str
    url: str
    body: Any = None


class _Response(BaseModel):
    status: int = Field(ge=100, le=599)
    body: Any


class Exchange(BaseModel):
    """One request and its answer, as a file holds them."""

    request: _Request
    response: _Response


def request_key(method: str, url: str, body: Any = None) -> str:
    """What makes two requests the same: method, path, query and body, whatever the host and the case."""
    parts = urlsplit(url)
    query = sorted((k.lower(), v) for k, v in parse_qsl(parts.query, keep_blank_values=True))
    path = re.sub(r"/{2,}", "/", unquote(parts.path)).rstrip("/").lower()
    at = f"{method} {path}?{'&'.join(f'{k}={v}' for k, v in query).lower()}"
    return at if body is None else f"{at} {json.dumps(body, sort_keys=True).lower()}"


class RecordingAdapter(BaseAdapter):
    """Passes requests to ``inner`` and keeps each final exchange in a folder, under other names if asked."""

    def __init__(self, inner: BaseAdapter, folder: Path, pseudonyms: Pseudonyms | None = None) -> None:
        super().__init__()
        self.pseudonyms = pseudonyms
        self._salt = os.urandom(16)
        self.inner = inner
        self.folder = folder
        self.error: OSError | None = None
        self._closed = False
        self._kept: set[Path] = set()
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = self.inner.send(request, *args, **kwargs)
        try:
            body = redact(parse(response.text), self._salt)
        except (ValueError, RecursionError):
            body = REDACTED  # what is not JSON says nothing to the collectors, and may hold anything
        asked = _Request(
            method=request.method or "",
            url=clean(request.url or "", self._salt),
            body=redact(asked_for(request), self._salt),
        )
        self._keep(asked, response.status_code, body)
        return response

    def close(self) -> None:
        """End the recording: a thread that is left behind adds nothing to it."""
        with self._lock:
            self._closed = True
        self.inner.close()

    def _keep(self, asked: _Request, status: int, body: Any) -> None:
        if self.pseudonyms is not None:
            body = self.pseudonyms.body(asked.url, status, body)
            other = {"url": self.pseudonyms.url(asked.url), "body": self.pseudonyms.question(asked.body)}
            asked = asked.model_copy(update=other)
        name = file_name(asked.method, asked.url, asked.body)
        exchange = {
            "request": asked.model_dump(exclude_none=True),
            "response": {"status": status, "body": body},
        }
        text = json.dumps(exchange, indent=1, ensure_ascii=False)
        with self._lock:
            if self._closed:
                return
            try:
                self._kept.add(self.folder / name)
                write_private(self.folder / name, text + "\n")
            except OSError as error:
                self.error = self.error or error

    def discard(self) -> None:
        """Take away what was kept: half a recording would replay to another verdict."""
        with self._lock:
            self._closed = True
            for path in (*self._kept, self.folder / MANIFEST):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()


def asked_for(request: requests.PreparedRequest) -> Any:
    """The body of a request, which queries alone have."""
    if not request.body:
        return None
    return parse(request.body if isinstance(request.body, str) else bytes(request.body).decode())


def file_name(method: str, url: str, body: Any = None) -> str:
    """A readable, unique and safe file name: the end of the path, and a hash of the whole request."""
    parts = [p for p in unquote(urlsplit(url).path).split("/") if p]
    readable = "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", p)[:40].strip("-.") for p in parts[-3:])
    digest = hashlib.sha256(request_key(method, url, body).encode()).hexdigest()[:12]
    return f"{readable or 'root'}--{digest}.json"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and through no link that somebody else laid."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def start(folder: Path, manifest: Manifest, pseudonyms: Pseudonyms | None = None) -> None:
    """Begin a recording in a new or empty folder.

    Raises:
        CollectionError: the folder cannot be written, or holds something already.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CollectionError(f"{folder} is not empty", "give --record a new folder")
        manifest = manifest.under(pseudonyms) if pseudonyms is not None else manifest
        write_private(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise CollectionError(
            f"cannot record to {folder}: {error.strerror}", "give --record a folder to write to"
        ) from error


@contextlib.contextmanager
def kept(
    inner: BaseAdapter, folder: Path, manifest: Manifest, pseudonyms: Pseudonyms | None = None
) -> Iterator[RecordingAdapter]:
    """Record what passes through ``inner`` into a new folder. It is whole in the end, or not there.

    Raises:
        CollectionError: the folder cannot be written, or holds something already.
    """
    start(folder, manifest, pseudonyms)
    recorder = RecordingAdapter(inner, folder, pseudonyms)
    try:
        yield recorder
        if recorder.error is not None:
            raise CollectionError(
                f"cannot record to {folder}: {recorder.error.strerror}", "free space, or record elsewhere"
            )
    except BaseException:  # an interruption too
        recorder.discard()
        raise


class Recording:
    """A recording that was read from a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = Manifest.model_validate(files.parse(files.read(folder / MANIFEST, LARGEST_FILE)))
        except files.UnreadableError as error:
            raise CollectionError(f"cannot read the recording {folder}: {error}", HELP) from error
        except ValueError as error:
            raise CollectionError(f"{folder / MANIFEST} is not a recording of this version", HELP) from error
        self.answers: dict[str, tuple[int, Any]] = {}
        left = LARGEST_RECORDING
        for path in _exchanges(folder):
            try:
                data = files.read(path, min(left, LARGEST_FILE))
                exchange = Exchange.model_validate(files.parse(data))
                at = request_key(exchange.request.method, exchange.request.url, exchange.request.body)
            except files.UnreadableError as error:
                raise CollectionError(f"cannot read {path}: {error}", HELP) from error
            except ValueError as error:
                raise CollectionError(f"{path} is not a recorded exchange", HELP) from error
            self.answers[at] = (exchange.response.status, exchange.response.body)
            left -= len(data)


def _exchanges(folder: Path) -> list[Path]:
    """The files of a recording. A link is none of them: it could lead anywhere."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith(".json") or entry.name == MANIFEST:
                    continue
                if entry.is_symlink():
                    raise CollectionError(f"{entry.path} is a link, and no recorded exchange", HELP)
                found.append(folder / entry.name)
                if len(found) > MOST_FILES:
                    raise CollectionError(f"{folder} holds more files than any recording", HELP)
    except OSError as error:
        raise CollectionError(f"cannot read the recording {folder}: {error.strerror}", HELP) from error
    return sorted(found)


class ReplayAdapter(BaseAdapter):
    """Answers from a recording. A request that was never recorded is an error of its own, not an empty answer."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        at = request_key(request.method or "", request.url or "", asked_for(request))
        status, body = self.recording.answers.get(
            at, (404, {"error": {"code": "NotRecorded", "message": "The recording does not hold this request."}})
        )
        return respond(request, status, body)

    def close(self) -> None:
        return None


def respond(request: requests.PreparedRequest, status: int, body: Any) -> requests.Response:
    """A response as `requests` makes them, with its body read."""
    response = requests.Response()
    response.status_code = status
    response.url = request.url or ""
    response.request = request
    response.headers["Content-Type"] = "application/json"
    response.raw = HTTPResponse(status=status)
    response._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    return response
