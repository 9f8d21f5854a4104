"""KV-001: AKS reaches the Key Vault over a valid private endpoint within reach, or complete service endpoints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import services
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.network import VNET, add_subnet, service_endpoints, subnet
from tests.arm.private_link import ENDPOINT, remove_private_endpoint
from tests.arm.scenarios import default_cluster, secure
from tests.arm.scenarios import service_endpoints as by_subnet
from tests.arm.services import VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
SERVED = "properties.subnets[0].properties.serviceEndpoints"
RULES = "properties.networkAcls.virtualNetworkRules"


def vault(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(VAULT), path, value)


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def pods(served: bool) -> Change:
    """The pods have a subnet of their own."""

    def change(e: Estate) -> None:
        space = e.find(VNET)
        own = add_subnet(space, "snet-pods", "10.42.17.0/24")
        for pool in e.find(CLUSTER)["properties"]["agentPoolProfiles"]:
            pool["podSubnetID"] = own["id"].upper()
        if served:
            service_endpoints(space, "snet-pods", "Microsoft.KeyVault")
            services.allow_subnet(e.find(VAULT), own)

    return change


def default_over_subnet(e: Estate) -> None:
    """No endpoint; the subnet that AKS made is served and admitted."""
    remove_private_endpoint(e, e.find(ENDPOINT, "-vault"))
    made = e.find(VNET, "aks-vnet")
    service_endpoints(made, "aks-subnet", "Microsoft.KeyVault")
    services.allow_subnet(e.find(VAULT), subnet(made, "aks-subnet"))
    vault("properties.publicNetworkAccess", "Enabled")(e)


def node_group_denied(e: Estate) -> None:
    e.denied.append(Denial(scope=e.find(VNET, "aks-vnet")["id"].partition("/providers/")[0]))


def auto(e: Estate) -> None:
    e.set(e.find(CLUSTER), "properties.nodeProvisioningProfile.mode", "auto")


PRIVATE = [
    Row("sound", lambda e: None, "pass", "pe-tidal-vault", STATE),
    Row("none", lambda e: remove_private_endpoint(e, e.find(ENDPOINT, "-vault")), "fail", "no private endpoint"),
    Row("Rejected", lambda e: e.set(e.find(ENDPOINT, "-vault"), STATE, "Rejected"), "fail", "is Rejected", STATE),
    Row("vault denied", deny(VAULT), "unknown", shows=f"{VAULT}/read"),
    Row("vault gone", lambda e: e.remove(e.find(VAULT)), "not-applicable"),
]
DEFAULT = [
    Row("peered with the VNet that AKS made", lambda e: None, "pass", assumes="peered with the AKS VNet"),
    Row("node resource group denied", node_group_denied, "unknown", shows=f"{VNET}/read"),
    Row("subnet that AKS made served", default_over_subnet, "pass", "from every AKS subnet"),
]
SUBNETS = [
    Row("both halves", lambda e: None, "pass", "from every AKS subnet", f"{RULES}[0].id"),
    Row("access not in the answer", lambda e: e.unset(e.find(VAULT), "properties.publicNetworkAccess"), "pass"),
    Row("pods served too", pods(True), "pass", shows=f"{RULES}[1].id"),
    Row("pods not served", pods(False), "fail", "snet-pods has no service endpoint"),
    Row("subnet not served", lambda e: e.set(e.find(VNET), SERVED, []), "fail", "has no service endpoint", SERVED),
    Row("no rule", vault(RULES, []), "fail", "no VNet rule for snet-aks", RULES),
    Row("vault closed", vault("properties.publicNetworkAccess", "disabled"), "fail", "its VNet rules", counter=True),
    Row("nodes made anywhere", auto, "pass", assumes="auto-provisioning"),
    Row("AKS VNet denied", deny(VNET), "unknown", shows=f"{VNET}/read"),
]

CASES = ((secure, PRIVATE), (default_cluster, DEFAULT), (by_subnet, SUBNETS))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_vault_reachable(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "KV-001"), row)


def test_a_missing_endpoint_breaks_only_its_own_hops() -> None:
    estate = secure()
    remove_private_endpoint(estate, estate.find(ENDPOINT, "-vault"))
    assert {r.rule.id for r in audited(estate).results if r.status == "fail"} == {"KV-001", "ENV-003"}
