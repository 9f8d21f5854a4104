"""DNS servers that Azure shows: Azure Firewall as a DNS proxy, DNS Private Resolver, and forwarding rulesets.

https://learn.microsoft.com/azure/firewall/dns-details and https://learn.microsoft.com/azure/dns/dns-private-resolver-overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, same, subscription_of, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import dig, dig_text, dig_texts
from auditor.model.snapshot import Snapshot
from auditor.model.types import FIREWALLS, FORWARDING_RULES, INBOUND_ENDPOINTS, RULESET_LINKS, RULESETS
from auditor.model.verdict import Verdict, fail, ok, unknown

AZURE_DNS = "168.63.129.16"


@dataclass(frozen=True)
class Device:
    """A DNS server that is an Azure resource. ``vnet_id`` is where it asks Azure DNS; without one, ``gap`` says why
    that is not known."""

    label: str
    vnet_id: str | None
    gap: Missing


class Forwarders:
    """``near``: the subscriptions whose rulesets may be linked to the AKS VNet."""

    def __init__(self, snapshot: Snapshot, near: list[str]) -> None:
        self.snapshot = snapshot
        self.near = near

    def device(self, address: str) -> Device | None:
        """The Azure Firewall or resolver endpoint that has an address."""
        for firewall in self.snapshot.of_type(FIREWALLS):
            for _, config in firewall.objects("properties.ipConfigurations"):
                if dig(config, "properties", "privateIPAddress") == address:
                    return self._firewall(firewall, dig_text(config, "properties", "subnet", "id"))
        for endpoint in self.snapshot.of_type(INBOUND_ENDPOINTS):
            for _, config in endpoint.objects("properties.ipConfigurations"):
                if config.get("privateIpAddress") == address:
                    subnet = dig_text(config, "subnet", "id")
                    label = f"the DNS Private Resolver {ArmId.parse(endpoint.arm.parent).name}"
                    return Device(label, vnet_of(subnet), endpoint.missing("", "not needed"))
        return None

    def _firewall(self, firewall: Resource, subnet: str) -> Device:
        holder: Resource = firewall
        policy_id = firewall.raw("properties.firewallPolicy.id")
        if isinstance(policy_id, str):
            policy = self.snapshot.find(policy_id)
            if isinstance(policy, Missing):
                return Device(f"the firewall {firewall.name}, whose policy could not be read", None, policy)
            if not isinstance(policy, Resource):
                gap = firewall.missing("properties.firewallPolicy.id", "the firewall policy does not exist")
                return Device(f"the firewall {firewall.name}, whose policy does not exist", None, gap)
            holder = policy
            path, proxy = "properties.dnsSettings", policy.raw("properties.dnsSettings.enableProxy")
            servers = dig_texts(policy.body, "properties", "dnsSettings", "servers")
        else:
            # A firewall without a policy keeps its DNS settings as strings under these keys.
            # https://learn.microsoft.com/azure/firewall/dns-settings
            path = "properties.additionalProperties"
            extra = ("properties", "additionalProperties")
            proxy = dig_text(firewall.body, *extra, "Network.DNS.EnableProxy").lower() == "true"
            listed = dig_text(firewall.body, *extra, "Network.DNS.Servers")
            servers = [s.strip() for s in listed.split(",") if s.strip()]
        if proxy is not True:
            gap = holder.missing(path, "the DNS proxy of the firewall is off, so what answers there is not seen")
            return Device(f"the firewall {firewall.name}, whose DNS proxy is off", None, gap)
        if [s for s in servers if s != AZURE_DNS]:
            gap = holder.missing(path, "the firewall asks DNS servers whose answers are not seen")
            return Device(f"the firewall {firewall.name}, which forwards to {', '.join(servers)}", None, gap)
        return Device(
            f"the DNS proxy of the firewall {firewall.name}", vnet_of(subnet), holder.missing("", "not needed")
        )

    def rulesets(self, zone: Resource, vnet_id: str, linked: Callable[[Resource, str], Verdict]) -> Iterator[Verdict]:
        """What the forwarding rulesets linked to a VNet make of a zone's names."""
        for subscription in dict.fromkeys((subscription_of(vnet_id), *self.near)):
            gap = self.snapshot.unlisted(subscription, RULESETS)
            if gap is not None:
                yield unknown(f"the DNS forwarding rulesets could not be read: {gap.reason}", gap)
        for ruleset in self.snapshot.of_type(RULESETS):
            gap = self.snapshot.unlisted(ruleset.id, RULESET_LINKS)
            if gap is not None:
                yield unknown(f"the links of the ruleset {ruleset.name} could not be read: {gap.reason}", gap)
                continue
            links = self.snapshot.children(ruleset.id, RULESET_LINKS)
            if any(same(str(link.raw("properties.virtualNetwork.id") or ""), vnet_id) for link in links):
                yield self._ruleset(ruleset, zone, linked)

    def _ruleset(self, ruleset: Resource, zone: Resource, linked: Callable[[Resource, str], Verdict]) -> Verdict:
        gap = self.snapshot.unlisted(ruleset.id, FORWARDING_RULES)
        if gap is not None:
            return unknown(f"the rules of {ruleset.name} could not be read: {gap.reason}", gap)
        rule = self._longest(ruleset, zone.name)
        if rule is None:
            return fail(
                f"no rule of {ruleset.name} is for {zone.name}",
                Evidence(ruleset.id, "forwardingRules", self._domains(ruleset)),
            )
        path = "properties.targetDnsServers"
        targets = rule.objects(path)
        if not targets:
            return unknown(f"{rule.name} in {ruleset.name} names no server", rule.missing(path, "no target DNS server"))
        for _, target in targets:
            device = self.device(str(target.get("ipAddress") or ""))
            if device is None or device.vnet_id is None:
                gap = rule.missing(path, f"what {target.get('ipAddress')} answers is not seen")
                return unknown(f"{rule.name} in {ruleset.name} forwards to {target.get('ipAddress')}", gap)
            answer = linked(zone, device.vnet_id)
            if not answer.passed:
                return answer
        note = f"{zone.name} resolves through the forwarding rule {rule.name} of {ruleset.name}"
        return ok(note, rule.see(path), assuming=[note])

    def _domains(self, ruleset: Resource) -> list[str]:
        rules = self.snapshot.children(ruleset.id, FORWARDING_RULES)
        return [dig_text(rule.body, "properties", "domainName") for rule in rules]

    def _longest(self, ruleset: Resource, zone_name: str) -> Resource | None:
        """The enabled rule with the longest matching suffix. Names are asked in their public form first, which points
        at the private zone, so a rule for either form serves."""
        forms = [zone_name.lower() + ".", zone_name.lower().removeprefix("privatelink.") + "."]
        best: tuple[int, Resource] | None = None
        for rule in self.snapshot.children(ruleset.id, FORWARDING_RULES):
            domain = str(rule.raw("properties.domainName") or "").lower()
            if equal(rule.raw("properties.forwardingRuleState"), "Disabled") or not domain:
                continue
            matches = any(form == domain or form.endswith("." + domain) or domain == "." for form in forms)
            if matches and (best is None or len(domain) > best[0]):
                best = (len(domain), rule)
        return best[1] if best else None
