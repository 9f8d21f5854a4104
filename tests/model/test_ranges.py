"""How many addresses a firewall admits: the arithmetic under the rules on closed networks."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.ranges import WIDEST_IPV4, admitted, left_out

COUNTED = [
    ([], 0, 0),
    (["203.0.113.7"], 1, 0),
    (["203.0.113.0/24", "203.0.113.128/25"], 256, 0),
    (["203.0.113.0/25", "203.0.113.128/25"], 256, 0),
    ([" 203.0.113.9/24 "], 256, 0),
    (["0.0.0.0/1", "128.0.0.0/1"], 2**32, 0),
    (["10.0.0.0/8"], 2**24, 0),
    (["2001:db8::/32", "203.0.113.7"], 1, 2**96),
    (["0.0.0.0/0", "::/0"], 2**32, 2**128),
]


@pytest.mark.parametrize(("values", "four", "six"), COUNTED)
def test_addresses_are_counted_once(values: list[str], four: int, six: int) -> None:
    """Ranges that overlap or touch count together, the two families apart."""
    size = admitted(values)
    assert size is not None
    assert (size.ipv4, size.ipv6) == (four, six)


WIDE = [
    (["10.0.0.0/8"], False),
    (["10.0.0.0/8", "11.0.0.0/32"], True),
    (["10.0.0.0/7"], True),
    (["2001:db8::/16"], False),
    (["2001:db8::/15"], True),
    ([f"{n}.0.0.0/9" for n in (1, 2)], False),
    ([f"{n}.0.0.0/9" for n in (1, 2, 3)], True),
]


@pytest.mark.parametrize(("values", "too_many"), WIDE)
def test_more_than_a_slash_eight_is_the_internet(values: list[str], too_many: bool) -> None:
    """However it is cut up, more than a /8 (a /16 of IPv6) is no restriction."""
    size = admitted(values)
    assert size is not None
    assert size.too_many is too_many


@pytest.mark.parametrize("value", ["", "any", "1.2.3.4-1.2.3.9", "1.2.3", "1.2.3.4/33", "None", "1.2.3.4/24/8"])
def test_what_is_no_range_is_not_guessed_at(value: str) -> None:
    """A value that is no range leaves the whole unknown."""
    assert admitted(["203.0.113.7", value]) is None


NETWORKS = st.builds(
    lambda number, bits: str(ip_network((number, bits), strict=False)), st.integers(0, 2**32 - 1), st.integers(0, 32)
)


@given(st.lists(NETWORKS, max_size=6), st.lists(NETWORKS, max_size=6))
def test_more_ranges_never_admit_fewer(some: list[str], more: list[str]) -> None:
    """The count grows with the ranges, at most to the whole internet, whatever their order."""
    one, both, turned = admitted(some), admitted(some + more), admitted(more + some)
    assert one is not None
    assert both is not None
    assert both == turned
    assert one.ipv4 <= both.ipv4 <= 2**32
    assert both.too_many is (both.ipv4 > WIDEST_IPV4)


@given(st.text(max_size=30))
def test_any_text_is_a_range_or_none(text: str) -> None:
    """Whatever stands in a rule, it is counted or refused."""
    size = admitted([text])
    assert size is None or size.ipv4 + size.ipv6 > 0


LEFT = [
    (["20.42.0.240/28"], ["20.42.0.0/16"], []),
    (["20.42.0.240/28"], ["20.42.0.240/28"], []),
    (["20.42.0.240/28"], ["20.42.0.240/29", "20.42.0.248/29"], []),
    (["20.42.0.240/28"], ["20.42.0.240/29"], ["20.42.0.240/28"]),
    (["20.42.0.240/28", "40.74.24.96/28"], ["20.42.0.0/16"], ["40.74.24.96/28"]),
    (["20.42.0.240/28"], ["0.0.0.0/0"], []),
    (["20.42.0.240/28"], ["0.0.0.0/32"], ["20.42.0.240/28"]),
    (["20.42.0.240/28"], [], ["20.42.0.240/28"]),
    (["20.42.0.240/28"], ["::/0"], ["20.42.0.240/28"]),
    (["20.42.0.240/28"], ["AzureCloud", " 20.42.0.0/16 "], []),
    (["2603:1000::/40"], ["20.42.0.0/16"], []),
    (["20.42.0.1"], ["20.42.0.1/32"], []),
]


@pytest.mark.parametrize(("wanted", "ranges", "missing"), LEFT)
def test_what_ranges_leave_out(wanted: list[str], ranges: list[str], missing: list[str]) -> None:
    """A prefix is held by one range, or by several together, and always as a whole."""
    assert left_out(wanted, ranges) == missing


@given(st.lists(NETWORKS, max_size=4), st.lists(NETWORKS, max_size=6))
def test_nothing_is_left_out_that_changes_what_is_admitted(wanted: list[str], ranges: list[str]) -> None:
    """A prefix is left out exactly if adding it to the ranges admits more addresses."""
    size = admitted(ranges)
    assert left_out(wanted, ranges) == [w for w in wanted if admitted([*ranges, w]) != size]
