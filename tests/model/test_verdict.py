"""Three-valued logic: what is sure decides, and what was not seen is never taken for either."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.facts import Missing, Seen, Undecided
from auditor.model.verdict import (
    NotApplicable,
    Severity,
    Status,
    Verdict,
    all_of,
    any_of,
    applies,
    fail,
    not_applicable,
    ok,
    require,
    undecided,
    unknown,
)

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
GAP = Missing("/x", "p", "not read")
NONE = fail("none of them")


def made(status: Status, number: int) -> Verdict:
    fact = Seen("/x", f"p{number}", number)
    if status is PASS:
        return ok(f"pass {number}", fact, assuming=[f"note {number}"])
    if status is FAIL:
        return fail(f"fail {number}", fact, names={"n": str(number)})
    return unknown(f"unknown {number}", Missing("/x", f"p{number}", f"reason {number}"))


STATUSES = st.lists(st.sampled_from([PASS, FAIL, UNKNOWN]), max_size=6)
KLEENE = {FAIL: 0, UNKNOWN: 1, PASS: 2}


def verdicts(statuses: list[Status]) -> list[Verdict]:
    return [made(s, n) for n, s in enumerate(statuses)]


@given(STATUSES)
def test_any_is_the_strongest(statuses: list[Status]) -> None:
    """One pass decides; else one unknown leaves it open; else it failed."""
    result = any_of(verdicts(statuses), NONE)
    assert result.status is max(statuses, key=KLEENE.__getitem__, default=FAIL)


@given(STATUSES)
def test_all_is_the_weakest(statuses: list[Status]) -> None:
    """One failure decides; else one unknown leaves it open; else all passed."""
    result = all_of(verdicts(statuses), "all")
    assert result.status is min(statuses, key=KLEENE.__getitem__, default=PASS)


@given(STATUSES, st.integers(0, 5))
def test_learning_more_never_turns_a_sure_answer(statuses: list[Status], place: int) -> None:
    """Whatever an unknown turns out to be, an answer that was sure before it stays."""
    combinations: list[Callable[[list[Verdict]], Verdict]] = [lambda v: any_of(v, NONE), lambda v: all_of(v, "all")]
    for combine in combinations:
        before = combine(verdicts([*statuses[:place], UNKNOWN, *statuses[place:]]))
        if before.status is not UNKNOWN:
            for learnt in (PASS, FAIL):
                assert combine(verdicts([*statuses[:place], learnt, *statuses[place:]])).status is before.status


@given(STATUSES)
def test_nothing_of_the_proof_is_lost(statuses: list[Status]) -> None:
    """A failure carries the evidence of all failures, an unknown all that is missing, a pass all assumptions."""
    every = all_of(verdicts(statuses), "all")
    if every.failed:
        assert [e.observed for e in every.evidence] == [n for n, s in enumerate(statuses) if s is FAIL]
    elif every.unknown:
        assert [m.path for m in every.missing] == [f"p{n}" for n, s in enumerate(statuses) if s is UNKNOWN]
    else:
        assert list(every.assumptions) == [f"note {n}" for n in range(len(statuses))]
    some = any_of(verdicts(statuses), NONE)
    if some.unknown:
        assert [m.path for m in some.missing] == [f"p{n}" for n, s in enumerate(statuses) if s is UNKNOWN]
    elif some.failed:
        assert [e.observed for e in some.evidence] == list(range(len(statuses)))


def test_a_downgrade_counts_only_where_all_are_downgraded() -> None:
    """Two failures together are as severe as the worse of them; a plain one has the rule's own severity."""
    low, medium, plain = fail("a", at=Severity.LOW), fail("b", at=Severity.MEDIUM), fail("c")
    assert all_of([low, medium], "").severity is Severity.MEDIUM
    assert all_of([low, plain, medium], "").severity is None


def test_the_first_failure_fills_in_the_fix() -> None:
    """Names of the first failure win over those of later ones."""
    assert dict(all_of([made(FAIL, 1), made(FAIL, 2)], "").names)["n"] == "1"
    assert dict(any_of([made(FAIL, 1), made(FAIL, 2)], NONE).names)["n"] == "1"
    assert dict(any_of([made(FAIL, 1)], fail("none", names={"n": "own"})).names)["n"] == "own"


def test_where_nothing_applies_nothing_failed() -> None:
    """Parts that do not apply leave an *any* at its own answer, and an *all* passed."""
    assert any_of([not_applicable("n/a")], NONE) == NONE
    assert all_of([not_applicable("n/a")], "all").passed


def test_prerequisites() -> None:
    """An unknown prerequisite makes the rule unknown, a failed one not applicable."""
    require(ok("fine"))
    with pytest.raises(Undecided) as caught:
        require(unknown("why", GAP))
    assert caught.value.missing == (GAP,)
    for verdict in (fail("no"), not_applicable("no")):
        with pytest.raises(NotApplicable, match="no"):
            require(verdict)
    with pytest.raises(NotApplicable, match="otherwise"):
        require(fail("no"), "otherwise")
    applies(True, "never said")
    with pytest.raises(NotApplicable, match="not here"):
        applies(False, "not here")


def test_an_undecided_rule_says_each_reason_once() -> None:
    """The same reason is not repeated, and names the path where there is one."""
    verdict = undecided(Undecided(GAP, GAP, Missing("/y", "", "denied")))
    assert (verdict.status, verdict.message) == (UNKNOWN, "p: not read; denied")
    assert len(verdict.missing) == 3


def test_severities_are_ordered() -> None:
    """Critical is the worst, info the least."""
    assert [s.rank for s in (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO)] == [
        *range(5)
    ]


def test_a_verdict_can_be_sent_and_kept() -> None:
    """It survives what programs do with the results of an audit: copies, processes, sets."""
    verdict = fail("a", Seen("/x", "p", "v"), names={"n": "1"})
    assert pickle.loads(pickle.dumps(verdict)) == copy.deepcopy(verdict) == verdict  # noqa: S301  (our own)
    assert {verdict, copy.copy(verdict)} == {verdict}
    assert fail("a", names=None).names == ()
