"""Ranges of addresses: how many they admit together, and whether they hold others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

WIDEST_IPV4 = 2 ** (32 - 8)
WIDEST_IPV6 = 2 ** (128 - 16)


@dataclass(frozen=True)
class Admitted:
    """How many addresses a set of ranges admits."""

    ipv4: int
    ipv6: int

    @property
    def too_many(self) -> bool:
        return self.ipv4 > WIDEST_IPV4 or self.ipv6 > WIDEST_IPV6


def network(text: str) -> IPv4Network | IPv6Network | None:
    """A range or a single address; None for anything else (``1.2.3.4-1.2.3.9`` is none either)."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def admitted(values: Iterable[str]) -> Admitted | None:
    """The addresses that ranges admit together; None when one is not a range."""
    four: list[IPv4Network] = []
    six: list[IPv6Network] = []
    for found in map(network, values):
        if found is None:
            return None
        if isinstance(found, IPv4Network):
            four.append(found)
        else:
            six.append(found)
    return Admitted(
        sum(n.num_addresses for n in collapse_addresses(four)), sum(n.num_addresses for n in collapse_addresses(six))
    )


def left_out(wanted: Iterable[str], ranges: Iterable[str]) -> list[str]:
    """The IPv4 prefixes that ranges do not hold, or not as a whole. IPv6 is not looked at."""
    four = [n for n in map(network, ranges) if isinstance(n, IPv4Network)]
    held = list(collapse_addresses(four))  # what holds a whole prefix is one of these
    prefixes = ((text, network(text)) for text in wanted)
    return [t for t, p in prefixes if isinstance(p, IPv4Network) and not any(p.subnet_of(h) for h in held)]
