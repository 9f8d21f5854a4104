"""DNS-007: each record of the private endpoints holds the present address, and no dead one beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.arm import private_link
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, subnet
from tests.arm.private_link import ENDPOINT, NIC, ZONE
from tests.arm.scenarios import everything_public, hub_and_spoke, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
LINK, GROUP, RECORD = f"{ZONE}/virtualNetworkLinks", f"{ENDPOINT}/privateDnsZoneGroups", f"{ZONE}/A"
BLOB, API = "privatelink.blob.core.windows.net", "privatelink.api.azureml.ms"
DEAD = "10.40.16.250"
PUBLIC_FORM = "*.northeurope.inference.ml.azure.com"
DATASTORES = f"{WORKSPACE}/datastores"
STATUS = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"


def record(e: Estate, zone: str, part: str = "") -> Json:
    return next(r for r in e.find_all(RECORD, part) if f"/{zone}/" in r["id"])


def holds(zone: str, part: str, *addresses: str) -> Change:
    """A record has these addresses, its own where one is ''."""

    def change(e: Estate) -> None:
        found = record(e, zone, part)
        own = found["properties"]["aRecords"][0]["ipv4Address"]
        e.set(found, "properties.aRecords", [{"ipv4Address": a or own} for a in addresses])

    return change


def body(zone: str, part: str, value: Any) -> Change:
    return lambda e: e.set(record(e, zone, part), "properties.aRecords", value)


def drop(zone: str, part: str) -> Change:
    return lambda e: e.remove(record(e, zone, part))


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def made_anew(e: Estate) -> None:
    """The endpoint of the blobs was deleted and made again, without a zone group; the record is the old one's."""
    private_link.remove_private_endpoint(e, e.find(ENDPOINT, "pe-tidal-blob"))
    space = e.find(VNET, "vnet-tidal")
    at = Group(e, space["id"].partition("/providers/")[0], space["location"])
    account = e.find(STORAGE, "main")
    private_link.a_record(e, e.find(ZONE, BLOB), account["name"], DEAD)
    private_link.private_endpoint(at, "pe-anew", account, "blob", subnet(space, "snet-pe"))


def second(status: str = "Approved") -> Change:
    """Another endpoint for the blobs, in the same zone; the first one in some state."""

    def change(e: Estate) -> None:
        space = e.find(VNET, "vnet-tidal")
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        zones = {BLOB: e.find(ZONE, BLOB)}
        place = subnet(space, "snet-pe")
        private_link.private_endpoint(at, "pe-second", e.find(STORAGE, "main"), "blob", place, zones)
        e.set(e.find(ENDPOINT, "pe-tidal-blob"), STATUS, status)

    return change


def in_azures_form(e: Estate) -> None:
    """The interface shows the inference name as the outside knows it, without the workspace's id."""
    path = "properties.ipConfigurations[2].properties.privateLinkConnectionProperties.fqdns"
    e.set(e.find(NIC, "pe-tidal-workspace"), path, [PUBLIC_FORM])


def capitals(e: Estate) -> None:
    """The record's name and the zone's id in the zone group are written in capitals."""
    old = record(e, BLOB, "main")
    e.remove(old)
    name = old["name"].upper()
    e.add(old | {"id": old["id"].rpartition("/")[0] + "/" + name, "name": name})
    group = next(g for g in e.find_all(GROUP) if "/pe-tidal-blob/" in g["id"])
    path = "properties.privateDnsZoneConfigs[0].properties.privateDnsZoneId"
    e.set(group, path, e.find(ZONE, BLOB)["id"].upper())


def denied(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(type=kind, scope=e.find(kind, name)["id"] if name else ""))


def stale_group(e: Estate) -> None:
    e.denied.append(Denial(type=RECORD))
    group = next(g for g in e.find_all(GROUP) if "/pe-tidal-blob/" in g["id"])
    e.set(group, "properties.privateDnsZoneConfigs[0].properties.recordSets[0].ipAddresses", [DEAD])


def no_zone(e: Estate) -> None:
    e.remove(e.find(ZONE, BLOB))


