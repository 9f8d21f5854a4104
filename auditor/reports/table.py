"""The terminal report: what matters first, and short enough to read whatever the size of the estate."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from rich.console import Console
from rich.text import Text

from auditor.model.baseline import Standing
from auditor.model.environment import Environment
from auditor.model.ids import ArmId
from auditor.model.report import Conclusion, Report
from auditor.model.result import Result
from auditor.model.rule import Rule
from auditor.model.verdict import Severity, Status
from auditor.reports.table_decided import changes, decisions, waived
from auditor.reports.table_layout import Page
from auditor.reports.table_unseen import gaps, unjudged, unknowns
from auditor.reports.text import (
    ACCESSES,
    PARTS,
    SCENARIOS,
    WORST_FIRST,
    Names,
    clean,
    fix_of,
    labels_of,
    names_of,
    plural,
    shorten,
)

MAX_ENVIRONMENTS: Final = 10
MAX_RULES: Final = 30
MAX_RULES_OF_SEVERAL: Final = 15
MAX_PER_RULE: Final = 3
MAX_MESSAGE: Final = 1_000
MAX_ASSUMPTIONS: Final = 6
INDENT: Final = 10

SEVERITY_STYLES: Final = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "blue",
}
CONCLUSION_STYLES: Final = {
    Conclusion.SECURE: "bold green",
    Conclusion.DEVIATES: "bold red",
    Conclusion.UNDETERMINED: "bold yellow",
}
ACCESS_STYLES: Final = {"public": "red", "out of reach": "red", "unknown": "yellow"}


def render(report: Report, console: Console) -> None:
    """Print the report, all but the last line: why the exit code is what it is."""
    page = Page(console)
    names = names_of(report)
    labels = labels_of(report.environments)
    _environments(report, page, labels)
    _failures(report, page, names, labels)
    unknowns(report, page, names)
    waived(report, page, names, labels if len(labels) > 1 else {})
    _assumptions(report, page)
    unjudged(report, page, names)
    gaps(report, page, names)
    decisions(report, page)
    changes(report, page, names)
    if report.results:
        page.blank()
        page.line(_counts(report))


def _environments(report: Report, page: Page, labels: dict[str, str]) -> None:
    if not report.environments:
        _no_environment(report, page)
        return
    verdicts = {e.id: report.conclusion(e) for e in report.environments}
    environments = sorted(report.environments, key=lambda e: WORST_FIRST.index(verdicts[e.id]))
    if len(environments) > 1:
        tally = Counter(verdicts.values())
        counts = [Text(f"{tally[c]:,} {c}", style=CONCLUSION_STYLES[c]) for c in WORST_FIRST if tally[c]]
        page.items([Text(plural(len(environments), "environment"), style="bold"), *counts], 0)
        page.blank()
    off = len(report.decisions.off) if report.decisions else 0
    for number, environment in enumerate(environments[:MAX_ENVIRONMENTS]):
        if number:
            page.blank()
        accepted = sum(r.status is Status.WAIVED for r in report.of(environment))
        but = f", {accepted} waived" if accepted else ""
        but += f", {plural(off, 'rule')} off" if off else ""
        _environment(environment, labels[environment.id], verdicts[environment.id], but, page)
    page.more(len(environments) - MAX_ENVIRONMENTS, "environments")


def _no_environment(report: Report, page: Page) -> None:
    page.line(Text("No environment found: no workspace with an attached AKS cluster was seen.", style="bold yellow"))
    audited = [s for s in report.snapshot.subscriptions if s.audited]
    if report.unjudged:
        page.line("Not judged, below, says why of each thing that could have been part of one.")
    elif audited:
        # Resource Manager leaves out of a list, without a word, what the caller has no role on.
        read = plural(len(audited), "subscription")
        page.line(f"No Azure Machine Learning workspace was visible in scope ({read} read).")
        page.line("A role on part of a subscription shows that part alone.")
    else:
        page.line("No subscription was in scope.")


def _environment(environment: Environment, label: str, verdict: Conclusion, but: str, page: Page) -> None:
    page.line(Text.assemble((f"{label}  ", "bold"), (verdict.upper(), CONCLUSION_STYLES[verdict]), but))
    cluster = environment.cluster_id
    region = environment.workspace.raw("location")
    facts = [
        clean(ArmId.parse(cluster).name) if cluster else "not named by the compute",
        f"region {clean(region)}" if region else "region not seen",
        f"workspace in {clean(environment.workspace.arm.resource_group)}",
    ]
    page.items([Text(fact) for fact in facts], INDENT, "cluster")
    page.line(SCENARIOS[environment.scenario], INDENT, "scenario")
    page.items([_access(environment, part) for part in PARTS if part in environment.access], INDENT, "access")


def _access(environment: Environment, part: str) -> Text:
    word = ACCESSES[environment.access[part]]
    return Text.assemble((f"{PARTS[part]} ", "dim"), (word, ACCESS_STYLES.get(word, "")))


def _failures(report: Report, page: Page, names: Names, labels: dict[str, str]) -> None:
    groups: dict[tuple[int, str], list[Result]] = defaultdict(list)
    for result in report.results:
        if result.status is Status.FAIL:
            groups[result.severity.rank, result.rule.id].append(result)
    if not groups:
        return
    total = report.count(Status.FAIL)
    several = len(report.environments) > 1
    page.heading(f"Failed ({total:,})")
    ordered = [results for _, results in sorted(groups.items(), key=lambda item: item[0])]
    shown = MAX_RULES_OF_SEVERAL if several else MAX_RULES
    for number, results in enumerate(ordered[:shown]):
        if number:
            page.blank()
        _failed_rule(results, MAX_PER_RULE if total <= MAX_RULES else 1, page, names, labels if several else {})
    _failed_briefly(ordered[shown:], page)


def _failed_rule(results: list[Result], shown: int, page: Page, names: Names, labels: dict[str, str]) -> None:
    rule, severity = results[0].rule, results[0].severity
    badge = Text(severity.upper(), style=SEVERITY_STYLES[severity])
    page.line(Text.assemble((f"{rule.id}  ", "bold"), (clean(rule.title), "bold")), INDENT, badge)
    for result in results[:shown]:
        where = Text(names.of(result.resource_id))
        if label := labels.get(result.environment_id or ""):
            where.append(f"  of {label}", style="dim")
        if result.baseline is Standing.NEW:
            where.append("  NEW", style="bold magenta")
        page.line(where, INDENT, "  on")
        page.line(shorten(clean(result.verdict.message), MAX_MESSAGE), INDENT, "  seen")
        page.command(fix_of(result), INDENT, "  fix")
    page.more(len(results) - shown, f"of {rule.id}", INDENT)


def _failed_briefly(groups: list[list[Result]], page: Page) -> None:
    """The rules that there is no room for, each at least by its id."""
    if not groups:
        return
    page.blank()
    by_severity: dict[Severity, list[Text]] = defaultdict(list)
    for results in groups:
        times = f" ×{len(results):,}" if len(results) > 1 else ""
        by_severity[results[0].severity].append(Text(f"{results[0].rule.id}{times}"))
    for severity, items in by_severity.items():
        page.items(items, INDENT, Text(severity.upper(), style=SEVERITY_STYLES[severity]))
    page.more(sum(map(len, groups)), "failures", INDENT)


def _assumptions(report: Report, page: Page) -> None:
    taken: dict[str, list[Rule]] = defaultdict(list)
    for result in report.results:
        if result.status is Status.PASS:
            for assumption in dict.fromkeys(result.verdict.assumptions):
                taken[clean(assumption)].append(result.rule)
    if not taken:
        return
    page.heading("Passed, taking for granted")
    for assumption, rules in list(taken.items())[:MAX_ASSUMPTIONS]:
        page.line(Text.assemble(assumption, (f"  {' '.join(dict.fromkeys(r.id for r in rules))}", "dim")), 4, "  ·")
    page.more(len(taken) - MAX_ASSUMPTIONS, "assumptions", 4)


def _counts(report: Report) -> Text:
    worst = ", ".join(f"{report.failed(s):,} {s}" for s in Severity if report.failed(s))
    words = [
        (report.count(Status.FAIL), f"failed ({worst})" if worst else "failed", "bold red"),
        (report.count(Status.UNKNOWN), "unknown", "bold yellow"),
        (report.count(Status.WAIVED), "waived", ""),
        (report.count(Status.PASS), "passed", "green"),
        (report.count(Status.NOT_APPLICABLE), "not applicable", "dim"),
    ]
    parts = [Text(f"{count:,} {word}", style=style) for count, word, style in words if count]
    return Text.assemble((f"{plural(len(report.results), 'result')}: ", "bold"), Text(", ").join(parts))
