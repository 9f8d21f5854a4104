"""The proof of one environment on a terminal: every access path hop by hop, the first broken one marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from auditor.model.access import Hop, Proof
from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import key
from auditor.model.report import Report
from auditor.model.result import Result
from auditor.model.verdict import Status, Verdict
from auditor.reports.table_layout import Page
from auditor.reports.text import SCENARIOS, clean, fix_of, plural, shorten

WORDS: Final = {
    Status.PASS: ("ok", "green"),
    Status.FAIL: ("fail", "red"),
    Status.UNKNOWN: ("unknown", "yellow"),
    Status.NOT_APPLICABLE: ("-", "dim"),
    Status.WAIVED: ("waived", "dim"),
}
BROKEN: Final = "BROKEN"
STATUS_WIDTH: Final = 9
MAX_EVIDENCE: Final = 6
MAX_OBSERVED: Final = 200


def render(report: Report, environment: Environment, results: list[Result] | None, console: Console) -> None:
    """Print an environment's paths; with ``results``, those of one rule first, and only the paths they speak of."""
    page = Page(console)
    page.line(Text(clean(environment.label), style="bold"))
    page.line(f"{report.conclusion(environment)} · {SCENARIOS[environment.scenario]}")
    page.whole(clean(environment.id), 0)
    shown = environment.proofs
    for result in results or ():
        _result(page, result)
    if results is not None:
        shown = tuple(p for p in shown if any(_speaks_of(r, p) for r in results))
    for proof in shown:
        _proof(page, proof)
    broken = [p for p in shown if p.broken is not None]
    unknown = [p for p in shown if p.broken is None and any(h.verdict.unknown for h in p.hops)]
    page.blank()
    if not shown:
        page.line("No access path is part of this finding.")
        return
    sound = len(shown) - len(broken) - len(unknown)
    page.line(f"{plural(len(shown), 'path')}: {sound} sound, {len(broken)} broken, {len(unknown)} unknown")


def _speaks_of(result: Result, proof: Proof) -> bool:
    """Whether a finding is about a path: about its target, or about something that one of its hops rests on."""
    if key(result.resource_id) == key(proof.target_id):
        return True
    own = set(_rests_on(result.verdict))
    return any(own & set(_rests_on(hop.verdict)) for hop in proof.hops[1:])


def _rests_on(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield from ((key(e.resource_id), e.path) for e in verdict.evidence)
    yield from ((key(m.resource_id), m.path) for m in verdict.missing)


def _result(page: Page, result: Result) -> None:
    page.heading(f"{result.rule.id}  {clean(result.rule.title)}")
    word, style = WORDS[result.status]
    page.line(clean(result.verdict.message), STATUS_WIDTH, Text(word, style=style))
    page.whole(clean(result.resource_id), STATUS_WIDTH)
    if result.waiver is not None:
        page.line(f"waived until {result.waiver.expires}: {clean(result.waiver.reason)}", STATUS_WIDTH + 2)
    _details(page, result.verdict)
    if result.status in (Status.FAIL, Status.UNKNOWN, Status.WAIVED):
        page.command(fix_of(result), STATUS_WIDTH, "fix")


def _proof(page: Page, proof: Proof) -> None:
    page.heading(f"{clean(proof.name)}  →  {clean(proof.target_id.rpartition('/')[2])}")
    for hop in proof.hops:
        _hop(page, hop, first_broken=hop is proof.broken)


def _hop(page: Page, hop: Hop, *, first_broken: bool) -> None:
    word, style = (BROKEN, "bold white on red") if first_broken else WORDS[hop.verdict.status]
    line = Text.assemble((clean(hop.name), "bold"), f": {clean(hop.verdict.message)}")
    page.line(line, STATUS_WIDTH, Text(word, style=style))
    page.whole(clean(hop.resource_id), STATUS_WIDTH)
    if hop.verdict.failed or hop.verdict.unknown:
        _details(page, hop.verdict)
    else:
        _assumptions(page, hop.verdict)


def _details(page: Page, verdict: Verdict) -> None:
    for evidence in verdict.evidence[:MAX_EVIDENCE]:
        page.line(_seen(evidence), STATUS_WIDTH + 2)
    page.more(len(verdict.evidence) - MAX_EVIDENCE, "observations", STATUS_WIDTH + 2)
    for missing in verdict.missing[:MAX_EVIDENCE]:
        page.line(_missing(missing), STATUS_WIDTH + 2)
    page.more(len(verdict.missing) - MAX_EVIDENCE, "missing facts", STATUS_WIDTH + 2)
    _assumptions(page, verdict)


def _assumptions(page: Page, verdict: Verdict) -> None:
    for assumption in verdict.assumptions:
        page.line(f"assumes: {clean(assumption)}", STATUS_WIDTH + 2)


def _seen(evidence: Evidence) -> str:
    seen = json.dumps(evidence.observed, default=str, ensure_ascii=False)
    value = "absent" if evidence.observed is None else shorten(clean(seen), MAX_OBSERVED)
    note = f" ({clean(evidence.note)})" if evidence.note and evidence.observed is not None else ""
    return f"{clean(evidence.resource_id.rpartition('/')[2])} {clean(evidence.path)} = {value}{note}"


def _missing(missing: Missing) -> str:
    needs = f", needs {clean(missing.needs_action)}" if missing.needs_action else ""
    where = clean(missing.path) or clean(missing.resource_id.rpartition("/")[2])
    return f"not read: {where}: {clean(missing.reason)}{needs}"
