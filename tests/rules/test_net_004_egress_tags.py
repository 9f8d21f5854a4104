"""NET-004: what security groups that deny the internet leave open of what Azure ML and AKS need."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group, Json, child_of
from tests.arm.network import VNET, add_subnet, route_table, security_group, subnet
from tests.arm.private_link import ENDPOINT
from tests.arm.scenarios import default_cluster, everything_public, hub_and_spoke, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
NSG = "Microsoft.Network/networkSecurityGroups"
TABLE = "Microsoft.Network/routeTables"
PROFILE = "properties.apiServerAccessProfile"
NEEDED = (
    "AzureActiveDirectory",
    "AzureMachineLearning",
    "AzureResourceManager",
    "MicrosoftContainerRegistry",
    "AzureFrontDoor.FirstParty",
    "AzureMonitor",
)


def rule(to: str, access: str = "Deny", priority: int = 4000, **fields: object) -> Json:
    """The properties of an outbound rule towards one tag or prefix."""
    plain = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": "*"}
    return {"access": access, "priority": priority, "direction": "Outbound", "destinationAddressPrefix": to} | (
        plain | fields
    )


def allow(*tags: str, first: int = 200) -> list[Json]:
    return [rule(tag, "Allow", first + i, destinationPortRange="443") for i, tag in enumerate(tags)]


def but(*left_out: str) -> list[Json]:
    """Allow rules for all that is needed, but for these tags."""
    return allow(*(tag for tag in NEEDED if tag not in left_out))


INTERNET = rule("Internet")


def group(*rules: Json, name: str = "nsg-tidal") -> Change:
    """A security group has these rules of its own."""

    def change(e: Estate) -> None:
        nsg = e.find(NSG, name)
        named = [child_of(nsg, "securityRules", f"r{i}") | {"properties": one} for i, one in enumerate(rules)]
        nsg["properties"]["securityRules"] = named

    return change


def at(space: Json, e: Estate) -> Group:
    return Group(e, space["id"].partition("/providers/")[0], space["location"])


def new_group(vnet: str, where: str, *rules: Json) -> Change:
    """A subnet gets a security group with these rules of its own."""

    def change(e: Estate) -> None:
        space = e.find(VNET, vnet)
        security_group(at(space, e), "nsg-new", space, [where], rules)

    return change


def pods(*rules: Json) -> Change:
    """Pods have a subnet of their own, with a security group that has these rules."""

    def change(e: Estate) -> None:
        space = e.find(VNET, "vnet-tidal")
        where = add_subnet(space, "snet-pods", "10.40.32.0/20")
        security_group(at(space, e), "nsg-pods", space, ["snet-pods"], rules)
        for pool in e.find(CLUSTER)["properties"]["agentPoolProfiles"]:
            pool["podSubnetID"] = where["id"]

    return change


def table(routes: dict[str, str]) -> Change:
    def change(e: Estate) -> None:
        space = e.find(VNET, "vnet-tidal")
        route_table(at(space, e), "rt-tidal", space, ["snet-aks"], routes)

    return change


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def cluster(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(CLUSTER), path, value)


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def no_group(e: Estate) -> None:
    del subnet(e.find(VNET, "vnet-tidal"), "snet-aks")["properties"]["networkSecurityGroup"]


def no_region(kind: str, name: str = "") -> Change:
    def change(e: Estate) -> None:
        del e.find(kind, name)["location"]

    return change


def endpoints_denied(e: Estate) -> None:
    e.denied.append(Denial(type=ENDPOINT))


VIRTUAL = rule("VirtualNetwork", "Allow", 100)
BY_REGION = "AzureCloud.northeurope"
FORCED = {"0.0.0.0/0": "10.40.18.200"}

PRIVATE = [
    Row("no rule of its own", lambda e: None, "pass", "let AKS reach AzureActiveDirectory"),
    Row("all tags, then a Deny", group(*but(), INTERNET), "pass", "AzureActiveDirectory", "[0].properties.access"),
    Row("tags in another case", group(*allow(*map(str.upper, NEEDED)), INTERNET), "pass"),
    Row("all tags after the Deny", group(*allow(*NEEDED, first=4001), INTERNET), "fail", "to AzureActiveDirectory, "),
    Row("nothing but a Deny", group(INTERNET), "fail", ", ".join(NEEDED), "[0].properties.access", counter=True),
    Row(
        "names group and rule", group(*but("AzureMonitor"), INTERNET), "fail", "nsg-tidal denies TCP 443 from snet-aks"
    ),
    *(Row(f"all but {tag}", group(*but(tag), INTERNET), "fail", f"does not get to {tag}: ") for tag in NEEDED),
    Row("a Deny of all", group(*but("AzureMonitor"), rule("*")), "fail", "get to AzureMonitor: "),
    Row("a Deny of every address", group(*but("AzureMonitor"), rule("0.0.0.0/0")), "fail", "get to AzureMonitor: "),
    Row(
        "a Deny of two halves",
        group(rule("", destinationAddressPrefixes=["0.0.0.0/1", "128.0.0.0/1"])),
        "fail",
        "AzureMachineLearning",
        counter=True,
    ),
    Row("everything of Azure let through", group(rule("AzureCloud", "Allow", 100), INTERNET), "pass"),
    Row("ranges let through", group(rule("20.0.0.0/8", "Allow", 100), INTERNET), "unknown", "was not decided"),
    Row("a Deny of port 80", group(rule("Internet", destinationPortRange="80")), "pass"),
    Row("a Deny of UDP", group(rule("Internet", protocol="Udp")), "pass"),
    Row("a Deny inbound", group(rule("*", direction="Inbound")), "pass"),
    Row("a Deny of the VNet", group(rule("VirtualNetwork")), "pass"),
    Row("a Deny of one service", group(rule("Sql")), "pass"),
    Row("a Deny of one that is needed", group(rule("AzureMonitor")), "fail", "does not get to AzureMonitor: "),
    Row("tags for another port", group(*[one | {"destinationPortRange": "80"} for one in but()], INTERNET), "fail"),
    Row("VirtualNetwork let through", group(VIRTUAL, INTERNET), "fail", "get to AzureActiveDirectory"),
    Row(
        "VirtualNetwork let through, a default route",
        all_of(group(VIRTUAL, INTERNET), table(FORCED)),
        "unknown",
        "was not decided",
        counter=True,
    ),
    Row("another route", all_of(group(VIRTUAL, INTERNET), table({"10.0.0.0/8": "10.40.18.200"})), "fail"),
    Row("only half of the subnet", group(rule("Internet", sourceAddressPrefix="10.40.0.0/21")), "unknown"),
    Row("pods denied, nodes not", pods(INTERNET), "fail", "nsg-pods denies TCP 443 from snet-pods"),
    Row("pods and nodes let through", all_of(group(*but(), INTERNET), pods(*but(), INTERNET)), "pass"),
    Row(
        "nodes anywhere",
        all_of(group(*but(), INTERNET), cluster("properties.nodeProvisioningProfile.mode", "Auto")),
        "pass",
        assumes="node auto-provisioning",
    ),
    Row("no group", no_group, "not-applicable"),
    Row("rules null", lambda e: e.set(e.find(NSG), "properties.securityRules", None), "unknown", shows="securityRules"),
    Row("group denied", deny(NSG), "unknown", "nsg-tidal on snet-aks could not be read", f"{NSG}/read"),
    Row("group gone", lambda e: e.remove(e.find(NSG)), "unknown", "could not be read"),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
    Row("endpoints denied", all_of(group(*but(), INTERNET), endpoints_denied), "unknown", "if AKS needs that"),
    Row(
        "endpoints denied, storage let through",
        all_of(group(*but(), *allow("Storage.northeurope", first=300), INTERNET), endpoints_denied),
        "pass",
    ),
    Row(
        "a Deny that is sure beside a doubt",
        all_of(group(*but("AzureMonitor"), INTERNET), endpoints_denied),
        "fail",
        "AzureMonitor",
    ),
    Row(
        "a public API server, by its flag",
        all_of(group(INTERNET), cluster(f"{PROFILE}.enablePrivateCluster", False)),
        "fail",
        f"AzureMonitor, {BY_REGION}: ",
    ),
    Row(
        "an API server in the VNet",
        all_of(group(*but(), INTERNET), cluster(PROFILE, {"enableVnetIntegration": True})),
        "pass",
    ),
    Row(
        "a flag of the wrong kind",
        all_of(group(*but(), INTERNET), cluster(f"{PROFILE}.enablePrivateCluster", "yes")),
        "unknown",
        shows="enablePrivateCluster",
    ),
]
PUBLIC = [
    Row("no tag at all", new_group("aks-vnet", "aks-subnet", INTERNET), "fail", f"AzureMonitor, {BY_REGION}: "),
    Row("no tag of the region", new_group("aks-vnet", "aks-subnet", *but(), INTERNET), "unknown", BY_REGION),
    Row("the region", new_group("aks-vnet", "aks-subnet", *but(), *allow(BY_REGION, first=300), INTERNET), "pass"),
    Row("all regions", new_group("aks-vnet", "aks-subnet", *but(), *allow("AzureCloud", first=300), INTERNET), "pass"),
    Row(
        "region not in the answer",
        all_of(new_group("aks-vnet", "aks-subnet", *but(), INTERNET), no_region(CLUSTER)),
        "unknown",
        shows="location",
    ),
    Row(
        "region in words",
        all_of(
            new_group("aks-vnet", "aks-subnet", *but(), *allow(BY_REGION, first=300), INTERNET),
            cluster("location", "North Europe"),
        ),
        "pass",
    ),
]
WITH_REGION = [*but(), *allow(BY_REGION, first=300)]
SUBNETS = [
    Row(
        "storage denied", new_group("vnet-pilot", "snet-aks", *but(), INTERNET), "fail", "get to Storage.northeurope: "
    ),
    Row(
        "storage by its region", new_group("vnet-pilot", "snet-aks", *WITH_REGION, INTERNET), "unknown", "Storage.north"
    ),
    Row(
        "storage let through",
        new_group("vnet-pilot", "snet-aks", *WITH_REGION, *allow("Storage.NorthEurope", first=400), INTERNET),
        "pass",
    ),
    Row(
        "storage of every region",
        new_group("vnet-pilot", "snet-aks", *WITH_REGION, *allow("Storage", first=400), INTERNET),
        "pass",
    ),
    Row(
        "storage of another region",
        new_group("vnet-pilot", "snet-aks", *but(), *allow("Storage.westeurope", first=400), INTERNET),
        "fail",
        "get to Storage.northeurope: ",
    ),
    Row(
        "region of the storage not in the answer",
        all_of(new_group("vnet-pilot", "snet-aks", *WITH_REGION, INTERNET), no_region(STORAGE)),
        "unknown",
        shows="location",
    ),
    Row(
        "storage gone",
        all_of(new_group("vnet-pilot", "snet-aks", *WITH_REGION, INTERNET), lambda e: e.remove(e.find(STORAGE))),
        "pass",
    ),
]
CASES = [
    (secure, PRIVATE),
    (default_cluster, PUBLIC),
    (service_endpoints, SUBNETS),
    (everything_public, [Row("no group at all", lambda e: None, "not-applicable")]),
    (hub_and_spoke, [Row("a peered VNet", new_group("vnet-keel", "snet-aks", *but(), INTERNET), "pass")]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_tags_stay_open(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "NET-004"), row)


def test_a_denied_tag_breaks_nothing_else_and_its_fix_names_it() -> None:
    estate = secure()
    group(*but("AzureMonitor"), INTERNET)(estate)
    report = audited(estate)
    assert [r.rule.id for r in report.results if r.status == "fail"] == ["NET-004"]
    fix = only(report, "NET-004").fix
    assert fix.startswith("az network nsg rule create -g rg-tidal-net --nsg-name nsg-tidal -n allow-AzureMonitor ")
    assert "--destination-address-prefixes AzureMonitor " in fix
