"""The data that the page draws its environments from: compact JSON, its strings apart in a pool.

What is empty is left out, and a string is the number of its place in the pool; `data.js` reads it back. It is text
in pieces: what an environment is made of takes many times what its text does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from auditor.model.access import Access, Hop
from auditor.model.baseline import Standing
from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, key
from auditor.model.report import Report
from auditor.model.result import Result
from auditor.model.rule import Rule, Tier
from auditor.model.verdict import Status, Verdict
from auditor.reports.html.picture import Path, Picture, picture
from auditor.reports.html.pool import Pool
from auditor.reports.text import ACCESSES, PARTS, SCENARIOS, WORST_FIRST, fix_of, labels_of, shorten

Json = dict[str, Any]
# How the ways stand to the secure scenario; the others keep to it.
WAYS: Final[dict[Access | None, Status]] = {
    Access.PUBLIC: Status.FAIL,
    Access.NONE: Status.FAIL,
    Access.UNKNOWN: Status.UNKNOWN,
    None: Status.NOT_APPLICABLE,
}
# What each open result of an environment rests on, by its number: to name it beside the hops that rest on the same.
Bases = dict[int, frozenset[tuple[str, str]]]

MAX_OBSERVED: Final = 2_000
# Kept, since `json.dumps` makes one for every value.
COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
OBSERVED: Final = json.JSONEncoder(ensure_ascii=False, default=str)
# What somebody has to act on.
OPEN: Final = (Status.FAIL, Status.UNKNOWN, Status.WAIVED)


def document(report: Report) -> Iterator[str]:
    """The strings, the rules, environments with the worst first, and what is about none of them at the end."""
    return _Encoder(report).document()


class _Encoder:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.pool = Pool()
        rules = {r.id: r for r in [*report.rules, *(x.rule for x in report.results)]}
        self.rules = list(rules.values())
        self.rule_numbers = {id_: number for number, id_ in enumerate(rules)}
        self.labels = labels_of(report.environments)

    def document(self) -> Iterator[str]:
        report = self.report
        verdicts = {e.id: report.conclusion(e) for e in report.environments}
        environments = sorted(report.environments, key=lambda e: WORST_FIRST.index(verdicts[e.id]))
        outside = [r for r in report.results if r.environment_id not in verdicts]
        found = {
            "rules": map(self._rule, self.rules),
            "environments": map(self._environment, environments),
            "outside": map(self._result, outside),
        }
        held = [piece for name, items in found.items() for piece in _member(name, items)]
        # They stand first, and all of them are known last.
        yield '{"strings":' + _json(self.pool.strings)
        yield from held
        yield ',"compared":true}' if report.comparison is not None else "}"

    def _rule(self, rule: Rule) -> Json:
        add = self.pool.add
        links = dict.fromkeys([rule.url, *rule.references])
        return _filled(
            id=add(rule.id),
            title=add(rule.title),
            severity=rule.severity,
            extended=True if rule.tier is Tier.EXTENDED else None,
            page=[add(paragraph) for paragraph in rule.page.split("\n\n")],
            bicep=self.pool.add_lines(rule.bicep) if rule.bicep else None,
            terraform=self.pool.add_lines(rule.terraform) if rule.terraform else None,
            # Rules write these, and still nothing but a web page may become a link.
            links=[add(link) for link in links if link.startswith("https://")],
            controls=[add(c) for c in rule.controls],
        )

    def _environment(self, env: Environment) -> Json:
        add, results = self.pool.add, self.report.of(env)
        names = {s.id.lower(): s.name for s in self.report.snapshot.in_scope}
        arm = env.workspace.arm
        return _filled(
            label=add(self.labels[env.id]),
            id=add(env.id),
            verdict=self.report.conclusion(env),
            scenario=add(SCENARIOS[env.scenario]),
            cluster=add(ArmId.parse(env.cluster_id).name if env.cluster_id else "not named by the compute"),
            region=add(env.workspace.raw("location") or "not seen"),
            group=add(arm.resource_group),
            subscription=add(names.get(arm.subscription.lower()) or arm.subscription),
            access=[self._access(PARTS[p], env.access[p]) for p in PARTS if p in env.access],
            picture=self._picture(picture(env), results),
            results=[self._result(r) for r in results],
        )

    def _access(self, part: str, way: Access | None) -> list[Any]:
        return [self.pool.add(part), self.pool.add(ACCESSES[way]), WAYS.get(way, Status.PASS)]

    def _picture(self, drawn: Picture, results: list[Result]) -> Json:
        add = self.pool.add
        bases = {n: frozenset(_rests_on(r.verdict)) for n, r in enumerate(results) if r.status in OPEN}
        return _filled(
            vnets=[[add(v.name), add(v.space), v.peering] for v in drawn.vnets],
            subnets=[[add(s.title), add(s.detail)] for s in drawn.subnets],
            located=drawn.located,
            paths=[self._path(p, bases) for p in drawn.paths],
        )

    def _path(self, path: Path, bases: Bases) -> Json:
        add, gate = self.pool.add, path.gate
        return _filled(
            kind=add(path.kind),
            service=add(path.service),
            status=path.status,
            vnet=path.vnet,
            gate=[add(gate.title), add(gate.detail), gate.status] if gate else None,
            marks=[[add(m.label), m.status] for m in path.marks],
            zones=[[add(z.name), z.link, z.records] for z in path.zones],
            firewall=path.firewall,
            worst=path.worst,
            hops=[self._hop(h, bases) for h in path.proof.hops],
        )

    def _hop(self, hop: Hop, bases: Bases) -> list[Any]:
        """Name, id, status, message; for a broken or unknown hop the results that rest on what it rests on, and what
        is missing."""
        add, verdict = self.pool.add, hop.verdict
        shown = [add(hop.name), add(hop.resource_id), verdict.status, add(verdict.message)]
        if not (verdict.failed or verdict.unknown):
            return shown
        facts = frozenset(_rests_on(verdict))
        results = [number for number, basis in bases.items() if basis & facts]
        return [*shown, results, [self._missing(m) for m in verdict.missing]]

    def _result(self, result: Result) -> Json:
        add, rule, verdict = self.pool.add, result.rule, result.verdict
        return _filled(
            rule=self.rule_numbers[rule.id],
            status=result.status,
            severity=result.severity if result.severity is not rule.severity else None,
            on=add(result.resource_id),
            message=add(verdict.message),
            assumptions=[add(a) for a in dict.fromkeys(verdict.assumptions)],
            evidence=[self._evidence(e) for e in _unique(verdict.evidence)],
            missing=[self._missing(m) for m in verdict.missing],
            fix=self.pool.add_lines(fix_of(result)) if result.status in (Status.FAIL, Status.WAIVED) else None,
            new=True if result.baseline is Standing.NEW else None,
            waiver=[add(result.waiver.reason), add(result.waiver.expires)] if result.waiver else None,
        )

    def _evidence(self, evidence: Evidence) -> list[int]:
        add = self.pool.add
        seen = OBSERVED.encode(evidence.observed)
        value = "absent" if evidence.observed is None else shorten(seen, MAX_OBSERVED)
        shown = [add(evidence.resource_id), add(evidence.path), add(value)]
        return [*shown, add(evidence.note)] if evidence.note and evidence.observed is not None else shown

    def _missing(self, missing: Missing) -> list[int]:
        texts = (missing.resource_id, missing.path, missing.reason, missing.needs_action or "")
        return [self.pool.add(text) for text in texts]


def _member(name: str, items: Iterable[Json]) -> Iterator[str]:
    """A list as another member of an object."""
    yield f',"{name}":['
    for number, item in enumerate(items):
        yield ("," if number else "") + _json(item)
    yield "]"


def _json(data: object) -> str:
    """JSON in which nothing looks like HTML, so that no text in it can end the element that it stands in.

    https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    """
    return COMPACT.encode(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _filled(**fields: Any) -> Json:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _unique(evidence: Iterable[Evidence]) -> Iterable[Evidence]:
    """The same property is shown once."""
    return {(e.resource_id, e.path, e.note): e for e in evidence}.values()


def _rests_on(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield from ((key(e.resource_id), e.path) for e in verdict.evidence)
    yield from ((key(m.resource_id), m.path) for m in verdict.missing)
