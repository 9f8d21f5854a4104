"""A report in short: what somebody reads who reads nothing else, at the top of the HTML page and of Markdown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from auditor import __version__
from auditor.model.baseline import Standing
from auditor.model.environment import Access, Environment, Scenario
from auditor.model.report import Conclusion, Report
from auditor.model.result import Result
from auditor.model.rule import ARTICLE, Tier
from auditor.model.verdict import Severity, Status
from auditor.reports.decided import Accepted, Note, Since, accepted, notes, since
from auditor.reports.text import ACCESSES, WORST_FIRST, clean, labels_of, names_of, plural
from auditor.reports.unseen import Cause, causes_of_gaps, causes_of_unknowns, unjudged_by_reason

MAX_NAMED: Final = 3
MAX_PLACES: Final = 20

INSIDE: Final = "private endpoint, or service endpoint"
# The article's table: the scenario, and how workspace, associated resources and cluster are reached in it.
ARTICLE_ROWS: Final = {
    Scenario.NO_VIRTUAL_NETWORK: ("No virtual network", "public", "public", "public"),
    Scenario.PUBLIC_WORKSPACE: ("Public workspace, everything else in a virtual network", "public", INSIDE, "private"),
    Scenario.SECURED: ("Everything in a virtual network", "private endpoint", INSIDE, "private"),
}
OTHER_ROWS: Final = {
    Scenario.MIXED: "Mixed: none of the documented scenarios",
    Scenario.UNDETERMINED: "Undetermined: not everything could be read",
}
WORDS: Final = {
    Status.FAIL: "failed",
    Status.UNKNOWN: "unknown",
    Status.WAIVED: "waived",
    Status.PASS: "passed",
    Status.NOT_APPLICABLE: "not applicable",
}


@dataclass(frozen=True)
class Count:
    status: Status
    word: str
    count: int
    detail: str


@dataclass(frozen=True)
class Row:
    """One row of the scenario table; ``here`` names the environments that are in it."""

    scenario: str
    cells: tuple[str, str, str]
    here: str
    documented: bool


@dataclass(frozen=True)
class Failed:
    """One rule that failed somewhere, with the severity of its worst result."""

    rule: str
    title: str
    severity: Severity
    extended: bool
    where: str


@dataclass(frozen=True)
class Unseen:
    """Something that was not seen: what stood in the way, of what, and which rules it left open."""

    words: str
    places: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    verdict: Conclusion
    environments: int
    headline: str
    tally: str
    counts: tuple[Count, ...]
    rows: tuple[Row, ...]
    failed: tuple[Failed, ...]
    unknown: tuple[Unseen, ...]
    gaps: tuple[Unseen, ...]
    unjudged: tuple[Unseen, ...]
    cut_short: str
    facts: tuple[tuple[str, str], ...]
    article: str
    accepted: tuple[Accepted, ...]
    notes: tuple[Note, ...]
    since: Since | None


def summary(report: Report) -> Summary:
    verdicts = [report.conclusion(e) for e in report.environments]
    names = names_of(report)
    unjudged = unjudged_by_reason(report).items()
    return Summary(
        verdict=report.conclusion(),
        environments=len(report.environments),
        headline=headline(report),
        tally=_tally(verdicts),
        counts=tuple(_count(report, status) for status in WORDS),
        rows=tuple(_rows(report.environments)),
        failed=tuple(_failed(report)),
        unknown=tuple(map(_unseen, causes_of_unknowns(report, names))),
        gaps=tuple(map(_unseen, causes_of_gaps(report, names))),
        unjudged=tuple(Unseen(reason, _some([names.of(i) for i in ids], MAX_PLACES), ()) for reason, ids in unjudged),
        cut_short=clean(report.snapshot.cut_short),
        facts=tuple(_facts(report)),
        article=ARTICLE,
        accepted=accepted(report),
        notes=tuple(notes(report)),
        since=since(report),
    )


def headline(report: Report) -> str:
    """What the verdict means, in one sentence."""
    verdicts = [report.conclusion(e) for e in report.environments]
    if not verdicts:
        return "No environment was found: no workspace with an attached AKS cluster was seen."
    verdict, one = report.conclusion(), len(verdicts) == 1
    if verdict is Conclusion.SECURE:
        kept = f"{'The' if one else 'Every'} environment keeps the secure AKS inferencing pattern."
        if but := " and ".join(_decided(report)):
            kept = f"{kept[:-1]}, but for {but}."
        turns_none = "What failed turns no verdict: it is of low severity, or beyond the core of the pattern."
        return f"{kept} {turns_none}" if report.count(Status.FAIL) else kept
    if verdict is Conclusion.UNDETERMINED:
        return "Nothing deviates in what was seen, but not everything that decides could be read."
    deviating = verdicts.count(Conclusion.DEVIATES)
    if not deviating:
        return "What deviates from the secure AKS inferencing pattern stands outside every environment."
    whose = "The environment deviates" if one else f"{deviating:,} of {plural(len(verdicts), 'environment')} deviate"
    return f"{whose}{'s' if not one and deviating == 1 else ''} from the secure AKS inferencing pattern."


def _decided(report: Report) -> Iterable[str]:
    """What somebody's decision keeps out of a verdict."""
    if waived := report.count(Status.WAIVED):
        yield f"{plural(waived, 'failure')} that somebody waived"
    if report.decisions is None:
        return
    if off := len(report.decisions.off):
        yield f"{plural(off, 'rule')} switched off"
    failed = [r.rule for r in report.results if r.status is Status.FAIL]
    if chosen := sum(rule.tier is Tier.CORE and rule.id in report.decisions.severities for rule in failed):
        yield f"{plural(chosen, 'failure')} of a severity that somebody chose"


