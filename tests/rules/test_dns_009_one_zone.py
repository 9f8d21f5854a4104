"""DNS-009: where several zones have one name, AKS asks one that holds the endpoint's records."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import network, private_link
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT, ZONE
from tests.arm.scenarios import everything_public, hub_and_spoke, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK, GROUP, RECORD = f"{ZONE}/virtualNetworkLinks", f"{ENDPOINT}/privateDnsZoneGroups", f"{ZONE}/A"
BLOB, VAULT = "privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net"


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def own(e: Estate, name: str = BLOB) -> Json:
    """The zone that the estate came with."""
    home = e.find(WORKSPACE)["id"].partition("/providers/")[0]
    return next(z for z in e.find_all(ZONE, name) if not z["id"].startswith(home + "/"))


def under(e: Estate, kind: str, zone: Json) -> list[Json]:
    return [b for b in e.find_all(kind) if b["id"].startswith(zone["id"] + "/")]


def unlink(e: Estate, zone: Json, vnet: str = "") -> None:
    for link in [x for x in under(e, LINK, zone) if x["name"] in (f"link-{vnet}", "") or not vnet]:
        e.remove(link)


def copy(e: Estate, zone: Json, to: Json) -> None:
    for record in under(e, RECORD, zone):
        addresses = [a["ipv4Address"] for a in record["properties"]["aRecords"]]
        private_link.a_record(e, to, record["name"], *addresses)


def namesake(name: str = BLOB, *, linked: bool, filled: bool = False, vnet: str = "vnet-tidal") -> Change:
    """Another zone of the name, beside the workspace; if it is linked to a VNet, the first one is not any more."""

    def change(e: Estate) -> None:
        space, first = e.find(VNET, vnet), own(e, name)
        at = Group(e, e.find(WORKSPACE)["id"].partition("/providers/")[0], space["location"])
        other = private_link.zones(at, [name], *([space] if linked else []))[name]
        if linked:
            unlink(e, first, vnet)
        if filled:
            copy(e, first, other)

    return change


def move_records(e: Estate) -> None:
    """The records are in the other zone, although the zone group writes to this one."""
    first = own(e)
    other = next(z for z in e.find_all(ZONE, BLOB) if z["id"] != first["id"])
    copy(e, first, other)
    for record in under(e, RECORD, first):
        e.remove(record)


def lose_records(e: Estate) -> None:
    for zone in e.find_all(ZONE, BLOB):
        for record in under(e, RECORD, zone):
            e.remove(record)


def ungrouped(e: Estate) -> None:
    for endpoint in ("pe-tidal-blob", "pe-tidal-lake-blob"):
        e.remove(next(g for g in e.find_all(GROUP) if f"/{endpoint}/" in g["id"]))


def capitals(e: Estate) -> None:
    """The zone group names its zone in capitals."""
    zone = own(e)["id"]
    for group in e.find_all(GROUP):
        for config in group["properties"]["privateDnsZoneConfigs"]:
            if config["properties"]["privateDnsZoneId"] == zone:
                config["properties"]["privateDnsZoneId"] = zone.upper()


def nowhere(e: Estate) -> None:
    for zone in e.find_all(ZONE, BLOB):
        unlink(e, zone)


def of_type(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def without_own(e: Estate) -> None:
    """The zone of the zone group cannot be read."""
    e.denied.append(Denial(scope=own(e)["id"]))


LINKED, FILLED = namesake(linked=True), namesake(linked=True, filled=True)
BESIDE = namesake(linked=False)

ONE_VNET = [
    Row("one zone of each name", lambda e: None, "not-applicable", "no two zones"),
    Row("an unlinked namesake", BESIDE, "pass", "holds the records", "virtualNetworkLinkState", counter=True),
    Row("the zone group in capitals", both(BESIDE, capitals), "pass"),
    Row("two of two names", both(BESIDE, namesake(VAULT, linked=False)), "pass"),
    Row("a linked one with equal records", FILLED, "pass", shows="aRecords", counter=True),
    Row("a linked one with equal records, no zone group", both(FILLED, ungrouped), "pass"),
    Row("the other holds the records", both(BESIDE, move_records), "fail", "than the one in rg-tidal:"),
    Row("a linked one, empty", LINKED, "fail", f"another zone {BLOB}", shows="A/sttidalmain", counter=True),
    Row("a linked one, the first out of sight", both(LINKED, without_own), "fail", "no record sttidalmain"),
    Row("no zone group, a linked one, empty", both(LINKED, ungrouped), "fail", "in rg-tidal-net:"),
    Row("no records at all", both(BESIDE, lose_records), "not-applicable", "no two zones"),
    Row("neither is linked", both(BESIDE, nowhere), "not-applicable", "no two zones"),
    Row("links denied", both(BESIDE, of_type(LINK)), "unknown", "links of", f"{LINK}/read"),
    Row("records denied", both(BESIDE, of_type(RECORD)), "pass"),
    Row("records of a linked one denied", both(LINKED, of_type(RECORD)), "unknown", "records of", f"{RECORD}/read"),
    Row("the first out of sight", both(BESIDE, without_own), "unknown", "could not be read", f"{ZONE}/read"),
    Row("zone groups denied", both(BESIDE, of_type(GROUP)), "unknown", shows=f"{GROUP}/read"),
    Row("AKS VNet denied", lambda e: e.denied.append(Denial(type=VNET)), "unknown", shows=f"{VNET}/read"),
]

SPOKE = namesake(linked=True, vnet="vnet-keel")


def no_hub(e: Estate) -> None:
    """The subscription of the hub, with its zones, is out of sight."""
    e.denied.append(Denial(subscription=e.find(VNET, "vnet-keel-hub")["id"].split("/")[2]))


def proxy(e: Estate) -> None:
    """The spoke asks a firewall in the hub."""
    hub = e.find(VNET, "vnet-keel-hub")
    network.add_subnet(hub, "AzureFirewallSubnet", "10.50.3.0/26")
    at = Group(e, hub["id"].partition("/providers/")[0], hub["location"])
    network.firewall(at, "afw-keel", hub, "10.50.3.4")
    e.find(VNET, "vnet-keel")["properties"]["dhcpOptions"] = {"dnsServers": ["10.50.3.4"]}


def on_premises(e: Estate) -> None:
    e.find(VNET, "vnet-keel")["properties"]["dhcpOptions"] = {"dnsServers": ["192.0.2.53"]}


HUB = [
    Row("the right one linked to the hub alone", SPOKE, "fail", f"another zone {BLOB}"),
    Row("the right one linked to the hub, which is asked", both(SPOKE, proxy), "pass", counter=True),
    Row("which one is asked is not seen", both(SPOKE, on_premises), "unknown", "check that it resolves", "dnsServers"),
    Row("the right one out of sight, in another subscription", both(SPOKE, no_hub), "fail", "in rg-keel-hub:"),
    Row("only zones out of sight", no_hub, "unknown", "could not be read", f"{ZONE}/read"),
]
PUBLIC = [Row("no endpoint", lambda e: None, "not-applicable", "no two zones")]

CASES = ((secure, ONE_VNET), (hub_and_spoke, HUB), (everything_public, PUBLIC))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_one_zone_per_name(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-009"), row)
    if row.status == "fail":  # the names do not resolve then, of the default storage and of the lake
        assert {r.rule.id for r in report.results if r.status == "fail"} - {"DNS-006"} == {
            "DNS-003",
            "DNS-007",
            "DNS-009",
        }


def test_the_fix_links_the_right_zone_in_place_of_the_wrong_one() -> None:
    estate = secure()
    LINKED(estate)
    fix = only(audited(estate), "DNS-009").fix.split(" && ")
    assert fix[0].endswith(f"delete -g rg-tidal -z {BLOB} -n link-vnet-tidal --yes")
    assert f"create -g rg-tidal-net -z {BLOB} -n link-vnet-tidal --virtual-network " in fix[1]
    assert "/vnet-tidal " in fix[1]
