"""The SARIF 2.1.0 report, for code scanning and vulnerability management.

One broken result makes GitHub refuse the whole file, and consumers match findings from run to run by path and
fingerprint; so every result has the same few fields, and text from Azure never decides the shape of any.
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from auditor import __version__
from auditor.model.decisions import Use, Waiver
from auditor.model.ids import key
from auditor.model.report import Gap, Report
from auditor.model.result import Result
from auditor.model.rule import ARTICLE, Rule
from auditor.model.verdict import Status
from auditor.reports.json_report import TOOL, timestamp
from auditor.reports.sarif_locations import Places, location, observed, plain, related
from auditor.reports.sarif_rules import LEVELS, descriptor
from auditor.reports.text import clean, fix_of, labels_of, sentence, shorten

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT: Final = "auditFingerprint/v1"
ALWAYS: Final = (Status.FAIL, Status.WAIVED)
KINDS: Final = {Status.FAIL: "fail", Status.WAIVED: "fail", Status.UNKNOWN: "open", Status.PASS: "pass"}

# GitHub refuses a run with more results and a compressed file that is larger, and keeps only the first results.
MAX_RESULTS: Final = 25_000
MAX_KEPT: Final = 5_000
MAX_COMPRESSED: Final = 10_000_000
MAX_MESSAGE: Final = 2_000
# As the schema of SARIF has it.
GUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Options:
    """``include`` adds unknown or passed results; ``root`` is a folder to put before every path, for consumers that
    build links from them; ``evidence``: the files that paths name are written too, so results point at their lines."""

    include: frozenset[Status] = field(default_factory=frozenset)
    root: str = ""
    evidence: bool = False


PLAIN: Final = Options()


def render(report: Report, options: Options = PLAIN) -> str:
    """The report as SARIF text that ends in a newline."""
    found = _selected(report, options.include)
    places = Places(options.root, report.snapshot if options.evidence else None)
    kept = found[:MAX_RESULTS]
    while True:
        text = json.dumps(_document(report, kept, len(found), places), indent=1, ensure_ascii=False) + "\n"
        size = len(zlib.compress(text.encode(), level=6))
        if size <= MAX_COMPRESSED or not kept:
            return text
        kept = kept[: int(len(kept) * 0.9 * MAX_COMPRESSED / size)]


def pieces(report: Report, options: Options = PLAIN) -> Iterator[str]:
    """The same text in one piece: how large it is decides what it holds, and it is never very large."""
    yield render(report, options)


def _selected(report: Report, include: frozenset[Status]) -> list[Result]:
    """What goes in, failures first, most severe first: what exceeds a limit is cut from the end."""
    wanted = [s for s in KINDS if s in ALWAYS or s in include]
    results = [r for r in report.results if r.status in wanted]
    return sorted(results, key=lambda r: (wanted.index(r.status), r.severity.rank))


def _document(report: Report, results: list[Result], found: int, places: Places) -> dict[str, Any]:
    rules = list({r.id: r for r in [*report.rules, *(x.rule for x in results)]}.values())
    run = {
        "tool": {"driver": _driver(rules)},
        **_identity(report),
        "invocations": [_invocation(report, len(results), found)],
        "columnKind": "utf16CodeUnits",
        "results": _results(report, results, {rule.id: i for i, rule in enumerate(rules)}, places),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(rules: list[Rule]) -> dict[str, Any]:
    return {
        "name": TOOL,
        "semanticVersion": __version__,
        "version": __version__,
        "informationUri": ARTICLE,
        "rules": [descriptor(rule) for rule in rules],
    }


def _identity(report: Report) -> dict[str, Any]:
    """Which run this is, and which one it is compared with."""
    before = report.comparison.baseline.run_id if report.comparison else ""
    details = {"id": _category(report), **({"guid": report.run.id} if GUID.fullmatch(report.run.id) else {})}
    return {"automationDetails": details, **({"baselineGuid": before} if GUID.fullmatch(before) else {})}


def _category(report: Report) -> str:
    """What the run looked at, then the run: consumers replace the results of an earlier run over the same scope."""
    snapshot = report.snapshot
    audited = sorted(s.id.lower() for s in snapshot.subscriptions if s.audited)
    scope = audited[0] if len(audited) == 1 and not snapshot.left_out else "all"
    narrowed = sorted(x.lower() for x in [*snapshot.scope.workspaces, *snapshot.scope.resource_groups])
    if narrowed:
        scope += "-" + hashlib.sha256("\n".join(narrowed).encode(errors="replace")).hexdigest()[:8]
    parts = (TOOL, snapshot.tenant_id or "unknown-tenant", scope, report.run.id)
    return "/".join(quote(clean(p), safe="") for p in parts)


def _results(report: Report, results: list[Result], indexes: dict[str, int], places: Places) -> list[dict[str, Any]]:
    labels = labels_of(report.environments)
    alike = Counter(map(_looks, results))
    seen: Counter[str] = Counter()
    documents = []
    for result in results:
        seen[result.fingerprint] += 1
        message = _message(result, labels.get(result.environment_id or "", "") if alike[_looks(result)] > 1 else "")
        documents.append(_result(result, indexes[result.rule.id], seen[result.fingerprint], message, places))
    return documents


def _looks(result: Result) -> tuple[str, str, str]:
    """What a reader tells findings apart by, and DefectDojo takes for duplicates: environments share resources."""
    return result.rule.id, key(result.resource_id), result.verdict.message


def _result(result: Result, index: int, occurrence: int, message: str, places: Places) -> dict[str, Any]:
    """``occurrence`` tells apart findings that share a fingerprint, so that no consumer merges them."""
    document: dict[str, Any] = {
        "ruleId": result.rule.id,
        "ruleIndex": index,
        "kind": KINDS[result.status],
        "level": _level(result),
        "message": {"text": message},
        "locations": [location(result.resource_id, places, observed(result))],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{result.fingerprint}:{occurrence}",
            FINGERPRINT: result.fingerprint if occurrence == 1 else f"{result.fingerprint}-{occurrence}",
        },
        "properties": _properties(result),
    }
    if chain := related(result, places):
        document["relatedLocations"] = chain
    if result.baseline is not None:
        document["baselineState"] = result.baseline
    if result.waiver is not None:
        document["suppressions"] = [_suppression(result.waiver)]
    return document


def _suppression(waiver: Waiver) -> dict[str, Any]:
    reason = f"{sentence(waiver.reason)} Until {waiver.expires.isoformat()}."
    return {"kind": "external", "status": "accepted", "justification": plain(shorten(reason, MAX_MESSAGE))}


def _level(result: Result) -> str:
    """By the result's own severity, which may be below its rule's."""
    if result.status is Status.PASS:
        return "none"
    return "note" if result.status is Status.UNKNOWN else LEVELS[result.severity]


def _message(result: Result, about: str) -> str:
    """What was seen; ``about`` names the environment where another has a finding that reads alike."""
    text = sentence(result.verdict.message) or sentence(result.rule.title) or result.rule.id
    return plain(shorten(f"{about}: {text}" if about else text, MAX_MESSAGE))


def _properties(result: Result) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "severity": result.severity,
        "tier": result.rule.tier,
        "environmentId": clean(result.environment_id or "") or None,
        "remediation": None if result.status is Status.PASS else fix_of(result),
        "assumptions": [clean(a) for a in result.verdict.assumptions],
        "neededActions": sorted({clean(m.needs_action) for m in result.verdict.missing if m.needs_action}),
    }
    return {name: value for name, value in properties.items() if value}


def _invocation(report: Report, kept: int, found: int) -> dict[str, Any]:
    gaps = [_gap(g) for g in report.gaps]
    notes = [_unjudged(u.resource_id, u.reason, u.failure is not None) for u in report.unjudged]
    return {
        "executionSuccessful": not gaps and not report.scope_unread,
        "startTimeUtc": timestamp(report.run.started_at),
        "endTimeUtc": timestamp(report.run.finished_at),
        "toolExecutionNotifications": [*gaps, *notes, *_decided(report), *_settled(report), *_cut(kept, found)],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    failure = gap.failure
    text = f"{gap.resource_id}: could not {gap.operation}: {failure.reason}"
    if failure.http_status:
        text += f" (HTTP {failure.http_status})"
    if failure.needs_action:
        text += f"; needs {failure.needs_action}"
    return _notification("collection-gap", "error", text)


def _unjudged(resource_id: str, reason: str, unread: bool) -> dict[str, Any]:
    return _notification("not-judged", "error" if unread else "note", f"{resource_id} was not judged: {reason}")


def _decided(report: Report) -> list[dict[str, Any]]:
    """What was configured and does not show in any result."""
    off = report.decisions.off if report.decisions else ()
    idle = [u for u in report.waivers if u.use is not Use.APPLIED]
    return [
        *(_notification("rule-off", "note", f"{rule} was switched off by the configuration") for rule in off),
        *(
            _notification(
                f"waiver-{u.use}",
                "warning",
                f"The waiver of {', '.join(u.waiver.rules)} on {u.waiver.resource} {u.message}",
            )
            for u in idle
        ),
    ]


def _settled(report: Report) -> list[dict[str, Any]]:
    """What was fixed since the baseline. Not as results of state ``absent``: what does not read that state, such as
    GitHub and DefectDojo, would open them again."""
    if report.comparison is None:
        return []
    texts = [
        *(("fixed", "note", f"is fixed since the baseline: {s.now}", s.finding) for s in report.comparison.fixed),
        *(("unsettled", "warning", f"was not judged again: {s.now}", s.finding) for s in report.comparison.unsettled),
    ]
    return [_notification(name, level, f"{f.rule_id} on {f.resource_id} {text}") for name, level, text, f in texts]


def _cut(kept: int, found: int) -> list[dict[str, Any]]:
    if kept < found:
        text = f"This file holds the {kept:,} most severe of {found:,} results: consumers take no more in one run"
    elif found > MAX_KEPT:
        text = f"GitHub keeps only the {MAX_KEPT:,} most severe of these {found:,} results"
    else:
        return []
    return [_notification("too-many-results", "warning", text + ". The JSON report holds all")]


def _notification(name: str, level: str, text: str) -> dict[str, Any]:
    return {
        "descriptor": {"id": name},
        "level": level,
        "message": {"text": plain(shorten(sentence(text), MAX_MESSAGE))},
    }
