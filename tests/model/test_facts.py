"""Facts: a rule cannot mistake unseen for false."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model.facts import Missing, Seen, Undecided, evidence
from auditor.model.resource import Resource

THING = Resource(
    id="/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/one",
    type="Microsoft.X/things",
    body={
        "properties": {"text": "on", "flag": False, "list": [1], "null": None, "empty": "", "objects": [{"a": 1}, 7]}
    },
)


def test_reading_what_is_missing_stops_the_rule() -> None:
    """The value of a missing fact is never a value."""
    gap = Missing("/x", "properties.p", "not permitted", 403, "Microsoft.X/things/read")
    with pytest.raises(Undecided) as caught:
        bool(gap.value)
    assert caught.value.missing == (gap,)
    assert str(caught.value) == "not permitted"


READ: list[tuple[str, str, Any, Any]] = [
    ("text", "properties.text", None, "on"),
    ("text", "properties.empty", None, ""),
    ("flag", "properties.flag", None, False),
    ("items", "properties.list", None, [1]),
    ("text", "properties.absent", None, Missing),
    ("text", "properties.null", None, Missing),
    ("text", "properties.absent", "Allow", "Allow"),
    ("flag", "properties.absent", False, False),
    ("items", "properties.null", [], []),
    ("text", "properties.flag", None, Missing),
    ("flag", "properties.text", None, Missing),
    ("flag", "properties.text", False, Missing),
    ("items", "properties.text", [], Missing),
    ("text", "properties.text.more", None, Missing),
]


@pytest.mark.parametrize(("how", "path", "absent", "value"), READ)
def test_a_fact_is_seen_or_missing(how: str, path: str, absent: Any, value: Any) -> None:
    """Absent, null or of another kind is missing; only absence that Azure documents stands for a value."""
    fact = getattr(THING, how)(path, absent)
    if value is Missing:
        assert isinstance(fact, Missing)
        assert (fact.resource_id, fact.path) == (THING.id, path)
        assert fact.reason
    else:
        assert isinstance(fact, Seen)
        assert fact.value == value


def test_evidence_shows_what_stood_there() -> None:
    """Evidence has the path and value; what was absent or missing says so."""
    assert evidence(THING.see("properties.text")).observed == "on"
    assert evidence(THING.see("properties.none")).note == "absent"
    assert evidence(THING.see("properties.null")).observed is None
    assert evidence(THING.missing("p", "not read")).note == "not read"


def test_objects_of_a_list_keep_their_places() -> None:
    """What is no object is left out, and the others keep Azure's own positions."""
    assert THING.objects("properties.objects") == [("properties.objects[0]", {"a": 1})]
    assert THING.objects("properties.text") == []
    assert THING.objects("properties.absent") == []
