"""ACR-001: AKS reaches the registry over a valid private endpoint; if only a hidden VNet rule could, it is unknown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, service_endpoints
from tests.arm.private_link import ENDPOINT, remove_private_endpoint
from tests.arm.scenarios import hub_project, secure
from tests.arm.scenarios import service_endpoints as by_subnet
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
NAMED = "properties.containerRegistry"


def registry(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(REGISTRY), path, value)


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def named(value: Callable[[str], str | None]) -> Change:
    """The workspace names its registry otherwise."""

    def change(e: Estate) -> None:
        e.set(e.find(WORKSPACE, "mlw"), NAMED, value(e.find(REGISTRY)["id"]))

    return change


def no_endpoint(e: Estate) -> None:
    remove_private_endpoint(e, e.find(ENDPOINT, "-registry"))


def served(access: str) -> Change:
    """Instead of a private endpoint, the AKS subnet has the service endpoint, and the registry an access."""

    def change(e: Estate) -> None:
        no_endpoint(e)
        service_endpoints(e.find(VNET), "snet-aks", "Microsoft.ContainerRegistry")
        registry("properties.publicNetworkAccess", access)(e)

    return change


PRIVATE = [
    Row("sound", lambda e: None, "pass", "pe-tidal-registry", STATE),
    Row("named in capitals", named(str.upper), "pass", "pe-tidal-registry"),
    Row("none", no_endpoint, "fail", "no private endpoint for registry", "privateEndpointConnections"),
    Row(
        "Pending",
        lambda e: e.set(e.find(ENDPOINT, "-registry"), STATE, "Pending"),
        "fail",
        "is Pending",
        STATE,
        counter=True,
    ),
    Row("not named", named(lambda _: None), "not-applicable", "no registry yet"),
    Row("named by the empty text", named(lambda _: ""), "not-applicable", "no registry yet"),
    Row("registry gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable"),
    Row("registry denied", deny(REGISTRY), "unknown", shows=f"{REGISTRY}/read"),
    Row("endpoint denied", deny(ENDPOINT, "-registry"), "unknown", shows=f"{ENDPOINT}/read"),
]
SUBNETS = [
    Row("endpoint beside others' service endpoints", lambda e: None, "pass", "pe-pilot-registry"),
    Row("neither", no_endpoint, "fail", "snet-aks has no service endpoint", "serviceEndpoints"),
    Row("rules are not shown", served("Enabled"), "unknown", "was not read", "networkRuleSet.virtualNetworkRules"),
    Row("rules are off", served("Disabled"), "fail", "its VNet rules", "publicNetworkAccess", counter=True),
]
HUB = [
    Row("the hub's registry", lambda e: None, "pass", "pe-tidal-registry"),
    Row("the hub names none", named(lambda _: None), "not-applicable", "no registry yet"),
    Row("hub denied", deny(WORKSPACE, "mlw-tidal"), "unknown", shows=f"{WORKSPACE}/read"),
]

CASES = ((secure, PRIVATE), (by_subnet, SUBNETS), (hub_project, HUB))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_registry_reachable(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "ACR-001"), row)


def test_no_registry_silences_its_rules_and_breaks_none() -> None:
    estate = secure()
    named(lambda _: None)(estate)
    of = {r.rule.id: str(r.status) for r in audited(estate).results}
    assert {of[rule] for rule in ("ACR-001", "ACR-002", "ACR-003", "ACR-004", "DNS-005")} == {"not-applicable"}
    assert (of["ENV-003"], "fail" in of.values()) == ("pass", False)
