"""Access paths: from the AKS subnets to one thing that they need, each hop judged."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.access import AccessPath, Endpoint, Network
from auditor.model.clouds import Cloud
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, same
from auditor.model.related import own_connections
from auditor.model.resource import Resource
from auditor.model.shapes import subnet_of
from auditor.model.snapshot import Gone, Lookup, Snapshot
from auditor.model.verdict import Severity, Verdict, all_of, any_of, fail, not_applicable, unknown
from auditor.topology import exposure, service_endpoints
from auditor.topology.dns import Resolver
from auditor.topology.endpoints import EndpointFinder
from auditor.topology.filters import Filters
from auditor.topology.reach import Reach, find_peering
from auditor.topology.records import Records

SERVICES = {
    **dict.fromkeys(("blob", "file", "dfs", "queue", "table"), service_endpoints.STORAGE),
    "vault": service_endpoints.VAULT,
    "registry": service_endpoints.REGISTRY,
}
FIREWALLS = {
    **dict.fromkeys(("blob", "file", "dfs", "queue", "table"), exposure.STORAGE),
    "vault": exposure.VAULT,
    "registry": exposure.REGISTRY,
}
NO_ENDPOINT = fail("no valid private endpoint")


class PathFinder:
    """Builds the paths of one environment: one network, one cloud."""

    def __init__(self, snapshot: Snapshot, cloud: Cloud, network: Network) -> None:
        self.snapshot = snapshot
        self.cloud = cloud
        self.network = network
        self.reach = Reach(snapshot, network)
        self.finder = EndpointFinder(snapshot, self.reach)
        self.resolver = Resolver(snapshot, network, self.reach)
        self.records = Records(snapshot, self.finder, self.resolver)
        self.filters = Filters(snapshot, network)
        self._service_endpoints: dict[tuple[str, service_endpoints.Service], Verdict] = {}

    def to(self, name: str, group: str, target_id: str, target: Lookup) -> AccessPath:
        """The path to a resource through one group id (``amlworkspace``, ``blob``, ``vault``, …)."""
        endpoints, endpoint = self.finder.judge(target_id, target, group)
        valid = [e for e in endpoints if e.valid.passed]
        judged = [self._judged(e, group, valid) for e in valid]
        zones = " and ".join(z.private for z in self.cloud.zones(group))
        recorded = [(e, all_of(e.integrated, f"{e.resource.name} has its records in {zones}")) for e in judged]
        integrated = any_of([verdict for _, verdict in recorded], NO_ENDPOINT)
        sound = [e for e, verdict in recorded if verdict.passed] or judged
        every = f"each zone resolves from the AKS VNet: {zones}"
        resolves = any_of([all_of(e.resolves, every) for e in sound], NO_ENDPOINT)
        if not self.cloud.zones(group):
            gap = Missing(target_id, "", f"the private DNS zone names of the cloud {self.cloud.name} are not known")
            integrated = resolves = unknown(gap.reason, gap)
        service_endpoint = self._service_endpoint(group, target)
        connected = bool(endpoints) or (isinstance(target, Resource) and own_connections(self.snapshot, target))
        closed, restricted = self._exposure(group, target, connected)
        return AccessPath(
            name=name,
            group=group,
            target_id=target_id,
            target=target,
            endpoints=tuple(judged + [e for e in endpoints if not e.valid.passed]),
            endpoint=endpoint,
            service_endpoint=service_endpoint,
            closed=closed,
            restricted=restricted,
            connected=connected,
            peering=self._peering(endpoints, target, endpoint, service_endpoint),
            integrated=integrated,
            resolves=resolves,
        )

    def _judged(self, endpoint: Endpoint, group: str, valid: list[Endpoint]) -> Endpoint:
        """A valid endpoint with how its names fare, and what is in its way."""
        siblings = [e.resource for e in valid if e.id != endpoint.id]
        zones = [self.records.judge(endpoint.resource, zone, siblings) for zone in self.cloud.zones(group)]
        filtered, routed = self.filters.judge(endpoint, group)
        return replace(endpoint, zones=tuple(zones), filtered=filtered, routed=routed)

    def _service_endpoint(self, group: str, target: Lookup) -> Verdict:
        service = SERVICES.get(group)
        if service is None:
            return fail("a workspace has no service endpoints")
        if not isinstance(target, Resource):
            return _absent(target)
        asked = (target.id, service)  # the same for all groups of a storage account
        if asked not in self._service_endpoints:
            found = service_endpoints.judge(self.snapshot, self.network, target, service)
            self._service_endpoints[asked] = found
        return self._service_endpoints[asked]

    def _exposure(self, group: str, target: Lookup, connected: bool) -> tuple[Verdict, Verdict]:
        """Is the target closed to the public network, and does it have a firewall at all?"""
        if not isinstance(target, Resource):
            return _absent(target), _absent(target)
        firewall = FIREWALLS.get(group)
        if firewall is None:
            closed = exposure.workspace_closed(target, behind_endpoint=connected)
            return closed, closed
        return exposure.closed(target, firewall), exposure.restricted(target, firewall)

    def _peering(
        self, endpoints: list[Endpoint], target: Lookup, endpoint: Verdict, service_endpoint: Verdict
    ) -> Verdict | None:
        """The peerings that carry a needed endpoint; None where an endpoint is in the AKS VNet, or none is peered.

        Unknown where an endpoint was not read: it may be one that hangs on a peering.
        """
        vnet = self.network.vnet
        if not isinstance(vnet, Resource):
            return None
        if any(same(e.vnet_id, vnet.id) and not e.valid.failed for e in endpoints):
            return None
        carried = []
        for e in endpoints:
            other = self.snapshot.get(e.vnet_id) if e.approved and e.vnet_id else None
            if e.approved and (find_peering(vnet, e.vnet_id) or (other and find_peering(other, vnet.id))):
                addresses = self.finder.addresses(e.resource)
                carried.append(self.reach.peering(e.vnet_id, subnet_of(e.resource), addresses))
        if carried:
            return any_of(carried, fail("no peering carries the endpoint", at=_lowest(carried)))
        unread = isinstance(target, Resource) and endpoint.unknown and not service_endpoint.passed
        return endpoint if unread else None


def _lowest(verdicts: list[Verdict]) -> Severity | None:
    """The severity that every failed verdict was lowered to, if they all were."""
    lowered = [v.severity for v in verdicts if v.failed]
    return lowered[0] if lowered and all(s is not None for s in lowered) else None


def _absent(target: Lookup) -> Verdict:
    if isinstance(target, Gone):
        return not_applicable(f"{ArmId.parse(target.id).name} does not exist")
    assert isinstance(target, Missing)  # noqa: S101  (the one case left)
    return unknown(
        f"{ArmId.parse(target.resource_id).name or 'the resource'} could not be read: {target.reason}", target
    )
