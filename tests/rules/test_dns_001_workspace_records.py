"""DNS-001: one valid endpoint of the workspace has all its records, in the API zone and the notebooks zone AKS asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.arm import private_link
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, subnet
from tests.arm.private_link import ENDPOINT, NIC, ZONE
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
GROUP = f"{ENDPOINT}/privateDnsZoneGroups"
LINK = f"{ZONE}/virtualNetworkLinks"
API, NOTEBOOKS = "privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
UNKEPT = "no zone group keeps"


def group_of(e: Estate, endpoint: str = "pe-tidal-workspace") -> Json:
    return next(g for g in e.find_all(GROUP) if f"/{endpoint}/" in g["id"])


def records(e: Estate, name: str = "") -> list[Json]:
    """The A records of the workspace's two zones."""
    return [r for r in e.find_all(f"{ZONE}/A", name) if API in r["id"] or NOTEBOOKS in r["id"]]


def drop(*bodies: Callable[[Estate], Iterable[Json]]) -> Change:
    def change(e: Estate) -> None:
        for body in [b for found in bodies for b in found(e)]:
            e.remove(body)

    return change


def points(name: str, *addresses: str) -> Change:
    """A record has these addresses, besides its own where one is ''."""

    def change(e: Estate) -> None:
        (record,) = records(e, name)
        own = record["properties"]["aRecords"][0]["ipv4Address"]
        e.set(record, "properties.aRecords", [{"ipv4Address": a or own} for a in addresses])

    return change


def only_api(e: Estate) -> None:
    e.unset(group_of(e), "properties.privateDnsZoneConfigs[1]")


def second(dns: bool = True, first: str = "Approved") -> Change:
    """Another endpoint of the workspace; the first one in some state."""

    def change(e: Estate) -> None:
        space, owner = e.find(VNET, "vnet-tidal"), e.find(WORKSPACE)
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        zones = {name: e.find(ZONE, name) for name in (API, NOTEBOOKS)} if dns else None
        private_link.private_endpoint(at, "pe-second", owner, "amlworkspace", subnet(space, "snet-pe"), zones)
        e.set(e.find(ENDPOINT, "pe-tidal-workspace"), STATE, first)

    return change


def namesake(linked: bool, filled: bool = False) -> Change:
    """Another API zone of the same name; if it is the linked one, that of the zone group is not."""

    def change(e: Estate) -> None:
        space, own = e.find(VNET, "vnet-tidal"), e.find(ZONE, API)
        at = Group(e, e.find(WORKSPACE)["id"].partition("/providers/")[0], space["location"])
        held = [(r["name"], r["properties"]["aRecords"][0]["ipv4Address"]) for r in records(e) if API in r["id"]]
        other = private_link.zones(at, [API], *([space] if linked else []))[API]
        if linked:
            e.remove(next(x for x in e.find_all(LINK) if x["id"].startswith(own["id"] + "/")))
        for name, address in held if filled else ():
            private_link.a_record(e, other, name, address)

    return change


def no_wildcard(e: Estate) -> None:
    """The interface does not list the inference name."""
    drop(lambda e: records(e, "*."))(e)
    e.unset(e.find(NIC, "pe-tidal-workspace"), "properties.ipConfigurations[2]")


def rejected(e: Estate) -> None:
    e.set(e.find(ENDPOINT, "pe-tidal-workspace"), STATE, "Rejected")


def deny(body: Callable[[Estate], Json]) -> Change:
    return lambda e: e.denied.append(Denial(scope=body(e)["id"]))


def unreadable_records(e: Estate) -> None:
    e.denied.append(Denial(type=f"{ZONE}/A"))


def stale_group(e: Estate) -> None:
    unreadable_records(e)
    e.set(group_of(e), "properties.privateDnsZoneConfigs[0].properties.recordSets[0].ipAddresses", ["10.40.16.250"])


PRIVATE = [
    Row("sound", lambda e: None, "pass", "pe-tidal-workspace has its records", "properties.aRecords"),
    Row("no zone group, right records", drop(lambda e: [group_of(e)]), "pass", assumes=UNKEPT, counter=True),
    Row("no group for notebooks, right record", only_api, "pass", assumes=UNKEPT),
    Row("no inference name", no_wildcard, "pass"),
    Row("another endpoint's addresses, too", second(), "pass", counter=True),
    Row("another endpoint without records", second(dns=False), "pass", "pe-tidal-workspace"),
    Row("an unlinked namesake", namesake(linked=False), "pass"),
    Row("a linked namesake, filled by hand", namesake(linked=True, filled=True), "pass", assumes=UNKEPT),
    Row("records denied", unreadable_records, "pass", assumes="the zone group of pe-tidal-workspace says"),
    Row("no zone group, no record", drop(lambda e: [group_of(e)], records), "fail", "no record"),
    Row("no notebooks record", drop(lambda e: records(e, "ml-")), "fail", NOTEBOOKS, counter=True),
    Row("no certificate record", drop(lambda e: records(e, ".cert")), "fail", "no record", ".cert"),
    Row("no inference record", drop(lambda e: records(e, "*.")), "fail", "no record *."),
    Row("another address", points("ml-", "10.40.16.250"), "fail", "10.40.16.250, not at", "properties.aRecords"),
    Row("a dead address besides", points("ml-", "", "10.40.16.250"), "fail", "which no endpoint has"),
    Row("a rejected endpoint's addresses besides", second(first="Rejected"), "fail", "which no endpoint has"),
    Row("a linked namesake, empty", namesake(linked=True), "fail", f"{API} has no record"),
    Row("no such zone", drop(lambda e: [e.find(ZONE, NOTEBOOKS)]), "fail", "does not exist"),
    Row("records denied, zone group stale", stale_group, "unknown", shows=f"{ZONE}/A/read"),
    Row("zone denied", deny(lambda e: e.find(ZONE, API)), "unknown", shows=f"{ZONE}/read"),
    Row("zone group denied", lambda e: e.denied.append(Denial(type=GROUP)), "unknown", shows=f"{GROUP}/read"),
    Row("interface denied", deny(lambda e: e.find(NIC, "pe-tidal-workspace")), "unknown", shows=f"{NIC}/read"),
    Row("AKS VNet denied", deny(lambda e: e.find(VNET, "vnet-tidal")), "unknown", shows=f"{VNET}/read"),
    Row("endpoint Rejected", rejected, "not-applicable"),
]
HUB = [Row("the hub's endpoint", lambda e: None, "pass", "pe-tidal-workspace has its records")]
PUBLIC = [Row("no endpoint", lambda e: None, "not-applicable", "no private endpoint within reach")]

ROWS = [
    (build, row) for build, rows in ((secure, PRIVATE), (hub_project, HUB), (service_endpoints, PUBLIC)) for row in rows
]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_workspace_records(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-001"), row)
    if row.status == "fail":
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"DNS-007", "DNS-009"} == {"DNS-001"}  # and the extended rules on the same records


def test_the_fix_names_the_zones() -> None:
    estate = secure()
    drop(lambda e: [group_of(e)], records)(estate)
    fix = only(audited(estate), "DNS-001").fix
    for name, word in ((API, "api"), (NOTEBOOKS, "notebooks")):
        assert f"--private-dns-zone {estate.find(ZONE, name)['id']} --zone-name {word}" in fix
