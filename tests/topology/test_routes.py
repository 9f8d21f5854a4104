"""Which route a private endpoint's address takes: each documented behaviour a row, and every table judged twice."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from auditor.model.facts import Fact, Missing, Seen
from auditor.model.paths import ABSENT, at
from auditor.model.resource import Resource
from auditor.model.verdict import Status, Verdict
from auditor.topology.routes import judge

Json = dict[str, Any]

GROUP = "/subscriptions/5a1e0c1d-0000-4000-8000-00000000c0de/resourceGroups/rg-tidal/providers/Microsoft.Network"
TABLE = f"{GROUP}/routeTables/rt-aks"
SUBNET = f"{GROUP}/virtualNetworks/vnet-tidal"
POLICIES = "properties.subnets[1].properties.privateEndpointNetworkPolicies"
ENDPOINT = "10.40.16.4"
SPACE = (IPv4Network("10.60.0.0/16"), IPv4Network("10.40.0.0/16"))
UNREAD = Missing(SUBNET, POLICIES, "the subnet of the endpoint was not read")
UNREAD_SPACE = Missing(SUBNET, "properties.addressSpace", "the VNet of the endpoint was not read")
PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN


def policies(value: str) -> Fact[str]:
    return Seen(SUBNET, POLICIES, value)


def route(prefix: Any, hop: Any = "None", to: Any = None, name: str = "it") -> Json:
    """A route as Azure writes it; a field given as None is left out."""
    fields = {"addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": to}
    return {"name": name, "properties": {k: v for k, v in fields.items() if v is not None}}


def table(*routes: Any) -> Resource:
    body = {"properties": {"disableBgpRoutePropagation": False, "routes": list(routes)}}
    return Resource(id=TABLE, type="Microsoft.Network/routeTables", body=body, whole=True)


def outcome(*routes: Any, on: Fact[str] | None = None, space: Any = SPACE, address: str = ENDPOINT) -> Verdict:
    found = table(*routes)
    verdict = judge(found, address, policies("Enabled") if on is None else on, space)
    check(found, verdict)
    return verdict


def check(found: Resource, verdict: Verdict) -> None:
    """An unknown says what was missing, whatever decides shows it, and what is shown is in the answer, or is absent."""
    assert bool(verdict.missing) is verdict.unknown
    assert verdict.evidence or verdict.unknown
    for proof in verdict.evidence:
        ours = proof.resource_id == TABLE and "[]" not in proof.path
        assert not ours or proof.note == "absent" or at(found.body, proof.path) is not ABSENT


POLICY_VALUES = [
    # value, 0.0.0.0/0, /15, /16 (the address space), /24, /32
    ("Disabled", PASS, PASS, PASS, PASS, FAIL),
    ("disabled", PASS, PASS, PASS, PASS, FAIL),
    ("NetworkSecurityGroupEnabled", PASS, PASS, PASS, PASS, FAIL),
    ("RouteTableEnabled", PASS, PASS, FAIL, FAIL, FAIL),
    ("routetableenabled", PASS, PASS, FAIL, FAIL, FAIL),
    ("Enabled", PASS, PASS, FAIL, FAIL, FAIL),
    ("Perhaps", PASS, PASS, UNKNOWN, UNKNOWN, FAIL),
    (None, PASS, PASS, UNKNOWN, UNKNOWN, FAIL),
]
PREFIXES = ("0.0.0.0/0", "10.40.0.0/15", "10.40.0.0/16", "10.40.16.0/24", "10.40.16.4/32")


@pytest.mark.parametrize(
    ("value", "prefix", "status"), [(v, p, s) for v, *row in POLICY_VALUES for p, s in zip(PREFIXES, row, strict=True)]
)
def test_what_beats_the_endpoint_s_own_route(value: str | None, prefix: str, status: Status) -> None:
    """A /32 always, a wider one down to the address space where the policies take in route tables, 0.0.0.0/0 never."""
    verdict = outcome(route(prefix), on=UNREAD if value is None else policies(value))
    assert verdict.status is status
    if status is UNKNOWN:
        assert [gap.path for gap in verdict.missing] == [POLICIES]
    if status is FAIL:
        assert verdict.message == f"rt-aks sends 10.40.16.4 to None by route it ({prefix})"
        assert verdict.names == (("route", "it"),)
        assert [proof.path for proof in verdict.evidence] == [
            "properties.routes[0].properties.nextHopType",
            "properties.routes[0].properties.addressPrefix",
        ]


HOPS: list[tuple[Any, Any, Status]] = [
    ("None", None, FAIL),
    ("none", None, FAIL),
    ("Internet", None, FAIL),
    ("VnetLocal", None, PASS),
    ("VNETLOCAL", None, PASS),
    ("VirtualAppliance", "10.40.0.4", PASS),
    ("VirtualAppliance", None, UNKNOWN),
    ("VirtualAppliance", 7, UNKNOWN),
    ("VirtualNetworkGateway", None, UNKNOWN),
    ("HyperNetGateway", None, UNKNOWN),
    (None, None, UNKNOWN),
    ({}, None, UNKNOWN),
]


@pytest.mark.parametrize(("hop", "to", "status"), HOPS)
def test_where_the_winning_route_leads(hop: Any, to: Any, status: Status) -> None:
    """Dropped or sent away fails; an appliance passes on a condition; what a gateway does is not seen."""
    verdict = outcome(route("10.40.16.4/32", hop, to))
    assert verdict.status is status
    assert outcome(route("10.40.17.4/32", hop, to)).passed


def test_an_appliance_has_to_forward() -> None:
    """The reader is told which one, and what for."""
    verdict = outcome(route("10.40.0.0/16", "VirtualAppliance", "10.40.0.4", name="to-firewall"))
    assert (
        verdict.message == "rt-aks sends 10.40.16.4 to VirtualAppliance by route to-firewall (10.40.0.0/16) (10.40.0.4)"
    )
    assert verdict.assumptions == ("the appliance 10.40.0.4 must forward what rt-aks sends it for 10.40.16.4",)


def test_the_endpoint_s_own_route_carries_no_condition() -> None:
    """However the rest of the traffic leaves."""
    verdict = outcome(route("0.0.0.0/0", "VirtualAppliance", "10.40.0.4"), on=policies("Disabled"))
    assert verdict.passed
    assert verdict.assumptions == ()
    assert verdict.message == "no route of rt-aks beats the endpoint's own to 10.40.16.4"
    assert [proof.path for proof in verdict.evidence] == ["properties.routes[].properties.addressPrefix", POLICIES]
    assert outcome().passed


def test_the_longest_prefix_wins_wherever_it_stands() -> None:
    """A hole in a route, and a route in a hole."""
    wide, narrow = route("10.40.0.0/16", "None"), route("10.40.16.0/24", "VnetLocal")
    assert outcome(wide, narrow).passed
    assert outcome(narrow, wide).passed
    assert outcome(route("10.40.16.0/28", "Internet"), narrow, wide).failed
    assert outcome(wide, route("10.40.16.4/32", "VnetLocal")).passed
    assert outcome(wide, route("10.40.16.4", "Internet")).failed


def test_the_address_space_is_the_part_that_holds_the_endpoint() -> None:
    """Of several prefixes of a VNet only one holds it; one that was not read leaves what hangs on it open."""
    spaces = (IPv4Network("10.60.0.0/24"), IPv4Network("10.40.0.0/14"))
    assert outcome(route("10.40.0.0/14"), space=spaces).failed
    assert outcome(route("10.40.0.0/13"), space=spaces).passed
    for space in (UNREAD_SPACE, (), (IPv4Network("10.60.0.0/16"),)):
        assert outcome(route("10.40.0.0/16"), space=space).unknown
        assert outcome(route("10.40.0.0/16"), space=space, on=policies("Disabled")).passed
        assert outcome(route("10.40.16.4/32"), space=space).failed
        assert outcome(route("0.0.0.0/0"), space=space).passed
    assert outcome(route("10.40.0.0/16"), space=UNREAD_SPACE).missing == (UNREAD_SPACE,)


def test_what_is_not_known_is_not_missing_where_both_ways_end_alike() -> None:
    """The endpoint's own route or VnetLocal: either way it is reached."""
    assert outcome(route("10.40.0.0/16", "VnetLocal"), on=UNREAD, space=UNREAD_SPACE).passed
    verdict = outcome(route("10.40.0.0/16", "VirtualAppliance", "10.40.0.4"), on=UNREAD)
    assert verdict.passed
    assert len(verdict.assumptions) == 1


