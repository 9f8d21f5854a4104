"""DNS-008: the registry's login name and a data name for each of its regions have their records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.arm import private_link, services
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, subnet
from tests.arm.private_link import ENDPOINT, NIC, ZONE, a_record
from tests.arm.scenarios import everything_public, secure, service_endpoints
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
NAME = "privatelink.azurecr.io"
HOME, REPLICA = "crtidal.northeurope.data", "crtidal.westeurope.data"
REPLICATIONS, RECORD = f"{REGISTRY}/replications", f"{ZONE}/A"


def zone(e: Estate) -> Json:
    return e.find(ZONE, NAME)


def drop(name: str) -> Change:
    return lambda e: e.remove(f"{zone(e)['id']}/A/{name}")


def points(name: str, *addresses: str) -> Change:
    def change(e: Estate) -> None:
        a_record(e, zone(e), name, *addresses)

    return change


def set_registry(path: str, value: Any) -> Change:
    return lambda e: e.set(e.find(REGISTRY), path, value)


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def place(e: Estate) -> tuple[Group, Json]:
    space = e.find(VNET, "vnet-tidal")
    return Group(e, space["id"].partition("/providers/")[0], space["location"]), subnet(space, "snet-pe")


def replica(region: str = "westeurope", anew: bool = True) -> Change:
    """A replica; its endpoint is made anew for it, or knows nothing of it."""

    def change(e: Estate) -> None:
        services.replication(e, e.find(REGISTRY), region)
        if anew:
            private_link.remove_private_endpoint(e, e.find(ENDPOINT, "-registry"))
            at, where = place(e)
            private_link.private_endpoint(at, "pe-anew", e.find(REGISTRY), "registry", where, {NAME: zone(e)})

    return change


def labelled(e: Estate) -> None:
    """The login name carries a hash, as registries with a domain name label do; so do the data names."""
    e.set(e.find(REGISTRY), "properties.loginServer", "crtidal-a1b2c3.azurecr.io")
    nic = e.find(NIC, "-registry")
    for number, name in enumerate(("crtidal-a1b2c3.northeurope.data", "crtidal-a1b2c3")):
        config = nic["properties"]["ipConfigurations"][number]["properties"]
        config["privateLinkConnectionProperties"]["fqdns"] = [f"{name}.azurecr.io"]
        e.remove(f"{zone(e)['id']}/A/{name.replace('-a1b2c3', '')}")
        a_record(e, zone(e), name, config["privateIPAddress"])


def denied(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(type=kind, scope=e.find(kind, name)["id"] if name else ""))


def no_registry(e: Estate) -> None:
    e.unset(e.find(WORKSPACE), "properties.containerRegistry")


PRIVATE = [
    Row("sound", lambda e: None, "pass", "each data endpoint has its record", "properties.aRecords"),
    Row("no dedicated data endpoint", set_registry("properties.dataEndpointEnabled", False), "pass", counter=True),
    Row("a replica with its record", replica(), "pass"),
    Row("the home region among the replicas", replica("northeurope", anew=False), "pass"),
    Row("a region in words", set_registry("location", "North Europe"), "pass"),
    Row("a login name with a label", labelled, "pass", counter=True),
    Row("records of several endpoints", lambda e: second(e), "pass"),
    Row("replicas denied", denied(REPLICATIONS), "unknown", "could not be listed", f"{REPLICATIONS}/read"),
    Row("records denied", denied(RECORD), "unknown", "could not be read", f"{RECORD}/read"),
    Row("zone denied", denied(ZONE, NAME), "unknown", shows=f"{ZONE}/read"),
    Row("interface denied", both(denied(NIC, "-registry")), "unknown", shows=f"{NIC}/read"),
    Row("registry denied", denied(REGISTRY), "unknown", shows=f"{REGISTRY}/read"),
    Row("endpoint denied", denied(ENDPOINT, "-registry"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("AKS VNet denied", denied(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("no region", set_registry("location", None), "unknown", "a region of the registry", "location"),
    Row("a record of another kind", lambda e: record_of(e, "10.40.16.7"), "unknown", "was not read", "aRecords"),
    Row("no zone", lambda e: e.remove(zone(e)), "not-applicable", "no zone"),
    Row("none yet", no_registry, "not-applicable", "no registry"),
    Row("registry gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable", "does not exist"),
    Row("no endpoint", lambda e: e.remove(e.find(ENDPOINT, "-registry")), "not-applicable", "no private endpoint"),
]
# What fails along: the interface lists the names that are asked for, save that of a replica that it does not know.
WRONG = [
    Row("no data record", drop(HOME), "fail", f"no record {HOME}", f"A/{HOME}", counter=True),
    Row("no login record", drop("crtidal"), "fail", "no record crtidal"),
    Row("an old address", points(HOME, "10.40.16.250"), "fail", "10.40.16.250, not at", "properties.aRecords"),
    Row("a dead address beside", lambda e: dead_beside(e), "fail", "10.40.16.250"),
    Row("the replica's record is gone", both(replica(), drop(REPLICA)), "fail", f"no record {REPLICA}"),
    Row("a replica without a record", replica(anew=False), "fail", f"no record {REPLICA}", counter=True),
]


def dead_beside(e: Estate) -> None:
    own = e.get(f"{zone(e)['id']}/A/{HOME}")["properties"]["aRecords"][0]["ipv4Address"]
    a_record(e, zone(e), HOME, own, "10.40.16.250")


def record_of(e: Estate, value: Any) -> None:
    e.set(f"{zone(e)['id']}/A/{HOME}", "properties.aRecords", value)


def second(e: Estate) -> None:
    at, where = place(e)
    private_link.private_endpoint(at, "pe-second", e.find(REGISTRY), "registry", where, {NAME: zone(e)})


ROWS = [
    *((secure, row) for row in PRIVATE),
    (service_endpoints, Row("beside service endpoints", lambda e: None, "pass")),
    (everything_public, Row("a public registry", lambda e: None, "not-applicable", "no private endpoint")),
]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_registry_data_records(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "DNS-008"), row)


@pytest.mark.parametrize("row", WRONG, ids=lambda row: row.name)
def test_a_data_record_that_is_wrong(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-008"), row)
    along = set() if row.name == "a replica without a record" else {"DNS-005", "DNS-007"}
    assert {r.rule.id for r in report.results if r.status == "fail"} == {"DNS-008"} | along


def test_the_fix_names_the_record() -> None:
    estate = secure()
    replica(anew=False)(estate)
    fix = only(audited(estate), "DNS-008").fix
    assert fix.endswith(f"-g rg-tidal-net -z {NAME} -n {REPLICA} -a <address-of-that-name>")
