"""One rule of a network security group, read against one flow.

A field that is not as Azure writes it is taken neither to match nor to miss: its rule is followed both ways.
https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#security-rules
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any, Literal

from auditor.model.facts import Evidence, Missing, evidence
from auditor.model.ids import ArmId, equal, key
from auditor.model.resource import Resource, kept
from auditor.model.shapes import dig, dig_list, dig_text
from auditor.topology.service_tags import ANY, Inside, Word, cover, cover_internet
from auditor.topology.worlds import World, explore

Direction = Literal["Inbound", "Outbound"]
INTERNET = "Internet"
CUSTOM = "properties.securityRules"
DEFAULTS = "properties.defaultSecurityRules"
FIRST_DEFAULT = 65000
PROTOCOLS = ("tcp", "udp", "icmp", "esp", "ah")

# What every group has and nobody can change, for an answer that leaves them out:
# https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
DOCUMENTED = (
    ("AllowVnetInBound", "Inbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Inbound", 65500, "Deny", "*", "*"),
    ("AllowVnetOutBound", "Outbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", 65001, "Allow", "*", "Internet"),
    ("DenyAllOutBound", "Outbound", 65500, "Deny", "*", "*"),
)


@dataclass(frozen=True)
class Source:
    """Where a flow may come from: any address of a subnet's prefixes. ``groups``: the ids of the application security
    groups that whoever sends from there is in; None when that is not known."""

    name: str
    prefixes: tuple[IPv4Network, ...]
    groups: frozenset[str] | None = None


@dataclass(frozen=True)
class Flow:
    """Connections from any address of the sources, and any port of theirs, to one port of one address, or of whatever a
    service tag holds. ``destination_groups``: as `Source.groups`, of the destination."""

    sources: tuple[Source, ...]
    destination: str
    port: int
    destination_groups: frozenset[str] | None = None
    protocol: str = "Tcp"


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule of a group; ``standard`` for one of the documented rules that is not in the answer."""

    nsg: Resource
    path: str
    item: Any
    standard: bool = False

    @cached_property
    def name(self) -> str:
        return dig_text(self.item, "name") or self.path.rpartition(".")[2]

    @cached_property
    def priority(self) -> int | None:
        """None when it could not be read: the rule may then come anywhere among those of its list."""
        value = self._field("priority")
        readable = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**16
        return value if readable else None

    @cached_property
    def label(self) -> str:
        return self.name if self.priority is None else f"{self.name} (priority {self.priority})"

    @cached_property
    def source(self) -> list[Word]:
        """The words that it names as its source."""
        return self._words("sourceAddressPrefix")

    @cached_property
    def destination(self) -> list[Word]:
        return self._words("destinationAddressPrefix")

    @cached_property
    def _ports(self) -> list[range | None]:
        """The ports that it names as its destination; None for a word that is none."""
        return [ports_of(word.text) for word in self._words("destinationPortRange")]

    @cached_property
    def _is_from_any_port(self) -> bool:
        found = [ports for word in self._words("sourcePortRange") if (ports := ports_of(word.text)) is not None]
        covered = 0
        for ports in sorted(found, key=lambda ports: ports.start):
            covered = max(covered, ports.stop - 1) if ports.start <= covered + 1 else covered
        return covered == 2**16 - 1

    @cached_property
    def shown(self) -> Evidence:
        """What the rule does, as it stands in the answer."""
        if self.standard:
            return evidence(self.nsg.see(self.path, f"absent: Azure's own rule {self.label}"))
        return evidence(self.nsg.see(self._path("access"), f"rule {self.label}"))

    def missing(self, field: str, reason: str) -> Missing:
        return self.nsg.missing(self._path(field), reason)

    def allows(self, world: World) -> bool:
        return self._one_of("access", ("allow",), ("deny",), world)

    @cached_property
    def does(self) -> tuple[bool, ...]:
        """What it may do to what it takes in: allow it, deny it, or either where that could not be read."""
        return explore(self.allows, bool).ends

    def may_go(self, way: Direction) -> bool:
        """Whether it may be for a direction: not where it is sure to be for the other."""
        return not equal(self._field("direction"), "Outbound" if way == "Inbound" else "Inbound")

    def matches(self, way: Direction, flow: Flow, source: Source, start: IPv4Address, inside: Inside, w: World) -> bool:
        """Whether it takes in a flow from one address of a source."""
        return (
            self._one_of("direction", (way.lower(),), ("inbound", "outbound"), w)
            and self._one_of("protocol", (flow.protocol.lower(), *ANY), PROTOCOLS, w)
            and self._has_port(flow.port, w)
            and self._starts(source, start, inside, w)
            and self._ends(flow, inside, w)
            and self._has_source_ports(w)
        )

    def _path(self, field: str) -> str:
        return self.path if self.standard else f"{self.path}.properties.{field}"

    def _field(self, name: str) -> Any:
        return dig(self.item, "properties", name)

    def _strange(self, field: str, reason: str, world: World) -> bool:
        """Whether the rule takes the flow in where it could not be read: one question for all such fields of a rule, as
        no answer of one takes away from what another adds."""
        return world.holds((self.path, "strange"), self.missing(field, reason))

    def _one_of(self, field: str, yes: tuple[str, ...], no: tuple[str, ...], world: World) -> bool:
        value = self._field(field)
        low = value.strip().lower() if isinstance(value, str) else None
        if low in yes or low in no:
            return low in yes
        reason = f"{value!r} is not a value that is known"
        if field == "access":
            return world.holds((self.path, field), self.missing(field, reason))
        return self._strange(field, reason, world)

    def _starts(self, source: Source, start: IPv4Address, inside: Inside, world: World) -> bool:
        return (
            any(word.holds(start, inside, world) for word in self.source)
            or self._in_groups("source", source.groups, source.name, world)
            or self._unreadable("source", self.source, world)
        )

    def _ends(self, flow: Flow, inside: Inside, world: World) -> bool:
        words, address = self.destination, address_of(flow.destination)
        if flow.destination == INTERNET:
            found = cover_internet(words, world)
        elif address is None:
            found = cover(words, flow.destination, inside, world)
        else:
            found = any(word.holds(address, inside, world) for word in words)
            found = found or self._in_groups("destination", flow.destination_groups, flow.destination, world)
        return found or self._unreadable("destination", words, world)

    def _in_groups(self, side: str, groups: frozenset[str] | None, who: str, world: World) -> bool:
        """Whether the source or destination is in an application security group that the rule names."""
        field = f"{side}ApplicationSecurityGroups"
        for group in dig_list(self.item, "properties", field):
            named = dig_text(group, "id")
            if groups is not None and key(named) in {key(mine) for mine in groups}:
                return True
            if groups is None and named:
                reason = f"the members of the application security group {ArmId.parse(named).name} were not read"
                if world.holds((side, who, key(named)), self.missing(field, reason)):
                    return True
        return False

    def _unreadable(self, side: str, words: list[Word], world: World) -> bool:
        """Whether the rule takes in the flow by what could not be read of its source or destination."""
        single, field = f"{side}AddressPrefix", f"{side}ApplicationSecurityGroups"
        groups = self._field(field)
        if groups is not None and not (isinstance(groups, list) and all(dig_text(group, "id") for group in groups)):
            return self._strange(field, "not a list of application security groups", world)
        if not self._are_texts(single):
            return self._strange(single, f"the rule's {side} could not be read", world)
        return not words and not groups and self._strange(single, f"the rule names no {side}", world)

    def _has_port(self, port: int, world: World) -> bool:
        single = "destinationPortRange"
        if any(port in ports for ports in self._ports if ports is not None):
            return True
        strange = not self._ports or None in self._ports or not self._are_texts(single)
        return strange and self._strange(single, "the rule's ports could not be read", world)

    def _has_source_ports(self, world: World) -> bool:
        """Which port a client sends from is not known: only a rule for all of them surely takes it in."""
        reason = "the rule is not for all source ports, and which ones the senders use is not known"
        return self._is_from_any_port or self._strange("sourcePortRange", reason, world)

    def _words(self, single: str) -> list[Word]:
        """The words of a field that Azure writes as a text, a list, or both. An empty text is none."""
        plural = _plural(single)
        listed = dig_list(self.item, "properties", plural)
        named = [(single, self._field(single)), *((f"{plural}[{i}]", text) for i, text in enumerate(listed))]
        return [
            Word(value, self.nsg, self.path, self._path(field))
            for field, value in named
            if isinstance(value, str) and value.strip()
        ]

    def _are_texts(self, single: str) -> bool:
        """Whether a field is a text, a list of texts, or both."""
        text, listed = self._field(single), self._field(_plural(single))
        fit = text is None or isinstance(text, str)
        return fit and (listed is None or (isinstance(listed, list) and all(isinstance(t, str) for t in listed)))