TAGS = [("Storage", ENDPOINT, PASS), ("AzureCloud.westeurope", ENDPOINT, PASS), ("Storage", "20.50.2.1", UNKNOWN)]


@pytest.mark.parametrize(("tag", "address", "status"), TAGS)
def test_a_service_tag_holds_no_private_address(tag: str, address: str, status: Status) -> None:
    """And no resource says which public ones it holds."""
    assert outcome(route(tag), address=address, space=(IPv4Network("20.50.0.0/16"),)).status is status


STRANGE: list[Any] = [None, "", "*", "Any", "Warehouse", "10.40.16.0/33", 7, {}, ["10.40.16.4/32"]]


@pytest.mark.parametrize("prefix", STRANGE)
def test_a_prefix_that_cannot_be_read_may_be_any(prefix: Any) -> None:
    """It matters where its next hop makes a difference."""
    verdict = outcome(route(prefix, "None"), route("10.1.0.0/16"))
    assert verdict.unknown
    assert verdict.missing[0].path == "properties.routes[0].properties.addressPrefix"
    assert outcome(route(prefix, "VnetLocal")).passed
    assert outcome(route(prefix, "VirtualAppliance", "10.40.0.4")).assumptions
    assert outcome(route(prefix, "None"), route("10.40.16.4/32", "Internet")).failed


