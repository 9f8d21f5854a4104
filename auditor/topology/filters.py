"""What stands between AKS and what it needs, subnet by subnet: network security groups and route tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network
from typing import Any

from auditor.model.access import AccessPath, Endpoint, Network
from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import ArmId, equal, key, location, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import (
    PEERINGS,
    SUBNETS,
    dig,
    dig_text,
    dig_texts,
    nics,
    peered_space,
    subnet_of,
    subnets,
    takes_network_policies,
)
from auditor.model.snapshot import Gone, Lookup, Snapshot
from auditor.model.verdict import Verdict, all_of, each_of, not_applicable, unknown
from auditor.topology import routes
from auditor.topology.security_groups import denies_internet, judge
from auditor.topology.security_rules import Flow, Source
from auditor.topology.service_tags import Inside, prefix

GROUP, TABLE, POLICIES = "networkSecurityGroup", "routeTable", "privateEndpointNetworkPolicies"
SPACE = "properties.addressSpace.addressPrefixes"
HTTPS, SMB = 443, 445
NO_GROUP = "no security group is in the way"
NO_TABLE = "no route table is in the way"
# https://learn.microsoft.com/azure/machine-learning/how-to-access-azureml-behind-firewall
NEEDED_TAGS = (
    "AzureActiveDirectory",
    "AzureMachineLearning",
    "AzureResourceManager",
    "MicrosoftContainerRegistry",
    "AzureFrontDoor.FirstParty",
    "AzureMonitor",
)


@dataclass(frozen=True)
class Subnet:
    """A subnet as its VNet shows it."""

    vnet: Resource
    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Need:
    """A service tag that AKS has to reach; ``doubt`` is what was not read of whether it has to, or where that is."""

    tag: str
    doubt: Missing | None = None


class Filters:
    """The security groups and route tables around one cluster's network."""

    def __init__(self, snapshot: Snapshot, network: Network) -> None:
        self.snapshot = snapshot
        self.network = network
        # The same subnets are asked about for every endpoint.
        self._standing_on: dict[str, list[tuple[str, Source, Resource | Verdict]]] = {}
        self._insides: dict[tuple[str, str], Inside] = {}

    def judge(self, endpoint: Endpoint, group: str) -> tuple[Verdict, Verdict]:
        """What the security groups, and what the route tables in its way make of an endpoint."""
        ports = (HTTPS, SMB) if group == "file" else (HTTPS,)
        through = f"security groups let AKS reach {endpoint.resource.name} on {' and '.join(map(str, ports))}"
        filtered = each_of([*self._outbound(endpoint, ports), *self._inbound(endpoint, ports)], through, NO_GROUP)
        routed = each_of(self._routes(endpoint), f"routes lead from AKS to {endpoint.resource.name}", NO_TABLE)
        return self._noted(filtered), self._noted(routed)

    def _noted(self, verdict: Verdict) -> Verdict:
        """A pass with what it takes for granted of the subnets that AKS sends from."""
        notes = (*verdict.assumptions, *self.network.assumptions)
        return verdict._replace(assumptions=tuple(dict.fromkeys(notes))) if verdict.passed else verdict

    # -- subnets and what stands on them ---------------------------------------------------------------------------

    def _subnet(self, subnet_id: str) -> Subnet | Missing:
        vnet = self._read(vnet_of(subnet_id))
        if isinstance(vnet, Missing):
            return vnet
        path, body = subnets(vnet).get(key(subnet_id), ("", {}))
        if isinstance(body.get("properties"), dict):
            return Subnet(vnet, path, body)
        return vnet.missing(SUBNETS, f"{vnet.name} does not show the subnet {ArmId.parse(subnet_id).name}")

    def _read(self, arm_id: str) -> Resource | Missing:
        found = self.snapshot.find(arm_id)
        return found.failure.missing(arm_id, "") if isinstance(found, Gone) else found

    def _held(self, subnet_id: str, name: str) -> Resource | Verdict | None:
        """The security group or route table of a subnet; None without one, the verdict that it was not read."""
        subnet, label = self._subnet(subnet_id), ArmId.parse(subnet_id).name
        if isinstance(subnet, Missing):
            return unknown(f"the subnet {label} could not be read: {subnet.reason}", subnet)
        # Azure leaves the property out where there is none:
        # https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get
        if dig(subnet.body, "properties", name) is None:
            return None
        fact = subnet.vnet.text(f"{subnet.path}.properties.{name}.id")
        found = fact if isinstance(fact, Missing) else self._read(fact.value)
        if isinstance(found, Resource):
            return found
        what = name if isinstance(fact, Missing) else ArmId.parse(fact.value).name
        return unknown(f"{what} on {label} could not be read: {found.reason}", found)

    @cached_property
    def _sources(self) -> dict[str, Source]:
        """Where the nodes and pods of each AKS subnet send from."""
        return {s: self._source(s) for s in self.network.subnets}

    def _source(self, subnet_id: str) -> Source:
        subnet = self._subnet(subnet_id)
        body = {} if isinstance(subnet, Missing) else subnet.body
        single = dig_text(body, "properties", "addressPrefix")
        words = [single] if single else dig_texts(body, "properties", "addressPrefixes")
        return Source(ArmId.parse(subnet_id).name, _networks(words), self.network.groups.get(key(subnet_id)))

    def _standing(self, name: str) -> list[tuple[str, Source, Resource | Verdict]]:
        """The security group or route table of each AKS subnet that has one, or the verdict that it was not read."""
        if name not in self._standing_on:
            held = ((subnet_id, source, self._held(subnet_id, name)) for subnet_id, source in self._sources.items())
            self._standing_on[name] = [(subnet_id, source, it) for subnet_id, source, it in held if it is not None]
        return self._standing_on[name]

    # -- one endpoint ----------------------------------------------------------------------------------------------

    def _outbound(self, endpoint: Endpoint, ports: tuple[int, ...]) -> Iterator[Verdict]:
        for subnet_id, source, held in self._standing(GROUP):
            if isinstance(held, Verdict):
                yield held
                continue
            inside = self._inside(self.network.vnet_id or "", subnet_id)
            for flow in self._flows(endpoint, ports, (source,)):
                verdict = flow if isinstance(flow, Verdict) else judge(held, "Outbound", flow, inside)
                yield _naming(verdict, held, "outbound")

    def _inbound(self, endpoint: Endpoint, ports: tuple[int, ...]) -> Iterator[Verdict]:
        """A security group on the endpoint's subnet, which holds only where its network policies say so."""
        subnet_id = subnet_of(endpoint.resource)
        subnet = self._subnet(subnet_id)
        if isinstance(subnet, Missing):
            yield unknown(f"the subnet of {endpoint.resource.name} could not be read: {subnet.reason}", subnet)
            return
        held = self._held(subnet_id, GROUP) if takes_network_policies(subnet.body) else None
        if isinstance(held, Verdict):
            yield held
        elif held is not None:
            policies, inside = _policies(subnet), self._inside(endpoint.vnet_id)
            for flow in self._flows(endpoint, ports, tuple(self._sources.values())):
                verdict = flow if isinstance(flow, Verdict) else judge(held, "Inbound", flow, inside)
                if not isinstance(policies, Missing):
                    yield _naming(verdict.also(policies), held, "inbound")
                elif verdict.passed:
                    yield verdict
                else:
                    yield unknown(f"{verdict.message}, if it holds for private endpoints", policies, *verdict.missing)

    def _flows(
        self, endpoint: Endpoint, ports: tuple[int, ...], sources: tuple[Source, ...]
    ) -> Iterator[Flow | Verdict]:
        addresses, groups = _addresses(endpoint), self._groups(endpoint)
        if isinstance(addresses, Missing):
            yield unknown(f"the addresses of {endpoint.resource.name} were not read", addresses)
        else:
            yield from (Flow(sources, address, port, groups) for address in addresses for port in ports)

    def _routes(self, endpoint: Endpoint) -> Iterator[Verdict]:
        addresses = _addresses(endpoint)
        for _, _, held in self._standing(TABLE):
            if isinstance(held, Verdict):
                yield held
            elif isinstance(addresses, Missing):
                yield unknown(f"the addresses of {endpoint.resource.name} were not read", addresses)
            else:
                subnet, space = self._subnet(subnet_of(endpoint.resource)), self._space(endpoint.vnet_id)
                policies = subnet if isinstance(subnet, Missing) else _policies(subnet)
                verdicts = (routes.judge(held, address, policies, space) for address in addresses)
                yield from (_naming(verdict, held, "table") for verdict in verdicts)

    def _groups(self, endpoint: Endpoint) -> frozenset[str] | None:
        """The application security groups of an endpoint; None where neither it nor its interface says."""
        name = "applicationSecurityGroups"
        said = [dig(endpoint.resource.body, "properties", name)]
        for nic in filter(None, map(self.snapshot.get, nics(endpoint.resource))):
            said += [dig(config, "properties", name) for _, config in nic.objects("properties.ipConfigurations")]
        listed = [groups for groups in said if isinstance(groups, list)]
        ids = [dig_text(group, "id") for groups in listed for group in groups]
        return frozenset(map(key, ids)) if listed and all(ids) else None

    # -- VNets -----------------------------------------------------------------------------------------------------

    def _space(self, vnet_id: str) -> tuple[IPv4Network, ...] | Missing:
        vnet = self._read(vnet_id)
        if isinstance(vnet, Missing):
            return vnet
        listed = vnet.items(SPACE)
        if isinstance(listed, Missing):
            return listed
        words = [str(p) for p in listed.value]
        strange = next((word for word in words if prefix(word) is None), None)
        return _networks(words) if strange is None else vnet.missing(SPACE, f"{strange!r} is not an address prefix")

    def _inside(self, vnet_id: str, subnet_id: str = "") -> Inside:
        """What the tag VirtualNetwork holds in a VNet: its own addresses, those of the VNets that it is connected with,
        what a gateway has learned, and the prefixes of the subnet's own routes, a default route among them.

        https://learn.microsoft.com/azure/virtual-network/service-tags-overview
        """
        if (vnet_id, subnet_id) in self._insides:
            return self._insides[vnet_id, subnet_id]
        parts = [self._space(vnet_id), *self._connected(vnet_id)]
        table = self._held(subnet_id, TABLE) if subnet_id else None
        if isinstance(table, Resource):
            words = (dig_text(route, "properties", "addressPrefix") for _, route in table.objects(routes.ROUTES))
            parts.append(_networks(words))
        elif table is not None:
            parts += table.missing
        found = [network for part in parts if not isinstance(part, Missing) for network in part]
        inside = Inside(tuple(found), next((part for part in parts if isinstance(part, Missing)), None))
        self._insides[vnet_id, subnet_id] = inside
        return inside

    def _connected(self, vnet_id: str) -> Iterator[tuple[IPv4Network, ...] | Missing]:
        vnet = self.snapshot.get(vnet_id)
        if vnet is None:
            return
        for path, subnet in vnet.objects(SUBNETS):
            if equal(dig_text(subnet, "id").rpartition("/")[2], "GatewaySubnet"):
                yield vnet.missing(path, "what a gateway has learned is not in Azure Resource Manager")
        for path, peering in vnet.objects(PEERINGS):
            at = f"{path}.properties"
            if not equal(vnet.raw(f"{at}.peeringState"), "Connected"):
                continue
            if vnet.raw(f"{at}.allowVirtualNetworkAccess") is False:
                continue
            there = self._space(dig_text(peering, "properties", "remoteVirtualNetwork", "id"))
            words = peered_space(peering) if isinstance(there, Missing) else []
            yield _networks(words) if words else there
            if vnet.raw(f"{at}.useRemoteGateways") is True:
                yield vnet.missing(f"{at}.useRemoteGateways", "what the gateway has learned is not read")

    # -- what AKS needs of the internet ----------------------------------------------------------------------------

    def egress(self, cluster: Lookup | None, blob: AccessPath) -> Verdict:
        """Whether security groups that deny the internet leave the service tags open that Azure ML and AKS need."""
        located = self.network.located
        if not located.passed or not isinstance(cluster, Resource):
            return located if located.unknown else not_applicable("the AKS VNet is not identified")
        needs = [*map(Need, NEEDED_TAGS), *_regional(cluster, blob)]
        judged: list[Verdict] = []
        for subnet_id, source, held in self._standing(GROUP):
            inside = self._inside(self.network.vnet_id or "", subnet_id)
            denies = held if isinstance(held, Verdict) else denies_internet(held, (source,), inside)
            if isinstance(held, Verdict) or denies.unknown:
                judged.append(denies)
                continue
            open_ = _leaves_open(held, source, needs, inside)
            if denies.passed or not open_.unknown:  # without such a Deny, what cannot be told is nobody's demand
                judged.append(open_)
        every = f"the security groups let AKS reach {', '.join(need.tag for need in needs)}"
        return self._noted(each_of(judged, every, "no security group on the AKS subnets denies the internet"))


