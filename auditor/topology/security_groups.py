"""What a network security group does to a flow: priorities ascending, the first rule that matches decides.

Not all that a rule names is known: the members of an application security group, the addresses of a service tag. Such a
rule is followed both ways, and only where that changes what happens is the flow not decided.
https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, summarize_address_range
from itertools import groupby, pairwise
from operator import attrgetter

from auditor.model.facts import Evidence, Missing
from auditor.model.resource import Resource
from auditor.model.shapes import dig_text
from auditor.model.verdict import Verdict, all_of, fail, ok, unknown
from auditor.topology.security_rules import (
    CUSTOM,
    DEFAULTS,
    FIRST_DEFAULT,
    INTERNET,
    Direction,
    Flow,
    Rule,
    Source,
    address_of,
    rules_of,
)
from auditor.topology.service_tags import HOST, PRIVATE, Inside, service_tag
from auditor.topology.worlds import Ways, World, explore


@dataclass(frozen=True)
class Place:
    """Where a rule comes; ``sure`` unless its priority could not be read."""

    order: int
    rule: Rule
    sure: bool = True


@dataclass(frozen=True)
class End:
    """What happens, and the rule that decides it; None where none that was read does."""

    allowed: bool
    rule: Rule | None


@dataclass(frozen=True)
class Part:
    """Consecutive addresses of a source that no rule tells apart, and what happens to the flow from them."""

    first: IPv4Address
    last: IPv4Address
    ways: Ways[End]

    @property
    def allowed(self) -> bool | None:
        """None where it is not decided."""
        found = {end.allowed for end in self.ways.ends}
        return None if self.ways.missing or len(found) != 1 else found.pop()


def judge(nsg: Resource, direction: Direction, flow: Flow, inside: Inside) -> Verdict:
    """Whether a group lets a flow through from everywhere that it may come from. ``inside`` is what the tag
    VirtualNetwork holds where the group stands.

    A source that is denied as a whole fails. Where only some of a subnet's addresses are denied, the nodes may or may
    not have one of those: that is not decided.
    """
    if address_of(flow.destination) is None and service_tag(flow.destination) is None:
        what = f"{flow.destination!r} is neither an IPv4 address nor a service tag that is known"
        return unknown(what, nsg.missing(CUSTOM, what))
    found = rules_of(nsg)
    if isinstance(found, Missing):
        return unknown(f"the rules of {nsg.name} were not read", found)
    if not flow.sources:
        return unknown("no source of the flow is known", nsg.missing(CUSTOM, "no source of the flow is known"))
    walk = _Walk(nsg, direction, flow, inside, _in_order(nsg, direction))
    verdicts = [
        _conclude(nsg, flow, source, [Part(*run, walk.ways(source, run[0])) for run in _runs(source, nsg, inside)])
        for source in flow.sources
    ]
    return all_of(verdicts, "; ".join(dict.fromkeys(v.message for v in verdicts)))


def denies_internet(nsg: Resource, sources: tuple[Source, ...], inside: Inside, port: int = 443) -> Verdict:
    """Whether one of the group's own outbound rules denies the whole internet to some address of the sources, whichever
    rules come before it: a pass where one does."""
    found = rules_of(nsg)
    if isinstance(found, Missing):
        return unknown(f"the rules of {nsg.name} were not read", found)
    if not sources:
        return unknown("no source of the flow is known", nsg.missing(CUSTOM, "no source of the flow is known"))
    flow = Flow(sources, INTERNET, port)
    starts = [(source, first) for source in sources for first, _ in _runs(source, nsg, inside)]

    def denies(rule: Rule, world: World) -> bool:
        return not rule.allows(world) and any(
            rule.matches("Outbound", flow, source, first, inside, world) for source, first in starts
        )

    gaps: list[Missing] = []
    for rule in found[0]:
        ways = explore(partial(denies, rule), bool)
        if set(ways.ends) == {True} and not ways.missing:
            return ok(f"{nsg.name} denies the internet by {rule.label}", rule.shown)
        gaps += ways.missing
    if gaps:
        return unknown(f"whether {nsg.name} denies the internet was not decided", *dict.fromkeys(gaps))
    names = [dig_text(rule, "name") for _, rule in nsg.objects(CUSTOM)]
    return fail(f"no rule of {nsg.name} denies the internet", Evidence(nsg.id, f"{CUSTOM}[].name", names))


@lru_cache(maxsize=64)
def _in_order(nsg: Resource, direction: Direction) -> list[Place]:
    """Where the rules of a group come that may be for a direction, lowest number first."""
    own, default = ([rule for rule in rules if rule.may_go(direction)] for rules in _read(nsg))
    places = [*_places(own, 0, FIRST_DEFAULT - 1), *_places(default, FIRST_DEFAULT, 2**16)]
    return sorted(places, key=attrgetter("order"))


def _read(nsg: Resource) -> tuple[list[Rule], list[Rule]]:
    found = rules_of(nsg)
    assert not isinstance(found, Missing)  # noqa: S101  (the callers looked)
    return found


def _places(rules: list[Rule], lowest: int, highest: int) -> Iterator[Place]:
    """Where the rules of one list come. One without a priority may come before all the others, or after them."""
    for rule in rules:
        if rule.priority is not None:
            yield Place(rule.priority, rule)
        else:
            yield from (Place(lowest, rule, sure=False), Place(highest, rule))


@dataclass(frozen=True)
class _Walk:
    """A flow on its way through the rules, lowest number first."""

    nsg: Resource
    direction: Direction
    flow: Flow
    inside: Inside
    places: list[Place]

    def ways(self, source: Source, start: IPv4Address) -> Ways[End]:
        """What may happen to the flow from one address."""
        near: list[Place] = []
        sure: Rule | None = None
        for place in self.places:
            if sure is not None and place.order > near[-1].order:  # of one priority, all may come first
                break
            found = explore(partial(self._matches, place.rule, source, start), bool)
            if found.missing or any(found.ends):
                near.append(place)
            if place.sure and not found.missing and all(found.ends):
                sure = place.rule
        # Where all that may match do the same, it does not matter which of them does.
        does = {end for place in near for end in place.rule.does}
        if sure is not None and len(does) == 1:
            return Ways((End(does.pop(), sure),))
        return explore(partial(self._end, near, source, start), attrgetter("allowed"))

    def _matches(self, rule: Rule, source: Source, start: IPv4Address, world: World) -> bool:
        return rule.matches(self.direction, self.flow, source, start, self.inside, world)

    def _end(self, near: list[Place], source: Source, start: IPv4Address, world: World) -> End:
        for _, same in groupby(near, key=attrgetter("order")):
            here = [place.rule for place in same if place.sure or _comes_first_of_all(place.rule, world)]
            for rule in _in_some_order(here, world):
                if self._matches(rule, source, start, world):
                    return End(rule.allows(world), rule)
        gap = self.nsg.missing(DEFAULTS, "no rule that was read decides")
        return End(world.holds(DEFAULTS, gap), None)


def _comes_first_of_all(rule: Rule, world: World) -> bool:
    gap = rule.missing("priority", f"the priority of the rule {rule.name} could not be read")
    return world.holds((rule.path, "place"), gap)


def _in_some_order(rules: list[Rule], world: World) -> list[Rule]:
    """Two rules of one priority, which Azure refuses, come in no order that is known."""
    for rule in rules[:-1]:
        gap = rule.missing("priority", f"the rule {rule.name} shares its priority with another")
        if world.holds((rule.path, "order"), gap):
            return [rule, *(other for other in rules if other is not rule)]
    return rules[::-1]


@lru_cache(maxsize=64)
def _runs(source: Source, nsg: Resource, inside: Inside) -> list[tuple[IPv4Address, IPv4Address]]:
    """A source's addresses in runs that no rule tells apart: one address of a run stands for all of it."""
    rules, found = _read(nsg), []
    named = [word.prefix for rule in (*rules[0], *rules[1]) for word in rule.source]
    known = [*(n for n in named if isinstance(n, IPv4Network)), *inside.networks, *PRIVATE, IPv4Network(HOST)]
    cuts = {end for n in known for end in (int(n.network_address), int(n.broadcast_address) + 1)}
    for network in collapse_addresses(source.prefixes):
        low, high = int(network.network_address), int(network.broadcast_address) + 1
        for first, after in pairwise([low, *sorted(cut for cut in cuts if low < cut < high), high]):
            found.append((IPv4Address(first), IPv4Address(after - 1)))
    return found


