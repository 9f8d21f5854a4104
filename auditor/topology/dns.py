"""Which private DNS zones resolve from the AKS VNet: zone links, custom DNS servers, forwarding rulesets.

https://learn.microsoft.com/azure/private-link/private-endpoint-dns-integration
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from auditor.model.environment import Network
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, key, same
from auditor.model.resource import Resource
from auditor.model.shapes import AZURE_DNS, dig_texts, near_subscriptions, peered_vnets
from auditor.model.snapshot import Snapshot
from auditor.model.types import ZONE_LINKS
from auditor.model.verdict import Verdict, all_of, any_of, fail, ok, unknown
from auditor.topology.forwarders import Forwarders
from auditor.topology.reach import Reach


class Resolver:
    """Name resolution as the AKS VNet does it."""

    def __init__(self, snapshot: Snapshot, network: Network, reach: Reach) -> None:
        self.snapshot = snapshot
        self.network = network
        self.reach = reach
        self.near = near_subscriptions(network.vnet) if isinstance(network.vnet, Resource) else []
        self.forwarders = Forwarders(snapshot, self.near)
        self._answers: dict[str, Verdict] = {}

    def resolves(self, zone: Resource) -> Verdict:
        """Whether names of a zone resolve, from the AKS VNet, to the records of that zone."""
        at = key(zone.id)
        if at not in self._answers:
            self._answers[at] = self._resolves(zone)
        return self._answers[at]

    def _resolves(self, zone: Resource) -> Verdict:
        vnet = self.network.vnet
        if not isinstance(vnet, Resource):
            if isinstance(vnet, Missing):
                return unknown(f"the AKS VNet could not be read: {vnet.reason}", vnet)
            return self.network.located
        # Absent means Azure DNS: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
        servers = vnet.items("properties.dhcpOptions.dnsServers", absent=[])
        if isinstance(servers, Missing):
            return unknown("the DNS servers of the AKS VNet were not read", servers)
        custom = [s for s in servers.value if isinstance(s, str)]
        if set(custom) <= {AZURE_DNS}:
            return self.from_vnet(zone, vnet.id)
        answers = [
            self.from_vnet(zone, vnet.id) if server == AZURE_DNS else self._through(zone, vnet, server)
            for server in custom
        ]
        return all_of(answers, f"{zone.name} resolves through the custom DNS of {vnet.name}").also(servers)

    def from_vnet(self, zone: Resource, vnet_id: str) -> Verdict:
        """Whether Azure DNS answers from a zone in a VNet: by a link, or by a forwarding ruleset linked there."""
        return any_of(
            [self._linked(zone, vnet_id), *self.forwarders.rulesets(zone, vnet_id, self._linked)],
            fail(f"{zone.name} is not linked to {ArmId.parse(vnet_id).name}", names=_link_names(zone, vnet_id)),
        )

    def _linked(self, zone: Resource, vnet_id: str) -> Verdict:
        name = ArmId.parse(vnet_id).name
        linked = []
        for link in self.snapshot.children(zone.id, ZONE_LINKS):
            target = link.raw("properties.virtualNetwork.id")
            linked.append(str(target or ""))
            if not same(str(target or ""), vnet_id):
                continue
            state = link.text("properties.virtualNetworkLinkState")
            if isinstance(state, Missing):
                return unknown(f"the state of the link of {zone.name} to {name} was not read", state)
            if not equal(state.value, "Completed"):
                return fail(f"the link of {zone.name} to {name} is {state.value}, not Completed", state)
            return ok(f"{zone.name} is linked to {name}", link.see("properties.virtualNetwork.id"), state)
        gap = self.snapshot.unlisted(zone.id, ZONE_LINKS)
        if gap is not None:
            return unknown(f"the links of {zone.name} could not be read: {gap.reason}", gap)
        only = f" (only to {', '.join(ArmId.parse(i).name for i in linked)})" if linked else ""
        seen = Evidence(zone.id, "virtualNetworkLinks[].properties.virtualNetwork.id", linked)
        return fail(f"{zone.name} is not linked to {name}{only}", seen, names=_link_names(zone, vnet_id))

    def _through(self, zone: Resource, vnet: Resource, server: str) -> Verdict:
        """Whether one custom DNS server answers from the zone."""
        found = list(self.forwarders.devices(server))
        reached = [(d, self.reach.to(d.vnet_id, d.subnet_id, (server,))) for d in found]
        known = [d for d, reach in reached if reach.passed]
        gap = self.forwarders.unread() or next((m for _, r in reached if r.unknown for m in r.missing), None)
        if len(known) == 1:
            device = known[0]
            if device.gap is not None:
                return unknown(f"{server} is {device.label}: check what it answers for {zone.name}", device.gap)
            answer = self.from_vnet(zone, device.vnet_id)
            return answer.saying(f"{server} is {device.label}: {answer.message}")
        if gap is not None:
            return unknown(f"what the DNS server {server} is could not be read: {gap.reason}", gap)
        home = None if known else self._vnet_holding(vnet, server)
        if home is not None:
            linked = self.from_vnet(zone, home.id)
            if linked.passed:
                note = f"{server} in {home.name} is taken to forward {zone.name} to Azure DNS, which cannot be seen"
                return ok(linked.message, *linked.evidence, assuming=[note])
        unseen = vnet.missing(
            "properties.dhcpOptions.dnsServers",
            f"what DNS server {server} answers for names in {zone.name} is not seen",
        )
        return unknown(f"custom DNS server {server}: check that it resolves names in {zone.name}", unseen)

    def _vnet_holding(self, vnet: Resource, server: str) -> Resource | None:
        """The VNet that a DNS server is in: the AKS VNet, or one within its reach."""
        near = [self.snapshot.get(i) for i in peered_vnets(vnet)]
        for candidate in (vnet, *[v for v in near if v is not None and self.reach.to(v.id, "", (server,)).passed]):
            for prefix in dig_texts(candidate.body, "properties", "addressSpace", "addressPrefixes"):
                try:
                    if ip_address(server) in ip_network(prefix, strict=False):
                        return candidate
                except ValueError:
                    continue
        return None


def _link_names(zone: Resource, vnet_id: str) -> dict[str, str]:
    """What fills in a fix that links a zone."""
    return {
        "zone": zone.name,
        "zone_group": zone.arm.resource_group,
        "zone_id": zone.id,
        "vnet_id": vnet_id,
    }
