"""What a result rests on, as lines of plain text: for the formats that hold text rather than structure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Missing
from auditor.model.report import Gap
from auditor.model.result import Result
from auditor.model.rule import Rule
from auditor.model.snapshot import Failure
from auditor.model.verdict import Status
from auditor.reports.text import ACCESSES, PARTS, clean, shorten

MAX_OBSERVED: Final = 1_000
# Kept, since `json.dumps` makes one for every value.
JSON: Final = json.JSONEncoder(ensure_ascii=False, default=str)
# What somebody has to act on, then what somebody answered for, then the rest.
ORDER: Final = (Status.FAIL, Status.UNKNOWN, Status.WAIVED, Status.PASS, Status.NOT_APPLICABLE)
TO_FIX: Final = (Status.FAIL, Status.WAIVED)
# Between items in one line: evidence and sentences hold commas and semicolons.
SEPARATOR: Final = " | "


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Failures first, most severe first; else in report order."""
    return sorted(results, key=lambda r: (ORDER.index(r.status), r.severity.rank))


def unique(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The same property is shown once."""
    return list({(e.resource_id, e.path, e.note): e for e in evidence}.values())


def observed(evidence: Evidence) -> str:
    """The value as JSON, with its note; what was not there is not called null."""
    note = clean(evidence.note or "")
    if evidence.observed is None:
        return note or "absent"
    value = shorten(clean(JSON.encode(evidence.observed)), MAX_OBSERVED)
    return f"{value} ({note})" if note else value


def seen(result: Result) -> list[str]:
    return [f"{place(e.resource_id, e.path)}: {observed(e)}" for e in unique(result.verdict.evidence)]


def unseen(result: Result) -> list[str]:
    return [f"{place(m.resource_id, m.path)}: {obstacle(m)}" for m in result.verdict.missing]


def place(resource_id: str, path: str) -> str:
    """A resource, and the property of it if there is one."""
    return clean(f"{resource_id} {path}") or "the resource"


def obstacle(failure: Missing | Failure) -> str:
    """Why something was not read, and the permission that would have shown it."""
    text = clean(failure.reason)
    if failure.http_status:
        text += f" (HTTP {failure.http_status})"
    return f"{text}; needs {clean(failure.needs_action)}" if failure.needs_action else text


def gap(found: Gap) -> str:
    return f"could not {clean(found.operation)}: {obstacle(found.failure)}"


def ways(environment: Environment) -> dict[str, str]:
    """How each part of an environment is reached, in words."""
    return {part: ACCESSES[environment.access[part]] for part in PARTS if part in environment.access}


def needed_actions(result: Result) -> list[str]:
    return sorted({clean(m.needs_action) for m in result.verdict.missing if m.needs_action})


def excuse(result: Result) -> str:
    """Why somebody accepts a failure, and until when; empty where nobody does."""
    waiver = result.waiver
    return f"{clean(waiver.reason)} (until {waiver.expires.isoformat()})" if waiver else ""


def links(rule: Rule) -> list[str]:
    """The pages that a rule rests on, each once; nothing but a web page is a link."""
    return [clean(link) for link in dict.fromkeys([rule.url, *rule.references]) if link.startswith("https://")]