SOUND = [
    Row("sound", lambda e: None, "pass", "holds the present address", "properties.aRecords"),
    Row("two usable endpoints, both addresses", second(), "pass", counter=True),
    Row("the inference name in Azure's own form", in_azures_form, "pass", counter=True),
    Row("names and ids in capitals", capitals, "pass"),
    Row("records denied", denied(RECORD), "pass", assumes="says that it wrote them"),
    Row("a zone that does not exist", no_zone, "pass"),
]
# What fails along: the core rule on the same names.
WRONG = {
    "DNS-001": [
        Row(
            "no inference record",
            both(in_azures_form, drop(API, "*.")),
            "fail",
            "no record *.",
            "inference.northeurope",
        ),
        Row("no certificate record", drop(API, ".cert"), "fail", "no record", ".cert"),
        Row("the notebooks' address is old", holds("privatelink.notebooks.azure.net", "ml-", DEAD), "fail", DEAD),
    ],
    "DNS-003": [
        Row("made anew, not renewed", made_anew, "fail", f"points at {DEAD}, not at", "aRecords", counter=True),
        Row("no record", drop(BLOB, "main"), "fail", f"{BLOB} has no record sttidalmain", "A/sttidalmain"),
        Row("a dead address beside", holds(BLOB, "main", "", DEAD), "fail", f"also points at {DEAD}", counter=True),
        Row("that of a rejected endpoint", second("Rejected"), "fail", "that AKS can use"),
        Row("an empty record", body(BLOB, "main", []), "fail", "points at nothing"),
    ],
    "DNS-004": [Row("the vault's", holds("privatelink.vaultcore.azure.net", "kv-", DEAD), "fail", DEAD)],
    "DNS-005": [Row("the registry's", holds("privatelink.azurecr.io", "crtidal", DEAD), "fail", DEAD)],
    "DNS-006": [Row("the lake's", holds("privatelink.dfs.core.windows.net", "lake", DEAD), "fail", DEAD)],
}
UNSEEN = [
    Row("records null", body(BLOB, "main", None), "unknown", "was not read", "properties.aRecords"),
    Row("records of another kind", body(BLOB, "main", "10.40.16.7"), "unknown", "was not read", "aRecords"),
    Row("records denied, zone group stale", stale_group, "unknown", shows=f"{RECORD}/read"),
    Row("interface denied", denied(NIC, "pe-tidal-vault"), "unknown", shows=f"{NIC}/read"),
    Row("zone denied", denied(ZONE, BLOB), "unknown", "could not be read", f"{ZONE}/read"),
    Row("zone groups denied", denied(GROUP), "unknown", shows=f"{GROUP}/read"),
    Row("endpoint denied", denied(ENDPOINT, "pe-tidal-vault"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("AKS VNet denied", denied(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("datastores denied", denied(DATASTORES), "unknown", "other storage", f"{DATASTORES}/read"),
]


def own_zone(linked: bool, *servers: str) -> Change:
    """The zone of the zone group, in the hub, is out of sight; the spoke has an empty one of the same name."""

    def change(e: Estate) -> None:
        space = e.find(VNET, "vnet-keel")
        e.denied.append(Denial(scope=e.find(ZONE, BLOB)["id"]))
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        private_link.zones(at, [BLOB], *([space] if linked else []))
        space["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}

    return change


HUB = [
    Row("zones in the hub", lambda e: None, "pass"),
    Row("AKS asks another zone, which is empty", own_zone(True), "fail", "no record stkeelmain"),
    Row("an unlinked one beside that of the hub", own_zone(False), "unknown", "could not be read", f"{ZONE}/read"),
    Row("which one is asked is not seen", own_zone(True, "192.0.2.53"), "unknown", shows=f"{ZONE}/read"),
]
ELSE = [
    (service_endpoints, Row("a registry alone", lambda e: None, "pass")),
    (everything_public, Row("no endpoint", lambda e: None, "not-applicable", "no private endpoint")),
]
ROWS = [*((secure, r) for r in (*SOUND, *UNSEEN)), *((hub_and_spoke, r) for r in HUB), *ELSE]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_records_are_current(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "DNS-007"), row)


@pytest.mark.parametrize(
    ("along", "row"), [(i, r) for i, rows in WRONG.items() for r in rows], ids=lambda x: x.name if x != str(x) else x
)
def test_a_record_that_is_wrong(along: str, row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-007"), row)
    data = {"DNS-008"} if along == "DNS-005" else set()
    assert {r.rule.id for r in report.results if r.status == "fail"} == {"DNS-007", along} | data


@pytest.mark.parametrize(("address", "status"), [("", "pass"), (DEAD, "fail")])
def test_what_was_read_of_a_list_that_broke_off_counts_before_the_zone_group(address: str, status: str) -> None:
    estate = secure()
    holds(API, ".cert", address)(estate)

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        url = urlsplit(request.url or "")
        refused = url.path.endswith(f"/{API}/A") and "skiptoken" in url.query
        return respond(request, 403, {"error": {"code": "AuthorizationFailed", "message": "no"}}) if refused else None

    first = record(estate, API, ".cert")
    estate.resources = {first["id"].lower(): first, **estate.resources}
    adapter = ArmAdapter(estate, page_size=1, fault=fault)
    result = only(report_on(snapshot_of(estate, adapter)), "DNS-007")
    assert result.status == status, result.verdict.message
    assert result.verdict.assumptions if status == "pass" else DEAD in result.verdict.message


def test_the_fix_writes_the_records_of_both_zones_anew() -> None:
    estate = secure()
    drop(API, ".cert")(estate)
    fix = only(audited(estate), "DNS-007").fix.split(" && ")
    assert [c.split()[4] for c in fix] == ["delete", "create", "add"]
    assert fix[0].endswith("--endpoint-name pe-tidal-workspace -n default")
    assert fix[1].endswith(f"--zone-name {API}")
    assert fix[2].endswith("--zone-name privatelink.notebooks.azure.net")
