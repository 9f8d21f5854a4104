"""Which route the traffic to a private endpoint takes from a subnet with a route table.

The longest prefix wins, and of equal ones the user-defined route. An endpoint has a system route of its own, a /32, in
its VNet and the peered ones. A user-defined /32 beats that; a wider one does only where the network policies of the
endpoint's subnet take in route tables, and only if it is no wider than the address space that holds the endpoint.
Routes that a gateway learns are not seen, and need not be: Azure prefers its own to VNets and peered VNets, even to
longer ones.
https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from operator import attrgetter
from typing import Any

from auditor.model.facts import Evidence, Fact, Missing, Seen
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.shapes import dig, dig_text
from auditor.model.verdict import Verdict, all_of, fail, ok, unknown
from auditor.topology.service_tags import ANY, is_private, prefix, service_tag
from auditor.topology.worlds import World, explore

ROUTES = "properties.routes"
WITH_ROUTES = ("Enabled", "RouteTableEnabled")
WITHOUT_ROUTES = ("Disabled", "NetworkSecurityGroupEnabled")


@dataclass(frozen=True)
class Route:
    """One user-defined route that holds the address, or may: ``prefix`` is then what could not be read of it."""

    path: str
    name: str
    prefix: IPv4Network | Missing

    @property
    def label(self) -> str:
        return self.name if isinstance(self.prefix, Missing) else f"{self.name} ({self.prefix})"


def judge(table: Resource, address: str, policies: Fact[str], space: Iterable[IPv4Network] | Missing) -> Verdict:
    """Whether a subnet with this route table reaches a private endpoint's address. ``policies`` is
    ``privateEndpointNetworkPolicies`` of the endpoint's subnet, ``space`` the address space of its VNet."""
    try:
        target = IPv4Address(address.strip())
    except AddressValueError:
        what = f"{address!r} is not an IPv4 address"
        return unknown(what, table.missing(ROUTES, what))
    listed = table.items(ROUTES)
    if isinstance(listed, Missing):
        return unknown(f"the routes of {table.name} were not read", listed)
    read = [_route(table, f"{ROUTES}[{i}]", item, target) for i, item in enumerate(listed.value)]
    routes = [route for route in read if route is not None]
    best = _longest(routes)

    def end(world: World) -> Verdict:
        for route in routes:
            if isinstance(route.prefix, Missing) and world.holds(route.path, route.prefix):
                return _leads(table, route, target)
        for route in best:
            shared = table.missing(f"{route.path}.properties.addressPrefix", "another route has the same prefix")
            if route is best[-1] or world.holds((route.path, "first"), shared):
                beats = _beats_endpoint(table, route, target, policies, space, world)
                return _leads(table, route, target) if beats else _own_route(table, target, policies)
        return _own_route(table, target, None)

    ways = explore(end, attrgetter("status"))
    if len({verdict.status for verdict in ways.ends}) == 1:
        return all_of(ways.ends, ways.ends[-1].message)
    gaps = (*ways.missing, *(gap for verdict in ways.ends for gap in verdict.missing))
    return unknown(f"which route of {table.name} {target} takes was not decided", *dict.fromkeys(gaps))


def _route(table: Resource, path: str, item: Any, target: IPv4Address) -> Route | None:
    """A route that holds the address or may; None for one that does not."""
    name = dig_text(item, "name") or path.rpartition(".")[2]
    word = dig(item, "properties", "addressPrefix")
    at = f"{path}.properties.addressPrefix"
    network = prefix(word) if isinstance(word, str) and word.strip().lower() not in ANY else None
    if network is not None:
        return Route(path, name, network) if isinstance(network, IPv4Network) and target in network else None
    if isinstance(word, str) and service_tag(word) is not None:
        if is_private(target):
            return None
        return Route(path, name, table.missing(at, f"which addresses the service tag {word} holds was not read"))
    return Route(path, name, table.missing(at, f"{word!r} is neither a prefix nor a service tag that is known"))


def _longest(routes: list[Route]) -> list[Route]:
    """The route of the longest prefix, alone, as Azure refuses two of the same prefix."""
    lengths = {route.path: route.prefix.prefixlen for route in routes if isinstance(route.prefix, IPv4Network)}
    return [route for route in routes if route.path in lengths and lengths[route.path] == max(lengths.values())]


def _beats_endpoint(
    table: Resource,
    route: Route,
    target: IPv4Address,
    policies: Fact[str],
    space: Iterable[IPv4Network] | Missing,
    world: World,
) -> bool:
    """Whether the longest user-defined route beats the endpoint's own /32."""
    length = route.prefix.prefixlen if isinstance(route.prefix, IPv4Network) else 0
    if length in (0, 32):  # 0.0.0.0/0 is the documentation's own example of a route that does not
        return length == 32
    if isinstance(policies, Missing):
        taken_in = world.holds("policies", policies)
    elif any(equal(policies.value, word) for word in (*WITH_ROUTES, *WITHOUT_ROUTES)):
        taken_in = any(equal(policies.value, word) for word in WITH_ROUTES)
    else:
        reason = f"{policies.value!r} is not a value that is known"
        taken_in = world.holds("policies", Missing(policies.resource_id, policies.path, reason))
    around = [] if isinstance(space, Missing) else [network.prefixlen for network in space if target in network]
    if around:
        return taken_in and length >= max(around)
    unread = space if isinstance(space, Missing) else None
    gap = unread or table.missing(ROUTES, f"the address space that {target} is in was not read")
    return taken_in and world.holds("space", gap)


def _own_route(table: Resource, target: IPv4Address, policies: Fact[str] | None) -> Verdict:
    """The endpoint's own /32 wins. ``policies``: what kept a wider route from it."""
    prefixes = [dig(route, "properties", "addressPrefix") for _, route in table.objects(ROUTES)]
    seen = Evidence(table.id, f"{ROUTES}[].properties.addressPrefix", prefixes)
    why = [policies] if isinstance(policies, Seen) else []
    return ok(f"no route of {table.name} beats the endpoint's own to {target}", seen, *why)


def _leads(table: Resource, route: Route, target: IPv4Address) -> Verdict:
    """Where a user-defined route leads that wins.

    https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#user-defined
    """
    hop = table.text(f"{route.path}.properties.nextHopType")
    if isinstance(hop, Missing):
        return unknown(f"the next hop of the route {route.label} of {table.name} was not read", hop)
    where = table.see(f"{route.path}.properties.addressPrefix")
    says = f"{table.name} sends {target} to {hop.value} by route {route.label}"
    if equal(hop.value, "VnetLocal"):
        return ok(says, hop, where)
    if equal(hop.value, "None") or equal(hop.value, "Internet"):
        return fail(says, hop, where, names={"route": route.name})
    if equal(hop.value, "VirtualNetworkGateway"):
        gap = table.missing(hop.path, "the routes that a gateway has are not in Azure Resource Manager")
        return unknown(says, gap, seen=(hop, where))
    if not equal(hop.value, "VirtualAppliance"):
        gap = table.missing(hop.path, f"{hop.value!r} is not a next hop that is known")
        return unknown(says, gap, seen=(hop, where))
    appliance = table.text(f"{route.path}.properties.nextHopIpAddress")
    if isinstance(appliance, Missing):
        return unknown(says, appliance, seen=(hop, where))
    note = f"the appliance {appliance.value} must forward what {table.name} sends it for {target}"
    return ok(f"{says} ({appliance.value})", hop, where, appliance, assuming=[note])
