"""The JUnit XML report: a test suite per environment, a test case per result, for the test tab of a pipeline.

It keeps to what Jenkins' schema has in common with the readers of GitLab and Azure DevOps: they show the text of a
failure but not always its attributes, and tell test cases apart by class and name alone.
https://github.com/jenkinsci/xunit-plugin (junit-10.xsd), https://docs.gitlab.com/ci/testing/unit_test_reports/ and
https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/publish-test-results-v2
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from auditor import __version__
from auditor.model.environment import Environment
from auditor.model.ids import key
from auditor.model.report import Report
from auditor.model.result import Result
from auditor.model.verdict import Status
from auditor.reports.json_report import TOOL
from auditor.reports.lines import TO_FIX, excuse, gap, links, obstacle, seen, unseen, ways
from auditor.reports.summary import headline
from auditor.reports.text import (
    Names,
    clean,
    clean_lines,
    fix_of,
    labels_of,
    names_of,
    sentence,
    shorten,
)

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
CLOSING: Final = "</testsuites>"
MAX_MESSAGE: Final = 2_000
MAX_TEXT: Final = 60_000

# JUnit's failure is a check that did not hold, its error one that could not be carried out. An unknown result is an
# error, not skipped: every reader shows a run of passed and skipped tests as green, which would be a false pass.
OUTCOMES: Final = {
    Status.FAIL: "failure",
    Status.UNKNOWN: "error",
    Status.WAIVED: "skipped",
    Status.NOT_APPLICABLE: "skipped",
}


@dataclass(frozen=True)
class Case:
    """One test case; ``outcome`` is the element that says how it ended, empty for a pass."""

    group: str
    name: str
    outcome: str
    kind: str
    message: str
    text: str


def render(report: Report) -> str:
    """The report as XML text that ends in a newline.

    Everything that comes from Azure is cleaned, so that no character is in it that XML 1.0 forbids.
    """
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same text, suite by suite."""
    names, used = names_of(report), Counter[tuple[str, str]]()
    labels = labels_of(report.environments)
    found = [(labels[e.id], _facts(report, e), report.of(e)) for e in report.environments]
    if outside := [r for r in report.results if r.environment_id not in labels]:
        found.append(("outside every environment", {}, outside))
    unseen = list(_unseen(report, names))
    outcomes = [OUTCOMES.get(r.status, "") for _, _, results in found for r in results]
    yield DECLARATION + _opening([*outcomes, *(case.outcome for case in unseen)])
    for label, properties, results in found:
        yield _suite(report, label, properties, (_case(r, label, names) for r in results), used)
    yield _suite(report, "audit", _run(report), unseen, used)
    yield f"\n{CLOSING}\n"


def _opening(outcomes: list[str]) -> str:
    """The start of the root, which adds up what follows: how each test case ended."""
    root = Element("testsuites", name=TOOL, tests=str(len(outcomes)))
    root.set("failures", str(outcomes.count("failure")))
    root.set("errors", str(outcomes.count("error")))
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False).removesuffix(CLOSING)


def _suite(
    report: Report, name: str, properties: dict[str, str], cases: Iterable[Case], used: Counter[tuple[str, str]]
) -> str:
    """One suite, indented as it is within the root."""
    # Without a time zone, as the first schema has it; the time is UTC.
    at = report.snapshot.taken_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = Element("testsuite", name=name, timestamp=at)
    listed = SubElement(suite, "properties")
    for title, value in properties.items():
        SubElement(listed, "property", name=title, value=value)
    for case in cases:
        _add(suite, case, used)
    count = Counter(child.tag for case in suite.iter("testcase") for child in case)
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(count[outcome]))
    ElementTree.indent(suite, " ", level=1)
    return "\n " + ElementTree.tostring(suite, encoding="unicode")


