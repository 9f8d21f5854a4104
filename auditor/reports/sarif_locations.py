"""Where a finding is, for consumers that want files: a stable pseudo-path per resource, and the ARM id beside it."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import quote

from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, key
from auditor.model.result import Result
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


def pseudo_path(arm_id: str, root: str = "") -> str:
    """``azure/<subscription>/<resource group>/<provider>/<type>/<name>.json``, percent-encoded.

    Children and extensions follow their parent (``…/workspaces/w/computes/c.json``), an extension with the word
    ``providers`` between them, so that no two ids share a path. It is in lower case, because Azure writes one id in
    several casings and a path that changed would close an alert and open another.
    """
    parts = [p for p in key(arm_id).split("/") if p]
    if parts[:1] == ["subscriptions"]:
        parts = parts[1:]
        if parts[1:2] == ["resourcegroups"]:
            del parts[1]
        at = 2 if len(parts) > 2 and parts[2] == "providers" else 1
    else:
        parts = ["tenant", *parts]
        at = 1
    if parts[at : at + 1] == ["providers"]:
        del parts[at]
    path = "/".join(["azure", *map(_segment, parts)]) + ".json"
    return f"{quote(root.rstrip('/'), safe='/')}/{path}" if root else path


def _segment(part: str) -> str:
    # A segment of dots alone would climb out of the folder.
    return quote(part, safe="", errors="replace") if part.strip(".") else "_" * len(part)


def location(arm_id: str, root: str) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": pseudo_path(arm_id, root)},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {
                "name": clean(ArmId.parse(arm_id).name) or "tenant",
                "fullyQualifiedName": clean(arm_id) or "/",
                "kind": "resource",
            }
        ],
    }


def related(result: Result, root: str) -> list[dict[str, Any]]:
    """The other resources of the chain in the order of the proof, each once, with what was seen of it."""
    notes: dict[str, list[str]] = {}
    spelt: dict[str, str] = {}
    seen: list[Evidence | Missing] = [*result.verdict.evidence, *result.verdict.missing]
    for item in seen:
        if item.resource_id and key(item.resource_id) != key(result.resource_id):
            spelt.setdefault(key(item.resource_id), item.resource_id)
            notes.setdefault(key(item.resource_id), []).append(_note(item))
    return [
        {
            "id": number,
            **location(spelt[at], root),
            "message": {"text": plain(shorten("; ".join(dict.fromkeys(said)), MAX_NOTE))},
        }
        for number, (at, said) in enumerate(list(notes.items())[:MAX_RELATED], start=1)
    ]


def _note(item: Evidence | Missing) -> str:
    what = clean(item.path) or "the resource"
    if isinstance(item, Missing):
        return f"{what} not seen: {clean(item.reason)}"
    if item.observed is None:
        return f"{what}: {clean(item.note or 'absent')}"
    observed = item.observed if isinstance(item.observed, str) else json.dumps(item.observed, default=str)
    seen = f"{what} is {shorten(clean(observed), MAX_VALUE)}"
    return f"{seen} ({clean(item.note)})" if item.note else seen
