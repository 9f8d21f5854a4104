"""The row of the article's table, from how AKS reaches each part."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.environment import Access, Scenario
from auditor.topology.scenario import row

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


@pytest.mark.parametrize(("parts", "scenario"), ROWS)
def test_the_row(parts: tuple[Access | None, ...], scenario: Scenario) -> None:
    """Each row of the table, what is between them, and what cannot be told."""
    assert row(dict(zip(NAMES, parts, strict=True))) is scenario


KNOWN = dict.fromkeys(NAMES[:4], (PUB, SE, PE, NONE)) | {"cluster": (PUB, IN)}
ANY = st.fixed_dictionaries({name: st.sampled_from([*known, UNK]) for name, known in KNOWN.items()})


@given(ANY)
def test_undetermined_only_where_it_matters(access: dict[str, Access | None]) -> None:
    """A row is told exactly when every way the unknown parts could turn out gives the same."""
    unknown = [name for name, a in access.items() if a is UNK]
    ways = product(*(KNOWN[name] for name in unknown))
    rows = {row({**access, **dict(zip(unknown, way, strict=True))}) for way in ways}
    assert row(access) is (rows.pop() if len(rows) == 1 else Scenario.UNDETERMINED)
