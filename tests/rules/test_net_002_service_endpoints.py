"""NET-002: where a firewall names an AKS subnet, or a service endpoint is relied on, both sides are set up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import services
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.network import VNET, add_subnet, subnet
from tests.arm.network import service_endpoints as serve
from tests.arm.private_link import ENDPOINT
from tests.arm.scenarios import secure, service_endpoints
from tests.arm.services import STORAGE, VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
SERVED = "properties.subnets[0].properties.serviceEndpoints"
RULES = "properties.networkAcls.virtualNetworkRules"


def network(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(VNET), path, value)


def account(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(STORAGE), path, value)


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def rule_for(name: str, place: str, kind: str = STORAGE, of: str = "main") -> Change:
    """A rule more, for a subnet of some VNet."""
    return lambda e: services.allow_subnet(e.find(kind, of), subnet(e.find(VNET, place), name))


def unserved_and_vaults_denied(e: Estate) -> None:
    """What was not read does not hide what surely fails."""
    rule_for("snet-aks", "vnet-tidal")(e)
    deny(VAULT)(e)


def rule_in_capitals(e: Estate) -> None:
    account(f"{RULES}[0].id", subnet(e.find(VNET), "snet-aks")["id"].upper())(e)


def rule_for_deleted(e: Estate) -> None:
    services.allow_subnet(e.find(STORAGE), {"id": f"{e.find(VNET)['id']}/subnets/snet-old"})


def pods(e: Estate) -> None:
    """The pods have a subnet of their own, which is served and which no rule admits."""
    own = add_subnet(e.find(VNET), "snet-pods", "10.42.17.0/24")
    serve(e.find(VNET), "snet-pods", "Microsoft.Storage", "Microsoft.KeyVault")
    for pool in e.find(CLUSTER)["properties"]["agentPoolProfiles"]:
        pool["podSubnetID"] = own["id"]


def served_for_nothing(e: Estate) -> None:
    """As in the official quickstart: service endpoints on the subnet, which no rule uses, beside private ones."""
    serve(e.find(VNET, "vnet-tidal"), "snet-aks", "Microsoft.Storage", "Microsoft.KeyVault")


def pending(e: Estate) -> None:
    """The private endpoints for storage and vault are not approved."""
    for name in ("pe-tidal-blob", "pe-tidal-file", "pe-tidal-vault"):
        link = e.find(ENDPOINT, name)["properties"]["privateLinkServiceConnections"][0]["properties"]
        link["privateLinkServiceConnectionState"]["status"] = "Pending"


SUBNETS = [
    Row("both sides", lambda e: None, "pass", "both sides", f"{SERVED}[0].service"),
    Row("rule in another case", rule_in_capitals, "pass"),
    Row("a rule for another subnet", rule_for("snet-pe", "vnet-pilot"), "pass"),
    Row("subnet not served", network(SERVED, []), "fail", "has no service endpoint", SERVED),
    Row("for vaults not served", lambda e: e.unset(e.find(VNET), f"{SERVED}[1]"), "fail", "Microsoft.KeyVault"),
    Row("served for other regions", network(f"{SERVED}[0].locations", ["westeurope"]), "fail", "Microsoft.Storage"),
    Row("rule Failed", account(f"{RULES}[0].state", "Failed"), "fail", "is Failed", f"{RULES}[0].state"),
    Row("network deleted", account(f"{RULES}[0].state", "networkSourceDeleted"), "fail", "SourceDeleted"),
    Row("subnet deleted", rule_for_deleted, "fail", "has no subnet snet-old"),
    Row("relied on, no rule", account(RULES, []), "fail", "no VNet rule for snet-aks", RULES),
    Row("relied on, no rule for the pods", pods, "fail", "no VNet rule for snet-pods", RULES),
    Row("rules not in the answer", account(RULES, None), "unknown", "VNet rules of stpilotmain", RULES),
    Row("VNets denied", deny(VNET), "unknown", shows=f"{VNET}/read"),
    Row("accounts denied", deny(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("vaults denied", deny(VAULT), "unknown", shows=f"{VAULT}/read"),
]
PRIVATE = [
    Row("none", lambda e: None, "not-applicable", "none relies on a service endpoint"),
    Row("served for nothing", served_for_nothing, "pass", counter=True),
    Row(
        "rule for a subnet that is not served",
        rule_for("snet-aks", "vnet-tidal"),
        "fail",
        "snet-aks has no service",
        counter=True,
    ),
    Row("the same of a vault", rule_for("snet-aks", "vnet-tidal", VAULT, "kv"), "fail", "snet-aks has no service"),
    Row("the same of a datastore's account", rule_for("snet-aks", "vnet-tidal", of="lake"), "fail", "sttidallake"),
    Row("the same, vaults denied", unserved_and_vaults_denied, "fail", "snet-aks has no service"),
    Row("rule for operators", rule_for("snet-ops", "vnet-tidal-ops"), "not-applicable"),
    Row("nothing to rely on", pending, "not-applicable"),
]

ROWS = [(build, row) for build, rows in ((service_endpoints, SUBNETS), (secure, PRIVATE)) for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_no_half_service_endpoint(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "NET-002"), row)
    if row.status == "fail" and build is secure:
        assert [r.rule.id for r in report.results if r.status == "fail"] == ["NET-002"]


def test_the_fix_names_the_subnet() -> None:
    estate = service_endpoints()
    network(SERVED, [])(estate)
    assert "-g rg-pilot --vnet-name vnet-pilot -n snet-aks " in only(audited(estate), "NET-002").fix
