"""The Markdown report, for the summary of a pipeline: what matters first, and never more than GitHub takes.

GitHub drops a summary of more than 1 MiB whole. So each part has its room, and what does not fit is said in its place.
https://docs.github.com/actions/writing-workflows/choosing-what-your-workflow-does/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from auditor.model.baseline import Standing
from auditor.model.environment import Environment
from auditor.model.report import Conclusion, Report
from auditor.model.result import Result
from auditor.model.rule import Rule, Tier
from auditor.model.verdict import Status
from auditor.reports.lines import excuse, links, observed, unique, ways
from auditor.reports.markdown_text import block, code, row, table, text
from auditor.reports.summary import Summary, Unseen, summary
from auditor.reports.text import (
    PARTS,
    SCENARIOS,
    WORST_FIRST,
    Names,
    clean,
    fix_of,
    labels_of,
    names_of,
    plural,
    sentence,
    shorten,
)

# Of 1,048,576 bytes, with some left for what else a step has to say.
MAX_BYTES: Final = 1_000_000
ENVIRONMENTS_ROOM: Final = 250_000
PART_ROOM: Final = 60_000

MAX_NAME: Final = 300
MAX_MESSAGE: Final = 2_000
MAX_EVIDENCE: Final = 40

WHERE_ALL_IS: Final = "the JSON report holds all"


def render(report: Report) -> str:
    """The report as GitHub-flavoured Markdown that ends in a newline."""
    short, labels, names = summary(report), labels_of(report.environments), names_of(report)
    before = [*_head(short), *_environments(report, labels), *_overview(short)]
    after = [
        *_unseen("Unknown, by what is missing", short.unknown),
        *_waived(report, names, labels),
        *_decisions(short),
        *_since(short),
        *_assumptions(report),
        *_unseen("Not judged", short.unjudged),
        *_unseen("Also not read", short.gaps),
        *_rules(report),
    ]
    room = MAX_BYTES - sum(_size(part) for part in [*before, *after])
    failures = _section(
        "Failed", _failures(report, names, labels), report.count(Status.FAIL), room, "failures", apart=True
    )
    return "\n\n".join([*before, *failures, *after]) + "\n"


def pieces(report: Report) -> Iterator[str]:
    """The same text in one piece: it is never large."""
    yield render(report)


def _head(short: Summary) -> Iterator[str]:
    yield f"# AKS inference audit: {short.verdict}"
    yield f"**{text(short.headline)}**" + (f" {text(short.tally)}" if short.tally else "")
    if short.cut_short:
        yield f"**The audit was cut short:** {text(shorten(short.cut_short, MAX_MESSAGE))}"
    counts = [f"**{c.count:,}** {c.word}" + (f" ({c.detail})" if c.detail else "") for c in short.counts if c.count]
    yield " · ".join(counts) or "No result."
    yield " · ".join(f"{name}: {text(shorten(value, MAX_NAME))}" for name, value in short.facts)


def _environments(report: Report, labels: dict[str, str]) -> list[str]:
    verdicts = {e.id: report.conclusion(e) for e in report.environments}
    environments = sorted(report.environments, key=lambda e: WORST_FIRST.index(verdicts[e.id]))
    head = table(
        "Environment", "Verdict", "Scenario", *(name[0].upper() + name[1:] for name in PARTS.values()), "Region"
    )
    rows = (_environment(e, labels[e.id], verdicts[e.id]) for e in environments)
    return _section("Environments", rows, len(environments), ENVIRONMENTS_ROOM, "environments", head)


def _environment(environment: Environment, label: str, verdict: Conclusion) -> str:
    reached = ways(environment)
    region = clean(environment.workspace.raw("location") or "not seen")
    return row(
        text(shorten(label, MAX_NAME)),
        f"**{verdict}**",
        text(SCENARIOS[environment.scenario]),
        *(reached.get(part, "") for part in PARTS),
        text(shorten(region, MAX_NAME)),
    )


def _overview(short: Summary) -> list[str]:
    """The rules that failed; there are at most as many as there are rules."""
    rows = [
        row(f"**{f.severity}**", f.rule, text(f.title) + (" (extended)" if f.extended else ""), f.where)
        for f in short.failed
    ]
    return _section("Rules that failed", rows, len(rows), PART_ROOM, "rules", table("", "Rule", "Requires", "Where"))


def _failures(report: Report, names: Names, labels: dict[str, str]) -> Iterator[str]:
    """Each failure, under a heading per rule and severity."""
    groups: dict[tuple[int, str], list[Result]] = defaultdict(list)
    for result in report.results:
        if result.status is Status.FAIL:
            groups[result.severity.rank, result.rule.id].append(result)
    for _, results in sorted(groups.items(), key=lambda item: item[0]):
        heading = _heading(results[0])
        for result in results:
            yield heading + _failure(result, names, labels)
            heading = ""


def _heading(result: Result) -> str:
    rule = result.rule
    extended = " (extended)" if rule.tier is Tier.EXTENDED else ""
    pages = ", ".join(f"<{link}>" for link in links(rule))
    controls = "".join(f" · {text(control)}" for control in rule.controls)
    title = text(shorten(clean(rule.title), MAX_NAME))
    return f"### {str(result.severity).capitalize()}: {rule.id} {title}{extended}\n\n{pages}{controls}\n\n"


def _failure(result: Result, names: Names, labels: dict[str, str]) -> str:
    message = text(shorten(clean(result.verdict.message), MAX_MESSAGE))
    new = "**New.** " if result.baseline is Standing.NEW else ""
    parts = [f"{new}{_where(result, names, labels)}: {message}"]
    if fix := fix_of(result):
        parts.append(block(fix, "sh"))
    if shown := _evidence(result):
        parts.append(f"<details><summary>Evidence</summary>\n\n{shown}\n\n</details>")
    return "\n\n".join(parts)


def _where(result: Result, names: Names, labels: dict[str, str]) -> str:
    """The resource, and the environment where there are several."""
    named = code(shorten(names.of(result.resource_id), MAX_NAME))
    label = labels.get(result.environment_id or "") if len(labels) > 1 else None
    return f"**On** {named}" + (f" of {code(shorten(label, MAX_NAME))}" if label else "")


def _evidence(result: Result) -> str:
    found = unique(result.verdict.evidence)
    rows = [f"- {code(e.resource_id)} {code(e.path)}: {code(observed(e))}" for e in found[:MAX_EVIDENCE]]
    if len(found) > MAX_EVIDENCE:
        rows.append(_left_out(len(found) - MAX_EVIDENCE, "observations"))
    return "\n".join(rows)


def _unseen(title: str, causes: tuple[Unseen, ...]) -> list[str]:
    rows = (
        f"- **{text(shorten(c.words, MAX_MESSAGE))}**"
        + (f" on {text(shorten(c.places, MAX_MESSAGE))}" if c.places else "")
        + (f": {' '.join(c.rules)}" if c.rules else "")
        for c in causes
    )
    return _section(title, rows, len(causes), PART_ROOM, "entries")


def _waived(report: Report, names: Names, labels: dict[str, str]) -> list[str]:
    waived = [r for r in report.results if r.status is Status.WAIVED]
    rows = (f"- **{r.rule.id}** ({r.severity}) {_where(r, names, labels)}: {_excuse(r)}" for r in waived)
    return _section("Waived", rows, len(waived), PART_ROOM, "waived failures")


def _excuse(result: Result) -> str:
    return text(shorten(f"{sentence(excuse(result))} {clean(result.verdict.message)}", MAX_MESSAGE))


def _decisions(short: Summary) -> list[str]:
    rows = [f"- **{text(shorten(n.decision, MAX_NAME))}**: {text(shorten(n.effect, MAX_MESSAGE))}" for n in short.notes]
    return _section("Decisions", rows, len(rows), PART_ROOM, "decisions")


def _since(short: Summary) -> list[str]:
    """What became of the failures of the baseline that fail no more."""
    if short.since is None:
        return []
    head = f"**{text(short.since.headline)}**" + (f" {text(short.since.more)}" if short.since.more else "")
    rows = [
        f"- {m.word}: {text(m.rule)} {text(shorten(m.title, MAX_NAME))} on {text(shorten(m.where, MAX_NAME))}: "
        f"{text(shorten(m.now, MAX_MESSAGE))}"
        for m in short.since.moved
    ]
    listed = [f"{head}\n", *rows]
    return _section(f"Since the baseline of {text(short.since.when)}", listed, len(listed), PART_ROOM, "results")


def _assumptions(report: Report) -> list[str]:
    taken: dict[str, dict[str, None]] = defaultdict(dict)
    for result in report.results:
        if result.status is Status.PASS:
            for assumption in result.verdict.assumptions:
                taken[clean(assumption)][result.rule.id] = None
    rows = (f"- {text(shorten(what, MAX_MESSAGE))} ({' '.join(ids)})" for what, ids in taken.items())
    return _section("Passed, taking for granted", rows, len(taken), PART_ROOM, "assumptions")


def _rules(report: Report) -> list[str]:
    """What came of each rule, folded away."""
    rules: dict[str, Rule] = {}
    counts: dict[str, dict[Status, int]] = defaultdict(lambda: defaultdict(int))
    for result in report.results:
        rules[result.rule.id] = result.rule
        counts[result.rule.id][result.status] += 1
    shown = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.WAIVED, Status.NOT_APPLICABLE)
    rows = [
        row(id_, text(rules[id_].title), *(f"{counts[id_][s]:,}" if counts[id_][s] else "" for s in shown))
        for id_ in sorted(rules)
    ]
    if not rows:
        return []
    head = table("Rule", "Requires", "Passed", "Failed", "Unknown", "Waived", "Not applicable")
    listed = "\n".join(_kept([head, *rows], len(rows) + 1, PART_ROOM, "rules"))
    return [f"<details><summary>{plural(len(rows), 'rule')} in full</summary>\n\n{listed}\n\n</details>"]


def _section(
    title: str, blocks: Iterable[str], count: int, room: int, noun: str, head: str = "", apart: bool = False
) -> list[str]:
    """A heading with what fits below it; nothing where there is nothing. ``apart``: with blank lines between."""
    if not count:
        return []
    kept = _kept(blocks, count, room - _size(head), noun)
    body = ("\n\n" if apart else "\n").join([head, *kept] if head else kept)
    return [f"## {title}", body]


def _kept(blocks: Iterable[str], count: int, room: int, noun: str) -> list[str]:
    """The first blocks that fit into so many bytes, and what is left out of so many."""
    kept: list[str] = []
    left = room - 500  # for the heading and the last line
    for block_ in blocks:
        left -= _size(block_)
        if left < 0:
            return [*kept, "", _left_out(count - len(kept), noun)]
        kept.append(block_)
    return kept


def _left_out(count: int, noun: str) -> str:
    return f"*… {count:,} more {noun} left out here: {WHERE_ALL_IS}.*"


def _size(part: str) -> int:
    return len(part.encode()) + len("\n\n")
