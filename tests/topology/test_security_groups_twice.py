"""Security groups judged a second time, slowly: each address by itself, each rule in turn, words looked up in a table.

The second judge shares nothing with the first. What is not known it tries out: a fact is a line in a dictionary, and
every way of filling the dictionary is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import permutations
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from auditor.model.facts import Missing
from auditor.model.resource import Resource
from auditor.model.verdict import Status
from auditor.topology.security_groups import judge
from auditor.topology.security_rules import Direction, Flow, Source
from auditor.topology.service_tags import Inside

Json = dict[str, Any]

NODES = [f"10.0.0.{n}" for n in range(8)]
PODS = [f"10.0.0.{n}" for n in range(8, 16)]
ENDPOINT, FAR, PUBLIC = "10.0.1.4", "10.9.0.4", "20.50.2.1"
EVERYONE = {*NODES, *PODS, ENDPOINT, FAR, PUBLIC}
FACTS = ["far is inside", "public is inside", "public is storage", "in asg-a", "in asg-b", "endpoint in asg-a"]

ASG = "/subscriptions/5a1e0c1d-0000-4000-8000-00000000c0de/resourceGroups/rg/providers/Microsoft.Network"
GROUPS = {name: f"{ASG}/applicationSecurityGroups/{name}" for name in ("asg-a", "asg-b")}

# What each word holds, address by address; a text instead of True is the fact that it depends on.
WORDS: dict[str, dict[str, bool | str]] = {
    "*": dict.fromkeys(EVERYONE, True),
    "Any": dict.fromkeys(EVERYONE, True),
    "0.0.0.0/0": dict.fromkeys(EVERYONE, True),
    "10.0.0.0/28": dict.fromkeys([*NODES, *PODS], True),
    "10.0.0.0/29": dict.fromkeys(NODES, True),
    "10.0.0.9/29": dict.fromkeys(PODS, True),
    "10.0.0.4/30": dict.fromkeys(NODES[4:], True),
    "10.0.0.3": {"10.0.0.3": True},
    "10.0.0.13/32": {"10.0.0.13": True},
    "10.0.0.0/16": dict.fromkeys([*NODES, *PODS, ENDPOINT], True),
    "10.0.1.0/24": {ENDPOINT: True},
    "10.0.1.4": {ENDPOINT: True},
    "10.9.0.0/24": {FAR: True},
    "20.50.2.0/23": {PUBLIC: True},
    "172.16.0.0/12": {},
    "::/0": {},
    "fd00::4": {},
    "VirtualNetwork": dict.fromkeys([*NODES, *PODS, ENDPOINT], True)
    | {FAR: "far is inside", PUBLIC: "public is inside"},
    "virtualNETWORK": dict.fromkeys([*NODES, *PODS, ENDPOINT], True)
    | {FAR: "far is inside", PUBLIC: "public is inside"},
    "Internet": {PUBLIC: "not public is inside"},
    "INTERNET": {PUBLIC: "not public is inside"},
    "AzureLoadBalancer": {},
    "Storage": {PUBLIC: "public is storage"},
    "storage": {PUBLIC: "public is storage"},
}
STRANGE = ["Warehouse", "10.0.0.0/33", "10.0.0.1-10.0.0.4"]
PORTS: dict[str, bool] = {
    "*": True,
    "443": True,
    "0-65535": True,
    "400-500": True,
    "443-443": True,
    "80": False,
    "444-500": False,
    "1-442": False,
    "22": False,
}
STRANGE_PORTS = ["https", "500-400", "443-"]
PROTOCOLS = {"*": True, "Tcp": True, "TCP": True, "tcp": True, "Udp": False, "Icmp": False, "Esp": False, "Ah": False}

NONE_OF_IT: st.SearchStrategy[Any] = st.sampled_from([None, 7, {}, ["x"]])


def field(single: str, plural: str, words: list[str], odd: list[str]) -> st.SearchStrategy[Json]:
    """A field as Azure writes it (one text, a list beside an empty text, both), and sometimes as nobody does."""
    word = st.sampled_from([*["*"] * len(words), *words, *words, *odd])
    several = st.lists(word, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({single: word}),
        st.fixed_dictionaries({single: word, plural: st.just([])}),
        st.fixed_dictionaries({single: st.just(""), plural: several}),
        st.fixed_dictionaries({plural: several}),
        st.fixed_dictionaries({single: word, plural: several}),
        st.fixed_dictionaries({single: NONE_OF_IT}) if odd else st.nothing(),
        st.fixed_dictionaries({single: word, plural: NONE_OF_IT}) if odd else st.nothing(),
    )


def side(name: str, odd: bool) -> st.SearchStrategy[Json]:
    words = field(f"{name}AddressPrefix", f"{name}AddressPrefixes", sorted(WORDS), STRANGE if odd else [])
    group = st.builds(
        lambda n, big: {"id": n.upper() if big else n}, st.sampled_from(list(GROUPS.values())), st.booleans()
    )
    groups = st.builds(
        lambda empty, listed: empty | {f"{name}ApplicationSecurityGroups": listed},
        st.sampled_from([{}, {f"{name}AddressPrefix": ""}]),
        st.lists(group, min_size=1, max_size=2),
    )
    return st.one_of(words, words, words, groups)


@st.composite
def rules(draw: st.DrawFn, *, odd: bool) -> Json:
    fields: Json = draw(side("source", odd)) | draw(side("destination", odd))
    fields |= draw(field("destinationPortRange", "destinationPortRanges", sorted(PORTS), STRANGE_PORTS if odd else []))
    fields |= draw(st.sampled_from([{"sourcePortRange": "*"}] * 4 + [{"sourcePortRanges": ["0-99", "100-65535"]}]))
    fields["protocol"] = draw(st.sampled_from(["*", "Tcp"] * 4 + sorted(PROTOCOLS)))
    fields["direction"] = draw(st.sampled_from(["Outbound"] * 4 + ["outbound", "Inbound"]))
    fields["access"] = draw(st.sampled_from(["Allow", "Deny", "allow", "DENY"]))
    fields["priority"] = draw(st.sampled_from(range(100, 104)))
    if odd:
        for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=1)):
            fields[name] = draw(st.sampled_from([None, "Neither", 3.5, {}]))
        if draw(st.integers(0, 5)) == 0:
            fields["sourcePortRange"] = "443"
    return {"name": draw(st.sampled_from("abc")), "properties": fields}


def defaults() -> list[Json]:
    rows = [
        ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
        ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
        ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
        ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ]
    return [
        {
            "name": name,
            "properties": {
                "priority": priority,
                "direction": direction,
                "access": access,
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
            },
        }
        for name, priority, direction, access, source, destination in rows
    ]


class Judge:
    """The second judge, of one body in one world: ``facts`` says how each fact and each strange field turns out."""

    def __init__(self, facts: dict[str, bool], way: str) -> None:
        self.facts = facts
        self.way = way
        self.used: set[str] = set()

    def fact(self, name: str) -> bool:
        self.used.add(name)
        return self.facts.get(name, False)

    def holds(self, where: str, fields: Json, name: str, address: str) -> bool:
        """Whether a rule's source or destination holds an address. Every strange thing in it is one fact."""
        single, plural = fields.get(f"{name}AddressPrefix"), fields.get(f"{name}AddressPrefixes")
        words = [w for w in [single, *(plural if isinstance(plural, list) else [])] if w not in ("", None)]
        groups = fields.get(f"{name}ApplicationSecurityGroups") or []
        found = strange = False
        for word in words:
            if isinstance(word, str) and word in WORDS:
                said = WORDS[word].get(address, False)
                if isinstance(said, str):
                    said = not self.fact(said[4:]) if said.startswith("not ") else self.fact(said)
                found = found or said
            else:
                strange = True
        if plural is not None and not isinstance(plural, list):
            strange = True
        if not isinstance(groups, list):
            groups, strange = [], True
        for group in groups:
            label = group["id"].lower().rpartition("/")[2]
            found = found or self.fact(f"endpoint in {label}" if name == "destination" else f"in {label}")
        if not words and not groups:
            strange = True
        return found or (strange and self.fact(f"{where} {name}"))

    def has_port(self, where: str, fields: Json) -> bool:
        single, plural = fields.get("destinationPortRange"), fields.get("destinationPortRanges")
        words = [w for w in [single, *(plural if isinstance(plural, list) else [])] if w not in ("", None)]
        strange = not words or (plural is not None and not isinstance(plural, list))
        for word in words:
            if not isinstance(word, str) or word not in PORTS:
                strange = True
            elif PORTS[word]:
                return True
        return strange and self.fact(f"{where} port")

    def has_source_port(self, where: str, fields: Json) -> bool:
        whole = fields.get("sourcePortRange") == "*" or fields.get("sourcePortRanges") == ["0-99", "100-65535"]
        return whole or self.fact(f"{where} source port")

    def known(self, where: str, fields: Json, name: str, table: dict[str, bool]) -> bool:
        value = fields.get(name)
        if isinstance(value, str) and value in table:
            return table[value]
        return self.fact(f"{where} {name}")

    def matches(self, where: str, fields: Json, source: str, destination: str) -> bool:
        directions = {word: word.lower() == self.way.lower() for word in ("Outbound", "outbound", "Inbound")}
        checks = [
            self.known(where, fields, "direction", directions),
            self.known(where, fields, "protocol", PROTOCOLS),
            self.has_port(where, fields),
            self.has_source_port(where, fields),
            self.holds(where, fields, "source", source),
            self.holds(where, fields, "destination", destination),
        ]
        return all(checks)

    def first(self, order: list[tuple[str, Json]], source: str, destination: str) -> bool:
        """Whether the first rule that matches allows."""
        accesses = {"Allow": True, "allow": True, "Deny": False, "DENY": False}
        for where, rule in order:
            if self.matches(where, rule["properties"], source, destination):
                return self.known(where, rule["properties"], "access", accesses)
        raise AssertionError("the default rules take in everything")


