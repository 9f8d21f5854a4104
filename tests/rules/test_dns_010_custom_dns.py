"""DNS-010: each custom DNS server of the AKS VNet is Azure's own and stands in a VNet that the zones are linked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.arm import network
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT, ZONE
from tests.arm.scenarios import everything_public, hub_and_spoke, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = f"{ZONE}/virtualNetworkLinks"
FIREWALL, POLICY = "Microsoft.Network/azureFirewalls", "Microsoft.Network/firewallPolicies"
RESOLVER = "Microsoft.Network/dnsResolvers"
SERVERS = "properties.dhcpOptions.dnsServers"
AZURE, PROXY, INBOUND, VM, ELSEWHERE = "168.63.129.16", "10.50.3.4", "10.50.2.100", "10.50.2.200", "192.0.2.53"
NAMES = (
    "api.azureml.ms, notebooks.azure.net, blob.core.windows.net, file.core.windows.net, vault.azure.net, "
    "azurecr.io, instances.ml.azure.ms, aznbcontent.net"
)


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def hub(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel-hub")


def at(e: Estate) -> Group:
    return Group(e, hub(e)["id"].partition("/providers/")[0], hub(e)["location"])


def asks(*addresses: Any, vnet: str = "vnet-keel") -> Change:
    return lambda e: e.find(VNET, vnet)["properties"].update(dhcpOptions={"dnsServers": list(addresses)})


def unlink(vnet: str, zone: str = "privatelink") -> Change:
    def change(e: Estate) -> None:
        for link in e.find_all(LINK):
            if link["name"] == f"link-{vnet}" and zone in link["id"]:
                e.remove(link)

    return change


def firewall(*upstream: str, classic: bool = False, servers: tuple[str, ...] = (PROXY,)) -> Change:
    """The spoke asks a DNS proxy in the hub, and is linked to no zone itself."""

    def change(e: Estate) -> None:
        network.add_subnet(hub(e), "AzureFirewallSubnet", "10.50.3.0/26")
        network.firewall(at(e), "afw-keel", hub(e), PROXY, upstream, classic)

    return both(change, asks(*servers), unlink("vnet-keel"))


def inherited(e: Estate) -> None:
    """The policy of the firewall leaves DNS to the one above it."""
    firewall()(e)
    policy = e.find(POLICY)
    above = at(e).add(POLICY, "afwp-above", {"dnsSettings": policy["properties"].pop("dnsSettings")})
    policy["properties"]["basePolicy"] = {"id": above["id"]}


def proxy(value: Any) -> Change:
    return both(firewall(), lambda e: e.set(e.find(POLICY), "properties.dnsSettings.enableProxy", value))


def resolver(e: Estate) -> None:
    network.resolver(at(e), "dnspr-keel", hub(e), "snet-pe", INBOUND)


def of_type(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def servers_as(value: Any) -> Change:
    return lambda e: e.set(e.find(VNET, "vnet-keel"), "properties.dhcpOptions", {"dnsServers": value})


UNLINKED = unlink("vnet-keel-hub")
TO_RESOLVER = both(resolver, asks(INBOUND), unlink("vnet-keel"))

SPOKE = [
    Row("Azure DNS", lambda e: None, "not-applicable", "asks Azure DNS"),
    Row("Azure DNS by its address", asks(AZURE), "not-applicable", "asks Azure DNS"),
    Row("no servers", servers_as(None), "not-applicable", "asks Azure DNS"),
    Row("Azure DNS, zones out of sight", of_type(ZONE), "not-applicable", "asks Azure DNS"),
    Row("a firewall's proxy", firewall(), "pass", "each DNS server of vnet-keel", SERVERS, counter=True),
    Row("without a policy", firewall(classic=True), "pass"),
    Row("its policy leaves DNS to the one above", inherited, "pass", assumes="taken to inherit the DNS proxy"),
    Row("which asks Azure DNS by its address", firewall(AZURE), "pass"),
    Row("and Azure DNS besides", firewall(servers=(PROXY, AZURE)), "pass"),
    Row("a resolver", TO_RESOLVER, "pass", shows="virtualNetworkLinkState"),
    Row("a proxy and a resolver", both(resolver, firewall(servers=(PROXY, INBOUND))), "pass"),
    Row("a machine in the hub", asks(VM), "unknown", f"({VM})", SERVERS, counter=True),
    Row("on premises", asks(ELSEWHERE), "unknown", NAMES, SERVERS),
    Row("a proxy and a server on premises", firewall(servers=(PROXY, ELSEWHERE)), "unknown", ELSEWHERE, SERVERS),
    Row("a proxy that asks others", firewall(ELSEWHERE), "unknown", "not all seen", "dnsSettings", counter=True),
    Row("a proxy that is off", proxy(False), "unknown", "not all seen", "dnsSettings"),
    Row("a proxy that says nothing", proxy(None), "unknown", "not all seen", "dnsSettings"),
    Row("firewalls denied", both(firewall(), of_type(FIREWALL)), "unknown", shows=f"{FIREWALL}/read"),
    Row("policies denied", both(firewall(), of_type(POLICY)), "unknown", shows=f"{POLICY}/read"),
    Row("resolvers denied", both(TO_RESOLVER, of_type(RESOLVER)), "unknown", shows=f"{RESOLVER}/read"),
    Row("links denied", both(firewall(), of_type(LINK)), "unknown", shows=f"{LINK}/read"),
    Row("zones denied", both(firewall(), of_type(ZONE)), "unknown", shows=f"{ZONE}/read"),
    Row("endpoints denied", both(firewall(), of_type(ENDPOINT)), "unknown", shows=f"{ENDPOINT}/read"),
    Row("AKS VNet denied", lambda e: e.denied.append(Denial(scope=e.find(VNET, "vnet-keel")["id"])), "unknown"),
    Row("servers of another kind", servers_as("10.50.3.4"), "unknown", "dnsServers", SERVERS),
]
LOST = [
    Row("a proxy in an unlinked hub", both(firewall(), UNLINKED), "fail", "DNS proxy of the firewall afw-keel"),
    Row("a resolver in an unlinked hub", both(TO_RESOLVER, UNLINKED), "fail", "Resolver dnspr-keel"),
    Row(
        "beside a server on premises",
        both(firewall(servers=(ELSEWHERE, PROXY)), UNLINKED),
        "fail",
        "is not linked to vnet-keel-hub",
        "virtualNetworkLinks[].properties.virtualNetwork.id",
    ),
]
ONE = [
    Row(
        "one zone not linked",
        both(firewall(), unlink("vnet-keel-hub", "vaultcore")),
        "fail",
        "vaultcore.azure.net is not linked to vnet-keel-hub",
    )
]


def public_dns(e: Estate) -> None:
    next(v for v in e.find_all(VNET))["properties"]["dhcpOptions"] = {"dnsServers": [ELSEWHERE]}


ROWS = [
    *((hub_and_spoke, row) for row in (*SPOKE, *LOST, *ONE)),
    (service_endpoints, Row("the registry alone", asks(ELSEWHERE, vnet="vnet-pilot"), "unknown", "azurecr.io")),
    (everything_public, Row("no endpoint", public_dns, "not-applicable", "no private endpoint")),
]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_custom_dns_forwards(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-010"), row)
    if row.status == "fail":  # what does not resolve for DNS-010 does not for the rules on each name
        names = {"DNS-004"} if row in ONE else {"DNS-002", "DNS-003", "DNS-004", "DNS-005", "DNS-011"}
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"DNS-010"} | names


def test_where_dns_002_takes_a_machine_to_forward_dns_010_says_what_to_check() -> None:
    """One passes with a note, the other stays open, with every name of this cloud."""
    estate = hub_and_spoke()
    both(asks(VM), unlink("vnet-keel"))(estate)
    report = audited(estate)
    (note,) = [a for a in only(report, "DNS-002").verdict.assumptions if "api.azureml" in a]
    assert "cannot be seen" in note
    assert NAMES in only(report, "DNS-010").verdict.message


def test_the_fix_links_the_zone_to_the_vnet_of_the_server() -> None:
    estate = hub_and_spoke()
    both(firewall(), unlink("vnet-keel-hub", "vaultcore"))(estate)
    fix = only(audited(estate), "DNS-010").fix
    assert "-g rg-keel-hub -z privatelink.vaultcore.azure.net -n dns" in fix
    assert "/vnet-keel-hub " in fix
