"""The evidence: what the snapshot kept of each resource, one file each, where SARIF says that the resource is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from auditor.model.ids import key
from auditor.model.paths import steps
from auditor.model.report import Report
from auditor.model.resource import Resource
from auditor.model.snapshot import Gone, Snapshot
from auditor.reports.pseudo_path import pseudo_path


def files(report: Report) -> dict[str, str]:
    """Texts by their paths below the folder: of every resource, and of what results name and nobody read."""
    found: dict[str, str] = {}
    for arm_id in {key(i): i for i in _ids(report)}.values():
        found.setdefault(unquote(pseudo_path(arm_id)), _text(_document(report.snapshot, arm_id)) + "\n")
    return found


def line(snapshot: Snapshot, arm_id: str, paths: Iterable[str]) -> int:
    """The line of a resource's file with the first of these properties that is there; else the nearest around one."""
    document = _document(snapshot, arm_id)
    found = [_find(document, path) for path in paths]
    return min(found, key=lambda f: (not f.whole, f.line == 1), default=Found(True, 1)).line


class Found(NamedTuple):
    """Where a property stands; ``whole``: not only what is around it."""

    whole: bool
    line: int


def _find(value: Any, path: str) -> Found:
    at = 1
    for step in steps(path):
        if isinstance(value, dict) and step in value:
            above: list[Any] = [value[name] for name in list(value)[: list(value).index(step)]]
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            above, value = value[:step], value[step]
        else:
            return Found(False, at)
        at += 1 + sum(_text(item).count("\n") + 1 for item in above)
    return Found(True, at)


def _ids(report: Report) -> Iterator[str]:
    yield from (resource.id for resource in report.snapshot.resources)
    for result in report.results:
        yield result.resource_id
        yield from (e.resource_id for e in result.verdict.evidence)
        yield from (m.resource_id for m in result.verdict.missing)


def _document(snapshot: Snapshot, arm_id: str) -> dict[str, Any]:
    found = snapshot.find(arm_id)
    if isinstance(found, Resource):
        created = snapshot.created.get(key(arm_id))
        known = {"createdTime": created.isoformat()} if created else {}
        return {"id": found.id, "type": found.type, **known, **found.body}
    reason = f"it does not exist: {found.failure.reason}" if isinstance(found, Gone) else found.reason
    return {"id": arm_id, "unread": reason}


def _text(value: Any) -> str:
    # Characters outside of ASCII stay escaped: in a file that somebody opens, none may reorder or hide others.
    return json.dumps(value, indent=2, default=str)
