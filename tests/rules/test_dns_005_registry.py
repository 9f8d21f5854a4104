"""DNS-005: the registry's endpoint has the records of its login and data names in a zone that AKS resolves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import private_link, services
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, subnet
from tests.arm.private_link import ENDPOINT, ZONE
from tests.arm.scenarios import secure, service_endpoints
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK, GROUP, RECORD = f"{ZONE}/virtualNetworkLinks", f"{ENDPOINT}/privateDnsZoneGroups", f"{ZONE}/A"
NAME = "privatelink.azurecr.io"


def zone(e: Estate) -> Json:
    return e.find(ZONE, NAME)


def record(name: str) -> Callable[[Estate], Json]:
    return lambda e: e.get(f"{zone(e)['id']}/A/{name}")


def link(e: Estate) -> Json:
    return next(b for b in e.find_all(LINK) if NAME in b["id"])


def zone_group(e: Estate) -> Json:
    return next(b for b in e.find_all(GROUP) if "-registry/" in b["id"])


def drop(*bodies: Callable[[Estate], Json]) -> Change:
    def change(e: Estate) -> None:
        for body in bodies:
            e.remove(body(e))

    return change


def replicated(without: str = "") -> Change:
    """A replica, and an endpoint made anew for it; a record that got lost."""

    def change(e: Estate) -> None:
        private_link.remove_private_endpoint(e, e.find(ENDPOINT, "-registry"))
        services.replication(e, e.find(REGISTRY), "westeurope")
        space = e.find(VNET, "vnet-tidal")
        at = Group(e, space["id"].partition("/providers/")[0], space["location"])
        place, zones = subnet(space, "snet-pe"), {NAME: zone(e)}
        private_link.private_endpoint(at, "pe-anew", e.find(REGISTRY), "registry", place, zones)
        if without:
            e.remove(record(without)(e))

    return change


PRIVATE = [
    Row("sound", lambda e: None, "pass", "resolves to its private endpoint", "properties.aRecords"),
    Row("no zone group, right records", drop(zone_group), "pass", assumes="no zone group keeps"),
    Row("a replica", replicated(), "pass"),
    Row("no login record", drop(record("crtidal")), "fail", "no record crtidal"),
    Row(
        "no data record",
        drop(record("crtidal.northeurope.data")),
        "fail",
        "no record crtidal.northeurope.data",
        counter=True,
    ),
    Row("no data record of a replica", replicated("crtidal.westeurope.data"), "fail", "no record crtidal.westeurope"),
    Row("zone not linked", drop(link), "fail", f"{NAME} is not linked", "virtualNetwork.id"),
    Row("no zone", drop(zone), "fail", NAME),
    Row("zone denied", lambda e: e.denied.append(Denial(scope=zone(e)["id"])), "unknown", shows=f"{ZONE}/read"),
    Row("registry denied", lambda e: e.denied.append(Denial(type=REGISTRY)), "unknown", shows=f"{REGISTRY}/read"),
    Row("endpoint deleted", drop(lambda e: e.find(ENDPOINT, "-registry")), "not-applicable", "no private endpoint"),
    Row(
        "none yet",
        lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"),
        "not-applicable",
        "no registry",
    ),
]
SUBNETS = [
    Row("beside service endpoints", lambda e: None, "pass"),
    Row("beside them, not linked", drop(link), "fail", "not linked to vnet-pilot"),
]

ROWS = [(build, row) for build, rows in ((secure, PRIVATE), (service_endpoints, SUBNETS)) for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_registry_names(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "DNS-005"), row)
    if row.status == "fail" and build is secure:
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"DNS-007", "DNS-008"} == {"DNS-005"}  # and the extended rules on the same records
