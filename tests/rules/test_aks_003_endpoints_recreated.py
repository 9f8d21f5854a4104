"""AKS-003: private endpoints that somebody made to the cluster were made again after its last start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import roles
from tests.arm.aks import CLUSTER, power
from tests.arm.estate import AUDITOR, Denial, Estate, Group, Json
from tests.arm.network import VNET, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint
from tests.arm.scenarios import default_cluster, hub_and_spoke, restarted, secure
from tests.audits import Row, audited, check, only, results

Change = Callable[[Estate], None]
OWN = "-kube"
STATE = "privateLinkServiceConnectionState.status"
APPROVAL = f"properties.privateLinkServiceConnections[0].properties.{STATE}"
CONNECTION = f"{CLUSTER}/privateEndpointConnections"
LOG, TIMES = "Microsoft.Insights/eventtypes/values", "Microsoft.Resources/subscriptions/resources"


def endpoint(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(ENDPOINT, OWN), path, value)


def made(days: float) -> Change:
    return lambda e: [e.add(e.find(ENDPOINT, OWN), days_old=days)].clear()


def deny(*kinds: str) -> Change:
    return lambda e: e.denied.extend(Denial(type=kind) for kind in kinds)


def started(days: float, outcome: str = "Succeeded") -> Change:
    return lambda e: power(e, e.find(CLUSTER), "start", days, outcome)


def endpoint_denied(e: Estate) -> None:
    e.denied.append(Denial(scope=e.find(ENDPOINT, OWN)["id"]))


def never_started(e: Estate) -> None:
    e.activity.clear()


def never(e: Estate) -> None:
    """Nothing but what the estate is."""


def both(*changes: Change) -> Change:
    return lambda e: [change(e) for change in changes].clear()


def of_the_cluster(status: str) -> Change:
    """What the cluster says of the connection."""

    def change(e: Estate) -> None:
        mine = e.find(ENDPOINT, OWN)["id"]
        for connection in e.find_all(CONNECTION):
            if connection["properties"]["privateEndpoint"]["id"] == mine:
                e.set(connection, f"properties.{STATE}", status)

    return change


def elsewhere(visible: bool) -> Change:
    """The endpoint to the cluster is in a subscription that is not audited."""

    def change(e: Estate) -> None:
        other, nodes = e.subscription("keel-operations"), e.find(CLUSTER)
        roles.assign(e, f"/subscriptions/{other}", "Reader", AUDITOR)
        at = e.group("rg-operations", "northeurope", other)
        space = vnet(at, "vnet-operations", "192.168.9.0/24", {"snet-ops": "192.168.9.0/26"})
        private_endpoint(at, "pe-keel-kube", nodes, "management", subnet(space, "snet-ops"))
        if not visible:
            e.denied.append(Denial(subscription=other))

    return change


def to_a_link_service(e: Estate) -> None:
    """An endpoint to a private link service that stands in the node resource group."""
    made_by_aks, space = e.find(VNET, "aks-vnet-"), e.find(VNET, "vnet-lantern")
    service = group_of(e, made_by_aks).add("Microsoft.Network/privateLinkServices", "pls-ingress", {})
    private_endpoint(group_of(e, space), "pe-lantern-kube", service, "", subnet(space, "snet-pe"))


def to_a_public_api_server(e: Estate) -> None:
    """An endpoint to a cluster that does not say it is private, and so has no list of connections to read."""
    space, nodes = e.find(VNET, "vnet-lantern"), e.find(CLUSTER)
    nodes["properties"]["privateFQDN"] = "aks-lantern.privatelink.northeurope.azmk8s.io"
    private_endpoint(group_of(e, space), "pe-lantern-kube", nodes, "management", subnet(space, "snet-pe"))


def group_of(e: Estate, body: Json) -> Group:
    return Group(e, body["id"].partition("/providers/")[0], body["location"])


# The cluster was started 20 days ago, and the endpoint was made 19 days ago.
PRIVATE = [
    Row("sound", lambda e: None, "pass", "was made after the last start", "createdTime"),
    Row("approved in another case", endpoint(APPROVAL, "approved"), "pass"),
    Row("a start that failed", started(3, "Failed"), "pass", "made after the last start"),
    Row("a start that ended as none does", started(3, "Quantum"), "unknown", "how a start ended", "status.value"),
    Row("stopped since", lambda e: power(e, e.find(CLUSTER), "stop", 3), "pass", "made after the last start"),
    Row("never started", never_started, "pass", "not started since", "activity log since"),
    Row("older than the log, no start", both(never_started, made(120)), "pass", assumes="older than the activity log"),
    Row("times denied, no start", both(never_started, deny(TIMES)), "pass", assumes="older than the activity log"),
    Row("older than the log, started in it", made(120), "fail", "older than the last start", "createdTime"),
    Row("started since", started(3), "fail", "older than the last start on 2026-11-17", "eventTimestamp", counter=True),
    *(Row(s, endpoint(APPROVAL, s), "fail", f"is {s}", STATE) for s in ("Disconnected", "Rejected", "Pending")),
    Row(
        "rejected by the cluster",
        of_the_cluster("Rejected"),
        "fail",
        "the cluster has the connection as",
        STATE,
        counter=True,
    ),
    Row("a state of the future", endpoint(APPROVAL, "Paused"), "unknown", "Paused", STATE),
    Row("being updated", endpoint("properties.provisioningState", "Updating"), "unknown", shows="provisioningState"),
    Row("not provisioned", endpoint("properties.provisioningState", "Failed"), "fail", "Failed", "provisioningState"),
    Row("disconnected, log denied", both(of_the_cluster("Disconnected"), deny(LOG)), "fail", "Disconnected"),
    Row("approved, log denied", deny(LOG), "unknown", shows=f"{LOG}/read"),
    Row("times denied, a start", deny(TIMES), "unknown", shows=f"{TIMES}/read"),
    Row("endpoint denied", endpoint_denied, "unknown", shows=f"{ENDPOINT}/read"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]
RESTARTED = [
    Row("not made again", lambda e: None, "fail", "pe-tidal-kube is older than the last start", "createdTime"),
    Row("made again", made(2), "pass", "was made after the last start"),
    Row("at that very moment", made(3 - 0.005), "fail", "older than the last start"),
]
SPOKE = [
    Row("only AKS's own", lambda e: None, "not-applicable", "nobody made"),
    Row("AKS's own, older than a start", started(3), "not-applicable", "nobody made", counter=True),
    Row("in another subscription", elsewhere(True), "pass", "not started since pe-keel-kube was made"),
    Row("in another subscription, started since", both(elsewhere(True), started(3)), "fail", "pe-keel-kube"),
    Row("in a subscription unseen", elsewhere(False), "unknown", shows=f"{ENDPOINT}/read"),
    Row("perhaps elsewhere", both(elsewhere(True), deny(CONNECTION)), "unknown", shows=f"{CONNECTION}/read"),
]
PUBLIC = [
    Row("a public cluster", lambda e: None, "not-applicable", "nobody made"),
    Row("to its public API server", to_a_public_api_server, "pass", "pe-lantern-kube"),
    Row("to that, started since", both(to_a_public_api_server, started(3)), "fail", "pe-lantern-kube is older"),
    Row("to a private link service", to_a_link_service, "pass", "pe-lantern-kube"),
    Row("to one, started since", both(to_a_link_service, started(3)), "fail", "pe-lantern-kube is older"),
]
CASES = ((secure, PRIVATE), (restarted, RESTARTED), (hub_and_spoke, SPOKE), (default_cluster, PUBLIC))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_recreated_after_start(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "AKS-003"), row)


@pytest.mark.parametrize(("build", "change"), [(restarted, never), (default_cluster, to_a_link_service)])
def test_the_fix_makes_the_endpoint_that_was_there(build: Callable[[], Estate], change: Change) -> None:
    estate = build()
    change(estate)
    started(2)(estate)
    endpoint_body = estate.find(ENDPOINT, OWN)
    connection = endpoint_body["properties"]["privateLinkServiceConnections"][0]["properties"]
    fix = only(audited(estate), "AKS-003").fix
    for part in (
        f"delete --ids {endpoint_body['id']} && ",
        f"--subnet {endpoint_body['properties']['subnet']['id']} ",
        f"--private-connection-resource-id {connection['privateLinkServiceId']} ",
    ):
        assert part in fix
    assert ("--group-id management" in fix) == (build is restarted)
    assert "<" not in fix


def test_each_endpoint_is_judged() -> None:
    """A second endpoint is from before the start; it fails alone."""
    estate = secure()
    ops = estate.find(VNET, "vnet-tidal-ops")
    place = subnet(ops, "snet-ops")
    private_endpoint(group_of(estate, ops), "pe-old", estate.find(CLUSTER), "management", place, days_old=30)
    report = audited(estate)
    judged = {r.resource_id.rpartition("/")[2]: str(r.status) for r in results(report, "AKS-003")}
    assert judged == {"pe-tidal-kube": "pass", "pe-old": "fail"}
    assert [r.rule.id for r in report.results if r.status == "fail"] == ["AKS-003"]
