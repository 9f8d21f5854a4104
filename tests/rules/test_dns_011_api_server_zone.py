"""DNS-011: the zone of a private API server resolves from the AKS VNet, by its link or through its DNS server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.arm import network, private_link
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET
from tests.arm.private_link import ZONE
from tests.arm.scenarios import default_cluster, everything_public, hub_and_spoke, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = f"{ZONE}/virtualNetworkLinks"
PROFILE = "properties.apiServerAccessProfile"
STATE = "properties.virtualNetworkLinkState"
PROXY, INBOUND, VM, ELSEWHERE = "10.50.3.4", "10.50.2.100", "10.50.2.200", "192.0.2.53"


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def zone(e: Estate) -> Json:
    return e.find(ZONE, "azmk8s.io")


def links(e: Estate, vnet: str) -> list[Json]:
    return [x for x in e.find_all(LINK) if x["id"].startswith(zone(e)["id"] + "/") and x["name"] == f"link-{vnet}"]


def unlink(*vnets: str) -> Change:
    def change(e: Estate) -> None:
        for link in [link for vnet in vnets for link in links(e, vnet)]:
            e.remove(link)

    return change


def link(path: str, value: Any, vnet: str = "vnet-tidal") -> Change:
    return lambda e: e.set(links(e, vnet)[0], path, value)


def profile(name: str, value: Any) -> Change:
    return lambda e: e.set(e.find(CLUSTER), f"{PROFILE}.{name}", value)


def without(path: str) -> Change:
    return lambda e: e.unset(e.find(CLUSTER), path)


def node_group(e: Estate) -> Group:
    cluster = e.find(CLUSTER)
    subscription, name = cluster["id"].split("/")[2], cluster["properties"]["nodeResourceGroup"]
    return Group(e, f"/subscriptions/{subscription}/resourceGroups/{name}", cluster["location"])


def driver_zone(e: Estate) -> None:
    """The zone that a storage driver put into the node resource group, linked to the AKS VNet."""
    private_link.zones(node_group(e), ["privatelink.file.core.windows.net"], e.find(VNET, "vnet-tidal"))


def of_type(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def scope(body: Callable[[Estate], str]) -> Change:
    return lambda e: e.denied.append(Denial(scope=body(e)))


def no_zone(e: Estate) -> None:
    e.remove(zone(e))


SYSTEM = [
    Row("AKS's own zone", lambda e: None, "pass", "azmk8s.io is linked to vnet-tidal", STATE),
    Row("named system in capitals", profile("privateDNSZone", "System"), "pass"),
    Row("no zone named, which means system", without(f"{PROFILE}.privateDNSZone"), "pass", counter=True),
    Row("the private name is not answered", without("properties.privateFQDN"), "pass"),
    Row("ids in capitals", lambda e: link("properties.virtualNetwork.id", tidal(e)["id"].upper())(e), "pass"),
    Row("another zone beside it", driver_zone, "pass"),
    Row("VNet integration", profile("enableVnetIntegration", True), "not-applicable", "no private DNS zone"),
    Row("links denied", of_type(LINK), "unknown", shows=f"{LINK}/read"),
    Row("zones denied", of_type(ZONE), "unknown", shows=f"{ZONE}/read"),
    Row("node resource group denied", scope(lambda e: node_group(e).id), "unknown", shows=f"{ZONE}/read"),
    Row("cluster denied", of_type(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("AKS VNet denied", scope(lambda e: tidal(e)["id"]), "unknown", shows=f"{VNET}/read"),
    Row(
        "node resource group not answered",
        without("properties.nodeResourceGroup"),
        "unknown",
        shows="nodeResourceGroup",
    ),
    Row("zone of another kind", profile("privateDNSZone", {"id": "x"}), "unknown", shows="privateDNSZone"),
    Row("integration of another kind", profile("enableVnetIntegration", "no"), "unknown", shows="VnetIntegration"),
    Row("private in another kind", profile("enablePrivateCluster", "yes"), "unknown", shows="enablePrivateCluster"),
    Row("another zone alone", both(driver_zone, no_zone), "unknown", "was not read"),
]
CUT = [
    Row("not linked", unlink("vnet-tidal"), "fail", "is not linked to vnet-tidal", "virtualNetwork.id"),
    Row("another zone is linked", both(driver_zone, unlink("vnet-tidal")), "fail", "azmk8s.io", counter=True),
    Row("no private name, either", both(driver_zone, unlink("vnet-tidal"), without("properties.privateFQDN")), "fail"),
    Row("link InProgress", link(STATE, "InProgress"), "fail", "InProgress", STATE),
    Row("no zone", no_zone, "fail", "holds no private DNS zone", "nodeResourceGroup"),
]


def tidal(e: Estate) -> Json:
    return e.find(VNET, "vnet-tidal")


def hub(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel-hub")


def at(e: Estate) -> Group:
    return Group(e, hub(e)["id"].partition("/providers/")[0], hub(e)["location"])


def asks(*addresses: str) -> Change:
    return lambda e: e.find(VNET, "vnet-keel")["properties"].update(dhcpOptions={"dnsServers": list(addresses)})


def proxy(e: Estate) -> None:
    network.add_subnet(hub(e), "AzureFirewallSubnet", "10.50.3.0/26")
    network.firewall(at(e), "afw-keel", hub(e), PROXY)
    asks(PROXY)(e)


def ruleset(rules: dict[str, str]) -> Change:
    """The spoke has no link, but a ruleset that sends on to a resolver in the hub."""

    def change(e: Estate) -> None:
        network.resolver(at(e), "dnspr-keel", hub(e), "snet-pe", INBOUND)
        network.ruleset(at(e), "dnsfrs-keel", rules, e.find(VNET, "vnet-keel"))
        unlink("vnet-keel")(e)

    return change


def own_name(name: str) -> Change:
    return lambda e: profile("privateDNSZone", f"{zone(e)['id'].rpartition('/')[0]}/{name}")(e)


NAME = "privatelink.northeurope.azmk8s.io"
OWN = [
    Row("a zone of one's own, in the hub", lambda e: None, "pass", "is linked to vnet-keel"),
    Row("linked to the spoke alone", unlink("vnet-keel-hub"), "pass"),
    Row("through the firewall of the hub", both(proxy, unlink("vnet-keel")), "pass", counter=True),
    Row("a machine in the hub", both(asks(VM), unlink("vnet-keel")), "pass", assumes=f"{VM} in vnet-keel-hub is taken"),
    Row("by a ruleset for its name", ruleset({NAME: INBOUND, ".": ELSEWHERE}), "pass", assumes="forwarding rule"),
    Row("by a ruleset for another name", ruleset({"azmk8s.io": ELSEWHERE}), "unknown", ELSEWHERE),
    Row("on premises", asks(ELSEWHERE), "unknown", f"custom DNS server {ELSEWHERE}", "dnsServers"),
    Row("zone denied", scope(lambda e: zone(e)["id"]), "unknown", shows=f"{ZONE}/read"),
    Row("hub denied", lambda e: e.denied.append(Denial(subscription=at(e).subscription)), "unknown"),
    Row("named none", profile("privateDNSZone", "none"), "not-applicable", "no private DNS zone"),
    Row("named none in capitals", profile("privateDNSZone", "None"), "not-applicable", "no private DNS zone"),
]
OWN_CUT = [
    Row("linked to the hub alone", unlink("vnet-keel"), "fail", "only to vnet-keel-hub", counter=True),
    Row(
        "the hub asked, and not linked", both(proxy, unlink("vnet-keel-hub")), "fail", "to vnet-keel-hub", counter=True
    ),
    Row("zone gone", own_name("privatelink.westeurope.azmk8s.io"), "fail", "does not exist", "privateDNSZone"),
]
PUBLIC = Row("a public cluster", lambda e: None, "not-applicable", "no private DNS zone")

CASES = ((secure, [*SYSTEM, *CUT]), (hub_and_spoke, [*OWN, *OWN_CUT]))
ROWS = [(build, row) for build, rows in CASES for row in rows]
ROWS += [(default_cluster, PUBLIC), (everything_public, PUBLIC)]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_api_server_zone_is_linked(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-011"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["DNS-011"]


@pytest.mark.parametrize(
    ("change", "vnet"), [(unlink("vnet-keel"), "vnet-keel"), (both(proxy, unlink("vnet-keel-hub")), "vnet-keel-hub")]
)
def test_the_fix_links_the_zone_where_azure_dns_is_asked(change: Change, vnet: str) -> None:
    estate = hub_and_spoke()
    change(estate)
    fix = only(audited(estate), "DNS-011").fix
    assert f"-g rg-keel-hub -z {NAME} -n aks" in fix
    assert f"/{vnet} " in fix
