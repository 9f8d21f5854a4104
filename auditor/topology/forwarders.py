"""DNS servers that Azure shows: Azure Firewall as a DNS proxy, DNS Private Resolver, and forwarding rulesets.

https://learn.microsoft.com/azure/firewall/dns-details and https://learn.microsoft.com/azure/dns/dns-private-resolver-overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, key, same, subscription_of, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import AZURE_DNS, dig, dig_text, dig_texts
from auditor.model.snapshot import Snapshot
from auditor.model.types import FIREWALLS, FORWARDING_RULES, INBOUND_ENDPOINTS, RESOLVERS, RULESET_LINKS, RULESETS
from auditor.model.verdict import Verdict, fail, ok, unknown
from auditor.topology.reach import find_peering


@dataclass(frozen=True)
class Device:
    """A DNS server that is an Azure resource, in a subnet. ``gap``: why it is not known what it answers; None where it
    asks Azure DNS from its own VNet. ``assumptions``: what that takes for granted."""

    label: str
    subnet_id: str
    gap: Missing | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def vnet_id(self) -> str:
        return vnet_of(self.subnet_id)


class Forwarders:
    """``near``: the subscriptions of the AKS VNet and its peers, where its DNS servers stand. Rulesets linked to it may
    be in any subscription that is audited, too."""

    def __init__(self, snapshot: Snapshot, near: list[str]) -> None:
        self.snapshot = snapshot
        self.near = near
        self._unsure: dict[str, list[Verdict]] = {}

    def unread(self) -> Missing | None:
        """Why a DNS server might be a firewall or resolver that was not read; None when all near ones were."""
        for subscription in self.near:
            for arm_type in (FIREWALLS, RESOLVERS):
                gap = self.snapshot.unlisted(subscription, arm_type)
                if gap is not None:
                    return gap
        return self.snapshot.once(_unread_resolver)

    def devices(self, address: str) -> Iterator[Device]:
        """The Azure Firewalls and resolver endpoints that have an address; ranges repeat, so there may be several."""
        for holder, subnet in self.snapshot.once(_addresses).get(address, ()):
            if equal(holder.type, FIREWALLS):
                yield self._firewall(holder, subnet)
            else:
                yield Device(f"the DNS Private Resolver {ArmId.parse(holder.arm.parent).name}", subnet)

    def targets(self, vnet_id: str) -> Iterator[str]:
        """The VNets of the servers that the rulesets linked to a VNet forward to."""
        for ruleset in self._linked_to(vnet_id):
            for rule in self.snapshot.children(ruleset.id, FORWARDING_RULES):
                for _, target in rule.objects("properties.targetDnsServers"):
                    found = self.devices(dig_text(target, "ipAddress"))
                    yield from (d.vnet_id for d in found if self._reached(ruleset, d.vnet_id))

    def _firewall(self, firewall: Resource, subnet: str) -> Device:
        label = f"the firewall {firewall.name}"
        holder = self._settings(firewall)
        if isinstance(holder, Missing):
            return Device(f"{label}, whose policy could not be read", subnet, holder)
        if holder is firewall:
            # A firewall without a policy keeps its DNS settings as strings under these keys.
            # https://learn.microsoft.com/azure/firewall/dns-settings
            extra = ("properties", "additionalProperties")
            proxy = dig_text(firewall.body, *extra, "Network.DNS.EnableProxy").lower() == "true"
            servers = [
                s.strip() for s in dig_text(firewall.body, *extra, "Network.DNS.Servers").split(",") if s.strip()
            ]
        else:
            proxy = holder.raw("properties.dnsSettings.enableProxy") is True
            servers = dig_texts(holder.body, "properties", "dnsSettings", "servers")
        path = "properties.additionalProperties" if holder is firewall else "properties.dnsSettings"
        if not proxy:
            gap = holder.missing(path, "the DNS proxy of the firewall is off, so what answers there is not seen")
            return Device(f"{label}, whose DNS proxy is off", subnet, gap)
        if [s for s in servers if s != AZURE_DNS]:
            gap = holder.missing(path, "the firewall asks DNS servers whose answers are not seen")
            return Device(f"{label}, which forwards to {', '.join(servers)}", subnet, gap)
        own = holder is firewall or same(dig_text(firewall.body, "properties", "firewallPolicy", "id"), holder.id)
        note = f"{firewall.name} is taken to inherit the DNS proxy of the policy {holder.name}"
        return Device(f"the DNS proxy of the firewall {firewall.name}", subnet, assumptions=() if own else (note,))

    def _settings(self, firewall: Resource) -> Resource | Missing:
        """What holds the DNS settings: the firewall, its policy, or the policy that this one inherits from.

        https://learn.microsoft.com/azure/firewall-manager/policy-overview#hierarchical-policies
        """
        holder, path = firewall, "properties.firewallPolicy.id"
        for _ in range(3):
            above = holder.raw(path)
            if not isinstance(above, str) or holder.raw("properties.dnsSettings") is not None:
                return holder
            policy = self.snapshot.find(above)
            if isinstance(policy, Missing):
                return policy
            if not isinstance(policy, Resource):
                return holder.missing(path, "the firewall policy does not exist")
            holder, path = policy, "properties.basePolicy.id"
        return holder

    def rulesets(self, zone: Resource, vnet_id: str, linked: Callable[[Resource, str], Verdict]) -> Iterator[Verdict]:
        """What the forwarding rulesets linked to a VNet make of a zone's names."""
        if vnet_id not in self._unsure:  # whichever zone it is
            self._unsure[vnet_id] = [*self._unread_rulesets(vnet_id)]
        yield from self._unsure[vnet_id]
        for ruleset in self._linked_to(vnet_id):
            yield self._ruleset(ruleset, zone, linked)

    def _unread_rulesets(self, vnet_id: str) -> Iterator[Verdict]:
        near, (audited, links) = (subscription_of(vnet_id), *self.near), self.snapshot.once(_unread_rulesets)
        gaps = [self.snapshot.unlisted(subscription, RULESETS) for subscription in dict.fromkeys(near)]
        for gap in dict.fromkeys((*(g for g in gaps if g is not None), *audited)):
            yield unknown(f"the DNS forwarding rulesets could not be read: {gap.reason}", gap)
        for name, gap in links:
            yield unknown(f"the links of the ruleset {name} could not be read: {gap.reason}", gap)

    def taken(self, zone: Resource, vnet_id: str, linked: Callable[[Resource, str], Verdict]) -> Verdict | None:
        """What a rule for the public form of a zone's names makes of them; None where no ruleset linked there has one.

        https://learn.microsoft.com/azure/dns/dns-private-resolver-overview#how-does-it-work
        """
        form = self.snapshot.cloud.public_suffix(zone.name)  # the name of an API server has no other
        for ruleset in self._linked_to(vnet_id) if form else ():
            gap = self.snapshot.unlisted(ruleset.id, FORWARDING_RULES)
            if gap is not None:
                return unknown(f"the rules of {ruleset.name} could not be read: {gap.reason}", gap)
            rule = self._longest(ruleset, form)
            if rule is not None:
                return self._asked(ruleset, rule, zone, linked)
        return None

    def _linked_to(self, vnet_id: str) -> list[Resource]:
        return self.snapshot.once(_linked_rulesets).get(key(vnet_id), [])

    def _ruleset(self, ruleset: Resource, zone: Resource, linked: Callable[[Resource, str], Verdict]) -> Verdict:
        gap = self.snapshot.unlisted(ruleset.id, FORWARDING_RULES)
        if gap is not None:
            return unknown(f"the rules of {ruleset.name} could not be read: {gap.reason}", gap)
        # A rule for the private form serves where none matches the public one.
        form = self.snapshot.cloud.public_suffix(zone.name)
        rule = self._longest(ruleset, form) or self._longest(ruleset, zone.name)
        if rule is not None:
            return self._asked(ruleset, rule, zone, linked)
        # Azure leaves a wildcard rule aside for the names of its own services, without a list of them to read:
        # https://learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets#rule-processing
        wildcard = next((r for r in self._enabled(ruleset) if _domain(r) == "."), None)
        if wildcard is not None:
            why = "Azure does not apply a wildcard rule to names that are reserved for its services"
            gap = wildcard.missing("properties.domainName", why)
            return unknown(f"only the wildcard rule of {ruleset.name} is for {zone.name}: check that it applies", gap)
        return fail(
            f"no rule of {ruleset.name} is for {zone.name}",
            Evidence(ruleset.id, "forwardingRules", self._domains(ruleset)),
        )

    def _asked(
        self, ruleset: Resource, rule: Resource, zone: Resource, linked: Callable[[Resource, str], Verdict]
    ) -> Verdict:
        """Whether the servers of a rule answer from a zone."""
        path = "properties.targetDnsServers"
        targets = rule.objects(path)
        if not targets:
            return unknown(f"{rule.name} in {ruleset.name} names no server", rule.missing(path, "no target DNS server"))
        for _, target in targets:
            address = dig_text(target, "ipAddress")
            known = [d for d in self.devices(address) if d.gap is None and self._reached(ruleset, d.vnet_id)]
            if len(known) != 1:
                gap = rule.missing(path, f"what {address} answers is not seen")
                return unknown(f"{rule.name} in {ruleset.name} forwards to {address}: check what it answers", gap)
            answer = linked(zone, known[0].vnet_id)
            if not answer.passed:
                return answer
        note = f"{zone.name} resolves through the forwarding rule {rule.name} of {ruleset.name}"
        return ok(note, rule.see(path), assuming=[note])

    def _domains(self, ruleset: Resource) -> list[str]:
        rules = self.snapshot.children(ruleset.id, FORWARDING_RULES)
        return [dig_text(rule.body, "properties", "domainName") for rule in rules]

    def _reached(self, ruleset: Resource, vnet_id: str) -> bool:
        """Whether an outbound endpoint of a ruleset is in a VNet, or one peered with it; taken so if it names none."""
        named = [dig_text(o, "id") for _, o in ruleset.objects("properties.dnsResolverOutboundEndpoints")]
        outbound = [i for i in named if i]
        resolvers = [self.snapshot.get(ArmId.parse(i).parent) for i in outbound]
        homes = [dig_text(r.body, "properties", "virtualNetwork", "id") for r in resolvers if r is not None]
        return not outbound or any(same(home, vnet_id) or self._peered(home, vnet_id) for home in homes)

    def _peered(self, home: str, vnet_id: str) -> bool:
        vnet = self.snapshot.get(home)
        found = find_peering(vnet, vnet_id) if vnet else None
        return found is not None and equal(dig(found[1], "properties", "peeringState"), "Connected")

    def _enabled(self, ruleset: Resource) -> list[Resource]:
        rules = self.snapshot.children(ruleset.id, FORWARDING_RULES)
        return [r for r in rules if not equal(r.raw("properties.forwardingRuleState"), "Disabled")]

    def _longest(self, ruleset: Resource, name: str | None) -> Resource | None:
        """The enabled rule with the longest suffix of a name, leaving the wildcard aside."""
        form = f"{name}.".lower()
        rules = [r for r in self._enabled(ruleset) if _domain(r).strip(".") and f".{form}".endswith(f".{_domain(r)}")]
        return max(rules, key=lambda r: len(_domain(r)), default=None) if name else None


