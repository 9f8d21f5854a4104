"""NET-003: what security groups on the AKS subnets and on the endpoints' subnets let through."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate, Group, Json, child_of
from tests.arm.network import VNET, add_subnet, security_group, subnet
from tests.arm.private_link import ENDPOINT, NIC, ZONE, a_record, private_endpoint
from tests.arm.scenarios import default_cluster, hub_and_spoke, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
NSG = "Microsoft.Network/networkSecurityGroups"
RULES = "properties.securityRules"
ACCESS = f"{RULES}[0].properties.access"
POLICIES = "privateEndpointNetworkPolicies"


def rule(access: object = "Deny", priority: object = 100, **fields: object) -> Json:
    """The properties of a rule for everything outbound, but for the fields given."""
    plain = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
    plain |= {"sourceAddressPrefix": "*", "destinationAddressPrefix": "*"}
    return {"access": access, "priority": priority, "direction": "Outbound", **plain, **fields}


def allow(priority: int, **fields: object) -> Json:
    return rule("Allow", priority, **fields)


def group(*rules: Json, name: str = "nsg-tidal") -> Change:
    """A security group has these rules of its own."""

    def change(e: Estate) -> None:
        nsg = e.find(NSG, name)
        named = [child_of(nsg, "securityRules", f"r{i}") | {"properties": one} for i, one in enumerate(rules)]
        nsg["properties"]["securityRules"] = named

    return change


def net(e: Estate) -> Group:
    space = e.find_all(VNET)[0]
    return Group(e, space["id"].partition("/providers/")[0], space["location"])


def behind(policies: object, *rules: Json) -> Change:
    """The endpoints' subnet has a group of its own with these inbound rules, and network policies of that value."""

    def change(e: Estate) -> None:
        space = e.find(VNET, "vnet-tidal")
        inbound = [{"direction": "Inbound", **one} for one in rules]
        security_group(net(e), "nsg-pe", space, ["snet-pe"], [one | {"direction": "Inbound"} for one in inbound])
        holder = subnet(space, "snet-pe")["properties"]
        holder[POLICIES] = policies
        if policies is None:
            del holder[POLICIES]

    return change


def pods(*rules: Json) -> Change:
    """Pods have a subnet of their own, with a group that has these rules."""

    def change(e: Estate) -> None:
        space = e.find(VNET, "vnet-tidal")
        where = add_subnet(space, "snet-pods", "10.40.32.0/20")
        security_group(net(e), "nsg-pods", space, ["snet-pods"], rules)
        for pool in e.find(CLUSTER)["properties"]["agentPoolProfiles"]:
            pool["podSubnetID"] = where["id"]

    return change


def asg(name: str) -> list[Json]:
    return [{"id": f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/{name}"}]


def to_group(members: str) -> Change:
    """A Deny towards the group asg-data; each endpoint is in the group that is given, or does not say."""

    def change(e: Estate) -> None:
        group(rule(destinationAddressPrefix="", destinationApplicationSecurityGroups=asg("asg-data")))(e)
        for endpoint in e.find_all(ENDPOINT) if members else ():
            endpoint["properties"]["applicationSecurityGroups"] = asg(members)

    return change


def from_group(members: str) -> Change:
    """A Deny from the group asg-nodes; each node pool is in the group that is given, or does not say."""

    def change(e: Estate) -> None:
        group(rule(sourceAddressPrefix="", sourceApplicationSecurityGroups=asg("asg-nodes")))(e)
        for pool in e.find(CLUSTER)["properties"]["agentPoolProfiles"] if members else ():
            pool["networkProfile"] = {"applicationSecurityGroups": [one["id"] for one in asg(members)]}

    return change


def second_endpoint(found_by_name: bool) -> Change:
    """A second endpoint for blob, to which a rule denies the way; without records, none is found by name."""

    def change(e: Estate) -> None:
        space, account = e.find(VNET, "vnet-tidal"), e.find(STORAGE, "main")
        private_endpoint(net(e), "pe-second", account, "blob", subnet(space, "snet-train"))
        group(rule(destinationAddressPrefix="10.40.17.0/24"))(e)
        if not found_by_name:
            a_record(e, e.find(ZONE, "privatelink.blob"), account["name"], "10.40.9.9")

    return change


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]))


def without_groups(e: Estate) -> None:
    for body in e.find(VNET, "vnet-tidal")["properties"]["subnets"]:
        body["properties"].pop("networkSecurityGroup", None)


def on_subnet(value: object) -> Change:
    """What the AKS subnet shows in place of its security group."""

    def change(e: Estate) -> None:
        subnet(e.find(VNET, "vnet-tidal"), "snet-aks")["properties"]["networkSecurityGroup"] = value

    return change


def nsg(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(NSG, "nsg-tidal"), path, value)


def auto(e: Estate) -> None:
    e.set(e.find(CLUSTER), "properties.nodeProvisioningProfile.mode", "Auto")


def gone_subnet(e: Estate) -> None:
    subnets = e.find(VNET, "vnet-tidal")["properties"]["subnets"]
    subnets[:] = [s for s in subnets if s["name"] != "snet-aks"]


