"""STO-001: AKS reaches blobs of the default storage over a valid private endpoint, or complete service endpoints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, subnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
LINK = "properties.privateLinkServiceConnections[0].properties"
STATE = "privateLinkServiceConnectionState.status"
LISTED = "properties.privateEndpointConnections"
SERVED = "properties.subnets[0].properties.serviceEndpoints"
RULES = "properties.networkAcls.virtualNetworkRules"
ACCESS = "properties.publicNetworkAccess"
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}"


def blob(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(ENDPOINT, "pe-tidal-blob"), path, value)


def account(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(STORAGE, "main"), path, value)


def network(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(VNET), path, value)


def deny(kind: str, name: str) -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def in_capitals(e: Estate) -> None:
    blob(f"{LINK}.privateLinkServiceId", e.find(STORAGE, "main")["id"].upper())(e)
    blob(f"{LINK}.groupIds", ["Blob"])(e)


def by_hand(e: Estate) -> None:
    properties = e.find(ENDPOINT, "pe-tidal-blob")["properties"]
    properties["manualPrivateLinkServiceConnections"] = properties.pop("privateLinkServiceConnections")


def second(status: str, first: str = "Approved") -> Change:
    def change(e: Estate) -> None:
        target = e.find(STORAGE, "main")
        at = Group(e, target["id"].partition("/providers/")[0], target["location"])
        place = subnet(e.find(VNET, "vnet-tidal"), "snet-pe")
        private_endpoint(at, "pe-second", target, "blob", place, status=status)
        blob(f"{LINK}.{STATE}", first)(e)

    return change


def outside(e: Estate) -> None:
    blob("properties.subnet.id", subnet(e.find(VNET, "vnet-tidal-ops"), "snet-ops")["id"])(e)


def only_hidden(name: str, status: str = "Approved") -> Change:
    """Its one connection comes from a subscription that the caller cannot see."""

    def change(e: Estate) -> None:
        remove_private_endpoint(e, e.find(ENDPOINT, "pe-tidal-blob"))
        state = {"privateEndpoint": {"id": f"{HIDDEN}/{name}"}, STATE.partition(".")[0]: {"status": status}}
        account(LISTED, [{"name": name, "properties": state}])(e)

    return change


PRIVATE = [
    Row("sound", lambda e: None, "pass", "pe-tidal-blob: approved, in the AKS VNet", f"{LINK}.{STATE}"),
    Row("ids and groups in another case", in_capitals, "pass"),
    Row("state in another case", blob(f"{LINK}.{STATE}", "approved"), "pass"),
    Row("approved by hand", by_hand, "pass", shows=f"manualP{LINK[12:]}.{STATE}"),
    Row("a pending endpoint beside the good one", second("Pending"), "pass", "pe-tidal-blob"),
    Row("a good endpoint beside a rejected one", second("Approved", "Rejected"), "pass", "pe-second"),
    Row("Pending", blob(f"{LINK}.{STATE}", "Pending"), "fail", "is Pending", STATE),
    Row("Disconnected", blob(f"{LINK}.{STATE}", "Disconnected"), "fail", "is Disconnected", STATE),
    Row(
        "rejected by the account",
        account(f"{LISTED}[0].properties.{STATE}", "Rejected"),
        "fail",
        "Rejected",
        STATE,
        counter=True,
    ),
    Row("not listed by the account", account(LISTED, []), "fail", "does not list", LISTED),
    Row("not provisioned", blob("properties.provisioningState", "Failed"), "fail", "Failed", "provisioningState"),
    Row("for another group", blob(f"{LINK}.groupIds", ["queue"]), "fail", "no private endpoint for blob", LISTED),
    Row(
        "deleted, still listed",
        lambda e: e.remove(e.find(ENDPOINT, "pe-tidal-blob")),
        "fail",
        "no private endpoint",
        counter=True,
    ),
    Row("in a VNet that is not peered", outside, "fail", "nor directly peered", "virtualNetworkPeerings"),
    Row("only a managed network's", only_hidden("__SYS_PE_stmain_blob"), "fail", "no private endpoint"),
    Row("only another tenant's", only_hidden("pe-partner"), "unknown", "pe-partner could not be read"),
    Row("only another tenant's, pending", only_hidden("pe-partner", "Pending"), "fail", "no private endpoint"),
    Row("endpoint denied", deny(ENDPOINT, "pe-tidal-blob"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("account denied", deny(STORAGE, "main"), "unknown", shows=f"{STORAGE}/read"),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("account gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]

SUBNETS = [
    Row("both halves", lambda e: None, "pass", "from every AKS subnet", f"{SERVED}[0].service"),
    Row("access not in the answer", lambda e: e.unset(e.find(STORAGE), ACCESS), "pass"),
    Row("endpoint for all regions", network(f"{SERVED}[0].service", "Microsoft.Storage.Global"), "pass"),
    Row("region spelt otherwise", network(f"{SERVED}[0].locations", ["North Europe"]), "pass"),
    Row("endpoint for other regions", network(f"{SERVED}[0].locations", ["westeurope"]), "fail", "no service endpoint"),
    Row("endpoint not provisioned", network(f"{SERVED}[0].provisioningState", "Failed"), "fail", "is Failed"),
    Row("rule does not allow", account(f"{RULES}[0].action", "Deny"), "fail", "not allow", f"{RULES}[0].action"),
    Row("rule's network deleted", account(f"{RULES}[0].state", "NetworkSourceDeleted"), "fail", "NetworkSourceDeleted"),
    Row("access disabled", account(ACCESS, "disabled"), "fail", "its VNet rules", ACCESS),
    Row("perimeter decides", account(ACCESS, "SecuredByPerimeter"), "fail", shows=ACCESS),
]

HUB = [
    Row("the hub's storage", lambda e: None, "pass", "pe-tidal-blob"),
    Row("hub denied", deny(WORKSPACE, "mlw-tidal"), "unknown", shows=f"{WORKSPACE}/read"),
]

ROWS = [
    (build, row)
    for build, rows in ((secure, PRIVATE), (service_endpoints, SUBNETS), (hub_project, HUB))
    for row in rows
]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_blob_reachable(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "STO-001"), row)
