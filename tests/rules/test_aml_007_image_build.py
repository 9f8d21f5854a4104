"""AML-007: where the registry is closed, a compute is set to build images and comes to the registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.arm import network
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE, training_cluster
from tests.arm.network import VNET, peer, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import everything_public, hub_and_spoke, hub_project, secure, service_endpoints
from tests.arm.services import REGISTRY
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
BUILD, MODE = "properties.imageBuildCompute", "properties.managedNetwork.isolationMode"
COMPUTE = f"{WORKSPACE}/computes"
STATE, SUBNET = "properties.provisioningState", "properties.properties.subnet"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}/pe-hidden"


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def named(value: object) -> Change:
    return lambda e: e.set(e.find(WORKSPACE), BUILD, value)


def builder(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(COMPUTE, "cpu-build"), path, value)


def instance(e: Estate) -> None:
    builder("properties.computeType", "ComputeInstance")(e)


def without(path: str) -> Change:
    return lambda e: e.unset(e.find(COMPUTE, "cpu-build"), path)


def registry(**properties: object) -> Change:
    return lambda e: e.find(REGISTRY)["properties"].update(properties)


def managed(mode: object) -> Change:
    return lambda e: e.set(e.find(WORKSPACE), MODE, mode)


def no_mode(e: Estate) -> None:
    e.unset(e.find(WORKSPACE), "properties.managedNetwork")


def no_subnet(e: Estate) -> None:
    training_cluster(e, e.find(WORKSPACE), "cpu-build", None)


def elsewhere(e: Estate) -> Json:
    """The build compute in a VNet of its own."""
    home = e.find(VNET, "vnet-tidal")
    at = Group(e, home["id"].partition("/providers/")[0], home["location"])
    space = vnet(at, "vnet-build", "10.99.0.0/16", {"snet-build": "10.99.0.0/24"})
    builder(SUBNET, {"id": subnet(space, "snet-build")["id"]})(e)
    return space


def apart(e: Estate) -> None:
    elsewhere(e)


def peered(e: Estate) -> None:
    peer(elsewhere(e), e.find(VNET, "vnet-tidal"))


def half_peered(e: Estate) -> None:
    peered(e)
    e.set(e.find(VNET, "vnet-tidal"), "properties.virtualNetworkPeerings[0].properties.peeringState", "Disconnected")


def peered_out_of_sight(e: Estate) -> None:
    """The VNet of the registry's endpoint is not readable, only the peering to it is."""
    peered(e)
    e.denied.append(Denial(scope=e.find(VNET, "vnet-tidal")["id"]))


def with_an_endpoint_there(e: Estate) -> None:
    """The build compute is in a VNet apart, and the registry has an endpoint there as well."""
    space = elsewhere(e)
    at = Group(e, space["id"].partition("/providers/")[0], space["location"])
    private_endpoint(at, "pe-build-registry", e.find(REGISTRY), "registry", subnet(space, "snet-build"))


def pending_there(e: Estate) -> None:
    with_an_endpoint_there(e)
    state = "privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
    e.set(e.find(ENDPOINT, "pe-build-registry"), f"properties.{state}", "Pending")


def hidden_endpoint(e: Estate) -> None:
    """The build compute is in a VNet apart, and the registry has an endpoint that cannot be read."""
    apart(e)
    state = {"privateEndpoint": {"id": HIDDEN}, "privateLinkServiceConnectionState": {"status": "Approved"}}
    e.find(REGISTRY)["properties"]["privateEndpointConnections"].append({"name": "hidden", "properties": state})


def no_endpoint(e: Estate) -> None:
    remove_private_endpoint(e, e.find(ENDPOINT, "pe-tidal-registry"))


def service_endpoint(e: Estate) -> None:
    """No private endpoint: the registry may admit the subnet of the compute."""
    no_endpoint(e)
    registry(publicNetworkAccess="Enabled")(e)
    network.service_endpoints(e.find(VNET, "vnet-tidal"), "snet-train", "Microsoft.ContainerRegistry")


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def deny_vnet(e: Estate) -> None:
    e.denied.append(Denial(scope=e.find(VNET, "vnet-build")["id"]))


