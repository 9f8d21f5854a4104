"""AKS-010: scoring asks for TLS."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import ml
from tests.arm.aks import CLUSTER, EXTENSION
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
SETTINGS, URI = "properties.configurationSettings", "properties.scoringUri"
INSECURE, CNAME, SECRET = (f"{SETTINGS}['{name}']" for name in ("allowInsecureConnections", "sslCname", "sslSecret"))
CHART = f"{SETTINGS}['scoringFe.sslSecret']"
STATUS = "properties.properties.sslConfiguration.status"
COMPUTE, ENDPOINT = f"{WORKSPACE}/computes", f"{WORKSPACE}/onlineEndpoints"
PLAIN = "http://10.40.0.7/api/v1/endpoint/score-tidal/score"


def settings(service: str = "LoadBalancer", **said: object) -> Change:
    """What the extension says of TLS, and nothing else."""

    def change(e: Estate) -> None:
        base = {
            "enableInference": "True",
            "inferenceRouterServiceType": service,
            "internalLoadBalancerProvider": "azure",
        }
        e.find(EXTENSION)["properties"]["configurationSettings"] = base | said

    return change


def uri(value: object) -> Change:
    return lambda e: e.set(e.find(ENDPOINT), URI, value)


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def no_endpoint(e: Estate) -> None:
    e.remove(e.find(ENDPOINT))


def second(value: str, compute: str = "") -> Change:
    """Another online endpoint; on the compute, or on one that is not there."""

    def change(e: Estate) -> None:
        workspace, on = e.find(WORKSPACE), e.find(COMPUTE, "k8s-")
        where = on | {"id": f"{on['id']}-{compute}"} if compute else on
        e.set(ml.endpoint(e, workspace, where, "score-second", "second.example"), URI, value)

    return change


def legacy(status: object = None) -> Change:
    def change(e: Estate) -> None:
        compute = e.find(COMPUTE, "k8s-")
        inner = {} if status is None else {"sslConfiguration": {"status": status}}
        compute["properties"] |= {"computeType": "AKS", "properties": inner}

    return change


def deny(type_: str) -> Change:
    return lambda e: e.denied.append(Denial(type=type_))


def secret_of_the_chart(e: Estate) -> None:
    settings()(e)
    e.set(e.find(EXTENSION), CHART, "scoring-tls")


ROWS = [
    Row("sound", lambda e: None, "pass", "TLS is required, with sslSecret scoring-tls", URI),
    Row("the chart's own setting", secret_of_the_chart, "pass", "with scoringFe.sslSecret", CHART),
    Row("a certificate file", settings(sslCname="a.example"), "pass", "with sslCname a.example", CNAME, counter=True),
    Row("not insecure, said", settings(allowInsecureConnections="false", sslCname="a.example"), "pass", shows=INSECURE),
    Row("no endpoint", no_endpoint, "pass", "TLS is required"),
    Row("an endpoint without an address", uri(None), "pass", "TLS is required"),
    Row("an endpoint with an empty address", uri(""), "pass", "TLS is required"),
    Row("no setting, https", settings(), "pass", "called by https", URI),
    Row("deployments denied", deny(f"{ENDPOINT}/deployments"), "pass"),
    Row("plain on another compute", second(PLAIN, "2"), "pass"),
    Row(
        "insecure, with a secret",
        settings(allowInsecureConnections="True", sslSecret="a"),
        "fail",
        "is allowed",
        INSECURE,
        counter=True,
    ),
    Row("insecure, in another case", settings(allowInsecureConnections="true"), "fail", "is allowed", INSECURE),
    Row("insecure, as no text", settings(allowInsecureConnections=True), "fail", "is allowed", INSECURE),
    Row("insecure on node ports", settings("NodePort", allowInsecureConnections="True"), "fail", "is allowed"),
    Row("insecure, endpoints denied", both(settings(allowInsecureConnections="True"), deny(ENDPOINT)), "fail"),
    Row("a plain address", uri(PLAIN), "fail", "the scoring address of score-tidal", URI, counter=True),
    Row("a plain address in capitals", uri(PLAIN.upper()), "fail", "score-tidal", URI),
    Row("one of two", second(PLAIN), "fail", "the scoring address of score-second", URI),
    Row("no setting, plain", both(settings(), uri(PLAIN)), "fail", "score-tidal", URI),
    Row(
        "behind an ingress of one's own",
        settings("clusterIP", allowInsecureConnections="True"),
        "fail",
        "is allowed",
        "ServiceType']",
        counter=True,
    ),
    Row("an ingress that is secure", settings("ClusterIP", sslSecret="a"), "pass", "with sslSecret a"),
    Row("no setting, no endpoint", both(settings(), no_endpoint), "unknown", "no setting of a certificate", CNAME),
    Row("no setting, no address", both(settings(), uri(None)), "unknown", "no setting of a certificate", CNAME),
    Row("no setting, an address of no kind", both(settings(), uri("score-tidal")), "unknown", shows=CNAME),
    Row("empty settings", both(settings(sslCname="", sslSecret=""), no_endpoint), "unknown", shows=CNAME),
    Row(
        "settings of another kind", both(settings(sslCname={"a": 1}, sslSecret=[]), no_endpoint), "unknown", shows=CNAME
    ),
    Row("neither true nor false", settings(allowInsecureConnections="some"), "unknown", shows=INSECURE),
    Row("endpoints denied", deny(ENDPOINT), "unknown", "could not be listed", f"{ENDPOINT}/read"),
    Row("extensions denied", deny(EXTENSION), "unknown", shows=f"{EXTENSION}/read"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("no extension", lambda e: e.remove(e.find(EXTENSION)), "not-applicable", "not enabled"),
    Row("for training", settings(enableInference="False"), "not-applicable", "not enabled"),
]
LEGACY = [
    Row("legacy, enabled", legacy("Enabled"), "pass", "TLS of k8s-tidal is Enabled", STATUS),
    Row("legacy, automatic", legacy("auto"), "pass", "is auto", STATUS),
    Row("legacy, disabled", legacy("Disabled"), "fail", "is Disabled", STATUS),
    Row("legacy, a plain address", both(legacy("Enabled"), uri(PLAIN)), "fail", "score-tidal", URI),
    Row("legacy, unknown", legacy("Maybe"), "pass", "called by https"),
    Row("legacy, as Azure often answers", both(legacy(), no_endpoint), "unknown", shows=STATUS),
    Row("legacy, unknown, no endpoint", both(legacy("Maybe"), no_endpoint), "unknown", "Maybe", STATUS),
    Row("legacy, another kind", both(legacy(7), no_endpoint), "unknown", "not read", STATUS),
]


@pytest.mark.parametrize("row", [*ROWS, *LEGACY], ids=lambda r: r.name)
def test_tls(row: Row) -> None:
    estate = secure()
    row.change(estate)
    check(only(audited(estate), "AKS-010"), row)


@pytest.mark.parametrize("change", [legacy("Disabled"), both(legacy("Enabled"), uri(PLAIN))])
def test_a_legacy_compute_has_a_command_of_its_own(change: Change) -> None:
    estate = secure()
    change(estate)
    assert only(audited(estate), "AKS-010").fix.startswith("az ml computetarget update aks -n k8s-tidal ")


@pytest.mark.parametrize("change", [settings(allowInsecureConnections="True"), uri(PLAIN)])
def test_plain_http_breaks_nothing_else(change: Change) -> None:
    estate = secure()
    change(estate)
    failed = [r for r in audited(estate).results if r.status == "fail"]
    assert [r.rule.id for r in failed] == ["AKS-010"]
    assert "update --name azureml " in failed[0].fix
