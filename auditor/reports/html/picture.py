"""What the picture of an environment's network shows; where on the page it stands is the browser's business.

Everything follows from the proofs: each step of a path has its place in the picture by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.model.access import Endpoint, Hop, Network, Proof
from auditor.model.environment import AddressSpace, Environment
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, key, of_type, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import dig_text, dig_texts, subnet_of
from auditor.model.types import ZONES
from auditor.model.verdict import Status, Verdict

START: Final = "AKS subnets"
WITHIN: Final = "VNet and peering"
ENDPOINT: Final = "private endpoint"
ADDRESS: Final = "network interface"
SERVICE_ENDPOINT: Final = "service endpoint"
LINK: Final = ("zone link", "private DNS zone of the cluster")
RECORDS: Final = "records"
UNNAMED: Final = "private DNS zone"
FIREWALL: Final = "public network access"
API_SERVER: Final = "API server"
# Steps that have a place of their own; any other is a mark on the way, and these in fewer words.
PLACED: Final = {START, ENDPOINT, ADDRESS, SERVICE_ENDPOINT, *LINK, RECORDS, UNNAMED, FIREWALL}
SHORT: Final = {WITHIN: "peering", "network security groups": "NSG"}

WORST_FIRST: Final = (Status.FAIL, Status.UNKNOWN, Status.PASS, Status.NOT_APPLICABLE)

# Where there is no private endpoint, whether the public network lets AKS in decides.
INSTEAD: Final = {Status.FAIL: "AKS goes over the public network", Status.PASS: "AKS cannot reach it: it is closed"}


@dataclass(frozen=True)
class Box:
    """A node of the picture."""

    title: str
    detail: str
    status: Status


@dataclass(frozen=True)
class Mark:
    """Something on the way, in a word."""

    label: str
    status: Status


@dataclass(frozen=True)
class Zone:
    """One private DNS zone beside a path; ``records`` is None for a zone that no endpoint writes to."""

    name: str
    link: Status
    records: Status | None


@dataclass(frozen=True)
class Path:
    """One row of the picture. ``vnet`` is the position of the VNet that holds the endpoint, ``gate`` the endpoint, or
    what stands in its place; None for the API server, which the nodes reach directly. ``firewall`` is whether the
    service is closed to the public network. ``worst`` is the hop to speak of: the first broken, else the first unknown.
    """

    proof: Proof
    service: str
    kind: str
    status: Status
    vnet: int | None
    gate: Box | None
    marks: tuple[Mark, ...]
    zones: tuple[Zone, ...]
    firewall: Status | None
    worst: int | None


@dataclass(frozen=True)
class Vnet:
    """One VNet; ``peering`` is the state of the peering with the AKS VNet, None for that one itself."""

    name: str
    space: str
    peering: Status | None


@dataclass(frozen=True)
class Picture:
    """The network of one environment: the first VNet is that of AKS, and paths with a common VNet stand together."""

    vnets: tuple[Vnet, ...]
    subnets: tuple[Box, ...]
    located: Status
    paths: tuple[Path, ...]


def picture(env: Environment) -> Picture:
    followed = {(path.group, key(e.id)): e for path in env.paths() for e in path.endpoints}
    endpoints = [_endpoint(p, followed) for p in env.proofs]
    ids = {"": ""} if env.network.vnet_id is None else {key(env.network.vnet_id): env.network.vnet_id}
    for endpoint in endpoints:
        if endpoint is not None and endpoint.vnet_id:
            ids.setdefault(key(endpoint.vnet_id), endpoint.vnet_id)
    order = {at: number for number, at in enumerate(ids)}
    paths = [_path(p, e, order, _firewall(env, p)) for p, e in zip(env.proofs, endpoints, strict=True)]
    return Picture(
        vnets=tuple(_vnet(i, number, paths, env.spaces) for number, i in enumerate(ids.values())),
        subnets=tuple(_subnet(i, env.network) for i in env.network.subnets),
        located=env.network.located.status,
        paths=tuple(sorted(paths, key=_place)),
    )


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of several; not applicable where there are none."""
    return min(statuses, key=WORST_FIRST.index, default=Status.NOT_APPLICABLE)


def _place(path: Path) -> tuple[int, int]:
    """Paths of one VNet beside each other, then those that pass none, the API server last."""
    return (2, 0) if path.gate is None else (1, 0) if path.vnet is None else (0, path.vnet)


def _endpoint(proof: Proof, followed: dict[tuple[str, str], Endpoint]) -> Endpoint | None:
    """The private endpoint that a path goes through."""
    steps = ((proof.group, key(hop.resource_id)) for hop in proof.hops if hop.name == ENDPOINT)
    return next((followed[step] for step in steps if step in followed), None)


def _firewall(env: Environment, proof: Proof) -> Status | None:
    """Whether a service is closed. For the API server that is no step of the path: the article allows a public one."""
    if proof.name == API_SERVER:
        return env.api_server_closed.status
    return next(_states(proof.hops, FIREWALL), None)