SECURE = [
    Row("sound", lambda e: None, "pass", "cpu-build builds images in vnet-tidal", f"{SUBNET}.id"),
    Row("in capitals", both(named("CPU-BUILD"), builder("properties.computeType", "AMLCOMPUTE")), "pass"),
    Row("in a peered VNet", peered, "pass", "builds images in vnet-build"),
    Row("an endpoint where it is", with_an_endpoint_there, "pass", "in vnet-build, which reaches", counter=True),
    Row("no subnet, managed", both(no_subnet, managed("AllowInternetOutbound")), "pass", "managed", MODE, counter=True),
    Row("approved outbound only", both(no_subnet, managed("AllowOnlyApprovedOutbound")), "pass", "managed network"),
    Row("VNet of the endpoint out of sight", peered_out_of_sight, "pass", assumes="could not be read and is taken"),
    Row("default Deny", registry(publicNetworkAccess="Enabled"), "pass"),
    Row("null", named(None), "fail", "names no compute that builds images", BUILD),
    Row("empty", named(""), "fail", "names no compute", BUILD),
    Row("no such compute", named("cpu-gone"), "fail", "has no compute cpu-gone", BUILD),
    Row("the attached cluster", named("k8s-tidal"), "fail", "is of type Kubernetes", BUILD, counter=True),
    Row("an instance", instance, "fail", "cpu-build is of type ComputeInstance", counter=True),
    Row("an instance, state null", both(instance, builder(STATE, None)), "fail", "is of type ComputeInstance"),
    Row("Failed", builder(STATE, "Failed"), "fail", "in provisioning state Failed", STATE),
    Row("Canceled", builder(STATE, "canceled"), "fail", "in provisioning state canceled", STATE),
    Row("no subnet", no_subnet, "fail", "cpu-build is in no subnet", SUBNET),
    Row("an empty subnet", builder(SUBNET, {"id": ""}), "fail", "is in no subnet"),
    Row("no subnet, Disabled", both(no_subnet, managed("disabled")), "fail", "is in no subnet", MODE),
    Row("in a VNet apart", apart, "fail", "vnet-tidal is neither its VNet vnet-build nor", counter=True),
    Row("half a peering", half_peered, "fail", "the peering from vnet-tidal to vnet-build is Disconnected"),
    Row("an endpoint there, Pending", pending_there, "fail", "does not reach crtidal"),
    Row("not in the answer", lambda e: e.unset(e.find(WORKSPACE), BUILD), "unknown", shows=BUILD),
    Row("a number", named(7), "unknown", shows=BUILD),
    Row("Creating", builder(STATE, "Creating"), "unknown", "cpu-build is Creating", STATE),
    Row("state null", builder(STATE, None), "unknown", shows=STATE),
    Row("type null", builder("properties.computeType", None), "unknown", shows="properties.computeType"),
    Row("settings not in the answer", without("properties.properties"), "unknown", shows=f"{SUBNET}.id"),
    Row("subnet not in the answer", without(SUBNET), "unknown", shows=f"{SUBNET}.id"),
    Row("no subnet, mode not in the answer", both(no_subnet, no_mode), "unknown", shows=MODE),
    Row("in a VNet apart, unread", both(apart, deny_vnet), "unknown", "may not reach crtidal", f"{VNET}/read"),
    Row("an endpoint out of sight", hidden_endpoint, "unknown", "pe-hidden could not be read"),
    Row("by a service endpoint", service_endpoint, "unknown", "admits the service endpoint", "virtualNetworkRules"),
    Row("endpoints denied", deny(ENDPOINT), "unknown", shows=f"{ENDPOINT}/read"),
    Row("registry denied", deny(REGISTRY), "unknown", shows=f"{REGISTRY}/read"),
    Row("a perimeter", registry(publicNetworkAccess="SecuredByPerimeter"), "unknown", shows="publicNetworkAccess"),
    Row("registry gone", lambda e: e.remove(e.find(REGISTRY)), "not-applicable", "does not exist"),
    Row("none yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "not-applicable", "names no"),
]
OTHERS = [
    (hub_and_spoke, Row("in the spoke", lambda e: None, "pass", "in vnet-keel")),
    (service_endpoints, Row("among the nodes", lambda e: None, "pass", "in vnet-pilot")),
    (everything_public, Row("registry open", lambda e: None, "not-applicable", "open to public networks")),
    (hub_project, Row("a Project", lambda e: None, "not-applicable", "serverless compute", counter=True)),
]
ROWS = [(secure, row) for row in SECURE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_image_build_compute(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "AML-007"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["AML-007"]


def test_a_registry_without_endpoint_is_reached_by_nobody() -> None:
    """Neither AKS nor the build compute comes to a closed registry without a private endpoint."""
    estate = secure()
    no_endpoint(estate)
    report = audited(estate)
    check(only(report, "AML-007"), Row("none", no_endpoint, "fail", "crtidal has no private endpoint for registry"))
    assert {"ACR-001", "AML-007"} <= {r.rule.id for r in report.results if r.status == "fail"}


def test_a_list_of_computes_that_breaks_off() -> None:
    """The page with the build compute is refused: it may be there."""
    estate = secure()
    listed = [c for c in estate.find_all(COMPUTE) if c["name"] != "cpu-build"]

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        path, _, query = f"{request.url}".partition("?")
        if not path.lower().endswith("/computes"):
            return None
        if "page=2" in query:
            return respond(request, 403, {"error": {"code": "AuthorizationFailed", "message": "No."}})
        return respond(request, 200, {"value": listed, "nextLink": f"{path}?api-version=2025-12-01&page=2"})

    report = report_on(snapshot_of(estate, ArmAdapter(estate, fault=fault)))
    check(only(report, "AML-007"), Row("cut", instance, "unknown", "computes could not be listed"))