def _conclude(nsg: Resource, flow: Flow, source: Source, parts: list[Part]) -> Verdict:
    what = f"{flow.protocol.upper()} {flow.port} from {source.name} to {flow.destination}"
    if not parts:
        gap = nsg.missing(CUSTOM, f"the addresses of {source.name} were not read")
        return unknown(f"whether {nsg.name} allows {what} was not decided", gap)
    ends = [end for part in parts if part.allowed is not None for end in part.ways.ends]
    rules = list(dict.fromkeys(end.rule for end in ends if end.rule is not None))
    proof = [rule.shown for rule in rules]
    by = "by " + " or ".join(rule.label for rule in rules)
    if all(part.allowed is True for part in parts):
        return ok(f"{nsg.name} allows {what} {by}", *proof)
    if all(part.allowed is False for part in parts):
        return fail(f"{nsg.name} denies {what} {by}", *proof)
    gaps = [gap for part in parts for gap in part.ways.missing]
    denied = [part for part in parts if part.allowed is False]
    why = f"only {_spell(denied)} of {source.name} is denied, and which addresses its nodes have was not read"
    gaps += [nsg.missing(end.rule.path, why) for part in denied for end in part.ways.ends if end.rule is not None]
    return unknown(f"whether {nsg.name} allows {what} was not decided", *dict.fromkeys(gaps), seen=proof)


def _spell(parts: Iterable[Part]) -> str:
    runs = (network for part in parts for network in summarize_address_range(part.first, part.last))
    return ", ".join(map(str, collapse_addresses(runs)))
