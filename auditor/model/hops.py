"""The proof of an access path: each step from the AKS subnets to the thing itself, in the order that a packet takes."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.access import AccessPath, Endpoint, Hop, Network, Proof
from auditor.model.facts import Evidence, Missing
from auditor.model.shapes import nics
from auditor.model.verdict import Verdict, not_applicable, ok, unknown


def proof(path: AccessPath, network: Network) -> Proof:
    """The steps of a path. Of several private endpoints the one that AKS comes to is followed."""
    start = Hop("AKS subnets", network.vnet_id or path.target_id, network.located)
    return Proof(path.name, path.group, path.target_id, (start, *_hops(path)))


def api_server(cluster_id: str, network: Network, zone: Verdict) -> Proof:
    """How the nodes find the API server of their own cluster."""
    start = Hop("AKS subnets", network.vnet_id or cluster_id, network.located)
    name = Hop("private DNS zone of the cluster", cluster_id, zone)
    return Proof("API server", "management", cluster_id, (start, name))


def _hops(path: AccessPath) -> Iterator[Hop]:
    followed = next(iter((*path.in_use, *path.endpoints)), None)
    if not path.endpoint.passed and path.service_endpoint.passed:
        yield Hop("service endpoint", path.target_id, path.service_endpoint)
    elif followed is None:
        yield Hop("private endpoint", path.target_id, path.endpoint)
    else:
        yield from _through(followed)
    yield Hop("public network access", path.target_id, path.closed)


def _through(endpoint: Endpoint) -> Iterator[Hop]:
    yield Hop("VNet and peering", endpoint.vnet_id or endpoint.id, endpoint.within)
    yield Hop("private endpoint", endpoint.id, endpoint.ready)
    interface = next(iter(nics(endpoint.resource)), endpoint.id)
    yield Hop("network interface", interface, _addresses(endpoint, interface))
    if not endpoint.zones:
        yield Hop(
            "private DNS zone", endpoint.id, not_applicable("AKS cannot use the endpoint, whatever its names are")
        )
    for zone in endpoint.zones:
        yield Hop("zone link", zone.zone_id or _proven_by(zone.resolves, endpoint.id), zone.resolves)
        yield Hop("records", zone.zone_id or _proven_by(zone.integrated, endpoint.id), zone.integrated)
    yield Hop("network security groups", _proven_by(endpoint.filtered, endpoint.id), endpoint.filtered)
    yield Hop("routes", _proven_by(endpoint.routed, endpoint.id), endpoint.routed)


def _proven_by(verdict: Verdict, otherwise: str) -> str:
    """The resource that decides a verdict."""
    ids = [*(e.resource_id for e in verdict.evidence), *(m.resource_id for m in verdict.missing)]
    return next(filter(None, ids), otherwise)


def _addresses(endpoint: Endpoint, interface: str) -> Verdict:
    if isinstance(endpoint.addresses, Missing):
        return unknown(f"the addresses of {endpoint.resource.name} were not read", endpoint.addresses)
    seen = Evidence(interface, "properties.ipConfigurations[]", list(endpoint.addresses))
    return ok(f"{endpoint.resource.name} has {', '.join(endpoint.addresses)}", seen)
