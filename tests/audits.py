"""Audits an estate in a test: the real collectors and SDK clients over `ArmAdapter`, then the real engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import rules as rule_package
from auditor.engine import audit
from auditor.model.clouds import CLOUDS
from auditor.model.ids import ArmId
from auditor.model.report import Report, Run
from auditor.model.result import Result
from auditor.model.rule import Rule, load
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.types import WORKSPACES
from auditor.model.verdict import Severity
from collectors.collect import Request, collect
from collectors.login import ReplayCredential
from tests.arm.adapter import ArmAdapter
from tests.arm.estate import NOW, Estate

RULES: list[Rule] = load(rule_package)


def snapshot_of(
    estate: Estate, adapter: ArmAdapter | None = None, scope: Scope | None = None, cloud: str = "AzureCloud"
) -> Snapshot:
    """What the collectors see of an estate; the subscriptions that hold a workspace are audited."""
    homes = dict.fromkeys(ArmId.parse(w["id"]).subscription for w in estate.find_all(WORKSPACES))
    request = Request(tuple(homes), scope or Scope(), threads=4)
    return collect(request, CLOUDS[cloud], ReplayCredential(), adapter or ArmAdapter(estate), NOW)


def report_on(snapshot: Snapshot) -> Report:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    return audit(snapshot, RULES, Run("00000000-0000-0000-0000-000000000000", at, at, "live"))


def audited(estate: Estate) -> Report:
    return report_on(snapshot_of(estate))


def results(report: Report, rule_id: str) -> list[Result]:
    return [r for r in report.results if r.rule.id == rule_id]


def only(report: Report, rule_id: str) -> Result:
    """The one result of a rule."""
    found = results(report, rule_id)
    assert len(found) == 1, [(r.status, r.subject, r.verdict.message) for r in found]
    return found[0]


@dataclass(frozen=True)
class Row:
    """One thing changed in an otherwise sound estate, and what the rule must make of it.

    ``says`` is part of the message, ``shows`` the end of an evidence path (or, for unknown, of a missing action).
    ``counter`` marks a counter-example: an estate that looks wrong and is right, or looks right and is wrong.
    """

    name: str
    change: Callable[[Estate], None]
    status: str
    says: str = ""
    shows: str = ""
    severity: Severity | None = None
    assumes: str = ""
    counter: bool = False


def check(result: Result, row: Row) -> None:
    """Compare a result with a row, in words that say what differs."""
    verdict = result.verdict
    assert str(result.status) == row.status, f"{row.name}: {result.status}: {verdict.message}"
    assert row.says.lower() in verdict.message.lower(), f"{row.name}: {verdict.message}"
    if row.shows:
        seen = [e.path for e in verdict.evidence] + [m.needs_action or m.path for m in verdict.missing]
        assert any(path.endswith(row.shows) for path in seen), f"{row.name}: {seen}"
    if row.severity is not None:
        assert result.severity is row.severity, f"{row.name}: {result.severity}"
    if row.assumes:
        assert any(row.assumes in a for a in verdict.assumptions), f"{row.name}: {verdict.assumptions}"
    if row.status == "pass" and not row.assumes:
        assert not verdict.assumptions, f"{row.name}: {verdict.assumptions}"
    if row.status == "unknown":
        assert verdict.missing, row.name