TO_ALL = "AKS does not get to pe-tidal-workspace, pe-tidal-blob, pe-tidal-file, pe-tidal-vault, pe-tidal-registry, "
OUTBOUND = [
    Row("no rule of its own", lambda e: None, "pass", "let AKS reach", "defaultSecurityRules[3].properties.access"),
    Row("a Deny of all", group(rule(priority=4096)), "fail", f"{TO_ALL}pe-tidal-lake", ACCESS),
    Row("names rule and group", group(rule(priority=4096)), "fail", "nsg-tidal denies TCP 443 from snet-aks to 10.40"),
    Row("names the priority", group(rule(priority=4096)), "fail", "by r0 (priority 4096)"),
    Row(
        "a Deny after an Allow",
        group(allow(200, destinationAddressPrefix="VirtualNetwork"), rule(priority=4096)),
        "pass",
        shows=ACCESS,
        counter=True,
    ),
    Row("later in the list, first in priority", group(rule(priority=300), allow(200)), "pass"),
    Row("an Allow after a Deny", group(allow(300), rule(priority=200)), "fail", "by r1 (priority 200)"),
    Row("an Allow for 443 alone", group(allow(200, destinationPortRange="443"), rule(priority=300)), "fail", "TCP 445"),
    Row("445 denied", group(rule(destinationPortRange="445")), "fail", "AKS does not get to pe-tidal-file: "),
    Row(
        "Deny VirtualNetwork on 443",
        group(rule(destinationAddressPrefix="VirtualNetwork", destinationPortRange="443")),
        "fail",
        "TCP 443",
        counter=True,
    ),
    Row("a list of ports", group(rule(destinationPortRange="", destinationPortRanges=["80", "440-450"])), "fail"),
    Row("a list of others", group(rule(destinationPortRange="", destinationPortRanges=["80", "8080"])), "pass"),
    Row("other cases", group(rule("DENY", direction="outbound", protocol="TCP")), "fail"),
    Row("UDP", group(rule(protocol="Udp")), "pass"),
    Row("Deny Internet", group(rule(destinationAddressPrefix="Internet")), "pass"),
    Row("Deny the tag Storage", group(rule(destinationAddressPrefix="Storage")), "pass", counter=True),
    Row("Deny an unknown tag", group(rule(destinationAddressPrefix="Warehouse")), "unknown", "was not decided"),
    Row("Deny inbound", group(rule(direction="Inbound")), "pass"),
    Row("the endpoints' subnet denied", group(rule(destinationAddressPrefix="10.40.16.0/24")), "fail", "pe-tidal-blob"),
    Row("one endpoint denied", group(rule(destinationAddressPrefix="10.40.16.7")), "fail", "get to pe-tidal-blob: "),
    Row("another subnet denied", group(rule(destinationAddressPrefix="10.40.18.0/24")), "pass"),
    Row("from another subnet", group(rule(sourceAddressPrefix="10.40.17.0/24")), "pass"),
    Row(
        "from half of the subnet", group(rule(sourceAddressPrefix="10.40.0.0/21")), "unknown", "known whether AKS gets"
    ),
    Row("endpoints in the denied group", to_group("asg-data"), "fail", shows=ACCESS),
    Row("endpoints in another group", to_group("asg-other"), "pass"),
    Row("endpoints that do not say", to_group(""), "unknown", shows="destinationApplicationSecurityGroups"),
    Row("nodes in the denied group", from_group("asg-nodes"), "fail", shows=ACCESS),
    Row("nodes in another group", from_group("asg-other"), "pass"),
    Row("nodes that do not say", from_group(""), "unknown", shows="sourceApplicationSecurityGroups"),
    Row("pods denied, nodes not", pods(rule()), "fail", "nsg-pods denies TCP 443 from snet-pods"),
    Row("pods and nodes let through", pods(), "pass"),
    Row("nodes anywhere", auto, "pass", assumes="node auto-provisioning"),
    Row("nodes anywhere, denied here", all_of(auto, group(rule())), "fail"),
    Row(
        "no default rules in the answer",
        nsg("properties.defaultSecurityRules", []),
        "pass",
        shows="defaultSecurityRules",
    ),
    Row("rules null", nsg(RULES, None), "unknown", shows=RULES),
    Row("rules of the wrong kind", nsg(RULES, {"r": 1}), "unknown", shows=RULES),
    Row("a rule without properties", nsg(RULES, [{"name": "r0"}]), "unknown", "not decided"),
    Row("a Deny without priority", group(rule(priority=None)), "fail", "by r0"),
    Row(
        "a Deny without priority, an Allow",
        group(rule(priority=None), allow(200)),
        "unknown",
        shows="[0].properties.priority",
    ),
    Row("group denied", deny(NSG), "unknown", "nsg-tidal on snet-aks could not be read", f"{NSG}/read"),
    Row("group gone", lambda e: e.remove(e.find(NSG)), "unknown", "nsg-tidal on snet-aks could not be read"),
    Row("group without an id", on_subnet({}), "unknown", shows="properties.networkSecurityGroup.id"),
    Row("group of the wrong kind", on_subnet("nsg"), "unknown", shows="networkSecurityGroup.id"),
    Row("no group", without_groups, "not-applicable", "no security group"),
    Row(
        "AKS subnet not in its VNet", gone_subnet, "unknown", "does not show the subnet snet-aks", "properties.subnets"
    ),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "unknown", shows=f"{VNET}/read"),
    Row("endpoints denied", lambda e: e.denied.append(Denial(type=ENDPOINT)), "unknown", shows=f"{ENDPOINT}/read"),
    Row("interfaces denied", lambda e: e.denied.append(Denial(type=NIC)), "unknown", shows=f"{NIC}/read"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("a second endpoint, not found by name", second_endpoint(True), "pass", counter=True),
    Row("two endpoints, none found by name", second_endpoint(False), "unknown", "if AKS comes to pe-second"),
]
INBOUND = [
    Row("policies Disabled", behind("Disabled", rule()), "pass", counter=True),
    Row("policies disabled, in lower case", behind("disabled", rule()), "pass"),
    Row("policies for routes only", behind("RouteTableEnabled", rule()), "pass"),
    Row("policies Enabled", behind("Enabled", rule()), "fail", "nsg-pe denies TCP 443 from snet-aks", POLICIES),
    Row("policies for groups", behind("NetworkSecurityGroupEnabled", rule()), "fail", "nsg-pe", POLICIES, counter=True),
    Row("policies in another case", behind("networksecuritygroupenabled", rule()), "fail", "nsg-pe"),
    Row("policies Enabled, let through", behind("Enabled", allow(200), rule(priority=300)), "pass", shows=POLICIES),
    Row("policies Enabled, another source", behind("Enabled", rule(sourceAddressPrefix="10.40.17.0/24")), "pass"),
    Row("policies Enabled, no rule of its own", behind("Enabled"), "pass"),
    Row("policies absent", behind(None, rule()), "unknown", "if it holds for private endpoints", POLICIES),
    Row("policies absent, let through", behind(None), "pass"),
    Row("policies of another value", behind("Sometimes", rule()), "unknown", shows=POLICIES),
    Row("policies of the wrong kind", behind(True, rule()), "unknown", shows=POLICIES),
    Row("group denied", all_of(behind("Enabled"), deny(NSG, "nsg-pe")), "unknown", "nsg-pe on snet-pe", f"{NSG}/read"),
    Row("group denied, policies Disabled", all_of(behind("Disabled"), deny(NSG, "nsg-pe")), "pass"),
    Row(
        "interfaces denied",
        all_of(without_groups, behind("Enabled"), lambda e: e.denied.append(Denial(type=NIC))),
        "unknown",
        "the addresses of pe-tidal-workspace were not read",
        f"{NIC}/read",
    ),
]


