"""DNS-002: the zones of the workspace resolve from the AKS VNet, by Azure DNS or by every custom DNS server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import network
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET
from tests.arm.private_link import ZONE, a_record, zones
from tests.arm.scenarios import hub_and_spoke, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = f"{ZONE}/virtualNetworkLinks"
RULESET = "Microsoft.Network/dnsForwardingRulesets"
RULES = f"{RULESET}/forwardingRules"
POLICY = "Microsoft.Network/firewallPolicies"
STATE = "properties.virtualNetworkLinkState"
SERVERS = "properties.dhcpOptions.dnsServers"
API, NOTEBOOKS = "privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"
AZURE, PROXY, INBOUND, VM = "168.63.129.16", "10.50.3.4", "10.50.2.100", "10.50.2.200"
BOTH = {"api.azureml.ms": INBOUND, "notebooks.azure.net": INBOUND}
AWAY = dict.fromkeys(BOTH, "192.0.2.53")


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def hub(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel-hub")


def spoke(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel")


def at(e: Estate) -> Group:
    return Group(e, hub(e)["id"].partition("/providers/")[0], hub(e)["location"])


def links(e: Estate, zone: str, vnet: str) -> list[Json]:
    return [x for x in e.find_all(LINK, f"link-{vnet}") if zone in x["id"] and x["name"] == f"link-{vnet}"]


def unlink(vnet: str, zone: str = "privatelink") -> Change:
    def change(e: Estate) -> None:
        for link in links(e, zone, vnet):
            e.remove(link)

    return change


def link(path: str, value: object) -> Change:
    """A property of the API zone's link to the spoke."""
    return lambda e: e.set(links(e, API, "vnet-keel")[0], path, value)


def asks(*addresses: str) -> Change:
    return lambda e: spoke(e)["properties"].update(dhcpOptions={"dnsServers": list(addresses)})


def servers(*addresses: str) -> Change:
    """The DNS servers of the spoke; the zones are linked to the hub alone."""
    return both(unlink("vnet-keel"), asks(*addresses))


def firewall(*upstream: str, classic: bool = False) -> Change:
    """The spoke asks a DNS proxy in the hub."""

    def change(e: Estate) -> None:
        network.add_subnet(hub(e), "AzureFirewallSubnet", "10.50.3.0/26")
        network.firewall(at(e), "afw-keel", hub(e), PROXY, upstream, classic)

    return both(servers(PROXY), change)


def proxy_off(e: Estate) -> None:
    e.set(e.find(POLICY), "properties.dnsSettings.enableProxy", False)


def resolver(e: Estate) -> None:
    network.resolver(at(e), "dnspr-keel", hub(e), "snet-pe", INBOUND)


def ruleset(rules: dict[str, str], linked: bool = True) -> Change:
    """The spoke has no link, but a ruleset; the hub has a link and a resolver."""

    def change(e: Estate) -> None:
        resolver(e)
        network.ruleset(at(e), "dnsfrs-keel", rules, *([spoke(e)] if linked else []))

    return both(unlink("vnet-keel"), change)


def unaddressed(e: Estate) -> None:
    """Neither the rules nor the resolver have an address."""
    ruleset(dict.fromkeys(BOTH, ""))(e)
    for config in e.find("Microsoft.Network/dnsResolvers/inboundEndpoints")["properties"]["ipConfigurations"]:
        del config["privateIpAddress"]


def overridden(rules: dict[str, str]) -> Change:
    """A ruleset linked to the AKS VNet, which stays linked to the zones."""

    def change(e: Estate) -> None:
        resolver(e)
        network.ruleset(at(e), "dnsfrs-keel", rules, spoke(e))

    return change


def deny(**what: str) -> Change:
    return lambda e: e.denied.append(Denial(**what))


def namesake(e: Estate) -> None:
    zones(Group(e, spoke(e)["id"].partition("/providers/")[0], "northeurope"), [API])


def no_record(e: Estate) -> None:
    zone = e.find(ZONE, NOTEBOOKS)
    (name,) = [r["name"] for r in e.find_all(f"{ZONE}/A") if r["id"].startswith(zone["id"] + "/")]
    a_record(e, zone, name, "10.51.16.250")


def hub_denied(e: Estate) -> None:
    e.denied.append(Denial(subscription=at(e).subscription))


HUB_UNLINKED = unlink("vnet-keel-hub")

