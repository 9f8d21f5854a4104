"""The row of the article's table, from how AKS reaches each part."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.environment import Access, Scenario
from auditor.topology.scenario import named, row

PUB, SE, PE, NONE, UNK = (
    Access.PUBLIC,
    Access.SERVICE_ENDPOINT,
    Access.PRIVATE_ENDPOINT,
    Access.NONE,
    Access.UNKNOWN,
)
IN = Access.PRIVATE
NAMES = ("workspace", "storage", "key_vault", "container_registry", "cluster")

ROWS = [
    ((PE, PE, PE, PE, IN), Scenario.SECURED),
    ((PE, SE, SE, PE, IN), Scenario.SECURED),
    ((PE, PE, PE, None, IN), Scenario.SECURED),
    ((PUB, PE, PE, PE, IN), Scenario.PUBLIC_WORKSPACE),
    ((PUB, SE, SE, PE, IN), Scenario.PUBLIC_WORKSPACE),
    ((PUB, PUB, PUB, PUB, PUB), Scenario.NO_VIRTUAL_NETWORK),
    ((PUB, PUB, PUB, None, PUB), Scenario.NO_VIRTUAL_NETWORK),
    ((PUB, PUB, PUB, PUB, IN), Scenario.MIXED),
    ((PE, PUB, PE, PE, IN), Scenario.MIXED),
    ((PE, PE, NONE, PE, IN), Scenario.MIXED),
    ((NONE, PE, PE, PE, IN), Scenario.MIXED),
    ((SE, PE, PE, PE, IN), Scenario.MIXED),
    ((PE, PE, PE, PE, PUB), Scenario.MIXED),
    ((PE, UNK, PE, PE, IN), Scenario.UNDETERMINED),
    ((UNK, PE, PE, PE, IN), Scenario.UNDETERMINED),
    ((PUB, PUB, PUB, PUB, UNK), Scenario.UNDETERMINED),
    ((PE, PE, PE, PE, UNK), Scenario.UNDETERMINED),
    ((UNK, UNK, UNK, UNK, UNK), Scenario.UNDETERMINED),
    ((PE, UNK, PUB, PE, IN), Scenario.MIXED),
]


# What each part could turn out to be.
WAYS: dict[str, frozenset[Access]] = {name: frozenset({PUB, SE, PE, NONE}) for name in NAMES[:4]}
WAYS["cluster"] = frozenset({PUB, IN})


@pytest.mark.parametrize(("parts", "scenario"), ROWS)
def test_the_row(parts: tuple[Access | None, ...], scenario: Scenario) -> None:
    """Each row of the table, what is between them, and what cannot be told."""
    told = {name: a for name, a in zip(NAMES, parts, strict=True) if a is not None}
    assert row({name: WAYS[name] if a is UNK else frozenset({a}) for name, a in told.items()}) is scenario


SETS = st.fixed_dictionaries({n: st.frozensets(st.sampled_from(sorted(w)), min_size=1) for n, w in WAYS.items()})


@given(SETS)
def test_undetermined_only_where_it_matters(ways: dict[str, frozenset[Access]]) -> None:
    """A row is told exactly when every way the parts could turn out gives the same."""
    guesses = product(*ways.values())
    rows = {row({name: frozenset({a}) for name, a in zip(ways, guess, strict=True)}) for guess in guesses}
    assert row(ways) is (rows.pop() if len(rows) == 1 else Scenario.UNDETERMINED)


@given(SETS, st.sampled_from(NAMES), st.sampled_from([PUB, SE, PE, NONE]))
def test_reading_more_never_turns_a_row(ways: dict[str, frozenset[Access]], name: str, learnt: Access) -> None:
    """Once told, a row stays when one of the ways falls away."""
    less = ways[name] - {learnt}
    if less and row(ways) is not Scenario.UNDETERMINED:
        assert row({**ways, name: less}) is row(ways)


def test_what_was_not_read_has_no_name() -> None:
    """Access is named where there is one way, and unknown where there are several."""
    assert named(frozenset({PE})) is PE
    assert named(frozenset({PE, PUB})) is UNK