def on_hub(name: str) -> Change:
    """A group on a subnet of hub or spoke that lets VirtualNetwork in and out by its default rules alone."""

    def change(e: Estate) -> None:
        space = e.find(VNET, name)
        where = "snet-aks" if name == "vnet-keel" else "snet-pe"
        security_group(net(e), "nsg-keel", space, [where])
        subnet(space, where)["properties"][POLICIES] = "Enabled"

    return change


HUB = [
    Row("endpoints in a peered VNet", on_hub("vnet-keel"), "pass", shows="defaultSecurityRules[3].properties.access"),
    Row("AKS in a peered VNet", on_hub("vnet-keel-hub"), "pass", shows="defaultSecurityRules[0].properties.access"),
    Row("the endpoints' VNet denied", deny(VNET, "vnet-keel-hub"), "unknown", "subnet of pe-keel", f"{VNET}/read"),
]


def in_hub() -> Estate:
    return hub_and_spoke("hub")


def default_group(e: Estate) -> None:
    """AKS itself put a group on the subnet that it made."""
    space = e.find(VNET, "aks-vnet")
    security_group(net(e), "aks-agentpool-nsg", space, ["aks-subnet"])


CASES = [
    (secure, [*OUTBOUND, *INBOUND]),
    (in_hub, HUB),
    (default_cluster, [Row("AKS's own subnet", default_group, "pass"), Row("none", lambda e: None, "not-applicable")]),
    (service_endpoints, [Row("one endpoint, no group", lambda e: None, "not-applicable")]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_groups_let_through(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "NET-003"), row)
    if row.status == "fail":  # a Deny of all takes the service tags along
        assert {r.rule.id for r in report.results if r.status == "fail"} - {"NET-004"} == {"NET-003"}


def test_the_fix_names_the_group_that_denies() -> None:
    one, other = secure(), secure()
    group(rule())(one)
    behind("Enabled", rule())(other)
    outbound, inbound = (only(audited(e), "NET-003").fix for e in (one, other))
    assert outbound.startswith("az network nsg rule create -g rg-tidal-net --nsg-name nsg-tidal -n allow-endpoints ")
    assert inbound.startswith("az network nsg rule create -g rg-tidal-net --nsg-name nsg-pe -n allow-aks ")
    assert "&&" not in outbound + inbound
