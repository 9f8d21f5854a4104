"""AKS-009: the scoring router has no public load balancer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER, EXTENSION
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import everything_public, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
SETTINGS, TYPE = "properties.configurationSettings", "properties.extensionType"
SERVICE, PROVIDER = f"{SETTINGS}['inferenceRouterServiceType']", f"{SETTINGS}['internalLoadBalancerProvider']"
INTERNAL = f"{SETTINGS}['scoringFe.serviceType.internalLoadBalancer']"
BALANCER = "properties.properties.loadBalancerType"
ABSENT = object()


def router(service: object = "LoadBalancer", provider: object = ABSENT, internal: object = ABSENT) -> Change:
    """What the extension says of its router; what is not given is not there."""

    def change(e: Estate) -> None:
        said = {SERVICE: service, PROVIDER: provider, INTERNAL: internal}
        e.find(EXTENSION)["properties"]["configurationSettings"] = {"enableInference": "True", "sslCname": "a.example"}
        for path, value in said.items():
            if value is not ABSENT:
                e.set(e.find(EXTENSION), path, value)

    return change


def legacy(balancer: object = ABSENT) -> Change:
    def change(e: Estate) -> None:
        compute = e.find(f"{WORKSPACE}/computes", "k8s-")
        compute["properties"] |= {"computeType": "AKS", "properties": {}}
        if balancer is not ABSENT:
            e.set(compute, BALANCER, balancer)

    return change


def extension(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(EXTENSION), path, value)


INGRESS, ALONE = "in front of the router", "works alone"
ROWS = [
    Row("as the CLI sets it", router("LoadBalancer", "azure", "True"), "pass", "internal load balancer", INTERNAL),
    Row("as a template sets it", router("loadBalancer", ABSENT, "true"), "pass", "internal load balancer", INTERNAL),
    Row("as no text", router("loadBalancer", ABSENT, True), "pass"),
    Row("the provider alone", lambda e: None, "pass", "internal load balancer", PROVIDER, assumes=ALONE, counter=True),
    Row("in another case", router("LOADBALANCER", "Azure"), "pass", assumes=ALONE),
    Row("internal, no type", router(ABSENT, ABSENT, "True"), "pass"),
    Row("a cluster IP", router("clusterIP"), "pass", "of type clusterIP", SERVICE, assumes=INGRESS, counter=True),
    Row("a node port", router("NodePort"), "pass", "of type NodePort", SERVICE, assumes=INGRESS),
    Row("a node port and a provider", router("nodePort", "azure"), "pass", assumes=INGRESS),
    Row("of a private cluster", router("LoadBalancer"), "fail", "public load balancer", PROVIDER, counter=True),
    Row("another provider", router("LoadBalancer", "aws"), "fail", "public load balancer", PROVIDER),
    Row("turned off", router("LoadBalancer", ABSENT, "False"), "fail", "public load balancer", INTERNAL),
    Row("null settings", router("LoadBalancer", None, None), "fail", "public load balancer"),
    Row("the two differ", router("LoadBalancer", "azure", "False"), "unknown", "does not show", INTERNAL, counter=True),
    Row("nothing said", router(ABSENT), "unknown", "does not show", INTERNAL),
    Row("no type, turned off", router(ABSENT, ABSENT, "False"), "unknown", "does not show", INTERNAL),
    Row("an unknown type", router("ExternalName", "azure", "True"), "unknown", "ExternalName", SERVICE),
    Row("a type of another kind", router(7), "unknown", "not str", SERVICE),
    Row("neither true nor false", router("LoadBalancer", "azure", "perhaps"), "unknown", shows=INTERNAL),
    Row("settings of null", extension(SETTINGS, None), "unknown", shows="['enableInference']"),
    Row("extensions denied", lambda e: e.denied.append(Denial(type=EXTENSION)), "unknown", shows=f"{EXTENSION}/read"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("for training", extension(f"{SETTINGS}['enableInference']", "False"), "not-applicable", "not enabled"),
    Row("another extension", extension(TYPE, "microsoft.flux"), "not-applicable", "not enabled"),
]
LEGACY = [
    Row("legacy, internal", legacy("InternalLoadBalancer"), "pass", "of k8s-tidal has an internal", BALANCER),
    Row("legacy, in another case", legacy("internalloadbalancer"), "pass"),
    Row("legacy, public", legacy("PublicIp"), "fail", "of k8s-tidal has a public load balancer", BALANCER),
    Row("legacy, as Azure often answers", legacy(), "unknown", shows=BALANCER, counter=True),
    Row("legacy, unknown", legacy("Cloudy"), "unknown", "Cloudy", BALANCER),
    Row("legacy, another kind", legacy(7), "unknown", "not str", BALANCER),
]
PUBLIC = [Row("of a public cluster", router("LoadBalancer", "azure", "True"), "pass", counter=True)]
CASES = [(secure, row) for row in (*ROWS, *LEGACY)] + [(everything_public, row) for row in PUBLIC]


@pytest.mark.parametrize(("build", "row"), CASES, ids=[row.name for _, row in CASES])
def test_internal_router(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AKS-009"), row)


def test_a_public_router_breaks_nothing_else() -> None:
    estate = secure()
    router("LoadBalancer")(estate)
    failed = [r for r in audited(estate).results if r.status == "fail"]
    assert [r.rule.id for r in failed] == ["AKS-009"]
    assert "update --name azureml " in failed[0].fix


def test_a_legacy_compute_has_a_command_of_its_own() -> None:
    estate = secure()
    legacy("PublicIp")(estate)
    fix = only(audited(estate), "AKS-009").fix
    assert fix.startswith("az ml computetarget update aks -n k8s-tidal -g rg-tidal -w mlw-tidal ")
    assert "k8s-extension" not in fix
