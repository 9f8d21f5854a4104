"""What goes wrong, drawn by a seed: each fault hits the answers to some path, from some time on, so many times."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.chaos.endpoint import Reply

HTML = b"<!DOCTYPE html><html><body>Our services aren't available right now</body></html>"


@dataclass(frozen=True)
class Kind:
    """One way to go wrong. ``changes`` what Azure says: another verdict may be right then, as long as it is no pass.

    ``slow`` ones are waited for until the run's time is up. ``later``: it hits no first page of a list.
    """

    name: str
    spoil: Callable[[Reply, random.Random], Reply]
    changes: bool = False
    slow: bool = False
    later: bool = False


def status(code: int, headers: dict[str, str] | None = None, body: bytes | None = None, *, slow: bool = False) -> Kind:
    error = json.dumps({"error": {"code": "ServerBusy", "message": "The service is busy."}}).encode()
    return Kind(f"{code} {headers or ''}", lambda reply, chance: Reply(code, body or error, headers or {}), slow=slow)


def how(name: str, slow: bool = False) -> Kind:
    return Kind(name, lambda reply, chance: replace(reply, how=name), slow=slow)


def body(name: str, text: bytes) -> Kind:
    return Kind(name, lambda reply, chance: replace(reply, body=text))


def linked(name: str, link: Callable[[str], Any], *, empty: bool = False) -> Kind:
    """A page whose link to the next one leads astray."""

    def spoil(reply: Reply, chance: random.Random) -> Reply:
        page = _json(reply)
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            return replace(reply, body=HTML)
        page = {"value": [] if empty else page["value"], "nextLink": link(reply.headers["x-target"])}
        return replace(reply, body=json.dumps(page).encode())

    return Kind(name, spoil)


def edited(name: str, edit: Callable[[dict[str, Any], random.Random], None], *, changes: bool = True) -> Kind:
    """Something in the properties of an item is not what Azure documents."""

    def spoil(reply: Reply, chance: random.Random) -> Reply:
        page = _json(reply)
        if not isinstance(page, dict):
            return reply
        items = page["value"] if isinstance(page.get("value"), list) else [page]
        for item in items:
            if isinstance(item, dict):
                edit(item, chance)
        return replace(reply, body=json.dumps(page).encode())

    return Kind(name, spoil, changes=changes)


def _places(value: Any, wanted: Callable[[Any], bool]) -> Iterator[tuple[Any, Any]]:
    for at, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if at not in ("id", "name", "type") and wanted(child):
            yield value, at
        yield from _places(child, wanted)


def _nothing(item: dict[str, Any], chance: random.Random) -> None:
    """null where an object is documented."""
    places = [*_places(item, lambda v: isinstance(v, dict) and bool(v))]
    if places:
        owner, at = chance.choice(places)
        owner[at] = None


def _strange(item: dict[str, Any], chance: random.Random) -> None:
    """A value that no version of the documentation names."""
    places = [*_places(item.get("properties"), lambda v: isinstance(v, str) and v.isalpha())]
    if places:
        owner, at = chance.choice(places)
        owner[at] = "Quantum"


def _unparsable(item: dict[str, Any], chance: random.Random) -> None:
    """Extra parts that no SDK has a type for."""
    item["systemData"] = {"createdAt": "yesterday"}
    item["novelty"] = [[{}]]
    item["tags"] = ["not", "a", "map"]


def _gone(reply: Reply, chance: random.Random) -> Reply:
    error = {"error": {"code": "ResourceNotFound", "message": "The resource was not found."}}
    return Reply(404, json.dumps(error).encode())


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


NOW, SOON = {"Retry-After": "0"}, {"retry-after-ms": "30"}
KINDS = (
    *(status(code, NOW) for code in (429, 500, 502, 503, 504)),
    status(429, SOON),
    status(429, {"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}),
    status(429, {"Retry-After": "86400"}),
    status(503, {"Retry-After": "Fri, 31 Dec 2199 23:59:59 GMT"}),
    status(429, {"Retry-After": "soon", "retry-after-ms": "1", "x-ms-ratelimit-remaining-subscription-reads": "-1"}),
    *(status(code, slow=True) for code in (429, 503)),
    status(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
    status(400),
    status(403),
    status(404),
    status(409),
    status(418, body=HTML),
    status(302, {"Location": "https://localhost/elsewhere"}),
    status(200, body=HTML),
    how("reset"),
    how("cut"),
    how("hang", slow=True),
    how("drip", slow=True),
    body("nothing", b""),
    body("null", b"null"),
    body("a list", b"[]"),
    body("no JSON", b'{"value": [NaN'),
    body("bytes", bytes(range(256))),
    body("deep", b'{"value": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    body("value is null", b'{"value": null}'),
    body("items of no kind", b'{"value": [null, 7, "x", []]}'),
    linked("a circle", lambda target: target),
    linked("a link to another host", lambda target: target.replace("127.0.0.1", "localhost")),
    linked("a link without TLS", lambda target: target.replace("https:", "http:")),
    linked("a link that is no text", lambda target: {"href": target}),
    linked("empty pages in a circle", lambda target: target.removesuffix("&again=1") + "&again=1", empty=True),
    Kind("gone", _gone, changes=True),
    Kind("gone halfway", _gone, later=True),
    Kind("no JSON halfway", lambda reply, chance: replace(reply, body=HTML), later=True),
    edited("null for an object", _nothing),
    edited("an unknown value", _strange),
    edited("an item of no known kind", _unparsable, changes=False),
)


@dataclass
class Fault:
    """One kind at one place: ``skip`` answers pass first, then ``times`` are spoilt."""

    kind: Kind
    match: str
    skip: int
    times: int
    _seen: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hits(self, target: str) -> bool:
        path, _, query = target.partition("?")
        if not path.lower().endswith(self.match) or (self.kind.later and "$skiptoken" not in query):
            return False
        with self._lock:
            count = self._seen[path] = self._seen.get(path, 0) + 1
        return self.skip < count <= self.skip + self.times

    def __str__(self) -> str:
        return f"{self.kind.name} at {self.match[-70:]} ({self.skip}+{self.times})"


class Schedule:
    """The faults of one run."""

    def __init__(self, seed: int, places: Sequence[str], url: str) -> None:
        self._chance = chance = random.Random(seed)  # noqa: S311  (not for secrets)
        self._url = url
        # Now and then a token that does not live as long as the run.
        self.lifetime = chance.choice((3600.0, 3600.0, 3600.0, 1.0))
        # The first fault goes through all kinds in turn; a second and third come with it by chance.
        kinds = [
            KINDS[seed % len(KINDS)],
            *chance.sample([k for k in KINDS if not k.slow], chance.choice((0, 0, 1, 2))),
        ]
        self.faults = [
            Fault(
                kind,
                "" if kind.later else chance.choice(places),
                chance.choice((0, 0, 0, 1)),
                chance.choice((1, 2, 1000)),
            )
            for kind in kinds
        ]

    @property
    def changes(self) -> bool:
        return any(f.kind.changes for f in self.faults)

    @property
    def slow(self) -> bool:
        return any(f.kind.slow for f in self.faults)

    def spoil(self, target: str, reply: Reply) -> Reply:
        reply.headers["x-target"] = self._url + target
        for fault in self.faults:
            if fault.hits(target):
                reply = fault.kind.spoil(reply, self._chance)
                reply.headers.setdefault("x-target", self._url + target)
        return reply

    def __str__(self) -> str:
        return "; ".join([*map(str, self.faults), f"tokens live {self.lifetime} s"])