def _plural(field: str) -> str:
    return f"{field}es" if field.endswith("x") else f"{field}s"


@lru_cache(maxsize=4096)
def address_of(text: str) -> IPv4Address | None:
    """The IPv4 address that a text is; None for anything else."""
    try:
        return IPv4Address(text.strip())
    except AddressValueError:
        return None


@lru_cache(maxsize=4096)
def ports_of(word: str) -> range | None:
    """``*``, ``443`` or ``400-500``; None for anything else."""
    if word.strip().lower() in ANY:
        return range(2**16)
    first, dash, last = (part.strip() for part in word.partition("-"))
    ends = [first, last] if dash else [first, first]
    if not all(e.isascii() and e.isdigit() and len(e) <= 5 for e in ends):
        return None
    low, high = map(int, ends)
    return range(low, high + 1) if low <= high < 2**16 else None


@kept
def rules_of(nsg: Resource) -> tuple[list[Rule], list[Rule]] | Missing:
    """A group's own rules and its default ones, in the order of the answer; the documented ones where it has none."""
    listed = nsg.items(CUSTOM)
    if isinstance(listed, Missing):
        return listed
    own = [Rule(nsg, f"{CUSTOM}[{i}]", item) for i, item in enumerate(listed.value)]
    found = nsg.raw(DEFAULTS)
    if found is None or found == []:
        return own, [Rule(nsg, DEFAULTS, _documented(row), standard=True) for row in DOCUMENTED]
    if not isinstance(found, list):
        return own, [Rule(nsg, DEFAULTS, None)]
    return own, [Rule(nsg, f"{DEFAULTS}[{i}]", item) for i, item in enumerate(found)]


def _documented(row: tuple[str, str, int, str, str, str]) -> dict[str, Any]:
    name, direction, priority, access, source, destination = row
    properties = {"direction": direction, "priority": priority, "access": access, "protocol": "*"}
    properties |= {"sourcePortRange": "*", "destinationPortRange": "*"}
    properties |= {"sourceAddressPrefix": source, "destinationAddressPrefix": destination}
    return {"name": name, "properties": properties}
