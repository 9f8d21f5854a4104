"""The terminal report: what matters first, and short enough to read whatever the size of the estate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from auditor.model.environment import Environment
from auditor.model.ids import ArmId
from auditor.model.report import Conclusion, Report
from auditor.model.result import Result
from auditor.model.rule import Rule
from auditor.model.verdict import Severity, Status
from auditor.reports.table_layout import Page
from auditor.reports.table_unseen import gaps, unjudged, unknowns
from auditor.reports.text import ACCESSES, PARTS, SCENARIOS, Names, clean, clean_lines, plural

MAX_ENVIRONMENTS: Final = 10
MAX_RULES: Final = 30
MAX_PER_RULE: Final = 3
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
WORST_FIRST: Final = [Conclusion.DEVIATES, Conclusion.UNDETERMINED, Conclusion.SECURE]


def render(report: Report, console: Console) -> None:
    """Print the report, all but the last line: why the exit code is what it is."""
    page = Page(console)
    names = Names([*(r.resource_id for r in report.results), *(u.resource_id for u in report.unjudged)])
    _environments(report, page)
    _failures(report, page, names)
    unknowns(report, page)
    _assumptions(report, page)
    unjudged(report, page, names)
    gaps(report, page)
    if report.results:
        page.blank()
        page.line(_counts(report))


def _environments(report: Report, page: Page) -> None:
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
    for environment in environments[:MAX_ENVIRONMENTS]:
        _environment(environment, verdicts[environment.id], page)
    page.more(len(environments) - MAX_ENVIRONMENTS, "environments")


def _no_environment(report: Report, page: Page) -> None:
    page.line(Text("No environment found: no workspace with an attached AKS cluster was seen.", style="bold yellow"))
    audited = [s for s in report.snapshot.subscriptions if s.audited]
    if report.unjudged:
        page.line("Why not, for each thing that could have made one, stands under Not judged.")
    elif audited:
        page.line(
            f"There is no Azure Machine Learning workspace in scope ({plural(len(audited), 'subscription')} read)."
        )
    else:
        page.line("No subscription was in scope.")


def _environment(environment: Environment, verdict: Conclusion, page: Page) -> None:
    style = CONCLUSION_STYLES[verdict]
    page.line(Text.assemble((f"{clean(environment.label)}  ", "bold"), (str(verdict).upper(), style)))
    cluster = environment.cluster_id
    region = environment.workspace.raw("location")
    facts = [
        Text(f"cluster {clean(ArmId.parse(cluster).name) if cluster else 'not named'}"),
        Text(f"region {clean(region)}" if region else "region not seen"),
        Text(f"workspace group {clean(environment.workspace.arm.resource_group)}"),
    ]
    page.items(facts, INDENT)
    page.line(SCENARIOS[environment.scenario], INDENT, "scenario")
    page.items([_access(environment, part) for part in PARTS if part in environment.access], INDENT, "access")


def _access(environment: Environment, part: str) -> Text:
    word = ACCESSES[environment.access[part]]
    return Text.assemble((f"{PARTS[part]} ", "dim"), (word, ACCESS_STYLES.get(word, "")))


def _failures(report: Report, page: Page, names: Names) -> None:
    groups: dict[tuple[int, Severity, str], list[Result]] = defaultdict(list)
    for result in report.results:
        if result.status is Status.FAIL:
            groups[result.severity.rank, result.severity, result.rule.id].append(result)
    if not groups:
        return
    page.heading(f"Failed ({report.count(Status.FAIL):,})")
    labels = {e.id: clean(e.label) for e in report.environments} if len(report.environments) > 1 else {}
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][2]))
    for number, ((_, severity, _), results) in enumerate(ordered[:MAX_RULES]):
        if number:
            page.blank()
        _failed_rule(results, severity, page, names, labels)
    page.more(sum(len(results) for _, results in ordered[MAX_RULES:]), "failures")


def _failed_rule(results: list[Result], severity: Severity, page: Page, names: Names, labels: dict[str, str]) -> None:
    rule = results[0].rule
    badge = Text(severity.upper(), style=SEVERITY_STYLES[severity])
    page.line(Text.assemble((f"{rule.id}  ", "bold"), (clean(rule.title), "bold")), INDENT, badge)
    for result in results[:MAX_PER_RULE]:
        where = Text(names.of(result.resource_id), style="bold")
        if label := labels.get(result.environment_id or ""):
            where.append(f"  {label}", style="dim")
        page.line(where, INDENT)
        page.line(clean(result.verdict.message), INDENT)
        page.command(clean_lines(result.fix), INDENT)
    page.more(len(results) - MAX_PER_RULE, f"of {rule.id}", INDENT)


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
        page.line(Text.assemble(assumption, (f"  {_ids(rules)}", "dim")), 4, "  ·")
    page.more(len(taken) - MAX_ASSUMPTIONS, "assumptions", 4)


def _ids(rules: Iterable[Rule]) -> str:
    return " ".join(dict.fromkeys(rule.id for rule in rules))


def _counts(report: Report) -> Text:
    worst = ", ".join(f"{report.failed(s)} {s}" for s in Severity if report.failed(s))
    words = [
        (report.count(Status.FAIL), f"failed ({worst})" if worst else "failed", "bold red"),
        (report.count(Status.UNKNOWN), "unknown", "bold yellow"),
        (report.count(Status.WAIVED), "waived", ""),
        (report.count(Status.PASS), "passed", "green"),
        (report.count(Status.NOT_APPLICABLE), "not applicable", "dim"),
    ]
    parts = [Text(f"{count:,} {word}", style=style) for count, word, style in words if count]
    return Text.assemble((f"{plural(len(report.results), 'result')}: ", "bold"), Text(", ").join(parts))
