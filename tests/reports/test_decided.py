"""What was decided and what changed over time, in every report: complete, and harmless whatever people wrote."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from auditor.comparing import compared
from auditor.engine import audit
from auditor.model.baseline import Baseline
from auditor.model.decisions import Decisions, Waiver
from auditor.model.report import Report
from auditor.model.verdict import Severity, Status
from auditor.reports import explain, html, json_report, sarif, table
from auditor.reports.summary import summary
from tests.arm.scenarios import demo
from tests.audits import RULES, report_on, snapshot_of
from tests.browser import CHROMIUM, Browser
from tests.sarif import complaints
from tests.schemas import read

from .sample import NOON, environment, report, result, rule, unlinked, waived

EVIL = "</script><b onx=1>\x1b[31m\u202e`|=cmd()\nexit 0"
FOREVER = date(2099, 12, 31)


@cache
def decided() -> Report:
    """The demo: one failure waived, one waiver expired, one idle, a rule off; one failure new, one fixed, one lost."""
    snapshot = snapshot_of(demo())
    first = report_on(snapshot)
    findings = []
    for r in first.results:
        if r.rule.id == "DNS-005":
            findings.append(replace(r.finding, status=Status.PASS))
        elif r.rule.id == "KV-001":
            findings.append(replace(r.finding, status=Status.FAIL, title=EVIL))
        else:
            findings.append(r.finding)
    lost = replace(findings[0], fingerprint="lost", rule_id=f"OLD-1{EVIL}", status=Status.FAIL)
    decisions = Decisions(
        off=("ENV-003",),
        severities={"AKS-003": Severity.LOW},
        waivers=(
            Waiver(("STO-004",), "*", f"no data yet {EVIL}", FOREVER),
            Waiver(("AML-005",), "*", "it was a trial", date(2020, 1, 1)),
            Waiver(("DNS-001",), f"*/{EVIL}", "a slip", FOREVER),
        ),
    )
    return compared(audit(snapshot, RULES, first.run, decisions), Baseline("b", NOON, (*findings, lost)))


def shown(of: Report, width: int) -> str:
    file = io.StringIO()
    table.render(of, Console(file=file, width=width))
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_terminal_tells_what_was_decided(width: int) -> None:
    page = " ".join(shown(decided(), width).split())
    assert "Waived (1) · STO-004 stsalvagemain" in page
    assert "until 2099-12-31: no data yet </script>" in page
    assert "DEVIATES, 1 waived" in page
    assert "not checked, switched off: ENV-003" in page
    assert "severity changed: AKS-003 low" in page
    assert "waiver of AML-005 on * expired on 2020-01-01; 1 that it covered counts" in page
    assert re.search(r"waiver of DNS-001 on .* waives nothing: no result is about what it names", page)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_terminal_tells_what_is_new_and_what_was_fixed(width: int) -> None:
    page = " ".join(shown(decided(), width).split())
    assert re.search(r"DNS-005 Container registry .*? on crsalvage of mlw-salvage × k8s-salvage NEW", page)
    assert page.count(" NEW ") == 1
    assert "Since the baseline of 2026-03-01 12:00 UTC: 1 new failure, 2 fixed, 2 not judged again" in page
    assert "fixed KV-001 kv-salvage it passes" in page
    assert "unsure ENV-003 mlw-salvage the rule is off" in page


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_is_not_steered(width: int) -> None:
    page = shown(decided(), width)
    assert not re.search("[\x1b\u202e]|^exit 0", page, re.MULTILINE)
    assert max(map(len, page.splitlines())) < 300


def test_nothing_is_said_of_decisions_that_nobody_made() -> None:
    page = shown(report_on(snapshot_of(demo())), 100)
    for word in ("Waived", "waived", "configuration", "baseline", "NEW"):
        assert word not in page


def test_json_holds_everything() -> None:
    found = read(json_report.render(decided()))
    (accepted,) = [r for r in found["results"] if r["status"] == "waived"]
    assert accepted["waiver"] == {"reason": f"no data yet {EVIL}", "expires": "2099-12-31"}
    assert accepted["baseline"] == "unchanged"
    assert found["summary"]["by_status"]["waived"] == 1
    assert found["config"]["rules_off"] == ["ENV-003"]
    assert found["config"]["severities"] == {"AKS-003": "low"}
    assert [w["use"] for w in found["config"]["waivers"]] == ["applied", "expired", "unmatched"]
    assert [w["results"] for w in found["config"]["waivers"]] == [1, 0, 0]
    assert found["baseline"] == {"run_id": "b", "finished_at": "2026-03-01T12:00:00Z"}
    assert {f["rule_id"] for f in found["fixed"]} == {"KV-001"}
    assert {f["now"] for f in found["unsettled"]} == {"the rule is off", "there is no such rule any more"}
    assert [r["rule_id"] for r in found["results"] if r["status"] == "fail" and r["baseline"] == "new"] == ["DNS-005"]


def test_sarif_says_what_is_new_and_closes_what_is_waived() -> None:
    document = json.loads(sarif.render(decided()))
    assert complaints(document) == []
    (run,) = document["runs"]
    states = {r["ruleId"]: r["baselineState"] for r in run["results"]}
    assert states == {"DNS-005": "new", "AKS-003": "unchanged", "AML-005": "unchanged", "STO-004": "unchanged"}
    assert [r["ruleId"] for r in run["results"] if "suppressions" in r] == ["STO-004"]


def test_sarif_names_the_run_that_it_is_compared_with() -> None:
    """What is no GUID is left out: the schema takes nothing else."""
    one, other = "5b1f6d0e-0c5c-4f0e-9d55-0f6b6f1c2a3b", "0d9f7c1a-7a52-4f6e-8f0b-1b2c3d4e5f60"
    of = decided()
    assert of.comparison is not None
    named = replace(of.comparison, baseline=replace(of.comparison.baseline, run_id=other))
    for run_id, comparison, expected in ((one, named, (one, other)), ("run-1", of.comparison, (None, None))):
        document = json.loads(sarif.render(replace(of, run=replace(of.run, id=run_id), comparison=comparison)))
        assert complaints(document) == []
        (run,) = document["runs"]
        assert (run["automationDetails"].get("guid"), run.get("baselineGuid")) == expected


def test_sarif_opens_no_alert_for_what_was_fixed() -> None:
    """A consumer that knows no state takes every result for an alert: what was fixed is told beside the results."""
    (run,) = json.loads(sarif.render(decided()))["runs"]
    assert "absent" not in {r["baselineState"] for r in run["results"]}
    said = [(n["descriptor"]["id"], n["level"]) for n in run["invocations"][0]["toolExecutionNotifications"]]
    for expected in (
        ("fixed", "note"),
        ("unsettled", "warning"),
        ("rule-off", "note"),
        ("waiver-expired", "warning"),
        ("waiver-unmatched", "warning"),
    ):
        assert expected in said
    assert run["invocations"][0]["executionSuccessful"] is True


def test_an_explanation_shows_the_waiver_and_the_fix() -> None:
    of = decided()
    out = io.StringIO()
    (accepted,) = [r for r in of.results if r.status is Status.WAIVED]
    env = next(e for e in of.environments if e.id == accepted.environment_id)
    explain.render(of, env, [accepted], Console(file=out, width=160))
    page = " ".join(out.getvalue().split())
    assert "waived until 2099-12-31: no data yet </script>" in page
    assert "fix az storage account update" in page
    assert "\x1b" not in out.getvalue()


def test_the_page_says_that_what_is_secure_was_waived() -> None:
    env = environment()
    made = summary(report(waived(result(unlinked(), environment=env)), environments=[env])).headline
    assert made.endswith("keeps the secure AKS inferencing pattern, but for 1 failure that somebody waived.")


def test_the_page_says_that_what_is_secure_was_configured() -> None:
    """With the rules off that fail, or of no weight, the pattern is not simply kept."""
    off = Decisions(off=("DNS-002", "STO-001"))
    made = summary(replace(report(environments=[environment()]), decisions=off))
    assert made.verdict == "secure"
    assert made.headline.endswith("keeps the secure AKS inferencing pattern, but for 2 rules switched off.")

    env, light = environment(), rule(severity=Severity.INFO)
    of = report(result(unlinked(), light, environment=env), environments=[env])
    made = summary(replace(of, decisions=Decisions(severities={light.id: Severity.INFO})))
    assert "but for 1 failure of a severity that somebody chose. What failed turns no verdict" in made.headline


def test_the_terminal_says_that_rules_are_off() -> None:
    out = io.StringIO()
    of = replace(report(environments=[environment()]), decisions=Decisions(off=("DNS-002",)))
    table.render(of, Console(file=out, width=160))
    assert "SECURE, 1 rule off" in out.getvalue()


def test_the_page_has_its_tables_without_scripts() -> None:
    made = html.render(decided())
    before_data = made.partition('<script type="application/json"')[0]
    for words in (
        "Since the baseline",
        "1 new failure, 2 fixed, 2 not judged again.",
        "What was waived",
        "2099-12-31",
        "no data yet &lt;/script&gt;&lt;b onx=1&gt;",
        "ENV-003 is off",
        "expired on 2020-01-01; 1 that it covered counts",
    ):
        assert words in before_data, words
    assert "<b onx" not in made
    assert not re.search("[\x1b\u202e]", made)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


SAID = "document.querySelector('.bar [role=status]').textContent"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_the_page_filters_what_is_new_and_leads_to_what_is_waived(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html.render(decided()), "utf-8")
    browser.open(path)
    assert browser.complaints() == []
    assert browser.run("document.querySelectorAll('.finding .new').length") == 1
    browser.run("document.querySelector('input[value=unchanged]').click()")
    assert browser.run(SAID) == "1 environment, 1 finding shown"
    assert browser.run("document.querySelector('.finding .rule').textContent") == "DNS-005"
    browser.run("document.querySelector('a[data-status=waived]').click()")
    assert browser.run(SAID) == "1 environment, 1 finding shown"
    assert browser.run("document.querySelector('.finding').className") == "finding waived"
    browser.run("document.querySelector('.finding').unfold(true)")
    assert "Waived until 2099-12-31" in str(browser.run("document.querySelector('.finding').textContent"))
    browser.run("document.querySelector('.filters button').click()")
    assert browser.run(SAID).startswith("2 environments, 4 findings")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_the_page_offers_no_filter_by_a_baseline_that_is_not_there(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html.render(report_on(snapshot_of(demo()))), "utf-8")
    browser.open(path)
    assert browser.run("document.querySelector('input[value=unchanged]')") is None
    assert browser.run("document.querySelectorAll('.finding').length") == 5