def orders(own: list[Json]) -> Iterator[list[tuple[str, Json]]]:
    """Every order of the group's own rules that their priorities allow, with the default rules behind."""
    named = [(str(n), rule) for n, rule in enumerate(own)]
    behind = sorted(defaults(), key=lambda r: r["properties"]["priority"])
    for order in permutations(named):
        numbers = [r["properties"]["priority"] for _, r in order if isinstance(r["properties"]["priority"], int)]
        if numbers == sorted(numbers):
            yield [*order, *((f"default {n}", rule) for n, rule in enumerate(behind))]


def every_world(
    order: list[tuple[str, Json]], way: str, source: str, destination: str, facts: dict[str, bool]
) -> set[bool]:
    """How the flow from one address may end: every fact that was asked for is tried both ways."""
    probe = Judge(facts, way)
    ended = probe.first(order, source, destination)
    unknown = sorted(probe.used - set(facts))
    if not unknown:
        return {ended}
    return {
        end
        for answer in (False, True)
        for end in every_world(order, way, source, destination, facts | {unknown[0]: answer})
    }


def second_opinion(
    own: list[Json], way: str, subnets: list[list[str]], destination: str, facts: dict[str, bool]
) -> Status:
    """A subnet of which no address gets through fails; one of which some do not, or may not, is not decided."""
    statuses = []
    for subnet in subnets:
        ends = [
            {end for order in orders(own) for end in every_world(order, way, address, destination, facts)}
            for address in subnet
        ]
        if all(end == {False} for end in ends):
            statuses.append(Status.FAIL)
        elif all(end == {True} for end in ends):
            statuses.append(Status.PASS)
        else:
            statuses.append(Status.UNKNOWN)
    return next((s for s in (Status.FAIL, Status.UNKNOWN) if s in statuses), Status.PASS)


