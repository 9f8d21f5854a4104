"""AKS-004: the API server is private, or answers selected addresses only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import default_cluster, everything_public, secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
PROFILE = "properties.apiServerAccessProfile"
PRIVATE, RANGES = f"{PROFILE}.enablePrivateCluster", f"{PROFILE}.authorizedIPRanges"


def cluster(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(CLUSTER), path, value)


def admits(*ranges: object) -> Change:
    return cluster(RANGES, list(ranges))


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


PRIVATE_CLUSTER = [
    Row("private, without ranges", lambda e: None, "pass", "the cluster is private", PRIVATE, counter=True),
    Row("private, whatever ranges", admits("0.0.0.0/0"), "pass", "the cluster is private"),
    Row("private, with a public FQDN", cluster(f"{PROFILE}.enablePrivateClusterPublicFQDN", True), "pass"),
    Row("flag of null, no ranges", cluster(PRIVATE, None), "fail", "has no authorized ranges", RANGES),
    Row("flag of another kind", cluster(PRIVATE, "yes"), "unknown", "as str, not bool", PRIVATE),
    Row("no longer private", cluster(PRIVATE, False), "fail", "public and has no authorized ranges", PRIVATE),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "does not exist"),
    Row(
        "an answer of nothing", lambda e: e.set(e.find(CLUSTER), "properties", {}), "unknown", shows="provisioningState"
    ),
]
RANGED = [
    Row("one range", lambda e: None, "pass", "admits only 198.51.100.0/28", RANGES),
    Row("a /8", admits("20.0.0.0/8"), "pass", "admits only 20.0.0.0/8"),
    Row("the cluster alone", admits("0.0.0.0/32"), "pass", "admits only 0.0.0.0/32", RANGES, counter=True),
    Row("an address without a length", admits("203.0.113.7"), "pass"),
    Row("two halves", admits("0.0.0.0/1", "128.0.0.0/1"), "fail", "more than a /8: 0.0.0.0/1", RANGES, counter=True),
    Row("everything", admits("0.0.0.0/0"), "fail", "more than a /8: 0.0.0.0/0", RANGES),
    Row("a /8 and one address", admits("20.0.0.0/8", "203.0.113.7"), "fail", "more than a /8"),
    Row("every customer's machines", admits("AzureCloud", "203.0.113.7"), "fail", "AzureCloud", RANGES, counter=True),
    Row("that tag in another case", admits("azurecloud"), "fail", "AzureCloud"),
    Row("another tag", admits("AzureMachineLearning"), "unknown", "is not known", RANGES),
    Row("no range", admits("203.0.113.7-203.0.113.9"), "unknown", "is not known", RANGES),
    Row("a range of null", admits(None), "unknown", "is not known", RANGES),
    Row("ranges of another kind", cluster(RANGES, "203.0.113.7"), "unknown", "as str, not list", RANGES),
    Row("an empty list", admits(), "fail", "has no authorized ranges", RANGES),
    Row("null", cluster(RANGES, None), "fail", "has no authorized ranges", RANGES),
    Row(
        "VNet integration in place of ranges",
        cluster(PROFILE, {"enableVnetIntegration": True}),
        "fail",
        "has no authorized ranges",
        counter=True,
    ),
    Row("no profile", lambda e: e.unset(e.find(CLUSTER), PROFILE), "fail", "public", PRIVATE),
]
PUBLIC = [
    Row("a public cluster", lambda e: None, "fail", "public and has no authorized ranges", RANGES),
    Row("with a range", cluster(PROFILE, {"authorizedIPRanges": ["203.0.113.0/24"]}), "pass"),
]

CASES = ((secure, PRIVATE_CLUSTER), (default_cluster, RANGED), (everything_public, PUBLIC))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_restricted_api_server(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AKS-004"), row)


@pytest.mark.parametrize("build", [secure, default_cluster])
def test_an_open_api_server_breaks_nothing_else(build: Callable[[], Estate]) -> None:
    estate = build()
    both(cluster(f"{PROFILE}.enablePrivateCluster", False), admits("0.0.0.0/0"))(estate)
    failed = {r.rule.id for r in audited(estate).results if r.status == "fail"}
    assert failed == {"AKS-004"} | (failed & {"AKS-007"})