def _leaves_open(nsg: Resource, source: Source, needs: list[Need], inside: Inside) -> Verdict:
    """Whether a security group that denies the internet lets what AKS needs through before."""
    verdicts = {need.tag: _reaches(nsg, source, need, inside) for need in needs}
    whole = all_of(verdicts.values(), f"{nsg.name} leaves open what AKS needs")
    lost = [tag for tag, verdict in verdicts.items() if verdict.failed]
    if not lost:
        return whole
    why = next(verdict.message for verdict in verdicts.values() if verdict.failed)
    return _naming(whole.saying(f"AKS does not get to {', '.join(lost)}: {why}"), nsg, "outbound")


def _reaches(nsg: Resource, source: Source, need: Need, inside: Inside) -> Verdict:
    verdict = judge(nsg, "Outbound", Flow((source,), need.tag, HTTPS), inside)
    if need.doubt is None or verdict.passed:
        return verdict._replace(names=(("tag", need.tag),)) if verdict.failed else verdict
    return unknown(f"{verdict.message}, if AKS needs that", need.doubt, *verdict.missing)


def _regional(cluster: Resource, blob: AccessPath) -> Iterator[Need]:
    """The tags of one region: of the API server where that is public, of the storage without a private endpoint."""
    profile = "properties.apiServerAccessProfile"
    # Absent means a public API server: https://learn.microsoft.com/azure/aks/private-clusters and, for the other,
    # https://learn.microsoft.com/azure/aks/api-server-vnet-integration
    names = ("enablePrivateCluster", "enableVnetIntegration")
    flags = [cluster.flag(f"{profile}.{name}", absent=False) for name in names]
    unread = [flag for flag in flags if isinstance(flag, Missing)]
    if not any(isinstance(flag, Seen) and flag.value for flag in flags):
        yield _in_region("AzureCloud", cluster, *unread)
    if blob.endpoint.passed or isinstance(blob.target, Gone):
        return
    yield _in_region("Storage", blob.target, *blob.endpoint.missing)


