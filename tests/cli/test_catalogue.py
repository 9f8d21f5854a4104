"""``audit rules``: the list, its filters, and one rule's page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.model.rule import Tier
from auditor.model.verdict import Severity
from auditor.reports import rule_page
from tests.audits import RULES

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "rules"


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["rules", *argv]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def listed(capsys: pytest.CaptureFixture[str], *argv: str) -> list[str]:
    return [line.split()[0] for line in shown(capsys, *argv).splitlines()[1:]]


def test_every_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys) == sorted(r.id for r in RULES)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["kv"], [r.id for r in RULES if r.id.startswith("KV-")]),
        (["AKS-01*"], ["AKS-010", "AKS-011"]),
        (["--severity", "critical"], [r.id for r in RULES if r.severity is Severity.CRITICAL]),
        (["--severity", "info", "--severity", "low"], [r.id for r in RULES if r.severity.rank >= Severity.LOW.rank]),
        (["--tier", "extended"], [r.id for r in RULES if r.tier is Tier.EXTENDED]),
        (["STO", "--tier", "core", "--severity", "critical"], ["STO-001"]),
        (["--search", "cis azure 5.0.0 8.3.7"], ["KV-002"]),
        (["ORG", "--rules", str(EXAMPLES)], ["ORG-001"]),
    ],
)
def test_a_filter_shows_those_and_no_other(
    capsys: pytest.CaptureFixture[str], argv: list[str], expected: list[str]
) -> None:
    assert listed(capsys, *argv) == sorted(expected)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_has_all_of_the_rule(capsys: pytest.CaptureFixture[str], rule: object) -> None:
    found = next(r for r in RULES if r is rule)
    page = shown(capsys, found.id.lower())
    assert page.startswith(f"{found.id}: {found.title}\n")
    for part in (
        found.page,
        *found.controls,
        *found.references,
        *found.bicep.splitlines(),
        *found.terraform.splitlines(),
    ):
        assert part in page


def test_a_rule_as_json_and_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(shown(capsys, "DNS-002", "-f", "json"))
    assert (one["id"], one["severity"], one["tier"]) == ("DNS-002", "critical", "core")
    assert [r["id"] for r in json.loads(shown(capsys, "DNS", "-f", "json"))] == [f"DNS-{n:03}" for n in range(1, 13)]
    rule = next(r for r in RULES if r.id == "DNS-002")
    assert shown(capsys, "DNS-002", "-f", "md") == rule_page.markdown(rule)


@pytest.mark.parametrize(
    ("argv", "says", "help_"),
    [
        (["DSN-002"], "there is no rule DSN-002", "DNS-002"),
        (["XYZ"], "there is no rule XYZ", "'audit rules' lists them"),
        (["--search", "no such words"], "no rule is like that", "lists them all"),
        (["DNS-002", "--tier", "extended"], "no rule is like that", "lists them all"),
        (["--severity", "terrible"], "terrible", "--help"),
    ],
)
def test_no_rule_is_a_mistake(capsys: pytest.CaptureFixture[str], argv: list[str], says: str, help_: str) -> None:
    assert main(["rules", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert says in first
    assert help_ in second
