"""Recordings: the raw ARM exchange as readable JSON, one file a request, with tokens and secrets left out.

A recording is replayed below the SDK clients, so that the very same collectors run over it. The api-version stays part
of a request: one resource read with two versions has two bodies.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from auditor.model.clouds import Cloud
from auditor.model.snapshot import Scope
from collectors.errors import CollectionError
from collectors.jsontext import parse
from collectors.secrets import clean, redact

MANIFEST = "recording.json"
LARGEST_FILE = 64 * 2**20


class Manifest(BaseModel):
    """What a recording needs to be run again: where, when, and what was asked for."""

    version: Literal["1"] = "1"
    recorded_at: AwareDatetime = Field(ge=datetime(2015, 1, 1, tzinfo=UTC))
    cloud: Cloud
    tenant_id: str | None = None
    subscriptions: list[str]
    scope: Scope = Scope()


class Exchange(BaseModel):
    """One request and its answer."""

    method: str
    url: str
    status: int
    body: Any


def request_key(method: str, url: str) -> str:
    """What makes two requests the same: method, path and query, whatever the host and the case."""
    parts = urlsplit(url)
    query = sorted((k.lower(), v) for k, v in parse_qsl(parts.query, keep_blank_values=True))
    path = re.sub(r"/{2,}", "/", unquote(parts.path)).rstrip("/").lower()
    return f"{method} {path}?{'&'.join(f'{k}={v}' for k, v in query).lower()}"


class RecordingAdapter(BaseAdapter):
    """Passes requests to ``inner`` and keeps each final exchange in a folder."""

    def __init__(self, inner: BaseAdapter, folder: Path) -> None:
        super().__init__()
        self.inner = inner
        self.folder = folder
        self.error: OSError | None = None
        self._kept: set[Path] = set()
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = self.inner.send(request, *args, **kwargs)
        try:
            body = response.json()
        except ValueError:
            body = response.text
        self._keep(Exchange(method="GET", url=request.url or "", status=response.status_code, body=body))
        return response

    def close(self) -> None:
        self.inner.close()

    def _keep(self, exchange: Exchange) -> None:
        name = file_name(exchange.method, exchange.url)
        text = json.dumps(
            {
                "request": {"method": exchange.method, "url": clean(exchange.url)},
                "response": {"status": exchange.status, "body": redact(exchange.body)},
            },
            indent=1,
            ensure_ascii=False,
        )
        with self._lock:
            try:
                self._kept.add(self.folder / name)
                write_private(self.folder / name, text + "\n")
            except OSError as error:
                self.error = self.error or error

    def discard(self) -> None:
        """Take away what was kept: half a recording would replay to another verdict."""
        with self._lock:
            for path in (*self._kept, self.folder / MANIFEST):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()


def file_name(method: str, url: str) -> str:
    """A readable, unique and safe file name: the end of the path, and a hash of the whole request."""
    parts = [p for p in unquote(urlsplit(url).path).split("/") if p]
    readable = "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", p)[:40].strip("-.") for p in parts[-3:])
    digest = hashlib.sha256(request_key(method, url).encode()).hexdigest()[:12]
    return f"{readable or 'root'}--{digest}.json"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def start(folder: Path, manifest: Manifest) -> None:
    """Begin a recording in a new or empty folder.

    Raises:
        CollectionError: the folder cannot be written, or holds something already.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CollectionError(f"{folder} is not empty", "give --record a new folder")
        write_private(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise CollectionError(
            f"cannot record to {folder}: {error.strerror}", "give --record a folder to write to"
        ) from error


class Recording:
    """A recording that was read from a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        help_ = "give --replay a folder that --record wrote"
        try:
            self.manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        except OSError as error:
            raise CollectionError(f"cannot read the recording {folder}: {error.strerror}", help_) from error
        except ValidationError as error:
            raise CollectionError(f"{folder / MANIFEST} is not a recording of this version", help_) from error
        self.answers: dict[str, tuple[int, Any]] = {}
        for path in sorted(folder.glob("*.json")):
            if path.name == MANIFEST:
                continue
            try:
                if path.stat().st_size > LARGEST_FILE:
                    raise CollectionError(f"{path} is larger than any answer of Azure", help_)
                exchange = parse(path.read_text(encoding="utf-8"))
                request, response = exchange["request"], exchange["response"]
                at = request_key(str(request["method"]), str(request["url"]))
                self.answers[at] = (int(response["status"]), response["body"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise CollectionError(f"{path} is not a recorded exchange", help_) from error


class ReplayAdapter(BaseAdapter):
    """Answers from a recording. A request that was never recorded is an error of its own, not an empty answer."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        at = request_key(request.method or "", request.url or "")
        status, body = self.recording.answers.get(
            at, (404, {"error": {"code": "NotRecorded", "message": "The recording does not hold this request."}})
        )
        return respond(request, status, body)

    def close(self) -> None:
        return None


def respond(request: requests.PreparedRequest, status: int, body: Any) -> requests.Response:
    """A response as `requests` makes them."""
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    response = requests.Response()
    response.status_code = status
    response.url = request.url or ""
    response.request = request
    response.headers["Content-Type"] = "application/json"
    response.raw = HTTPResponse(body=io.BytesIO(data), status=status, preload_content=False)
    return response