AZURE_DNS = [
    Row("linked", lambda e: None, "pass", NOTEBOOKS, STATE),
    Row("Azure DNS by its address", asks(AZURE), "pass"),
    Row("ids in capitals", lambda e: link("properties.virtualNetwork.id", spoke(e)["id"].upper())(e), "pass"),
    Row("redirects unknown names", link("properties.resolutionPolicy", "NxDomainRedirect"), "pass"),
    Row("an unlinked namesake", namesake, "pass"),
    Row(
        "linked to the hub alone",
        unlink("vnet-keel"),
        "fail",
        "only to vnet-keel-hub",
        "virtualNetwork.id",
        counter=True,
    ),
    Row("notebooks not linked", unlink("vnet-keel", NOTEBOOKS), "fail", f"{NOTEBOOKS} is not linked"),
    Row("link InProgress", link(STATE, "InProgress"), "fail", "InProgress", STATE),
    Row("links denied", deny(type=LINK), "unknown", shows=f"{LINK}/read"),
    Row("subscription of the hub denied", hub_denied, "unknown", shows=f"{ZONE}/read"),
    Row("a record wrong", no_record, "not-applicable", "no DNS integration"),
]
RULESETS = [
    Row("both names forwarded", ruleset(BOTH), "pass", assumes="through the forwarding rule"),
    Row("everything forwarded", ruleset({".": INBOUND}), "unknown", "wildcard rule", "domainName", counter=True),
    Row("the longest rule counts", ruleset({".": "192.0.2.53", **BOTH}), "pass", assumes="through the forwarding rule"),
    Row("to a server nobody sees", ruleset(AWAY), "unknown", "to 192.0.2.53", "targetDnsServers"),
    Row("to no address", unaddressed, "unknown", "check what it answers", "targetDnsServers", counter=True),
    Row("linked, and taken elsewhere before", overridden(AWAY), "unknown", "to 192.0.2.53", counter=True),
    Row("linked, and taken to a resolver", overridden(BOTH), "pass", assumes="through the forwarding rule"),
    Row("linked, other names taken elsewhere", overridden({"corp.example": "192.0.2.53"}), "pass"),
    Row("linked, everything else elsewhere", overridden({".": "192.0.2.53"}), "pass"),
    Row("linked, private names taken elsewhere", overridden({API: "192.0.2.53"}), "pass"),
    Row("one name forwarded", ruleset({"api.azureml.ms": INBOUND}), "fail", f"is for {NOTEBOOKS}"),
    Row("ruleset not linked", ruleset(BOTH, linked=False), "fail", "only to vnet-keel-hub"),
    Row("to an unlinked VNet", both(ruleset(BOTH), HUB_UNLINKED), "fail", "not linked to vnet-keel-hub"),
    Row("rulesets denied", both(unlink("vnet-keel"), deny(type=RULESET)), "unknown", shows=f"{RULESET}/read"),
    Row("rulesets denied, linked", deny(type=RULESET), "pass"),
    Row("linked, its rules denied", both(overridden(BOTH), deny(type=RULES)), "unknown", shows=f"{RULES}/read"),
    Row("its rules denied", both(ruleset(BOTH), deny(type=RULES)), "unknown", shows=f"{RULES}/read"),
]
CUSTOM_DNS = [
    Row("firewall proxy", firewall(), "pass", shows=SERVERS, counter=True),
    Row("firewall proxy without a policy", firewall(classic=True), "pass"),
    Row("firewall that asks Azure DNS by its address", firewall(AZURE), "pass"),
    Row("firewall in an unlinked VNet", both(firewall(), HUB_UNLINKED), "fail", "DNS proxy of"),
    Row("firewall that asks others", firewall("192.0.2.53"), "unknown", "192.0.2.53", "dnsSettings"),
    Row("proxy off", both(firewall(), proxy_off), "unknown", "proxy is off"),
    Row("policy denied", both(firewall(), deny(type=POLICY)), "unknown", shows=f"{POLICY}/read"),
    Row("resolver", both(servers(INBOUND), resolver), "pass"),
    Row("unlinked resolver", both(servers(INBOUND), resolver, HUB_UNLINKED), "fail", "Resolver dnspr"),
    Row("machine in a linked VNet", servers(VM), "pass", assumes=f"{VM} in vnet-keel-hub is taken to forward"),
    Row("machine in an unlinked VNet", both(servers(VM), HUB_UNLINKED), "unknown", VM, SERVERS),
    Row("on premises", servers("192.0.2.53"), "unknown", f"resolves names in {API}", SERVERS),
    Row("proxy and a machine on premises", both(firewall(), servers(PROXY, "192.0.2.53")), "unknown", "192.0.2.53"),
    Row("proxy, and unlinked Azure DNS", both(firewall(), servers(PROXY, AZURE)), "fail", "not linked to vnet-keel"),
    Row("hub denied", lambda e: both(servers(VM), deny(scope=hub(e)["id"]))(e), "unknown", VM),
]
PUBLIC = [Row("no endpoint", lambda e: None, "not-applicable", "no private endpoint within reach")]

HUB_AND_SPOKE = AZURE_DNS + RULESETS + CUSTOM_DNS
ROWS = [(build, row) for build, rows in ((hub_and_spoke, HUB_AND_SPOKE), (service_endpoints, PUBLIC)) for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_workspace_zones_resolve(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "DNS-002"), row)


def test_a_hub_that_answers_for_the_spoke_is_sound() -> None:
    """The official Terraform: zones linked to the hub alone, the spoke asks the firewall there. No rule may fail."""
    estate = hub_and_spoke()
    firewall()(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == []


def test_without_any_link_only_names_fail() -> None:
    estate = hub_and_spoke()
    unlink("vnet-keel")(estate)
    failed = [r.rule.id for r in audited(estate).results if r.status == "fail"]
    assert sorted(failed) == ["DNS-002", "DNS-003", "DNS-004", "DNS-005", "DNS-011"]
