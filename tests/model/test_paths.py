"""Property paths, and the allow-list that decides what reaches a snapshot."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.paths import ABSENT, at, keep, tree

BODY: dict[str, Any] = {
    "id": "/x",
    "properties": {
        "acls": {"rules": [{"value": "1.2.3.4", "secret": "s"}, {"value": "5.6.7.8"}], "action": "Deny"},
        "names": ["a", "b"],
        "secret": "hidden",
        "none": None,
        "by": {"k1": {"clientId": "c", "secret": "s"}},
    },
}

PATHS = [
    ("properties.acls.action", "Deny"),
    ("properties.acls.rules[1].value", "5.6.7.8"),
    ("properties.acls.rules[2].value", ABSENT),
    ("properties.names[0]", "a"),
    ("properties.names.value", ABSENT),
    ("properties.none", None),
    ("properties.none.more", ABSENT),
    ("properties.acls[0]", ABSENT),
    ("nothing", ABSENT),
]


@pytest.mark.parametrize(("path", "value"), PATHS)
def test_the_value_at_a_path(path: str, value: Any) -> None:
    """A path leads through objects and lists; where it does not lead anywhere the value is absent, not null."""
    assert at(BODY, path) == value


KEPT = [
    (["id"], {"id": "/x"}),
    (["properties.acls.action"], {"properties": {"acls": {"action": "Deny"}}}),
    (
        ["properties.acls.rules[].value"],
        {"properties": {"acls": {"rules": [{"value": "1.2.3.4"}, {"value": "5.6.7.8"}]}}},
    ),
    (["properties.names"], {"properties": {"names": ["a", "b"]}}),
    (["properties.none"], {"properties": {"none": None}}),
    (["properties.absent"], {"properties": {}}),
    (["properties.by.{}.clientId"], {"properties": {"by": {"k1": {"clientId": "c"}}}}),
    (["properties.acls"], {"properties": {"acls": {}}}),
    (["properties.acls.rules"], {"properties": {"acls": {"rules": {}}}}),
    ([], {}),
]


@pytest.mark.parametrize(("patterns", "kept"), KEPT)
def test_only_what_is_named_is_kept(patterns: list[str], kept: Any) -> None:
    """A leaf keeps scalars and lists of them; an object that nobody named in full stays out."""
    assert keep(BODY, tree(patterns)) == kept


SECRET = "s3cret"
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.lists(st.sampled_from(["a", "a.b", "a[].b", "b.{}.c", "c[].a[].b"]), max_size=3))
def test_keeping_twice_keeps_the_same(body: Any, patterns: list[str]) -> None:
    """What is kept is a part of the body, at the same places, and keeping it again changes nothing."""
    wanted = tree(patterns)
    once = keep(body, wanted)
    assert keep(once, wanted) == once
    if isinstance(body, dict):
        for name in once:
            assert name in body


@given(VALUES)
def test_what_nobody_named_stays_out(body: Any) -> None:
    """A secret beside a named property does not come along, whatever the shape of the body."""
    planted = {"a": {"b": body, "hidden": SECRET, "deep": [{"hidden": SECRET}]}, "hidden": SECRET}
    assert SECRET not in repr(keep(planted, tree(["a.b", "a.b[].c", "a"])))


def test_a_mapping_of_another_make_is_cut_too() -> None:
    """What is cut out fails closed: a body from another parser is read and cut like any."""
    body = OrderedDict(BODY, properties=defaultdict(str, **BODY["properties"]))
    assert keep(body, tree(["properties.acls.action"])) == {"properties": {"acls": {"action": "Deny"}}}
    assert at(body, "properties.acls.action") == "Deny"
