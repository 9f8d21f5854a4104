"""What every rule promises, whatever it checks."""

from __future__ import annotations

import importlib
import inspect
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import rules as rule_package
from auditor.engine import audit
from auditor.model.report import Report
from auditor.model.rule import Rule, Tier
from auditor.model.types import COMPUTES, WORKSPACES
from auditor.model.verdict import Status, Verdict
from tests.arm import scenarios
from tests.arm.estate import Denial, Estate
from tests.audits import RULES, Row, audited, report_on, snapshot_of

CORE = """
ACR-001 critical   ACR-002 high       ACR-003 high       ACR-004 high
AKS-001 critical   AKS-002 high       AKS-003 high
AML-001 critical   AML-002 high       AML-003 high       AML-005 high       AML-006 low
DNS-001 critical   DNS-002 critical   DNS-003 critical   DNS-004 high       DNS-005 critical   DNS-006 high
ENV-001 high       ENV-002 high       ENV-003 medium     ENV-004 high       ENV-006 critical
KV-001 critical    KV-002 high
NET-001 high       NET-002 medium
RBAC-001 high      RBAC-002 high      RBAC-003 high
STO-001 critical   STO-002 high       STO-003 high       STO-004 high       STO-005 high
"""
EXTENDED = """
ACR-005 high       ACR-006 medium
AKS-004 medium     AKS-005 high       AKS-006 high       AKS-007 medium     AKS-008 high
AKS-009 high       AKS-010 high       AKS-011 medium
AML-004 medium     AML-007 high       AML-008 medium     AML-009 medium     AML-010 medium     AML-011 medium
DNS-007 high       DNS-008 high       DNS-009 critical   DNS-010 medium     DNS-011 high       DNS-012 low
ENV-005 high       ENV-007 medium
KV-003 high        KV-004 low
NET-003 medium     NET-004 medium     NET-005 medium     NET-006 high       NET-007 high
RBAC-004 high      RBAC-005 medium
STO-006 info       STO-007 medium     STO-008 medium     STO-009 medium     STO-010 low        STO-011 high
"""
CATALOGUE = {
    tier: dict(zip(words[::2], words[1::2], strict=True))
    for tier, words in ((Tier.CORE, CORE.split()), (Tier.EXTENDED, EXTENDED.split()))
}
PARAGRAPHS = (
    "What it checks:",
    "When it applies:",
    "Why it matters:",
    "How to fix it:",
    "When it is unknown:",
    "Easily misjudged:",
)
# What ids, the workspace, the compute and the endpoints on it alone decide: these are still read when everything else
# is denied.
OF_THE_COMPUTE = {"AML-009", "AML-010", "ENV-005"}
OF_THE_WORKSPACE = {"AML-002", "AML-003", "AML-008", "RBAC-001"} | OF_THE_COMPUTE
PROVIDERS = (
    "Microsoft.ContainerService",
    "Microsoft.Storage",
    "Microsoft.KeyVault",
    "Microsoft.ContainerRegistry",
    "Microsoft.Network",
    "Microsoft.Authorization",
    "Microsoft.Insights",
    "Microsoft.KubernetesConfiguration",
)
BUILDERS = {
    "secure": scenarios.secure,
    "hbi": scenarios.hbi,
    "hub": scenarios.hub_project,
    "default cluster": scenarios.default_cluster,
    "hub and spoke": scenarios.hub_and_spoke,
    "service endpoints": scenarios.service_endpoints,
    "public": scenarios.everything_public,
}


@cache
def judged(build: Callable[[], Estate]) -> Report:
    """The report on an estate as it is built."""
    return audited(build())


each_rule = pytest.mark.parametrize("rule", RULES, ids=[r.id for r in RULES])
each_estate = pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))


@pytest.mark.parametrize(("tier", "count"), [(Tier.CORE, 35), (Tier.EXTENDED, 39)])
def test_the_rules_are_those_of_the_catalogue(tier: Tier, count: int) -> None:
    """Each rule of the catalogue is found, with its tier and severity; others may stand beside them."""
    assert len(CATALOGUE[tier]) == count
    found = {r.id: str(r.severity) for r in RULES if r.tier is tier}
    assert {i: found.get(i) for i in CATALOGUE[tier]} == CATALOGUE[tier]


def test_titles_tell_rules_apart() -> None:
    """No two rules have the same title or check."""
    assert len({r.title for r in RULES}) == len(RULES)
    assert len({r.check for r in RULES}) == len(RULES)


@each_rule
def test_a_rule_is_found_where_its_id_says(rule: Rule) -> None:
    """The file of AKS-001 is rules/aks/aks_001_….py, and holds no other rule."""
    path = Path(inspect.getfile(rule.check)).relative_to(Path(rule_package.__file__).parent)
    group, number = rule.id.lower().split("-")
    assert path.parent.name == group
    assert re.fullmatch(rf"{group}_{number}_[a-z0-9_]+\.py", path.name)
    assert [r.id for r in RULES if inspect.getfile(r.check) == inspect.getfile(rule.check)] == [rule.id]


