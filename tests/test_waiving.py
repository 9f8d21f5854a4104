"""A waived failure never counts, and never disappears."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from auditor.engine import audit
from auditor.model.decisions import Decisions, Use, Waiver
from auditor.model.report import Conclusion, Outcome, Report, Run, outcome
from auditor.model.verdict import Severity, Status, fail, not_applicable, ok
from auditor.waiving import use, waived
from tests.arm.scenarios import secure
from tests.audits import RULES, snapshot_of
from tests.reports.sample import STORAGE, VAULT, environment, result, rule, unlinked, unseen

TODAY = date(2026, 11, 20)
FOREVER = date(2099, 12, 31)
SNAPSHOT = snapshot_of(secure())


def open_storage() -> Report:
    estate = secure()
    account = estate.find("Microsoft.Storage/storageAccounts", "sttidalmain")
    account["properties"]["publicNetworkAccess"] = "Enabled"
    account["properties"]["networkAcls"]["defaultAction"] = "Allow"
    return audit(snapshot_of(estate), RULES, run())


def run(day: date = TODAY) -> Run:
    at = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    return Run("run", at, at, "live")


def waive(report: Report, *waivers: Waiver, day: date = TODAY) -> Report:
    return audit(report.snapshot, RULES, run(day), Decisions(waivers=waivers))


@pytest.fixture(scope="module")
def broken() -> Report:
    return open_storage()


def everything_that_failed(report: Report, expires: date = FOREVER) -> list[Waiver]:
    rules = dict.fromkeys(r.rule.id for r in report.results if r.status is Status.FAIL)
    return [Waiver((rule_id,), "*", "accepted", expires) for rule_id in rules]


def test_what_is_waived_counts_nowhere(broken: Report) -> None:
    """Neither in verdicts, nor in counts, nor in the exit code; the results are all there still."""
    assert broken.conclusion() is Conclusion.DEVIATES
    report = waive(broken, *everything_that_failed(broken))
    (env,) = report.environments
    assert (report.conclusion(), report.conclusion(env)) == (Conclusion.SECURE, Conclusion.SECURE)
    assert [report.failed(s) for s in Severity] == [0, 0, 0, 0, 0]
    assert outcome(report, Severity.INFO) is Outcome.CLEAN
    assert report.count(Status.WAIVED) == broken.count(Status.FAIL) > 1
    assert {r.fingerprint for r in report.results} == {r.fingerprint for r in broken.results}
    accepted = [r for r in report.results if r.status is Status.WAIVED]
    assert all(r.verdict.failed and r.verdict.evidence and r.waiver for r in accepted)


def test_one_failure_that_is_not_waived_counts(broken: Report) -> None:
    report = waive(broken, *everything_that_failed(broken)[1:])
    assert report.count(Status.FAIL) >= 1
    assert outcome(report, Severity.LOW) is Outcome.FAILED


def test_a_waiver_holds_to_the_end_of_its_day_in_utc(broken: Report) -> None:
    waivers = everything_that_failed(broken, TODAY)
    assert waive(broken, *waivers).count(Status.FAIL) == 0
    late = waive(broken, *waivers, day=date(2026, 11, 21))
    assert late.count(Status.FAIL) == broken.count(Status.FAIL)
    assert {u.use for u in late.waivers} == {Use.EXPIRED}


def test_the_day_is_that_of_utc(broken: Report) -> None:
    """An audit that starts late in the evening elsewhere is one of the next day."""
    at = datetime.fromisoformat("2026-11-20T23:30:00-08:00")
    decisions = Decisions(waivers=tuple(everything_that_failed(broken, TODAY)))
    report = audit(broken.snapshot, RULES, Run("run", at, at, "live"), decisions)
    assert report.count(Status.WAIVED) == 0


@pytest.mark.parametrize(
    "verdict", [unseen(), ok("sound"), not_applicable("no such thing")], ids=["unknown", "pass", "not applicable"]
)
def test_only_a_failure_is_waived(verdict: object) -> None:
    """What nobody could see is no risk that somebody has accepted."""
    found = result(unlinked())
    other = replace(found, verdict=verdict)  # type: ignore[arg-type]
    waiver = Waiver(("DNS-002",), "*", "accepted", FOREVER)
    assert [r.status for r in waived([found, other], [waiver], TODAY)] == [Status.WAIVED, other.verdict.status]


def test_of_two_waivers_the_first_that_holds_stands_there() -> None:
    old = Waiver(("DNS-002",), "*", "old", date(2026, 1, 1))
    first, second = (Waiver(("DNS-002",), "*", word, FOREVER) for word in ("first", "second"))
    (found,) = waived([result(unlinked())], [old, first, second], TODAY)
    assert found.waiver is first


def test_a_waiver_may_be_for_one_environment_of_several() -> None:
    dev, prod = environment("dev"), environment("prod")
    both = [result(unlinked(), environment=env, resource_id=VAULT) for env in (dev, prod)]
    waiver = Waiver(("DNS-002",), VAULT, "only a trial", FOREVER, "*/mlw-dev/*")
    assert [r.status for r in waived(both, [waiver], TODAY)] == [Status.WAIVED, Status.FAIL]


FAILED, PASSED, UNSEEN = result(unlinked()), result(ok("sound")), result(unseen())


@pytest.mark.parametrize(
    ("results", "expires", "off", "outcome_", "says"),
    [
        ([FAILED, FAILED], FOREVER, (), Use.APPLIED, "waives 2 until 2099-12-31"),
        ([], FOREVER, (), Use.UNMATCHED, "no result is about what it names"),
        ([PASSED], FOREVER, (), Use.UNMATCHED, "nothing that it covers fails (1 pass)"),
        ([UNSEEN], FOREVER, (), Use.UNMATCHED, "an unknown result cannot be waived"),
        ([], FOREVER, ("DNS-002",), Use.UNMATCHED, "DNS-002 is off"),
        ([FAILED], date(2026, 11, 19), (), Use.EXPIRED, "expired on 2026-11-19; 1 that it covered counts"),
        ([PASSED], date(2026, 11, 19), (), Use.EXPIRED, "nothing that it covers fails"),
    ],
)
def test_what_became_of_a_waiver_is_told(
    results: list[object], expires: date, off: tuple[str, ...], outcome_: Use, says: str
) -> None:
    waiver = Waiver(("DNS-002",), STORAGE, "x", expires)
    told = use(waiver, results, Decisions(off=off), TODAY)  # type: ignore[arg-type]
    assert told.use is outcome_
    assert says in told.message


def test_a_rule_that_is_off_judges_nothing(broken: Report) -> None:
    report = audit(broken.snapshot, RULES, run(), Decisions(off=("STO-004",)))
    assert "STO-004" not in {r.rule.id for r in report.results} | {r.id for r in report.rules}
    assert report.decisions is not None
    assert report.decisions.off == ("STO-004",)


def test_a_severity_that_was_decided_is_what_counts(broken: Report) -> None:
    report = audit(broken.snapshot, RULES, run(), Decisions(severities={"STO-004": Severity.INFO}))
    (found,) = [r for r in report.results if r.rule.id == "STO-004"]
    assert found.severity is Severity.INFO
    assert report.failed(Severity.INFO) == 1


def test_a_rule_may_still_downgrade_itself_and_never_up() -> None:
    """The lower of the two counts, whichever it is."""
    lowered = replace(rule(severity=Severity.INFO), capped=True)
    raised = replace(rule(severity=Severity.CRITICAL), capped=True)
    at = fail("half as bad", at=Severity.MEDIUM)
    assert result(at, lowered).severity is Severity.INFO
    assert result(at, raised).severity is Severity.MEDIUM