def _add(suite: Element, case: Case, used: Counter[tuple[str, str]]) -> None:
    """``used`` numbers the cases that would be taken for one."""
    used[case.group, case.name] += 1
    number = used[case.group, case.name]
    element = SubElement(
        suite, "testcase", classname=case.group, name=case.name if number == 1 else f"{case.name} ({number})"
    )
    if case.outcome:
        outcome = SubElement(element, case.outcome, type=case.kind, message=shorten(case.message, MAX_MESSAGE))
        outcome.text = shorten(case.text, MAX_TEXT)
    elif case.text:
        SubElement(element, "system-out").text = shorten(case.text, MAX_TEXT)


def _case(result: Result, label: str, names: Names) -> Case:
    """Readers file a case under what stands before the last dot of its class: the environment."""
    rule, status = result.rule, result.status
    name = f"{rule.id} {clean(rule.title)} [{names.of(result.resource_id)}]"
    message = sentence(result.verdict.message) or sentence(rule.title)
    if status is Status.WAIVED:
        message = f"Waived: {sentence(excuse(result))} {message}"
    kind = str(result.severity) if status in (Status.FAIL, Status.UNKNOWN) else str(status)
    return Case(f"{label}.{rule.id}", name, OUTCOMES.get(status, ""), kind, message, _text(result, message))


def _text(result: Result, message: str) -> str:
    parts = [message] if result.status is not Status.PASS else []
    if result.status is Status.PASS:
        parts += _listed("Taken for granted", result.verdict.assumptions)
    elif result.status is not Status.NOT_APPLICABLE:
        parts.append(f"Severity: {result.severity}\nResource: {clean(result.resource_id)}")
        if result.status in TO_FIX:
            parts.append(f"Fix:\n{fix_of(result)}")
        parts += _listed("Not seen", unseen(result))
        parts += _listed("Seen", seen(result))
        parts += _listed("References", links(result.rule))
        parts.append(f"Fingerprint: {result.fingerprint}")
    return clean_lines("\n\n".join(parts))


def _listed(title: str, items: Iterable[str]) -> list[str]:
    rows = "\n".join(f"- {clean(item)}" for item in dict.fromkeys(items))
    return [f"{title}:\n{rows}"] if rows else []


def _facts(report: Report, environment: Environment) -> dict[str, str]:
    return {
        "verdict": str(report.conclusion(environment)),
        "scenario": str(environment.scenario),
        **{f"access.{part}": way for part, way in ways(environment).items()},
        "environment": clean(environment.id),
        "cluster": clean(environment.cluster_id or ""),
        "region": clean(environment.workspace.raw("location") or ""),
    }


def _run(report: Report) -> dict[str, str]:
    counts = {f"results.{status}": str(report.count(status)) for status in Status}
    snapshot = report.snapshot
    return {
        "verdict": str(report.conclusion()),
        "environments": str(len(report.environments)),
        **counts,
        "run": clean(report.run.id),
        "source": report.run.source,
        "cloud": clean(snapshot.cloud.name),
        "subscriptions": " ".join(clean(s.id) for s in snapshot.subscriptions if s.audited),
        "version": __version__,
    }


def _unseen(report: Report, names: Names) -> Iterator[Case]:
    """What has no result: an error where part of the scope could not be looked through, as the exit code has it.

    A gap beside it left results unknown, which are errors already, or made no difference.
    """
    if not report.environments:
        yield Case("audit.scope", "an environment is in scope", "skipped", "not-judged", headline(report), "")
    for item in report.unjudged:
        unread = item.failure is not None
        why = f"{sentence(item.reason)} {obstacle(item.failure)}" if item.failure else sentence(item.reason)
        text = f"{clean(item.resource_id)}\n{why}"
        name = f"{names.of(item.resource_id)} can be judged"
        yield Case("audit.scope", name, "error" if unread else "skipped", "not-judged", why, text)
    said = {(key(u.resource_id), u.failure) for u in report.unjudged}
    for found in report.gaps:
        if (key(found.resource_id), found.failure) not in said:
            name = f"{names.of(found.resource_id)}: {clean(found.operation)}"
            text = f"{clean(found.resource_id)}\n{gap(found)}"
            yield Case("audit.collection", name, "skipped", "not-read", sentence(gap(found)), text)
