"""The address prefixes of the VNets that an environment uses: those of AKS, of its peers, and of its endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model.access import AccessPath, Network
from auditor.model.environment import AddressSpace
from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import equal, key
from auditor.model.resource import Resource
from auditor.model.shapes import PEERINGS, dig_text
from auditor.model.snapshot import Gone, Lookup, Snapshot

PREFIXES = "properties.addressSpace.addressPrefixes"


def spaces(snapshot: Snapshot, network: Network, paths: Iterable[AccessPath]) -> Iterator[AddressSpace]:
    """Each VNet once: the AKS VNet, those that hold an approved endpoint, those peered with the AKS VNet. One that AKS
    surely does not reach is left out: nothing there can get in the way."""
    held: dict[str, tuple[str, list[str]]] = {}
    for endpoint in (e for path in paths for e in path.endpoints):
        if endpoint.approved and endpoint.vnet_id and not endpoint.within.failed:
            found = held.setdefault(key(endpoint.vnet_id), (endpoint.vnet_id, []))[1]
            found += () if isinstance(endpoint.addresses, Missing) else endpoint.addresses
    peers = _peers(network.vnet)
    if network.vnet_id:
        peers.pop(key(network.vnet_id), None)
        addresses = held.pop(key(network.vnet_id), ("", []))[1]
        yield AddressSpace(network.vnet_id, "AKS", _prefixes(snapshot, network.vnet_id), _once(addresses))
    for at, (vnet_id, addresses) in held.items():
        said = peers.pop(at, (vnet_id, None))[1]
        yield AddressSpace(vnet_id, "private endpoints", _prefixes(snapshot, vnet_id, said), _once(addresses))
    for vnet_id, said in peers.values():
        yield AddressSpace(vnet_id, "peered", _prefixes(snapshot, vnet_id, said))


def _once(addresses: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(addresses))


def _prefixes(snapshot: Snapshot, vnet_id: str, said: Seen[list[str]] | None = None) -> Fact[list[str]]:
    """The prefixes of a VNet; where it was not read, what a peering says of them."""
    vnet = snapshot.find(vnet_id)
    if isinstance(vnet, Resource):
        listed = vnet.items(PREFIXES)
        if isinstance(listed, Seen) and not listed.value:
            return vnet.missing(PREFIXES, f"{vnet.name} shows no address prefix")
        return listed if isinstance(listed, Missing) else Seen(vnet.id, PREFIXES, [str(p) for p in listed.value])
    if said is not None:
        return said
    return vnet.failure.missing(vnet_id, PREFIXES) if isinstance(vnet, Gone) else vnet


def _peers(vnet: Lookup | None) -> dict[str, tuple[str, Seen[list[str]] | None]]:
    """The VNets that a VNet is peered with, and what the peering says of their address space. A peering that surely
    carries nothing is left out."""
    out: dict[str, tuple[str, Seen[list[str]] | None]] = {}
    if not isinstance(vnet, Resource):
        return out
    for path, peering in vnet.objects(PEERINGS):
        remote = dig_text(peering, "properties", "remoteVirtualNetwork", "id")
        state = vnet.raw(f"{path}.properties.peeringState")
        refused = vnet.raw(f"{path}.properties.allowVirtualNetworkAccess") is False
        if remote and not refused and not equal(state, "Disconnected") and not equal(state, "Initiated"):
            out[key(remote)] = (remote, _said(vnet, path))
    return out


def _said(vnet: Resource, peering: str) -> Seen[list[str]] | None:
    """The address space of the other side: the present one, or else the one that the peering carries."""
    for name in ("remoteVirtualNetworkAddressSpace", "remoteAddressSpace"):
        path = f"{peering}.properties.{name}.addressPrefixes"
        listed = vnet.items(path)
        if isinstance(listed, Seen) and listed.value:
            return Seen(vnet.id, path, [str(p) for p in listed.value])
    return None