@pytest.mark.parametrize("item", [None, 7, "route", [], {}, {"properties": None}, {"properties": []}])
def test_a_route_that_is_none(item: Any) -> None:
    """It may be any route."""
    assert outcome(item).unknown


@pytest.mark.parametrize(
    "body",
    [{}, {"properties": None}, {"properties": {}}, {"properties": {"routes": None}}, {"properties": {"routes": {}}}],
)
def test_routes_that_were_not_read(body: Json) -> None:
    """Without the list nothing is known of a table."""
    found = Resource(id=TABLE, type="", body=body)
    verdict = judge(found, ENDPOINT, policies("Disabled"), SPACE)
    assert verdict.unknown
    assert verdict.missing[0].path == "properties.routes"


@pytest.mark.parametrize("address", ["", "fd00::4", "10.40.16.4/32", "endpoint"])
def test_an_address_that_is_none(address: str) -> None:
    """Nothing to route."""
    assert outcome(address=address).unknown


def test_two_routes_of_one_prefix_are_in_no_order() -> None:
    """Azure refuses them; where they lead alike it does not matter."""
    verdict = outcome(route("10.40.16.4/32", "None"), route("10.40.16.4/32", "VnetLocal"))
    assert verdict.unknown
    assert "the same prefix" in verdict.missing[0].reason
    assert outcome(route("10.40.16.4/32", "None"), route("10.40.16.4/32", "Internet")).failed


def test_ipv6_routes_are_not_about_ipv4() -> None:
    assert outcome(route("::/0"), route("fd00::/8")).passed


