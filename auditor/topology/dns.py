"""Which private DNS zones resolve from the AKS VNet: zone links, custom DNS servers, forwarding rulesets.

https://learn.microsoft.com/azure/private-link/private-endpoint-dns-integration
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from ipaddress import ip_address, ip_network
from itertools import islice

from auditor.model.access import Network
from auditor.model.facts import Evidence, Missing, Seen
from auditor.model.ids import ArmId, equal, key
from auditor.model.resource import Resource
from auditor.model.shapes import AZURE_DNS, dig_texts, near_subscriptions, peered_vnets
from auditor.model.snapshot import Snapshot
from auditor.model.types import ZONE_LINKS, ZONES
from auditor.model.verdict import Severity, Verdict, all_of, any_of, each_of, fail, not_applicable, ok, unknown
from auditor.topology.forwarders import Device, Forwarders
from auditor.topology.reach import Reach

SERVERS = "properties.dhcpOptions.dnsServers"
# So many VNets that a zone is linked to are shown: that of a hub may be linked to a thousand.
MOST_LINKS = 20


class Links:
    """The links of private DNS zones, from both ends."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.between: dict[tuple[str, str], Resource] = {}  # the link of a zone and a VNet
        self.vnets: dict[str, list[str]] = {}  # what a zone is linked to
        self.zones: dict[tuple[str, str], list[Resource]] = {}  # the zones of a name that are linked to a VNet
        self.unread: dict[str, list[Resource]] = {}  # by name, the zones whose links could not be read
        self.order = {key(zone.id): at for at, zone in enumerate(snapshot.of_type(ZONES))}
        for link in snapshot.of_type(ZONE_LINKS):
            zone_at, vnet_id = key(link.arm.parent), str(link.raw("properties.virtualNetwork.id") or "")
            if vnet_id:
                self.between.setdefault((zone_at, key(vnet_id)), link)
            self.vnets.setdefault(zone_at, []).append(vnet_id)
            if (zone := snapshot.get(zone_at)) is not None:
                self.zones.setdefault((key(vnet_id), zone.name.lower()), []).append(zone)
        for zone in snapshot.of_type(ZONES):
            if snapshot.unlisted(zone.id, ZONE_LINKS) is not None:
                self.unread.setdefault(zone.name.lower(), []).append(zone)


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

    def forwarded(self, zone: Resource) -> Verdict:
        """Whether each custom DNS server is Azure's own and asks a zone; not applicable where there is none. Unlike in
        `resolves`, any other server is unknown, since what it forwards cannot be seen."""
        asked = self._servers
        if isinstance(asked, Verdict):
            return asked
        vnet, servers = asked
        custom = [s for s in servers.value if s != AZURE_DNS]
        if not custom:
            return not_applicable(f"{vnet.name} asks Azure DNS")
        answers = [self._through(zone, vnet, server, guess=False) for server in custom]
        return all_of(answers, f"the DNS servers of {vnet.name} ask {zone.name}").also(servers)

    def links(self, zone: Resource) -> Verdict:
        """Whether the links by which AKS comes to a zone are healthy and plain."""
        asked = self._servers
        if isinstance(asked, Verdict):
            return asked
        gap = self.snapshot.unlisted(zone.id, ZONE_LINKS)
        if gap is not None:
            return unknown(f"the links of {zone.name} could not be read: {gap.reason}", gap)
        judged = [_plain(zone, link) for link in self.serving(zone)]
        vnet, servers = asked
        for server in servers.value:
            if server != AZURE_DNS and not list(self._homes(vnet, server)):
                unseen = vnet.missing(SERVERS, f"which link the DNS server {server} comes by is not seen")
                judged.append(unknown(f"by which link of {zone.name} {server} comes to it is not seen", unseen))
        return each_of(judged, f"the links of {zone.name} are plain", f"no link of {zone.name} serves the AKS VNet")

    def serving(self, zone: Resource) -> list[Resource]:
        """The links of a zone to the VNets from which Azure DNS is asked for AKS, its own last where it has others."""
        links = self.snapshot.once(Links).between
        return [links[at] for door in self._doors if (at := (key(zone.id), door)) in links]

    def telling(self, named: list[Resource], in_group: set[str]) -> list[Resource]:
        """Of the zones of one name, those that have to be looked at: the ones of a zone group, the ones linked where
        AKS asks, and of the rest the first, and the first whose links were not read. Another one of the rest resolves
        no better than these; a large tenant may have one for every environment."""
        if not named:
            return []
        index, name = self.snapshot.once(Links), named[0].name.lower()
        near = [z for door in self._doors for z in index.zones.get((door, name), ())]
        found = {key(z.id): z for z in near} | {i: z for i in in_group if (z := self.snapshot.get(i)) is not None}
        for rest in (named, index.unread.get(name, [])):
            found |= {key(z.id): z for z in islice((z for z in rest if key(z.id) not in found), 1)}
        return sorted(found.values(), key=lambda z: index.order.get(key(z.id), 0))

    @cached_property
    def _doors(self) -> tuple[str, ...]:
        """The VNets from which Azure DNS is asked for AKS, those of the DNS servers in between first, then its own."""
        return tuple(dict.fromkeys(key(vnet) for vnet in self._ways_out()))

    def _ways_out(self) -> Iterator[str]:
        asked = self._servers
        if isinstance(asked, Verdict):
            return
        vnet, servers = asked
        for server in servers.value:
            for home in self._homes(vnet, server):
                yield home
                yield from self.forwarders.targets(home)
        yield vnet.id
        yield from self.forwarders.targets(vnet.id)

    def _homes(self, vnet: Resource, server: str) -> Iterator[str]:
        """The VNets that a DNS server may be in."""
        for device in self.forwarders.devices(server):
            if self._reached(device, server).passed:
                yield device.vnet_id
        home = self._vnet_holding(vnet, server)
        if home is not None:
            yield home.id

    def _reached(self, device: Device, server: str) -> Verdict:
        return self.reach.to(device.vnet_id, device.subnet_id, (server,))

    @cached_property
    def _servers(self) -> tuple[Resource, Seen[list[str]]] | Verdict:
        """The AKS VNet and its DNS servers; none means Azure DNS. Or the verdict that they are not known."""
        vnet = self.network.vnet
        if not isinstance(vnet, Resource):
            if isinstance(vnet, Missing):
                return unknown(f"the AKS VNet could not be read: {vnet.reason}", vnet)
            return self.network.located
        # Absent means Azure DNS: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
        servers = vnet.items(SERVERS, absent=[])
        if isinstance(servers, Missing):
            return unknown("the DNS servers of the AKS VNet were not read", servers)
        return vnet, Seen(vnet.id, servers.path, [s for s in servers.value if isinstance(s, str)], servers.note)

    def _resolves(self, zone: Resource) -> Verdict:
        asked = self._servers
        if isinstance(asked, Verdict):
            return asked
        vnet, servers = asked
        if set(servers.value) <= {AZURE_DNS}:
            return self.from_vnet(zone, vnet.id)
        answers = [
            self.from_vnet(zone, vnet.id) if server == AZURE_DNS else self._through(zone, vnet, server, guess=True)
            for server in servers.value
        ]
        return all_of(answers, f"{zone.name} resolves through the custom DNS of {vnet.name}").also(servers)

    def from_vnet(self, zone: Resource, vnet_id: str) -> Verdict:
        """Whether Azure DNS answers from a zone in a VNet: by a link, or by a forwarding ruleset linked there. A rule
        for the public form of the names comes before the link: Azure DNS asks the zone only for what that points at."""
        taken = self.forwarders.taken(zone, vnet_id, self._linked)
        if taken is not None:
            return taken
        linked = self._linked(zone, vnet_id)
        if linked.passed:
            return linked
        return any_of(
            [linked, *self.forwarders.rulesets(zone, vnet_id, self._linked)],
            fail(f"{zone.name} is not linked to {ArmId.parse(vnet_id).name}", names=_link_names(zone, vnet_id)),
        )

    def _linked(self, zone: Resource, vnet_id: str) -> Verdict:
        name = ArmId.parse(vnet_id).name
        index = self.snapshot.once(Links)
        link = index.between.get((key(zone.id), key(vnet_id)))
        if link is not None:
            state = link.text("properties.virtualNetworkLinkState")
            if isinstance(state, Missing):
                return unknown(f"the state of the link of {zone.name} to {name} was not read", state)
            if not equal(state.value, "Completed"):
                names = _link_names(zone, vnet_id)
                return fail(f"the link of {zone.name} to {name} is {state.value}, not Completed", state, names=names)
            return ok(f"{zone.name} is linked to {name}", link.see("properties.virtualNetwork.id"), state)
        gap = self.snapshot.unlisted(zone.id, ZONE_LINKS)
        if gap is not None:
            return unknown(f"the links of {zone.name} could not be read: {gap.reason}", gap)
        linked = index.vnets.get(key(zone.id), [])
        first = linked[:MOST_LINKS]
        more = f" and {len(linked) - len(first)} more" if len(linked) > len(first) else ""
        only = f" (only to {', '.join(ArmId.parse(i).name for i in first)}{more})" if linked else ""
        seen = Evidence(zone.id, "virtualNetworkLinks[].properties.virtualNetwork.id", first)
        return fail(f"{zone.name} is not linked to {name}{only}", seen, names=_link_names(zone, vnet_id))

    def _through(self, zone: Resource, vnet: Resource, server: str, *, guess: bool) -> Verdict:
        """Whether one custom DNS server answers from the zone; with ``guess`` one that is no Azure device, in a VNet
        that is linked, is taken to do so."""
        found = list(self.forwarders.devices(server))
        reached = [(d, self._reached(d, server)) for d in found]
        known = [d for d, reach in reached if reach.passed]
        gap = self.forwarders.unread() or next((m for _, r in reached if r.unknown for m in r.missing), None)
        if len(known) == 1:
            device = known[0]
            if device.gap is not None:
                return unknown(f"{server} is {device.label}: check what it answers for {zone.name}", device.gap)
            answer = self.from_vnet(zone, device.vnet_id)
            notes = (*device.assumptions, *answer.assumptions)
            return answer._replace(message=f"{server} is {device.label}: {answer.message}", assumptions=notes)
        if gap is not None:
            return unknown(f"what the DNS server {server} is could not be read: {gap.reason}", gap)
        home = self._vnet_holding(vnet, server) if guess and not known else None
        if home is not None:
            linked = self.from_vnet(zone, home.id)
            if linked.passed:
                note = f"{server} in {home.name} is taken to forward {zone.name} to Azure DNS, which cannot be seen"
                return ok(linked.message, *linked.evidence, assuming=[note])
        unseen = vnet.missing(
            SERVERS,
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


def _plain(zone: Resource, link: Resource) -> Verdict:
    """https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links"""
    state, made = link.text("properties.virtualNetworkLinkState"), link.see("properties.provisioningState")
    registers = link.flag("properties.registrationEnabled")
    # Absent means Default: https://learn.microsoft.com/azure/dns/private-dns-fallback
    policy = link.see("properties.resolutionPolicy")
    names = {"zone": zone.name, "zone_group": zone.arm.resource_group, "link": link.name}
    what = f"the link {link.name} of {zone.name}"
    judged = []
    if equal(made.value, "Failed"):
        judged.append(fail(f"{what} is in provisioning state Failed", made, at=Severity.MEDIUM, names=names))
    if isinstance(state, Missing):
        judged.append(unknown(f"the state of {what} was not read", state))
    elif not equal(state.value, "Completed"):
        judged.append(fail(f"{what} is {state.value}, not Completed", state, at=Severity.LOW, names=names))
    if isinstance(registers, Missing):
        judged.append(unknown(f"whether {what} registers names was not read", registers))
    elif registers.value:
        judged.append(fail(f"{what} registers the names of machines", registers, at=Severity.LOW, names=names))
    if equal(policy.value, "NxDomainRedirect"):
        why = f"{what} falls back to the internet: a name that is missing resolves to the public address"
        judged.append(fail(why, policy, at=Severity.INFO, names=names))
    elif policy.value is not None and not equal(policy.value, "Default"):
        gap = link.missing("properties.resolutionPolicy", f"{policy.value!r} is not a value that is known")
        judged.append(unknown(f"the resolution policy of {what} is {policy.value!r}", gap))
    return all_of(judged or [ok(f"{what} is plain", *(f for f in (state, registers) if isinstance(f, Seen)))], "")


def _link_names(zone: Resource, vnet_id: str) -> dict[str, str]:
    """What fills in a fix that links a zone."""
    return {
        "zone": zone.name,
        "zone_group": zone.arm.resource_group,
        "zone_id": zone.id,
        "vnet_id": vnet_id,
    }
