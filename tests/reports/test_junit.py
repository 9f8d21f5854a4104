"""The JUnit report: what the test tabs of Jenkins, GitLab and Azure DevOps make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.report import Report, Unjudged
from auditor.model.snapshot import Failure
from auditor.model.verdict import Status, ok
from auditor.reports import junit
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited

from . import hostile, sample

# What the schema of Jenkins' xUnit plugin (junit-10.xsd) lets stand where; no reader knows more than this.
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "timestamp", "time", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
OUTCOME = {Status.FAIL: "failure", Status.UNKNOWN: "error", Status.WAIVED: "skipped", Status.NOT_APPLICABLE: "skipped"}


def parsed(of: Report) -> Element:
    """The document, held against what readers expect of any."""
    text = junit.render(of)
    root = ElementTree.fromstring(text.encode("utf-8"))  # noqa: S314  (our own text)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes, element.tag
        assert {child.tag for child in element} <= children, element.tag
    for suite in root:
        cases = suite.findall("testcase")
        ends = Counter(child.tag for case in cases for child in case)
        assert suite.attrib["tests"] == str(len(cases))
        counts = {n: suite.attrib[n] for n in ("failures", "errors", "skipped")}
        assert counts == {
            "failures": str(ends["failure"]),
            "errors": str(ends["error"]),
            "skipped": str(ends["skipped"]),
        }
        assert all(len([c for c in case if c.tag != "system-out"]) <= 1 for case in cases)
    for name in ("tests", "failures", "errors"):
        assert root.attrib[name] == str(sum(int(s.attrib[name]) for s in root))
    identities = Counter((c.attrib["classname"], c.attrib["name"]) for c in root.iter("testcase"))
    assert not [i for i, times in identities.items() if times > 1], "GitLab takes these for one test"
    return root


def cases(root: Element, suite: str | None = None) -> Iterator[Element]:
    for found in root:
        if suite is None or found.attrib["name"] == suite:
            yield from found.iter("testcase")


def ending(case: Element) -> str:
    return next((child.tag for child in case if child.tag != "system-out"), "passed")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_result_of_a_real_report_is_a_case_with_its_ending(name: str) -> None:
    of = audited(SCENARIOS[name]())
    root = parsed(of)

    own = [c for s in root for c in s.iter("testcase") if s.attrib["name"] != "audit"]
    assert Counter(map(ending, own)) == Counter(OUTCOME.get(r.status, "passed") for r in of.results)
    assert root.attrib["failures"] == str(of.count(Status.FAIL))
    assert [s.attrib["tests"] for s in root][: len(of.environments)] == [str(len(of.of(e))) for e in of.environments]


def test_a_failure_says_all_in_its_text() -> None:
    """GitLab shows nothing but the text."""
    (case,) = [c for c in cases(parsed(sample.everything())) if "DNS-002" in c.attrib["name"]]

    assert case.attrib["classname"] == "mlw-harbour × k8s-harbour.DNS-002"
    assert case.attrib["name"] == "DNS-002 Workspace zones resolve from the AKS VNet [privatelink.api.azureml.ms]"
    (failure,) = case
    assert failure.attrib == {
        "type": "critical",
        "message": "privatelink.api.azureml.ms is not linked where vnet-aks resolves names.",
    }
    text = failure.text or ""
    assert text.startswith(failure.attrib["message"])
    for part in (sample.ZONE, "Fix:\naz network private-dns", "Seen:\n- ", "References:\n- https://", "Fingerprint: "):
        assert part in text


def test_unknown_is_an_error_and_names_the_permission() -> None:
    """A run of passed and skipped tests is green everywhere."""
    (case,) = [c for c in cases(parsed(sample.everything())) if "STO-001" in c.attrib["name"]]

    (error,) = case
    assert error.tag == "error"
    assert f"(HTTP 403); needs {sample.ENDPOINT_READ}" in (error.text or "")
    assert "Fix:" not in (error.text or "")


def test_a_waived_failure_is_skipped_and_still_there() -> None:
    (case,) = [c for c in cases(parsed(sample.everything())) if "DNS-001" in c.attrib["name"]]

    (skipped,) = case
    assert skipped.tag == "skipped"
    assert skipped.attrib["type"] == "waived"
    assert skipped.attrib["message"].startswith(f"Waived: {sample.WAIVER.reason} (until 2026-12-31). privatelink")
    assert "Fix:" in (skipped.text or "")


def test_a_pass_says_what_it_takes_for_granted() -> None:
    (case,) = [c for c in cases(parsed(sample.everything())) if "KV-002" in c.attrib["name"]]

    assert [(c.tag, c.text) for c in case] == [("system-out", "Taken for granted:\n- x")]


def test_a_suite_says_where_it_is_about() -> None:
    suite, run = parsed(sample.everything())
    facts = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}

    assert suite.attrib["name"] == "mlw-harbour × k8s-harbour"
    assert suite.attrib["timestamp"] == "2026-03-01T12:00:00"
    assert (facts["verdict"], facts["scenario"], facts["access.workspace"]) == ("deviates", "mixed", "public")
    assert facts["access.container_registry"] == "none yet"
    counts = {p.attrib["name"]: p.attrib["value"] for p in run.iter("property")}
    assert (counts["verdict"], counts["results.fail"], counts["results.waived"]) == ("deviates", "2", "1")


def test_what_was_not_seen_is_there_and_red_only_where_the_exit_code_is() -> None:
    env, subscription = sample.environment(), f"/subscriptions/{sample.SUBSCRIPTION}"
    late = Failure(reason="time is up")
    of = sample.report(
        sample.result(ok("sound"), environment=env),
        environments=[env],
        unjudged=[Unjudged(subscription, "could not be read", sample.DENIED), Unjudged("/x", "no AKS attached")],
        gaps=[sample.DENIED, late],
    )

    assert {c.attrib["name"]: ending(c) for c in cases(parsed(of), "audit")} == {
        "subscription Harbour can be judged": "error",
        "x can be judged": "skipped",
        "subscription Harbour: list Microsoft.Network/privateEndpoints": "skipped",  # said once where it is the same
    }


def test_no_environment_is_a_case_too() -> None:
    (case,) = cases(parsed(sample.report()))

    assert ending(case) == "skipped"
    assert case[0].attrib["message"].startswith("No environment was found")


def test_hostile_text_is_text() -> None:
    root = parsed(hostile.hostile(hostile.EVERYTHING))

    shown = [t for e in root.iter() for t in (e.text or "", *e.attrib.values())]
    assert any("<script>alert(1)</script>" in t for t in shown)
    assert all(line.isprintable() for t in shown for line in t.split("\n"))


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters()))
def test_any_text_is_xml(words: str) -> None:
    parsed(hostile.hostile(words))


def test_environments_and_subjects_of_one_name_stay_apart() -> None:
    twins = [sample.environment("twin"), sample.environment("twin", group=sample.GROUP.replace("6f1c", "7f1c"))]
    of = sample.report(
        *(sample.result(sample.unlinked(), environment=e, subject=s) for e in twins for s in "ab"), environments=twins
    )

    assert len(list(cases(parsed(of)))) == 4


def test_long_texts_are_cut() -> None:
    root = parsed(hostile.hostile("long " * 20_000))

    assert max(len(t) for e in root.iter("failure") for t in (e.text or "", e.attrib["message"])) <= junit.MAX_TEXT


def test_a_large_estate_is_whole() -> None:
    assert parsed(hostile.many(50, 20)).attrib["tests"] == "3000"
