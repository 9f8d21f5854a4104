"""DNS-012: the links by which AKS comes to a zone are Completed, not Failed, register nothing and do not fall back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auditor.model.verdict import Severity
from tests.arm import network
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT, ZONE, ZONE_OF_SUFFIX
from tests.arm.private_link import link as add_link
from tests.arm.scenarios import everything_public, hub_and_spoke, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = f"{ZONE}/virtualNetworkLinks"
REGISTERS, POLICY = "properties.registrationEnabled", "properties.resolutionPolicy"
STATE, MADE = "properties.virtualNetworkLinkState", "properties.provisioningState"
VAULT, BLOB = "privatelink.vaultcore.azure.net", "privatelink.blob.core.windows.net"
AZURE, PROXY, VM, ELSEWHERE = "168.63.129.16", "10.50.3.4", "10.50.2.200", "192.0.2.53"
LOW, MEDIUM, INFO = Severity.LOW, Severity.MEDIUM, Severity.INFO


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def link(path: str, value: Any, vnet: str = "vnet-tidal", zone: str = VAULT) -> Change:
    """A property of one link of a zone."""

    def change(e: Estate) -> None:
        (found,) = [x for x in e.find_all(LINK) if f"/{zone}/" in x["id"] and x["name"] == f"link-{vnet}"]
        e.set(found, path, value)

    return change


def without(path: str) -> Change:
    def change(e: Estate) -> None:
        for found in e.find_all(LINK):
            e.unset(found, path)

    return change


def of_type(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def to_operators(path: str, value: Any) -> Change:
    """A link to a VNet that AKS does not come by."""
    return lambda e: e.set(add_link(e, e.find(ZONE, VAULT), e.find(VNET, "vnet-tidal-ops")), path, value)


SOUND = [
    Row("plain", lambda e: None, "pass", "each link", STATE),
    Row("no policy", without(POLICY), "pass", counter=True),
    Row("policy null", link(POLICY, None), "pass"),
    Row("other words for the same", both(link(STATE, "completed"), link(POLICY, "default")), "pass"),
    Row("a link to another VNet registers", to_operators(REGISTERS, True), "pass", counter=True),
    Row("a link to another VNet Failed", to_operators(MADE, "Failed"), "pass"),
    Row("registration not answered", link(REGISTERS, None), "unknown", "registers names was not read", REGISTERS),
    Row("registration of another kind", link(REGISTERS, "false"), "unknown", shows=REGISTERS),
    Row("a policy nobody knows", link(POLICY, "Sometimes"), "unknown", "'Sometimes'", POLICY),
    Row("state not answered", link(STATE, None), "unknown", "state of", STATE),
    Row("links denied", of_type(LINK), "unknown", shows=f"{LINK}/read"),
    Row("zones denied", of_type(ZONE), "unknown", shows=f"{ZONE}/read"),
    Row("endpoints denied", of_type(ENDPOINT), "unknown", shows=f"{ENDPOINT}/read"),
    Row("AKS VNet denied", of_type(VNET), "unknown", shows=f"{VNET}/read"),
]
WRONG = [
    Row("registers machines", link(REGISTERS, True), "fail", "registers the names", REGISTERS, LOW, counter=True),
    Row("falls back", link(POLICY, "NxDomainRedirect"), "fail", "falls back", POLICY, INFO, counter=True),
    Row("falls back in capitals", link(POLICY, "NXDOMAINREDIRECT"), "fail", "falls back", POLICY, INFO),
    Row("Failed", link(MADE, "Failed"), "fail", "provisioning state Failed", MADE, MEDIUM),
    Row(
        "registers and falls back", both(link(REGISTERS, True), link(POLICY, "NxDomainRedirect")), "fail", severity=LOW
    ),
    Row("Failed and falls back", both(link(POLICY, "NxDomainRedirect"), link(MADE, "FAILED")), "fail", severity=MEDIUM),
    Row(
        "of two zones, the worst",
        both(link(POLICY, "NxDomainRedirect"), link(MADE, "Failed", zone=BLOB)),
        "fail",
        BLOB,
        severity=MEDIUM,
    ),
    Row(
        "fails, and another denied",
        both(link(MADE, "Failed"), link(REGISTERS, None, zone=BLOB)),
        "fail",
        severity=MEDIUM,
    ),
]
UNFINISHED = Row("InProgress", link(STATE, "InProgress"), "fail", "not Completed", STATE, LOW)


def hub(e: Estate) -> Json:
    return e.find(VNET, "vnet-keel-hub")


def at(e: Estate) -> Group:
    return Group(e, hub(e)["id"].partition("/providers/")[0], hub(e)["location"])


def asks(*addresses: str) -> Change:
    return lambda e: e.find(VNET, "vnet-keel")["properties"].update(dhcpOptions={"dnsServers": list(addresses)})


def firewall(e: Estate) -> None:
    network.add_subnet(hub(e), "AzureFirewallSubnet", "10.50.3.0/26")
    network.firewall(at(e), "afw-keel", hub(e), PROXY)
    asks(PROXY)(e)


def resolver(e: Estate) -> None:
    network.resolver(at(e), "dnspr-keel", hub(e), "snet-pe", "10.50.2.100")


def ruleset(e: Estate) -> None:
    resolver(e)
    names = dict.fromkeys((*ZONE_OF_SUFFIX, "azmk8s.io"), "10.50.2.100")
    network.ruleset(at(e), "dnsfrs-keel", names, e.find(VNET, "vnet-keel"))


def unlink(e: Estate) -> None:
    for found in e.find_all(LINK, "link-vnet-keel"):
        if found["name"] == "link-vnet-keel":
            e.remove(found)


OF_HUB = link(REGISTERS, True, "vnet-keel-hub")
HUB = [
    Row("the hub's link, which nobody asks", both(OF_HUB, resolver), "pass", counter=True),
    Row("the spoke's, with Azure DNS by its address", asks(AZURE), "pass"),
    Row("by the firewall of the hub", both(firewall, OF_HUB), "fail", "link-vnet-keel-hub", REGISTERS, LOW),
    Row("by a machine in the hub", both(asks(VM), OF_HUB), "fail", "link-vnet-keel-hub", REGISTERS, LOW),
    Row("by a ruleset to the hub", both(ruleset, unlink, OF_HUB), "fail", "link-vnet-keel-hub", REGISTERS, LOW),
    Row("by a server on premises", asks(ELSEWHERE), "unknown", ELSEWHERE, "dnsServers"),
    Row("not linked to anything asked", both(unlink), "not-applicable", "is linked"),
]
ELSE = [
    (service_endpoints, Row("the registry's zone alone", lambda e: None, "pass")),
    (everything_public, Row("no endpoint", lambda e: None, "not-applicable")),
]
ROWS = [*((secure, r) for r in (*SOUND, *WRONG, UNFINISHED)), *((hub_and_spoke, r) for r in HUB), *ELSE]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_links_are_plain(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-012"), row)
    if row.status == "fail":
        along = {"DNS-004"} if row is UNFINISHED else set()
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"DNS-012"} | along


def test_the_fix_names_the_link() -> None:
    estate = hub_and_spoke()
    both(firewall, OF_HUB)(estate)
    fix = only(audited(estate), "DNS-012").fix
    assert f"-g rg-keel-hub -z {VAULT} -n link-vnet-keel-hub --registration-enabled false" in fix