def first_opinion(
    body: Json, way: Direction, subnets: list[list[str]], destination: str, facts: dict[str, bool]
) -> Status:
    """The judge under test, told the same facts in its own terms."""
    networks = [IPv4Network("10.0.0.0/24"), IPv4Network("10.0.1.0/24")]
    if facts.get("far is inside"):
        networks.append(IPv4Network("10.9.0.0/16"))
    gap = None if "far is inside" in facts else Missing("vnet-far", "properties.addressSpace", "not read")
    mine = frozenset(GROUPS[n] for n in GROUPS if facts.get(f"in {n}")) if "in asg-a" in facts else None
    its = (
        frozenset({GROUPS["asg-a"]} if facts.get("endpoint in asg-a") else ()) if "endpoint in asg-a" in facts else None
    )
    prefixes = {NODES[0]: IPv4Network("10.0.0.0/29"), PODS[0]: IPv4Network("10.0.0.8/29")}
    sources = tuple(Source(s[0], tuple(prefixes[a] for a in s if a in prefixes), mine) for s in subnets)
    nsg = Resource(id=f"{ASG}/networkSecurityGroups/nsg", type="", body=body)
    verdict = judge(nsg, way, Flow(sources, destination, 443, its), Inside(tuple(networks), gap))
    assert bool(verdict.missing) is verdict.unknown
    event(verdict.status)
    return verdict.status