def _in_region(service: str, owner: Resource | Missing, *doubts: Missing) -> Need:
    region = owner if isinstance(owner, Missing) else owner.text("location")
    if isinstance(region, Missing):
        return Need(service, region)
    return Need(f"{service}.{location(region.value)}", next(iter(doubts), None))


def _naming(verdict: Verdict, held: Resource, role: str) -> Verdict:
    """A failure with the names of what has to change: ``outbound``, ``inbound`` or ``table``."""
    if not verdict.failed:
        return verdict
    return verdict.naming({role: held.name, f"{role}_group": held.arm.resource_group})


def _addresses(endpoint: Endpoint) -> tuple[str, ...] | Missing:
    """The addresses that A records hold: those of IPv4."""
    if isinstance(endpoint.addresses, Missing):
        return endpoint.addresses
    four = tuple(address for address in endpoint.addresses if ":" not in address)
    return four or endpoint.resource.missing("properties.networkInterfaces", "no IPv4 address stands there")


def _policies(subnet: Subnet) -> Fact[str]:
    """``privateEndpointNetworkPolicies``, where it is a value that is known."""
    fact = subnet.vnet.text(f"{subnet.path}.properties.{POLICIES}")
    known = (*routes.WITH_ROUTES, *routes.WITHOUT_ROUTES)
    if isinstance(fact, Missing) or any(equal(fact.value, word) for word in known):
        return fact
    return subnet.vnet.missing(fact.path, f"{fact.value!r} is not a value that is known")


def _networks(words: Iterable[str]) -> tuple[IPv4Network, ...]:
    return tuple(n for n in map(prefix, words) if isinstance(n, IPv4Network))
