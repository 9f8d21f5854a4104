"""What stands between AKS and what it needs, subnet by subnet: network security groups and route tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Network

from auditor.model.access import AccessPath, Endpoint, Network
from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import ArmId, equal, key, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import (
    PEERINGS,
    dig,
    dig_text,
    dig_texts,
    find_subnet,
    nics,
    peered_space,
    subnet_of,
    takes_network_policies,
)
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.verdict import Verdict, each_of, not_applicable, unknown
from auditor.topology import routes
from auditor.topology.security_groups import denies_internet, judge
from auditor.topology.security_rules import Flow, Source
from auditor.topology.service_tags import Inside, prefix

GROUP, TABLE, POLICIES = "networkSecurityGroup", "routeTable", "privateEndpointNetworkPolicies"
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


class Filters:
    """The security groups and route tables around one cluster's network."""

    def __init__(self, snapshot: Snapshot, network: Network) -> None:
        self.snapshot = snapshot
        self.network = network

    def judge(self, endpoint: Endpoint, group: str) -> Endpoint:
        """An endpoint with what the security groups and route tables in its way make of it."""
        if isinstance(endpoint.addresses, Missing):
            unread = unknown(f"the addresses of {endpoint.resource.name} were not read", endpoint.addresses)
            standing = [self._named(s, name) for s in self.network.subnets for name in (GROUP, TABLE)]
            return replace(endpoint, filtered=unread, routed=unread) if any(standing) else endpoint
        ports = (HTTPS, SMB) if group == "file" else (HTTPS,)
        sources, groups = tuple(self._sources.values()), self._groups(endpoint)
        flows = [Flow(sources, address, port, groups) for address in endpoint.addresses for port in ports]
        name = endpoint.resource.name
        through = f"security groups let AKS reach {name} on {' and '.join(map(str, ports))}"
        filtered = each_of([*self._outbound(flows), *self._inbound(endpoint, flows)], through, NO_GROUP)
        routed = each_of(self._routes(endpoint, endpoint.addresses), f"routes lead from AKS to {name}", NO_TABLE)
        return replace(endpoint, filtered=filtered, routed=routed)

    # -- the AKS subnets -------------------------------------------------------------------------------------------

    @cached_property
    def _sources(self) -> dict[str, Source]:
        """Where the nodes and pods of each AKS subnet send from."""
        return {s: self._source(s) for s in self.network.subnets}

    def _source(self, subnet_id: str) -> Source:
        subnet = self._subnet(subnet_id)
        single = dig_text(subnet, "properties", "addressPrefix")
        words = [single] if single else dig_texts(subnet, "properties", "addressPrefixes")
        return Source(ArmId.parse(subnet_id).name, _networks(words), self.network.groups.get(key(subnet_id)))

    def _subnet(self, subnet_id: str) -> dict[str, object]:
        return find_subnet(self.snapshot.get(vnet_of(subnet_id)), subnet_id)

    def _named(self, subnet_id: str, name: str) -> str:
        """The id of the security group or route table of a subnet; empty without one."""
        return dig_text(self._subnet(subnet_id), "properties", name, "id")

    def _standing(self, name: str) -> Iterator[tuple[Source, Resource | Verdict]]:
        """The security group or route table of each AKS subnet that has one, or the verdict that it was not read."""
        for subnet_id, source in self._sources.items():
            held = self._held(subnet_id, name)
            if held is not None:
                yield source, held

    def _held(self, subnet_id: str, name: str) -> Resource | Verdict | None:
        held = self._named(subnet_id, name)
        if not held:
            return None
        found = self.snapshot.find(held)
        if isinstance(found, Resource):
            return found
        gap = found if isinstance(found, Missing) else found.failure.missing(held, "")
        what = f"{ArmId.parse(held).name} on {ArmId.parse(subnet_id).name}"
        return unknown(f"{what} could not be read: {gap.reason}", gap)

    # -- one endpoint ----------------------------------------------------------------------------------------------

    def _outbound(self, flows: list[Flow]) -> Iterator[Verdict]:
        inside = self._inside(self.network.vnet_id or "")
        for source, held in self._standing(GROUP):
            if isinstance(held, Verdict):
                yield held
            else:
                yield from (judge(held, "Outbound", replace(flow, sources=(source,)), inside) for flow in flows)

    def _inbound(self, endpoint: Endpoint, flows: list[Flow]) -> Iterator[Verdict]:
        """A security group on the endpoint's subnet, which holds only where its network policies say so."""
        subnet_id = subnet_of(endpoint.resource)
        vnet = self.snapshot.find(endpoint.vnet_id)
        if isinstance(vnet, Missing):
            yield unknown(f"the subnet of {endpoint.resource.name} could not be read: {vnet.reason}", vnet)
            return
        held = self._held(subnet_id, GROUP) if takes_network_policies(self._subnet(subnet_id)) else None
        if isinstance(held, Verdict):
            yield held
        elif held is not None:
            policies, inside = self._policies(subnet_id), self._inside(endpoint.vnet_id)
            for verdict in (judge(held, "Inbound", flow, inside) for flow in flows):
                if isinstance(policies, Missing) and not verdict.passed:
                    yield unknown(f"{verdict.message}, if it holds for private endpoints", policies)
                else:
                    yield verdict

    def _routes(self, endpoint: Endpoint, addresses: tuple[str, ...]) -> Iterator[Verdict]:
        policies, space = self._policies(subnet_of(endpoint.resource)), self._space(endpoint.vnet_id)
        for _, held in self._standing(TABLE):
            if isinstance(held, Verdict):
                yield held
            else:
                yield from (routes.judge(held, address, policies, space) for address in addresses)

    def _policies(self, subnet_id: str) -> Fact[str]:
        vnet_id = vnet_of(subnet_id)
        value = dig(self._subnet(subnet_id), "properties", POLICIES)
        if isinstance(value, str):
            return Seen(vnet_id, f"properties.subnets[].properties.{POLICIES}", value)
        return Missing(
            vnet_id, POLICIES, f"whether {ArmId.parse(subnet_id).name} applies network policies was not read"
        )

    def _groups(self, endpoint: Endpoint) -> frozenset[str] | None:
        """The application security groups of an endpoint; None where neither it nor its interface says."""
        name = "applicationSecurityGroups"
        said = [dig(endpoint.resource.body, "properties", name)]
        for nic in filter(None, map(self.snapshot.get, nics(endpoint.resource))):
            said += [dig(config, "properties", name) for _, config in nic.objects("properties.ipConfigurations")]
        listed = [groups for groups in said if isinstance(groups, list)]
        return frozenset(key(dig_text(g, "id")) for groups in listed for g in groups) if listed else None

    # -- VNets -----------------------------------------------------------------------------------------------------

    def _space(self, vnet_id: str) -> tuple[IPv4Network, ...] | Missing:
        vnet = self.snapshot.find(vnet_id)
        if isinstance(vnet, Resource):
            listed = vnet.items("properties.addressSpace.addressPrefixes")
            return listed if isinstance(listed, Missing) else _networks(str(p) for p in listed.value)
        return vnet if isinstance(vnet, Missing) else vnet.failure.missing(vnet_id, "")

    def _inside(self, vnet_id: str) -> Inside:
        """What the tag VirtualNetwork holds in a VNet: its own addresses, and those of the VNets that it is connected
        with. https://learn.microsoft.com/azure/virtual-network/service-tags-overview"""
        own = self._space(vnet_id)
        gap = own if isinstance(own, Missing) else None
        found = [] if isinstance(own, Missing) else list(own)
        vnet = self.snapshot.get(vnet_id)
        for path, peering in vnet.objects(PEERINGS) if vnet else []:
            connected = equal(dig(peering, "properties", "peeringState"), "Connected")
            if not connected or dig(peering, "properties", "allowVirtualNetworkAccess") is False:
                continue
            there = self._space(dig_text(peering, "properties", "remoteVirtualNetwork", "id"))
            words = peered_space(peering)
            if not isinstance(there, Missing):
                found += there
            elif words:
                found += _networks(words)
            else:
                gap = Missing(vnet_id, f"{path}.properties.remoteAddressSpace", "the address space was not read")
        return Inside(tuple(found), gap)

    # -- what AKS needs of the internet ----------------------------------------------------------------------------

    def egress(self, cluster: Lookup | None, blob: AccessPath) -> Verdict:
        """Whether security groups that deny the internet leave the service tags open that Azure ML and AKS need."""
        if not self.network.located.passed:
            located = self.network.located
            return located if located.unknown else not_applicable("the AKS VNet is not identified")
        inside = self._inside(self.network.vnet_id or "")
        tags = list(_tags(cluster, blob))
        judged: list[Verdict] = []
        for source, held in self._standing(GROUP):
            denies = held if isinstance(held, Verdict) else denies_internet(held, (source,), inside)
            if isinstance(held, Resource) and denies.passed:
                judged += (judge(held, "Outbound", Flow((source,), tag, HTTPS), inside) for tag in tags)
            elif denies.unknown:
                judged.append(denies)
        every = f"the security groups let AKS reach {', '.join(tags)}"
        return each_of(judged, every, "no security group on the AKS subnets denies the internet")


def _tags(cluster: Lookup | None, blob: AccessPath) -> Iterator[str]:
    yield from NEEDED_TAGS
    if not isinstance(cluster, Resource):
        return
    region = dig_text(cluster.body, "location").lower().replace(" ", "")
    profile = "properties.apiServerAccessProfile"
    inside = cluster.raw(f"{profile}.enablePrivateCluster") is True or cluster.raw(f"{profile}.enableVnetIntegration")
    if region and not inside:
        yield f"AzureCloud.{region}"
    if region and not blob.endpoint.passed:
        yield f"Storage.{region}"


def _networks(words: Iterable[str]) -> tuple[IPv4Network, ...]:
    return tuple(n for n in map(prefix, words) if isinstance(n, IPv4Network))
