"""How AKS reaches one thing that it needs: the endpoints, the names, the hops, each with its verdict.

The topology fills these in; rules read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from auditor.model.facts import Missing, Undecided
from auditor.model.ids import ArmId
from auditor.model.resource import Resource
from auditor.model.snapshot import Gone, Lookup
from auditor.model.verdict import NotApplicable, Status, Verdict, any_of, each_of, fail, not_applicable


class Access(StrEnum):
    """How AKS reaches one part of the environment (the article's columns)."""

    PUBLIC = "public"
    SERVICE_ENDPOINT = "service-endpoint"
    PRIVATE_ENDPOINT = "private-endpoint"
    PRIVATE = "private"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Network:
    """Where the cluster's nodes and pods send from. ``located`` passes when that VNet is known and was read;
    ``assumptions`` are what a pass that leans on the subnets takes for granted. ``groups``: the application security
    groups that AKS puts the nodes of a subnet in, by the subnet's id in lower case; no entry where it does not say."""

    located: Verdict
    vnet_id: str | None = None
    vnet: Lookup | None = None
    subnets: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """A collection that may be incomplete: ``gap`` says why."""

    found: tuple[Resource, ...] = ()
    gap: Missing | None = None

    @property
    def whole(self) -> tuple[Resource, ...]:
        """All of it; raises `Undecided` when not all of it was read."""
        if self.gap is not None:
            raise Undecided(self.gap)
        return self.found


@dataclass(frozen=True)
class Hop:
    """One step of an access path: what carries it, or breaks it."""

    name: str
    resource_id: str
    verdict: Verdict


@dataclass(frozen=True)
class Proof:
    """An access path as it is shown: the steps from the AKS subnets to a target, in the order that a packet takes.
    ``group`` is the private link group."""

    name: str
    group: str
    target_id: str
    hops: tuple[Hop, ...]

    @property
    def broken(self) -> Hop | None:
        """The first hop that fails; None when none does."""
        return next((hop for hop in self.hops if hop.verdict.failed), None)


@dataclass(frozen=True)
class ZoneAnswer:
    """How the names of one endpoint fare in one private DNS zone.

    ``zone_id``: the zone of that name that AKS asks, or would ask; empty where there is none. ``integrated``: zone
    group and records are there. ``resolves``: AKS asks that zone. ``records``: the A records alone, not applicable
    without a zone. ``single``: of several zones of the name, AKS asks one that has the records; not applicable with
    one. ``forwarded``: the custom DNS servers are Azure's own, and ask it; not applicable without any. ``links``: the
    links by which AKS comes to the zone are healthy.
    """

    name: str
    zone_id: str
    integrated: Verdict
    resolves: Verdict
    records: Verdict
    single: Verdict
    forwarded: Verdict
    links: Verdict


@dataclass(frozen=True)
class Endpoint:
    """One private endpoint that targets a resource.

    ``valid`` passes when AKS can use it: ``ready`` (approved on both sides and provisioned) and ``within`` reach.
    ``addresses`` are those of its names. ``zones`` says how these fare, where it is valid. ``filtered``: security
    groups let AKS through to it; ``routed``: routes lead there. Both are not applicable where nothing is in the way.
    """

    id: str
    resource: Resource
    vnet_id: str
    approved: bool
    ready: Verdict
    within: Verdict
    valid: Verdict
    addresses: tuple[str, ...] | Missing
    zones: tuple[ZoneAnswer, ...] = ()
    filtered: Verdict = field(default_factory=lambda: not_applicable("no security group is in the way"))
    routed: Verdict = field(default_factory=lambda: not_applicable("no route table is in the way"))

    @property
    def integrated(self) -> tuple[Verdict, ...]:
        return tuple(z.integrated for z in self.zones)

    @property
    def resolves(self) -> tuple[Verdict, ...]:
        return tuple(z.resolves for z in self.zones)

    @property
    def sound(self) -> bool:
        """Whether AKS finds it by name."""
        return all(v.passed for v in (self.valid, *self.integrated, *self.resolves))


@dataclass(frozen=True)
class AccessPath:
    """From the AKS subnets to one thing they need: each hop's verdict.

    ``endpoint``: a valid private endpoint within reach. ``service_endpoint``: both halves, on every egress subnet.
    ``closed``: the target refuses the public network. ``restricted``: it has a firewall at all (Deny, or Disabled).
    ``connected``: somebody made a private endpoint to it, valid or not. ``peering``: the peerings that should carry the
    endpoint, None when none has to. ``integrated``: one valid endpoint resolves fully in every zone (zone group,
    records, addresses). ``resolves``: those zones resolve from the AKS VNet.
    """

    name: str
    group: str
    target_id: str
    target: Lookup
    endpoints: tuple[Endpoint, ...]
    endpoint: Verdict
    service_endpoint: Verdict
    closed: Verdict
    restricted: Verdict
    connected: bool
    peering: Verdict | None
    integrated: Verdict
    resolves: Verdict

    @property
    def valid(self) -> tuple[Endpoint, ...]:
        """The endpoints that AKS can use."""
        return tuple(e for e in self.endpoints if e.valid.passed)

    @cached_property
    def in_use(self) -> tuple[Endpoint, ...]:
        """The endpoints that AKS comes to by name; where none is found by name, those that it could use."""
        return tuple(e for e in self.valid if e.sound) or self.valid

    def each_zone(self, pick: Callable[[ZoneAnswer], Verdict]) -> Verdict:
        """One answer over all zones of an endpoint; of several endpoints, one has to do. Not applicable where AKS has
        no endpoint to use."""
        if self.endpoint.unknown:
            return self.endpoint
        none = f"{self.name} has no private endpoint within reach"
        answers = [each_of([pick(z) for z in e.zones], f"{e.resource.name}: all zones", none) for e in self.in_use]
        judged = [a for a in answers if a.status is not Status.NOT_APPLICABLE]
        return any_of(judged, fail(none)) if judged else answers[0] if answers else not_applicable(none)

    @property
    def resource(self) -> Resource:
        """The target; raises `Undecided` when it was not read, `NotApplicable` when it does not exist."""
        return existing(self.target)

    @property
    def is_restricted(self) -> bool:
        """Whether the target has a firewall or a private endpoint; raises `Undecided` when that cannot be told."""
        if self.connected or self.restricted.passed:
            return True
        if self.restricted.unknown:
            raise Undecided(*self.restricted.missing)
        return False

    def named(self) -> tuple[Verdict, ...]:
        """The hops of name resolution: fit to be used only where ``endpoint`` passed or is unknown."""
        return (self.integrated, self.resolves) if self.endpoint.passed else (self.endpoint,)

    def unread(self) -> tuple[Missing, ...]:
        """What was not read of how AKS reaches the target."""
        hops = (self.closed, self.endpoint, self.service_endpoint)
        return tuple(dict.fromkeys(m for hop in hops if hop.unknown for m in hop.missing))


def existing(lookup: Lookup) -> Resource:
    """A resource that was read; raises `Undecided` for an unread one, `NotApplicable` for one that does not exist."""
    if isinstance(lookup, Gone):
        raise NotApplicable(f"{ArmId.parse(lookup.id).name} does not exist")
    if isinstance(lookup, Missing):
        return lookup.value
    return lookup
