"""ENV-004: the cluster is in the region of a workspace that has a private endpoint."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Json
from tests.arm.ml import WORKSPACE
from tests.arm.private_link import ENDPOINT, remove_private_endpoint
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LISTED = "properties.privateEndpointConnections"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}"


def cluster_in(region: str) -> Change:
    return lambda e: e.set(e.find(CLUSTER), "location", region)


def no_location(kind: str) -> Change:
    return lambda e: e.unset(e.find(kind), "location")


def connection(name: str) -> Json:
    state = {"status": "Approved"}
    return {
        "name": name,
        "properties": {"privateEndpoint": {"id": f"{HIDDEN}/{name}"}, "privateLinkServiceConnectionState": state},
    }


def apart(*connections: Json) -> Change:
    """The cluster elsewhere, and in place of the workspace's own endpoint other connections."""

    def change(e: Estate) -> None:
        cluster_in("westeurope")(e)
        remove_private_endpoint(e, e.find(ENDPOINT, "pe-tidal-workspace"))
        e.set(e.find(WORKSPACE), LISTED, list(connections))

    return change


def no_word_of_endpoints(e: Estate) -> None:
    e.unset(e.find(WORKSPACE), LISTED)
    e.denied.append(Denial(type=ENDPOINT))


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


PRIVATE = [
    Row("sound", lambda e: None, "pass", "both are in northeurope", "location"),
    Row("as people write it", cluster_in("North Europe"), "pass", counter=True),
    Row("another region", cluster_in("westeurope"), "fail", "in northeurope, the cluster in westeurope", "location"),
    Row("a region of like name", cluster_in("northeurope2"), "fail", "northeurope2"),
    Row("another region, endpoint unseen", apart(connection("pe-partner")), "fail", "westeurope"),
    Row("another region, no endpoint", apart(), "not-applicable", "no private endpoint", counter=True),
    Row("another region, managed network's endpoint", apart(connection("__SYS_PE_mlw")), "not-applicable"),
    Row("cluster's location not in the answer", no_location(CLUSTER), "unknown", shows="location"),
    Row("workspace's location not in the answer", no_location(WORKSPACE), "unknown", shows="location"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("endpoints not known", no_word_of_endpoints, "unknown", shows=f"{ENDPOINT}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]
OTHERS = [
    (service_endpoints, Row("a public workspace, another region", cluster_in("westeurope"), "not-applicable")),
    (hub_project, Row("the hub has the endpoint", cluster_in("westeurope"), "fail", "westeurope")),
]
ROWS = [(secure, row) for row in PRIVATE] + OTHERS


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_same_region(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "ENV-004"), row)


def test_another_region_breaks_nothing_else() -> None:
    estate = secure()
    cluster_in("westeurope")(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["ENV-004"]
