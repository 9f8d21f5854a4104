"""AKS-001: a private cluster has no public FQDN."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.clouds import CLOUDS
from auditor.model.verdict import Severity
from tests.arm.aks import CLUSTER, trusted_access
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import default_cluster, hub_and_spoke, hub_project, secure
from tests.audits import Row, audited, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
PROFILE = "properties.apiServerAccessProfile"
FLAG, ZONE, FQDN = f"{PROFILE}.enablePrivateClusterPublicFQDN", f"{PROFILE}.privateDNSZone", "properties.fqdn"
BINDINGS = f"{CLUSTER}/trustedAccessRoleBindings"
ROLES, SOURCE = "properties.roles", "properties.sourceResourceId"
WORKLOAD = "Microsoft.MachineLearningServices/workspaces/mlworkload"
NAME = "aks-tidal.hcp.northeurope.azmk8s.io"
CRITICAL, MEDIUM = Severity.CRITICAL, Severity.MEDIUM
COMPUTE = f"{WORKSPACE}/computes"


def cluster(flag: bool | None = None, fqdn: str | None = None, zone: str = "system", power: str = "Running") -> Change:
    def change(e: Estate) -> None:
        body = e.find(CLUSTER)
        for path, value in ((FLAG, flag), (FQDN, fqdn), (ZONE, zone), ("properties.powerState.code", power)):
            e.set(body, path, value)

    return change


def public(e: Estate) -> None:
    e.set(e.find(CLUSTER), f"{PROFILE}.enablePrivateCluster", False)


def exposed(e: Estate) -> None:
    cluster(True, NAME)(e)


def bound(workspace: str = "", path: str = "", value: object = None) -> Change:
    """Exposed, with a Trusted Access binding in which something may differ."""

    def change(e: Estate) -> None:
        exposed(e)
        binding = trusted_access(e, e.find(CLUSTER), e.find(WORKSPACE, workspace))
        if path:
            e.set(binding, path, value)

    return change


def capitals(e: Estate) -> None:
    bound("", ROLES, [WORKLOAD.upper()])(e)
    e.set(e.find(BINDINGS), SOURCE, e.find(WORKSPACE)["id"].upper())


def legacy(e: Estate) -> None:
    bound()(e)
    e.set(e.find(COMPUTE, "k8s-"), "properties.computeType", "AKS")


def bindings_denied(e: Estate) -> None:
    bound()(e)
    e.denied.append(Denial(type=BINDINGS))


PRIVATE = [
    Row("sound", lambda e: None, "pass", "is disabled", FLAG),
    Row("flag off, an FQDN still shown", cluster(False, NAME), "pass", "is disabled", FLAG),
    Row("flag off and stopped", cluster(False, power="Stopped"), "pass", "is disabled"),
    Row("no flag, no FQDN", cluster(), "pass", "shows no public FQDN", FQDN),
    Row("no flag, an empty FQDN", cluster(fqdn=""), "pass", "shows no public FQDN", FQDN),
    Row("flag on", cluster(True, NAME), "fail", f"has the public FQDN {NAME}", FLAG, CRITICAL),
    Row("flag on, no FQDN shown", cluster(True, power="Stopped"), "fail", "has the public FQDN", FLAG, CRITICAL),
    Row("no flag, an FQDN", cluster(None, NAME), "fail", f"has the public FQDN {NAME}", FQDN, CRITICAL, counter=True),
    Row("no zone", cluster(False, zone="None"), "fail", "privateDNSZone is none", ZONE, CRITICAL, counter=True),
    Row("no flag, no FQDN, stopped", cluster(power="Stopped"), "unknown", "while the cluster is stopped", FQDN),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
    Row("no longer private", public, "not-applicable", "not private"),
]
TRUSTED = [
    Row("bound", bound(), "fail", "works only through Trusted Access", ROLES, MEDIUM),
    Row("bound, in capitals", capitals, "fail", "Trusted Access", ROLES, MEDIUM),
    Row("bound with other roles too", bound("", ROLES, ["a/b/c", WORKLOAD]), "fail", severity=MEDIUM),
    Row("bound with another role", bound("", ROLES, [f"{WORKLOAD}s"]), "fail", severity=CRITICAL),
    Row("another workspace bound", bound("", SOURCE, "/subscriptions/x"), "fail", severity=CRITICAL),
    Row("bound, legacy compute", legacy, "fail", severity=CRITICAL),
    Row("bindings denied", bindings_denied, "fail", severity=CRITICAL),
]
OTHERS = [
    (default_cluster, Row("a public cluster", lambda e: None, "not-applicable", "not private", counter=True)),
    (hub_and_spoke, Row("a zone of its own choice", lambda e: None, "pass", "is disabled", ZONE)),
    (hub_project, Row("the Project bound", bound("proj-"), "fail", severity=MEDIUM)),
    (hub_project, Row("the hub bound, not the Project", bound("mlw-"), "fail", severity=CRITICAL)),
]
ROWS = [(secure, row) for row in (*PRIVATE, *TRUSTED)] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_no_public_fqdn(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AKS-001"), row)


def test_trusted_access_is_of_the_public_cloud() -> None:
    estate = secure()
    bound()(estate)
    elsewhere = snapshot_of(estate).model_copy(update={"cloud": CLOUDS["AzureUSGovernment"]})
    check(only(report_on(elsewhere), "AKS-001"), Row("Gov", bound(), "fail", severity=CRITICAL))


def test_a_public_fqdn_breaks_nothing_else() -> None:
    estate = secure()
    exposed(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["AKS-001"]


def test_the_fix_of_a_cluster_without_a_zone_is_another_cluster() -> None:
    """Azure turns privateDNSZone into none, and never back."""
    estate = secure()
    cluster(False, zone="none")(estate)
    assert only(audited(estate), "AKS-001").fix.startswith("az aks create -g rg-tidal -n aks-tidal-private ")
    exposed(estate := secure())
    assert only(audited(estate), "AKS-001").fix == "az aks update -g rg-tidal -n aks-tidal --disable-public-fqdn"
