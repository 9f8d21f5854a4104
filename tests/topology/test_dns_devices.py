"""DNS servers that Azure shows count only where the AKS VNet reaches them, and only when they could be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import network
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET
from tests.arm.private_link import ZONE, link
from tests.arm.scenarios import hub_and_spoke
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = f"{ZONE}/virtualNetworkLinks"


def group_of(e: Estate, body: Json) -> Group:
    return Group(e, body["id"].partition("/providers/")[0], body["location"])


def only_linked_to(e: Estate, *networks: Json) -> None:
    for old in e.find_all(LINK):
        if "azmk8s" not in old["id"]:
            e.remove(old)
    for zone in e.find_all(ZONE, "privatelink"):
        if "azmk8s" not in zone["name"]:
            for one in networks:
                link(e, zone, one)


def ask(e: Estate, address: str) -> None:
    e.find(VNET, "vnet-keel")["properties"]["dhcpOptions"] = {"dnsServers": [address]}


def proxy(e: Estate, **settings: object) -> None:
    """The hub has a firewall as DNS proxy, and only the hub is linked."""
    hub = e.find(VNET, "vnet-keel-hub")
    names = [s["name"] for s in hub["properties"]["subnets"]]
    if "AzureFirewallSubnet" not in names:
        network.add_subnet(hub, "AzureFirewallSubnet", "10.50.200.0/26")
    body = network.firewall(group_of(e, hub), "fw-keel", hub, "10.50.200.4")
    only_linked_to(e, hub)
    ask(e, "10.50.200.4")
    policy = e.get(body["properties"]["firewallPolicy"]["id"])
    policy["properties"]["dnsSettings"] |= settings


def inherited(e: Estate) -> None:
    """The firewall's own policy says nothing of DNS; the one above it does."""
    proxy(e)
    policy = e.find("Microsoft.Network/firewallPolicies")
    above = group_of(e, policy).add("Microsoft.Network/firewallPolicies", "policy-above", {})
    above["properties"]["dnsSettings"] = policy["properties"].pop("dnsSettings")
    policy["properties"]["basePolicy"] = {"id": above["id"]}


def denied(kind: str, **settings: object) -> Change:
    def change(e: Estate) -> None:
        proxy(e, **settings)
        e.denied.append(Denial(type=kind))

    return change


def elsewhere(e: Estate) -> None:
    """A resolver in a VNet that nobody peered has the very address that AKS asks."""
    hub = e.find(VNET, "vnet-keel-hub")
    at = group_of(e, hub)
    island = network.vnet(at, "vnet-island", "10.77.0.0/16", {"snet-dns": "10.77.0.0/26"})
    network.resolver(at, "dnspr-island", island, "snet-dns", "10.77.0.4")
    only_linked_to(e, island)
    ask(e, "10.77.0.4")


ROWS = [
    Row("proxy in the hub", proxy, "pass", "resolves from the AKS VNet"),
    Row("settings of the policy above", inherited, "pass", "resolves from the AKS VNet", assumes="taken to inherit"),
    Row("proxy off", lambda e: proxy(e, enableProxy=False), "unknown", "DNS proxy is off"),
    Row("proxy asks others", lambda e: proxy(e, servers=["192.0.2.53"]), "unknown", "forwards to 192.0.2.53"),
    Row("firewalls denied", denied("Microsoft.Network/azureFirewalls"), "unknown", shows="azureFirewalls/read"),
    Row(
        "firewalls denied, proxy off",
        denied("Microsoft.Network/azureFirewalls", enableProxy=False),
        "unknown",
        shows="azureFirewalls/read",
    ),
    Row("resolvers denied", denied("Microsoft.Network/dnsResolvers"), "pass"),
    Row("same address in a VNet out of reach", elsewhere, "unknown", "check that it resolves"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_dns_server(row: Row) -> None:
    """What one custom DNS server makes of the workspace's zones."""
    estate = hub_and_spoke()
    row.change(estate)
    check(only(audited(estate), "DNS-002"), row)
