"""The address prefixes of the VNets that an environment uses: those of AKS, of its peers, and of its endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.model.access import AccessPath, Network
from auditor.model.environment import AddressSpace
from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import ArmId, key
from auditor.model.resource import Resource
from auditor.model.shapes import PEERINGS, dig_text, peered_space
from auditor.model.snapshot import Gone, Snapshot

PREFIXES = "properties.addressSpace.addressPrefixes"


def spaces(snapshot: Snapshot, network: Network, paths: Iterable[AccessPath]) -> Iterator[AddressSpace]:
    """Each VNet once: the AKS VNet, those that hold an approved endpoint, those peered with the AKS VNet."""
    held: dict[str, tuple[str, list[str]]] = {}
    for endpoint in (e for path in paths for e in path.endpoints if e.approved and e.vnet_id):
        found = held.setdefault(key(endpoint.vnet_id), (endpoint.vnet_id, []))[1]
        found += () if isinstance(endpoint.addresses, Missing) else endpoint.addresses
    if network.vnet_id:
        addresses = held.pop(key(network.vnet_id), ("", []))[1]
        yield AddressSpace(network.vnet_id, "AKS", _prefixes(snapshot, network.vnet_id), _once(addresses))
    peerings = _peerings(network.vnet)
    for vnet_id, addresses in held.values():
        fact = _prefixes(snapshot, vnet_id, peerings.get(key(vnet_id)))
        yield AddressSpace(vnet_id, "private endpoints", fact, _once(addresses))
    for at, fact in peerings.items():
        if at not in held and at != key(network.vnet_id or ""):
            vnet_id = _remote(network.vnet, at)
            yield AddressSpace(vnet_id, "peered", _prefixes(snapshot, vnet_id, fact))


def _once(addresses: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(addresses))


def _prefixes(snapshot: Snapshot, vnet_id: str, instead: Fact[list[str]] | None = None) -> Fact[list[str]]:
    """The prefixes of a VNet; where it was not read, what a peering says of it."""
    vnet = snapshot.find(vnet_id)
    if isinstance(vnet, Resource):
        listed = vnet.items(PREFIXES)
        return listed if isinstance(listed, Missing) else Seen(vnet.id, PREFIXES, [str(p) for p in listed.value])
    if isinstance(instead, Seen):
        return instead
    return vnet.failure.missing(vnet_id, PREFIXES) if isinstance(vnet, Gone) else vnet


def _peerings(vnet: Any) -> dict[str, Fact[list[str]]]:
    """What the peerings of a VNet say of the address space of the other side, by its id."""
    out: dict[str, Fact[list[str]]] = {}
    for path, peering in vnet.objects(PEERINGS) if isinstance(vnet, Resource) else []:
        remote = dig_text(peering, "properties", "remoteVirtualNetwork", "id")
        if not remote:
            continue
        where, found = f"{path}.properties.remoteVirtualNetworkAddressSpace.addressPrefixes", peered_space(peering)
        gap = vnet.missing(where, f"the address space of {ArmId.parse(remote).name} was not read")
        out[key(remote)] = Seen(vnet.id, where, found) if found else gap
    return out


def _remote(vnet: Any, at: str) -> str:
    """The id of a peered VNet in Azure's own case."""
    ids = [dig_text(p, "properties", "remoteVirtualNetwork", "id") for _, p in vnet.objects(PEERINGS)]
    return next(i for i in ids if key(i) == at)
