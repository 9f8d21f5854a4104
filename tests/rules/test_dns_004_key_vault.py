"""DNS-004: the Key Vault's endpoint has its record in the cloud's vault zone, and AKS resolves that zone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import private_link
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.network import VNET, resolver, ruleset, subnet
from tests.arm.private_link import ENDPOINT, NIC, ZONE
from tests.arm.scenarios import hub_and_spoke, secure, service_endpoints
from tests.arm.services import VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK, GROUP, RECORD = f"{ZONE}/virtualNetworkLinks", f"{ENDPOINT}/privateDnsZoneGroups", f"{ZONE}/A"
NAME = "privatelink.vaultcore.azure.net"


def part(kind: str) -> Callable[[Estate], Json]:
    """The vault's one body of a type: its zone's links and records, its endpoint's zone group."""
    return lambda e: next(b for b in e.find_all(kind) if NAME in b["id"] or "pe-tidal-vault" in b["id"])


def drop(*kinds: str) -> Change:
    def change(e: Estate) -> None:
        for kind in kinds:
            e.remove(part(kind)(e))

    return change


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(scope=part(kind)(e)["id"]))


def moved_to(name: str) -> Change:
    """Zone group and record are in a zone of another name, which is linked."""

    def change(e: Estate) -> None:
        space, record = e.find(VNET, "vnet-tidal"), part(RECORD)(e)
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        zone = private_link.zones(at, [name], space)[name]
        private_link.a_record(e, zone, record["name"], record["properties"]["aRecords"][0]["ipv4Address"])
        e.set(part(GROUP)(e), "properties.privateDnsZoneConfigs[0].properties.privateDnsZoneId", zone["id"])
        e.remove(record)

    return change


def in_capitals(e: Estate) -> None:
    path = "properties.privateDnsZoneConfigs[0].properties.privateDnsZoneId"
    e.set(part(GROUP)(e), path, part(ZONE)(e)["id"].upper())
    fqdn = "properties.ipConfigurations[0].properties.privateLinkConnectionProperties.fqdns"
    e.set(part(NIC)(e), fqdn, ["KV-Tidal.vault.azure.net"])


def two(stale: bool) -> Change:
    """A second endpoint with an address in the record; the first one's is there no more, or the first is dead."""

    def change(e: Estate) -> None:
        space, record = e.find(VNET, "vnet-tidal"), part(RECORD)(e)
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        zones, place = {NAME: part(ZONE)(e)}, subnet(space, "snet-pe")
        private_link.private_endpoint(at, "pe-second", e.find(VAULT), "vault", place, zones)
        if stale:
            e.set(part(ENDPOINT)(e), "properties.provisioningState", "Failed")
        else:
            e.unset(e.get(record["id"]), "properties.aRecords[0]")

    return change


def forwarded(domain: str) -> Change:
    """The spoke has no link to the zone, but a ruleset that sends a domain to the resolver of the hub, which has."""

    def change(e: Estate) -> None:
        hub, spoke = e.find(VNET, "vnet-keel-hub"), e.find(VNET, "vnet-keel")
        at = Group(e, hub["id"].partition("/providers/")[0], hub["location"])
        resolver(at, "dnspr-keel", hub, "snet-pe", "10.50.2.100")
        ruleset(at, "dnsfrs-keel", {domain: "10.50.2.100"}, spoke)
        e.remove(next(b for b in e.find_all(LINK) if NAME in b["id"] and b["name"] == "link-vnet-keel"))

    return change


PRIVATE = [
    Row("sound", lambda e: None, "pass", "resolves to its private endpoint", "properties.aRecords"),
    Row("names in another case", in_capitals, "pass"),
    Row("no zone group, right record", drop(GROUP), "pass", assumes="no zone group keeps"),
    Row("the record is for another endpoint", two(stale=False), "pass", counter=True),
    Row("a dead endpoint's address besides", two(stale=True), "fail", "which no endpoint has", "properties.aRecords"),
    Row("no zone group, no record", drop(GROUP, RECORD), "fail", "no record kv-tidal"),
    Row("the public suffix with privatelink", moved_to("privatelink.vault.azure.net"), "fail", NAME, counter=True),
    Row("another cloud's zone", moved_to("privatelink.vaultcore.usgovcloudapi.net"), "fail", NAME),
    Row("zone not linked", drop(LINK), "fail", f"{NAME} is not linked"),
    Row("no such zone", drop(ZONE), "fail", NAME),
    Row("zone denied", deny(ZONE), "unknown", shows=f"{ZONE}/read"),
    Row("links denied", lambda e: e.denied.append(Denial(type=LINK)), "unknown", shows=f"{LINK}/read"),
    Row("interface denied", deny(NIC), "unknown", shows=f"{NIC}/read"),
    Row(
        "endpoint deleted", lambda e: e.remove(part(ENDPOINT)(e)), "not-applicable", "no private endpoint within reach"
    ),
]
HUB = [
    Row("the public suffix forwarded", forwarded("vault.azure.net"), "pass", assumes="through the forwarding rule"),
    Row("another suffix forwarded", forwarded("blob.core.windows.net"), "fail", NAME),
]
SUBNETS = [Row("service endpoints", lambda e: None, "not-applicable", "no private endpoint within reach")]

CASES = ((secure, PRIVATE), (hub_and_spoke, HUB), (service_endpoints, SUBNETS))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_vault_names(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-004"), row)
    if row.status == "fail":
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"DNS-007"} == {"DNS-004"}  # and the extended rules on the same records
