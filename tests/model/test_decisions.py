"""Waivers and their patterns, and decisions about rules."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.decisions import Decisions, Waiver, matches
from auditor.model.verdict import Severity

from ..reports.sample import GROUP, STORAGE, rule

# Also what no resource is called: a name may hold anything by the time it gets here.
SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="/*?"), min_size=1, max_size=12).filter(
    lambda s: s.strip() == s
)
SEGMENTS = st.lists(SEGMENT, min_size=1, max_size=8)


def ascii_swapped(text: str) -> str:
    return "".join(c.swapcase() if c.isascii() else c for c in text)


@given(SEGMENTS)
def test_an_id_fits_itself_in_any_case(segments: list[str]) -> None:
    arm_id = "/" + "/".join(segments)
    assert matches(arm_id, arm_id)
    assert matches(ascii_swapped(arm_id), arm_id)
    assert matches("*", arm_id)


@given(SEGMENTS, SEGMENTS)
def test_a_pattern_without_wildcards_fits_one_id(pattern: list[str], segments: list[str]) -> None:
    """Nothing but * and ? has a meaning, brackets neither."""
    one, other = "/" + "/".join(pattern), "/" + "/".join(segments)
    assert matches(one, other) == (one.lower() == other.lower())


@given(SEGMENTS, st.data())
def test_a_star_stands_for_any_part(segments: list[str], data: st.DataObject) -> None:
    arm_id = "/" + "/".join(segments)
    start = data.draw(st.integers(1, len(arm_id)))
    end = data.draw(st.integers(start, len(arm_id)))
    assert matches(f"{arm_id[:start]}*{arm_id[end:]}", arm_id)
    assert matches(f"{arm_id[:start]}**{arm_id[end:]}", arm_id)


@given(SEGMENTS, SEGMENT)
def test_a_prefix_does_not_fit_what_stands_elsewhere(segments: list[str], name: str) -> None:
    """The whole id has to fit, from its beginning to its end."""
    arm_id = "/" + "/".join(segments)
    assert not matches(arm_id, f"{arm_id}/{name}")
    elsewhere = f"/{'x' * len(arm_id)}{arm_id}"
    assert not matches(arm_id, elsewhere)
    assert not matches(f"{arm_id}/*", f"{elsewhere}/{name}")


def test_many_stars_take_no_time() -> None:
    """A pattern cannot make the audit hang."""
    assert not matches("/" + "*a" * 60 + "b", "/" + "a" * 5_000)


def test_a_question_mark_is_one_character() -> None:
    assert matches("*/stharbou?", STORAGE)
    assert not matches("*/stharbo?", STORAGE)
    assert not matches("*/stharbour?", STORAGE)


def test_a_name_with_brackets_is_taken_by_the_letter() -> None:
    assert matches("*/a[bc]", "/x/a[bc]")
    assert not matches("*/a[bc]", "/x/ab")


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)))
def test_a_waiver_holds_through_its_last_day(day: date) -> None:
    waiver = Waiver(("DNS-002",), "*", "x", day)
    assert not waiver.expired(day - timedelta(1))
    assert not waiver.expired(day)
    assert waiver.expired(day + timedelta(1))


def test_a_waiver_is_about_its_rules_resource_and_environment_alone() -> None:
    waiver = Waiver(("STO-004", "STO-008"), "*/storageaccounts/*", "x", date(2030, 1, 1), f"{GROUP}/*/mlw-dev/*")
    dev = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-dev/computes/k8s"
    assert waiver.covers("STO-004", STORAGE, dev)
    assert waiver.covers("STO-008", STORAGE.upper(), dev.upper())
    assert not waiver.covers("STO-009", STORAGE, dev)
    assert not waiver.covers("STO-004", GROUP, dev)
    assert not waiver.covers("STO-004", STORAGE, dev.replace("mlw-dev", "mlw-prod"))
    assert not waiver.covers("STO-004", STORAGE, None)


def test_rules_are_off_or_of_another_severity() -> None:
    one, two, three = rule("DNS-001"), rule("DNS-002"), rule("DNS-003")
    decisions = Decisions(off=("DNS-002",), severities={"DNS-003": Severity.INFO})
    applied = decisions.applied_to([one, two, three])
    assert [(r.id, r.severity) for r in applied] == [("DNS-001", Severity.CRITICAL), ("DNS-003", Severity.INFO)]
    assert three.severity is Severity.CRITICAL, "the rule itself was changed"