INSIDES: list[dict[str, bool]] = [
    {},
    {"far is inside": True, "public is inside": False},
    {"far is inside": False, "public is inside": False},
]
MINE: list[dict[str, bool]] = [{}, {"in asg-a": True, "in asg-b": False}, {"in asg-a": False, "in asg-b": False}]
ITS: list[dict[str, bool]] = [{}, {"endpoint in asg-a": True, "endpoint in asg-b": False}]
KNOWN = st.builds(lambda a, b, c: a | b | c, st.sampled_from(INSIDES), st.sampled_from(MINE), st.sampled_from(ITS))
SUBNETS = st.sampled_from([[NODES], [PODS], [NODES, PODS], [[*NODES, *PODS]]])
DESTINATIONS = st.sampled_from([ENDPOINT, ENDPOINT, FAR, PUBLIC])
WAYS: st.SearchStrategy[Direction] = st.sampled_from(["Outbound", "Outbound", "Outbound", "Inbound"])


def body(own: list[Json], shown: bool) -> Json:
    return {"properties": {"securityRules": own} | ({"defaultSecurityRules": defaults()} if shown else {})}


@settings(deadline=None, max_examples=200)
@given(st.lists(rules(odd=False), max_size=4), WAYS, SUBNETS, DESTINATIONS, KNOWN, st.booleans())
def test_two_judges_agree_on_what_azure_writes(
    own: list[Json], way: Direction, subnets: list[list[str]], destination: str, facts: dict[str, bool], shown: bool
) -> None:
    """Priorities in any order, one text or a list, any case, groups and tags known or not."""
    expected = second_opinion(own, way, subnets, destination, facts)
    assert first_opinion(body(own, shown), way, subnets, destination, facts) is expected


@settings(deadline=None, max_examples=200)
@given(st.lists(rules(odd=True), max_size=3), WAYS, SUBNETS, DESTINATIONS, KNOWN, st.booleans())
def test_two_judges_agree_on_what_nobody_writes(
    own: list[Json], way: Direction, subnets: list[list[str]], destination: str, facts: dict[str, bool], shown: bool
) -> None:
    """Fields that are absent, of another kind, or in no language: followed every way, and never further."""
    expected = second_opinion(own, way, subnets, destination, facts)
    assert first_opinion(body(own, shown), way, subnets, destination, facts) is expected