def _path(proof: Proof, endpoint: Endpoint | None, order: dict[str, int], firewall: Status | None) -> Path:
    broken = next((i for i, hop in enumerate(proof.hops) if hop.verdict.failed), None)
    unsure = next((i for i, hop in enumerate(proof.hops) if hop.verdict.unknown), None)
    vnet = order.get(key(endpoint.vnet_id)) if endpoint and endpoint.vnet_id else None
    marks = [
        Mark(SHORT.get(hop.name, hop.name), hop.verdict.status)
        for hop in proof.hops
        # Within one VNet no peering is on the way.
        if hop.name not in PLACED and not (hop.name == WITHIN and vnet == 0)
    ]
    return Path(
        proof=proof,
        service=ArmId.parse(proof.target_id).name,
        kind=proof.name,
        status=Status.FAIL if broken is not None else Status.UNKNOWN if unsure is not None else Status.PASS,
        vnet=vnet,
        gate=_gate(proof, endpoint),
        marks=tuple(m for m in marks if m.status is not Status.NOT_APPLICABLE),
        zones=tuple(_zones(proof, endpoint)),
        firewall=firewall,
        worst=broken if broken is not None else unsure,
    )


def _gate(proof: Proof, endpoint: Endpoint | None) -> Box | None:
    """The endpoint that a path goes through, or the place where one is missing."""
    hops = [hop for hop in proof.hops if hop.name in (ENDPOINT, ADDRESS, SERVICE_ENDPOINT)]
    status = worst(hop.verdict.status for hop in hops)
    if endpoint is not None:
        subnet = ArmId.parse(subnet_of(endpoint.resource)).name
        return Box(endpoint.resource.name, " · ".join(filter(None, (_address(endpoint), subnet))), status)
    if any(hop.name == SERVICE_ENDPOINT for hop in hops):
        return Box("service endpoint", "from every AKS subnet", status)
    if not hops:
        return None
    if status is not Status.FAIL:
        return Box("private endpoint not known", proof.group, status)
    return Box("no private endpoint", INSTEAD.get(worst(_states(proof.hops, FIREWALL)), proof.group), status)


def _address(endpoint: Endpoint) -> str:
    """The first address, and how many more there are."""
    if isinstance(endpoint.addresses, Missing):
        return "address not read"
    first, *others = endpoint.addresses or ("no address",)
    return f"{first} +{len(others)}" if others else first


def _zones(proof: Proof, endpoint: Endpoint | None) -> Iterable[Zone]:
    if endpoint is None:
        found = (hop.verdict for hop in proof.hops if hop.name in LINK)
        return [Zone(_zone_name(v), v.status, None) for v in found if v.status is not Status.NOT_APPLICABLE]
    names = (zone.name for zone in endpoint.zones)
    links, records = _states(proof.hops, LINK[0]), _states(proof.hops, RECORDS)
    return [Zone(*zone) for zone in zip(names, links, records, strict=False)]


def _zone_name(verdict: Verdict) -> str:
    """The zone that a verdict rests on."""
    ids = [*(e.resource_id for e in verdict.evidence), *(m.resource_id for m in verdict.missing)]
    zones = (part for i in ids for part in (i, ArmId.parse(i).parent) if of_type(part, ZONES))
    return next((ArmId.parse(zone).name for zone in zones), "private DNS zone")


def _vnet(vnet_id: str, number: int, paths: Sequence[Path], spaces: Iterable[AddressSpace]) -> Vnet:
    held = next((s.prefixes for s in spaces if key(s.vnet_id) == key(vnet_id)), None)
    space = "" if held is None or isinstance(held, Missing) else ", ".join(held.value)
    if number == 0:
        return Vnet(ArmId.parse(vnet_id).name or "VNet not known", space, None)
    through = [hop for path in paths if path.vnet == number for hop in path.proof.hops]
    return Vnet(ArmId.parse(vnet_id).name, space, worst(_states(through, WITHIN)))


def _states(hops: Iterable[Hop], name: str) -> Iterator[Status]:
    return (hop.verdict.status for hop in hops if hop.name == name)


def _subnet(subnet_id: str, network: Network) -> Box:
    """A subnet of the nodes or pods, with its address prefixes where its VNet was read."""
    prefixes: list[str] = []
    if isinstance(network.vnet, Resource):
        for _, subnet in network.vnet.objects("properties.subnets"):
            if key(dig_text(subnet, "id")) == key(subnet_id):
                single = dig_text(subnet, "properties", "addressPrefix")
                prefixes = [single] if single else dig_texts(subnet, "properties", "addressPrefixes")
    name = ArmId.parse(subnet_id).name or ArmId.parse(vnet_of(subnet_id)).name
    return Box(name, ", ".join(prefixes), Status.PASS)