@each_rule
def test_a_rule_is_a_page(rule: Rule) -> None:
    """The page says in order what is checked, when, why, how to fix it, when it is unknown, and what is easily
    misjudged; its references are links."""
    positions = [rule.page.find(p) for p in PARAGRAPHS]
    assert positions == sorted(positions), rule.page
    assert positions[0] > 0, "the page begins with a sentence"
    for paragraph in rule.page.split("\n\n")[1:]:
        assert len(paragraph.partition(":")[2].split()) >= 3, paragraph
    assert all(re.fullmatch(r"https://[^\s]+", r) for r in (rule.url, *rule.references))
    assert len(set(rule.references)) == len(rule.references)
    assert rule.title.strip() == rule.title
    assert not rule.title.endswith(".")


@each_rule
def test_a_rule_has_a_counter_example(rule: Rule) -> None:
    """Its table has an estate that looks wrong and is right, or looks right and is wrong."""
    stem = Path(inspect.getfile(rule.check)).stem
    table = importlib.import_module(f"tests.rules.test_{stem}")
    assert any(row.counter for row in _rows(list(vars(table).values())))


def _rows(value: object) -> Iterator[Row]:
    if isinstance(value, Row):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _rows(item)


@each_estate
def test_the_engine_can_fill_in_every_fix(build: Callable[[], Estate]) -> None:
    """A fix names what the finding is about; what is not known shows as ``<…>`` for the reader to fill in."""
    for result in judged(build).results:
        commands = [_around(command) for command in result.rule.fix.split(" && ")]
        for filled in result.fix.split(" && "):
            assert any(re.fullmatch(c, filled, re.DOTALL) for c in commands), f"{result.rule.id}: {result.fix}"
        assert result.fix.strip()
        assert result.resource_id.startswith("/"), result.rule.id


def _around(fix: str) -> str:
    """A pattern for a command of a fix: in place of each name something without braces."""
    return "".join(
        re.escape(text) + ("" if name is None else "[^{}]+?") for text, name, _, _ in string.Formatter().parse(fix)
    )


@each_estate
def test_a_finding_of_an_ordinary_estate_has_no_placeholder_of_the_engine(build: Callable[[], Estate]) -> None:
    """Where everything was read, each name of a failed rule's fix is known."""
    for result in judged(build).results:
        if result.status is Status.FAIL:
            for name in [n for _, n, _, _ in string.Formatter().parse(result.rule.fix) if n]:
                assert f"<{name.replace('_', '-')}>" not in result.fix, f"{result.rule.id}: {result.fix}"


@each_estate
def test_what_was_not_read_never_passes(build: Callable[[], Estate]) -> None:
    """With every other provider denied no rule passes or fails, but those that the workspace alone decides."""
    estate = build()
    estate.denied += [
        *(Denial(provider=p) for p in PROVIDERS),
        Denial(type="Microsoft.Resources/subscriptions/resources"),
    ]
    report = audited(estate)
    assert len(report.environments) == 1
    judged = {r.rule.id for r in report.results if r.status in (Status.PASS, Status.FAIL)}
    assert judged <= OF_THE_WORKSPACE
    assert all(r.verdict.missing for r in report.results if r.status is Status.UNKNOWN)
    assert {r.rule.id for r in report.results} == {r.id for r in RULES}


@each_estate
def test_resources_without_properties_never_pass(build: Callable[[], Estate]) -> None:
    """Resources of which Azure answers nothing but the id pass no rule, but those on what their existence proves."""
    estate = build()
    for body in estate:
        if body["type"].lower() != COMPUTES.lower() and "/roledefinitions" not in body["id"].lower():
            body["properties"] = {}
            for name in ("identity", "sku", "kind", "location"):
                body.pop(name, None)
    report = audited(estate)
    passed = {r.rule.id for r in report.results if r.status is Status.PASS}
    assert passed <= {"ENV-001", "RBAC-001"} | OF_THE_COMPUTE, passed


@pytest.mark.parametrize("denied", [WORKSPACES, COMPUTES])
def test_an_unlisted_workspace_or_compute_is_no_clean_run(denied: str) -> None:
    """Without workspaces or computes there is no environment, and the report says that part of the scope is unread."""
    estate = scenarios.secure()
    estate.denied.append(Denial(type=denied))
    report = report_on(snapshot_of(estate))
    assert not report.environments
    assert report.scope_unread
    assert not any(r.status in (Status.PASS, Status.FAIL) for r in report.results)


@each_rule
def test_a_broken_rule_loses_nothing_but_itself(rule: Rule) -> None:
    """A rule that raises anything becomes an unknown result that names the error; all others stand."""

    def broken(subject: object) -> Verdict:
        raise RecursionError("out of depth")

    whole = judged(scenarios.hbi)
    mixed = [replace(r, check=broken) if r is rule else r for r in RULES]
    report = audit(whole.snapshot, mixed, whole.run)
    before = {(r.fingerprint): r.status for r in whole.results if r.rule.id != rule.id}
    assert {(r.fingerprint): r.status for r in report.results if r.rule.id != rule.id} == before
    own = [r for r in report.results if r.rule.id == rule.id]
    assert [r.fingerprint for r in own] == [r.fingerprint for r in whole.results if r.rule.id == rule.id]
    for result in own:
        assert result.status is Status.UNKNOWN
        assert "RecursionError: out of depth" in result.verdict.message
        assert result.verdict.missing
        assert result.severity is rule.severity