# The second judge: it lists every route that there is with where it leads, and takes the best. What cannot be read it
# replaces by whatever it might be.
LEADS = {
    ("None", None): FAIL,
    ("Internet", None): FAIL,
    ("vnetlocal", None): PASS,
    ("VirtualAppliance", "10.40.0.4"): PASS,
    ("VirtualAppliance", None): UNKNOWN,
    ("VirtualNetworkGateway", None): UNKNOWN,
    (None, None): UNKNOWN,
}
AROUND = ["0.0.0.0/0", "10.0.0.0/8", "10.40.0.0/16", "10.40.0.0/17", "10.40.16.0/24", "10.40.16.4/31", "10.40.16.4/32"]
ELSEWHERE = ["10.41.0.0/16", "10.40.16.5/32", "192.168.0.0/16", "::/0", "Storage", "azurecloud.NorthEurope"]
UNREADABLE = ["Warehouse", "", None, 7]
VALUES: list[str | None] = ["Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled", "Enabled", None]
SPACES: list[str | None] = ["10.0.0.0/8", "10.40.0.0/16", "10.40.16.0/24", None]


def everything_it_may_be(routes: list[Json]) -> Iterator[list[tuple[str, Status]]]:
    """The user-defined routes as (prefix, where it leads), with each unreadable prefix as any there is."""
    choices = []
    for each in routes:
        fields = each["properties"]
        leads = LEADS[fields.get("nextHopType"), fields.get("nextHopIpAddress")]
        prefix = fields.get("addressPrefix")
        readable = prefix in AROUND or prefix in ELSEWHERE
        choices.append([(p, leads) for p in ([prefix] if readable else [*AROUND, "elsewhere"])])
    yield from (list(chosen) for chosen in product(*choices))


def wins(user: list[tuple[str, Status]], takes_in: bool, space: str) -> set[Status]:
    """Where the best route leads: of those with the longest prefix, one that a user made."""
    target = IPv4Address(ENDPOINT)
    candidates = [(IPv4Network(space).prefixlen, 0, PASS), (0, 0, FAIL)]
    candidates += [(IPv4Network(p).prefixlen, 1, s) for p, s in user if p in AROUND and target in IPv4Network(p)]
    narrow = [length for length, made, _ in candidates if made and length >= IPv4Network(space).prefixlen]
    if not (takes_in and narrow):
        candidates.append((32, 0, PASS))
    best = max((length, made) for length, made, _ in candidates)
    return {status for length, made, status in candidates if (length, made) == best}


def second_opinion(routes: list[Json], value: str | None, space: str | None) -> Status:
    values = [True, False] if value is None else [value in ("RouteTableEnabled", "Enabled")]
    spaces = [s for s in SPACES if s is not None] + ["10.40.16.4/32"] if space is None else [space]
    ends: set[Status] = set()
    for user in everything_it_may_be(routes):
        for takes_in, around in product(values, spaces):
            ends |= wins(user, takes_in, around)
    return ends.pop() if len(ends) == 1 else UNKNOWN


ROUTES = st.lists(
    st.builds(
        lambda prefix, lead: route(prefix, *lead),
        st.sampled_from([*AROUND, *AROUND, *ELSEWHERE, *UNREADABLE]),
        st.sampled_from([*LEADS, *list(LEADS)[:4]]),
    ),
    max_size=3,
)


@settings(deadline=None, max_examples=300)
@given(ROUTES, st.sampled_from(VALUES), st.sampled_from(SPACES))
def test_two_judges_agree(routes: list[Json], value: str | None, space: str | None) -> None:
    """Every route that may be, in every state of the policies and every address space that was not read."""
    verdict = outcome(
        *routes,
        on=UNREAD if value is None else policies(value),
        space=UNREAD_SPACE if space is None else (IPv4Network("172.16.0.0/12"), IPv4Network(space)),
    )
    event(verdict.status)
    assert verdict.status is second_opinion(routes, value, space)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["properties", "addressPrefix", "nextHopType", "name"]), inner)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.lists(JSON, max_size=4), st.sampled_from(VALUES))
def test_no_body_raises(routes: list[Any], value: str | None) -> None:
    """Garbage is undecided, or holds another address."""
    assert not outcome(*routes, on=UNREAD if value is None else policies(value)).failed
