"""Where a finding is: the path and line that stand for a resource, and its ARM id beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, key, same
from auditor.model.result import Result
from auditor.model.snapshot import Snapshot
from auditor.reports.evidence import line
from auditor.reports.pseudo_path import pseudo_path
from auditor.reports.text import clean, shorten

MAX_RELATED: Final = 25
MAX_VALUE: Final = 120
MAX_NOTE: Final = 500
LINK: Final = re.compile(r"\[(?=[^\[]*\]\()")
PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")


def plain(text: str) -> str:
    """A message in which nothing reads as SARIF's own ``[text](target)`` links or ``{0}`` placeholders.

    Brackets and braces that mean nothing to SARIF stay: most consumers show escapes instead of undoing them.
    """
    return PLACEHOLDER.sub(r"{{\1}}", LINK.sub(r"\\[", text).replace("](", r"\]("))


@dataclass(frozen=True)
class Places:
    """Where resources are said to be: under ``root``, and at a line of their evidence where that is written too."""

    root: str = ""
    evidence: Snapshot | None = None

    def uri(self, arm_id: str) -> str:
        path = pseudo_path(arm_id)
        return f"{quote(self.root.rstrip('/'), safe='/')}/{path}" if self.root else path

    def line(self, arm_id: str, seen: Iterable[Evidence | Missing]) -> int:
        if self.evidence is None:
            return 1
        return line(self.evidence, arm_id, (s.path for s in seen if same(s.resource_id, arm_id)))


def location(arm_id: str, places: Places, seen: Iterable[Evidence | Missing]) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": places.uri(arm_id)},
            "region": {"startLine": places.line(arm_id, seen)},
        },
        "logicalLocations": [
            {
                "name": clean(ArmId.parse(arm_id).name) or "tenant",
                "fullyQualifiedName": clean(arm_id) or "/",
                "kind": "resource",
            }
        ],
    }


def related(result: Result, places: Places) -> list[dict[str, Any]]:
    """The other resources of the chain in the order of the proof, each once, with what was seen of it."""
    notes: dict[str, list[str]] = {}
    spelt: dict[str, str] = {}
    seen = observed(result)
    for item in seen:
        if item.resource_id and key(item.resource_id) != key(result.resource_id):
            spelt.setdefault(key(item.resource_id), item.resource_id)
            notes.setdefault(key(item.resource_id), []).append(_note(item))
    return [
        {
            "id": number,
            **location(spelt[at], places, seen),
            "message": {"text": plain(shorten("; ".join(dict.fromkeys(said)), MAX_NOTE))},
        }
        for number, (at, said) in enumerate(list(notes.items())[:MAX_RELATED], start=1)
    ]


def observed(result: Result) -> list[Evidence | Missing]:
    return [*result.verdict.evidence, *result.verdict.missing]


def _note(item: Evidence | Missing) -> str:
    what = clean(item.path) or "the resource"
    if isinstance(item, Missing):
        return f"{what} not seen: {clean(item.reason)}"
    if item.observed is None:
        return f"{what}: {clean(item.note or 'absent')}"
    observed = item.observed if isinstance(item.observed, str) else json.dumps(item.observed, default=str)
    seen = f"{what} is {shorten(clean(observed), MAX_VALUE)}"
    return f"{seen} ({clean(item.note)})" if item.note else seen