def _tally(verdicts: list[Conclusion]) -> str:
    tally = Counter(verdicts)
    return " · ".join(f"{tally[c]:,} {c}" for c in WORST_FIRST if tally[c]) if len(verdicts) > 1 else ""


def _count(report: Report, status: Status) -> Count:
    detail = ""
    if status is Status.FAIL:
        detail = ", ".join(f"{report.failed(s):,} {s}" for s in Severity if report.failed(s))
    if status in (Status.FAIL, Status.UNKNOWN):
        new = sum(r.status is status and r.baseline is Standing.NEW for r in report.results)
        detail = "; ".join(filter(None, (detail, f"{new:,} new" if new else "")))
    return Count(status, WORDS[status], report.count(status), detail)


def _rows(environments: tuple[Environment, ...]) -> Iterable[Row]:
    labels, held = labels_of(environments), defaultdict[Scenario, list[Environment]](list)
    for environment in environments:
        held[environment.scenario].append(environment)
    for scenario, (title, *cells) in ARTICLE_ROWS.items():
        yield Row(title, (cells[0], cells[1], cells[2]), _here(held[scenario], labels), documented=True)
    for scenario, title in OTHER_ROWS.items():
        if found := held[scenario]:
            cells_ = _access(found[0]) if len(found) == 1 else ("various", "various", "various")
            yield Row(title, cells_, _here(found, labels), documented=False)


def _here(environments: list[Environment], labels: dict[str, str]) -> str:
    return _some([labels[e.id] for e in environments], MAX_NAMED)


def _access(environment: Environment) -> tuple[str, str, str]:
    """How the parts of an environment are reached, in the columns of the table."""
    parts = {"storage": "storage", "key_vault": "Key Vault", "container_registry": "registry"}
    ways: dict[Access | None, list[str]] = {}
    for part, name in parts.items():
        ways.setdefault(environment.access[part], []).append(name)
    resources = "; ".join(f"{' and '.join(named)}: {ACCESSES[way]}" for way, named in ways.items())
    return ACCESSES[environment.access["workspace"]], resources, ACCESSES[environment.access["cluster"]]


def _failed(report: Report) -> Iterable[Failed]:
    """Each rule that failed, worst first, then the one that failed most often."""
    found: dict[str, list[Result]] = defaultdict(list)
    for result in report.results:
        if result.status is Status.FAIL:
            found[result.rule.id].append(result)
    failed = []
    for results in found.values():
        rule, severity = results[0].rule, min((r.severity for r in results), key=lambda s: s.rank)
        environments = len({r.environment_id for r in results if r.environment_id})
        where = f"{environments:,} of {len(report.environments):,}" if environments else "outside"
        entry = Failed(rule.id, clean(rule.title), severity, rule.tier is Tier.EXTENDED, where)
        failed.append((severity.rank, -len(results), entry))
    return [entry for *_, entry in sorted(failed, key=lambda f: (f[0], f[1], f[2].rule))]


def _unseen(cause: Cause) -> Unseen:
    return Unseen(cause.words, _some(list(cause.places), MAX_PLACES), tuple(cause.rules))


def _some(names: list[str], limit: int) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _facts(report: Report) -> Iterable[tuple[str, str]]:
    """When, from what and of what the audit was made."""
    snapshot = report.snapshot
    audited = [clean(s.name) or s.id for s in snapshot.subscriptions if s.audited]
    yield plural(len(audited), "subscription").partition(" ")[2].capitalize(), _some(audited, MAX_PLACES) or "none"
    yield "Seen", f"{snapshot.taken_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({report.run.source})"
    if snapshot.tenant_id:
        yield "Tenant", clean(snapshot.tenant_id)
    yield "Cloud", clean(snapshot.cloud.name)
    yield "Tool", f"audit {__version__}, {plural(len(report.rules), 'rule')}"