def _domain(rule: Resource) -> str:
    """The domain of a forwarding rule, with the dot that ends it."""
    return dig_text(rule.body, "properties", "domainName").lower().rstrip(".") + "."


def _addresses(snapshot: Snapshot) -> dict[str, list[tuple[Resource, str]]]:
    """The firewalls and the inbound endpoints of resolvers, with the subnet that each is in, by their address."""
    found: dict[str, list[tuple[Resource, str]]] = {}
    for firewall in snapshot.of_type(FIREWALLS):
        for _, config in firewall.objects("properties.ipConfigurations"):
            address = dig_text(config, "properties", "privateIPAddress")
            found.setdefault(address, []).append((firewall, dig_text(config, "properties", "subnet", "id")))
    for endpoint in snapshot.of_type(INBOUND_ENDPOINTS):
        for _, config in endpoint.objects("properties.ipConfigurations"):
            address = dig_text(config, "privateIpAddress")
            found.setdefault(address, []).append((endpoint, dig_text(config, "subnet", "id")))
    found.pop("", None)  # what has no address yet is not what a rule without one means
    return found


def _linked_rulesets(snapshot: Snapshot) -> dict[str, list[Resource]]:
    """The forwarding rulesets that are linked to a VNet, by it."""
    found: dict[str, list[Resource]] = {}
    for ruleset in snapshot.of_type(RULESETS):
        links = snapshot.children(ruleset.id, RULESET_LINKS)
        for vnet in dict.fromkeys(key(str(link.raw("properties.virtualNetwork.id") or "")) for link in links):
            found.setdefault(vnet, []).append(ruleset)
    return found


def _unread_rulesets(snapshot: Snapshot) -> tuple[list[Missing], list[tuple[str, Missing]]]:
    """Why rulesets of audited subscriptions may not be known, and why links of those that are known may not be."""
    audited = [snapshot.unlisted(f"/subscriptions/{s.id}", RULESETS) for s in snapshot.subscriptions if s.audited]
    links = [(r.name, snapshot.unlisted(r.id, RULESET_LINKS)) for r in snapshot.of_type(RULESETS)]
    return [gap for gap in audited if gap is not None], [(name, gap) for name, gap in links if gap is not None]


def _unread_resolver(snapshot: Snapshot) -> Missing | None:
    """Why the address of some resolver may not be known."""
    resolvers = snapshot.of_type(RESOLVERS)
    return next((gap for r in resolvers if (gap := snapshot.unlisted(r.id, INBOUND_ENDPOINTS)) is not None), None)
