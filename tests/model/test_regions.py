"""Which region Azure pairs a region with."""

from __future__ import annotations

import pytest

from auditor.model.regions import PAIRS, pair_of

KNOWN = [
    ("northeurope", ("westeurope",)),
    ("westeurope", ("northeurope",)),
    ("West Europe", ("northeurope",)),
    ("EASTUS", ("westus",)),
    ("westus3", ("eastus",)),
    ("southcentralus", ("northcentralus",)),
    ("brazilsouth", ("southcentralus",)),
    ("southindia", ("centralindia",)),
    ("westindia", ("southindia",)),
    ("polandcentral", ()),
    ("moonbase1", None),
    ("usgovtexas", None),
    ("", None),
]


@pytest.mark.parametrize(("region", "pair"), KNOWN)
def test_a_pair(region: str, pair: tuple[str, ...] | None) -> None:
    """Documented pairs are known, in the direction that they have; documented loners have none."""
    assert pair_of(region) == pair


def test_the_table_holds_regions() -> None:
    """Names are Azure's own, and nothing is paired with itself or with a loner."""
    for region, pair in PAIRS.items():
        assert region == region.lower().strip()
        assert len(pair) <= 1
        for other in pair:
            assert other != region
            assert PAIRS.get(other) != ()
