"""What a security group does to a flow: each documented behaviour a row, and what is made of bodies that are none."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.facts import Missing
from auditor.model.paths import ABSENT, at
from auditor.model.resource import Resource
from auditor.model.verdict import Status, Verdict
from auditor.topology.security_groups import denies_internet, judge
from auditor.topology.security_rules import Direction, Flow, Source
from auditor.topology.service_tags import Inside

Json = dict[str, Any]

GROUP = "/subscriptions/5a1e0c1d-0000-4000-8000-00000000c0de/resourceGroups/rg-tidal/providers/Microsoft.Network"
NSG_ID = f"{GROUP}/networkSecurityGroups/nsg-tidal"
NODES = f"{GROUP}/applicationSecurityGroups/asg-nodes"
ENDPOINTS = f"{GROUP}/applicationSecurityGroups/asg-endpoints"

AKS = Source("snet-aks", (IPv4Network("10.40.0.0/22"),), frozenset({NODES}))
PODS = Source("snet-pods", (IPv4Network("10.40.4.0/24"), IPv4Network("10.40.6.0/24")), frozenset())
VNET = Inside((IPv4Network("10.40.0.0/16"),))
UNREAD = Missing(f"{GROUP}/virtualNetworks/vnet-hub", "properties.addressSpace", "the peer was not read")
PARTLY = Inside(VNET.networks, UNREAD)
ENDPOINT = "10.40.16.4"
RULES = "properties.securityRules"


def rule(priority: Any = 100, access: Any = "Deny", name: str = "it", **fields: Any) -> Json:
    """An outbound rule for everything, but for the fields given; one given as None is left out."""
    properties = {
        "priority": priority,
        "direction": "Outbound",
        "access": access,
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "sourcePortRanges": [],
        "destinationPortRanges": [],
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
    } | fields
    return {"name": name, "properties": {k: v for k, v in properties.items() if v is not None}}


def nsg(*rules: Any, **properties: Any) -> Resource:
    body = {"properties": {"securityRules": list(rules)} | properties}
    return Resource(id=NSG_ID, type="Microsoft.Network/networkSecurityGroups", body=body, whole=True)


def flow(destination: str = ENDPOINT, *sources: Source, port: int = 443, groups: frozenset[str] | None = None) -> Flow:
    return Flow(sources or (AKS,), destination, port, groups)


def outcome(*rules: Any, to: Flow | None = None, inside: Inside = VNET, way: Direction = "Outbound") -> Verdict:
    verdict = judge(nsg(*rules), way, to or flow(), inside)
    check(verdict)
    return verdict


def check(verdict: Verdict) -> None:
    """What every verdict keeps: an unknown says what was missing, and whatever decides shows it."""
    assert verdict.status in (Status.PASS, Status.FAIL, Status.UNKNOWN)
    assert bool(verdict.missing) is verdict.unknown
    assert verdict.evidence or verdict.unknown
    assert verdict.message


PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN

ONE_DENY: list[tuple[Json, Status]] = [
    # ports
    ({"destinationPortRange": "443"}, FAIL),
    ({"destinationPortRange": " 443 "}, FAIL),
    ({"destinationPortRange": "444"}, PASS),
    ({"destinationPortRange": "0-65535"}, FAIL),
    ({"destinationPortRange": "400-500"}, FAIL),
    ({"destinationPortRange": "443-443"}, FAIL),
    ({"destinationPortRange": "444-500"}, PASS),
    ({"destinationPortRange": None, "destinationPortRanges": ["80", "440-450"]}, FAIL),
    ({"destinationPortRange": None, "destinationPortRanges": ["80", "8080-8090"]}, PASS),
    ({"destinationPortRange": "80", "destinationPortRanges": ["443"]}, FAIL),
    ({"destinationPortRange": "https"}, UNKNOWN),
    ({"destinationPortRange": "500-400"}, UNKNOWN),
    ({"destinationPortRange": "1-99999"}, UNKNOWN),
    ({"destinationPortRange": 443}, UNKNOWN),
    ({"destinationPortRange": None, "destinationPortRanges": None}, UNKNOWN),
    ({"destinationPortRange": None, "destinationPortRanges": ["https", "443"]}, FAIL),
    ({"destinationPortRange": "80", "destinationPortRanges": {}}, UNKNOWN),
    # source ports: which one a client takes is not known
    ({"sourcePortRange": "0-65535"}, FAIL),
    ({"sourcePortRange": None, "sourcePortRanges": ["1-1023", "1024-65535"]}, FAIL),
    ({"sourcePortRange": None, "sourcePortRanges": ["1-1023", "1025-65535"]}, UNKNOWN),
    ({"sourcePortRange": None, "sourcePortRanges": ["1-1023", "2-5", "1000-65535"]}, FAIL),
    ({"sourcePortRange": "443"}, UNKNOWN),
    ({"sourcePortRange": None}, UNKNOWN),
    # protocols
    ({"protocol": "Tcp"}, FAIL),
    ({"protocol": "TCP"}, FAIL),
    ({"protocol": "Any"}, FAIL),
    ({"protocol": "Udp"}, PASS),
    ({"protocol": "Icmp"}, PASS),
    ({"protocol": "Esp"}, PASS),
    ({"protocol": "Ah"}, PASS),
    ({"protocol": "Sctp"}, UNKNOWN),
    ({"protocol": None}, UNKNOWN),
    # directions
    ({"direction": "outbound"}, FAIL),
    ({"direction": "Inbound"}, PASS),
    ({"direction": "Sideways"}, UNKNOWN),
    ({"direction": None}, UNKNOWN),
    ({"direction": None, "destinationPortRange": "22"}, PASS),
    # destinations
    ({"destinationAddressPrefix": "10.40.16.4"}, FAIL),
    ({"destinationAddressPrefix": "10.40.16.4/32"}, FAIL),
    ({"destinationAddressPrefix": "10.40.16.0/24"}, FAIL),
    ({"destinationAddressPrefix": "10.40.16.9/24"}, FAIL),
    ({"destinationAddressPrefix": "10.40.17.0/24"}, PASS),
    ({"destinationAddressPrefix": "0.0.0.0/0"}, FAIL),
    ({"destinationAddressPrefix": "Any"}, FAIL),
    ({"destinationAddressPrefix": "::/0"}, PASS),
    ({"destinationAddressPrefix": None, "destinationAddressPrefixes": ["10.1.0.0/16", "10.40.16.4"]}, FAIL),
    ({"destinationAddressPrefix": "10.1.0.0/16", "destinationAddressPrefixes": ["10.40.16.4"]}, FAIL),
    ({"destinationAddressPrefix": "", "destinationAddressPrefixes": ["10.1.0.0/16"]}, PASS),
    ({"destinationAddressPrefix": "VirtualNetwork"}, FAIL),
    ({"destinationAddressPrefix": "virtualnetwork"}, FAIL),
    ({"destinationAddressPrefix": "Internet"}, PASS),
    ({"destinationAddressPrefix": "INTERNET"}, PASS),
    ({"destinationAddressPrefix": "AzureLoadBalancer"}, PASS),
    ({"destinationAddressPrefix": "AzureCloud.westeurope"}, PASS),
    ({"destinationAddressPrefix": "Storage"}, PASS),
    ({"destinationAddressPrefix": "Sql.NorthEurope"}, PASS),
    ({"destinationAddressPrefix": "AzureFrontDoor.FirstParty"}, PASS),
    ({"destinationAddressPrefix": "Warehouse"}, UNKNOWN),
    ({"destinationAddressPrefix": "Storage."}, UNKNOWN),
    ({"destinationAddressPrefix": "10.40.16.4-10.40.16.9"}, UNKNOWN),
    ({"destinationAddressPrefix": "10.40.16.0/33"}, UNKNOWN),
    ({"destinationAddressPrefix": None, "destinationAddressPrefixes": ["Warehouse", "*"]}, FAIL),
    ({"destinationAddressPrefix": ""}, UNKNOWN),
    ({"destinationAddressPrefix": None}, UNKNOWN),
    ({"destinationAddressPrefix": ["10.40.16.4"]}, UNKNOWN),
    ({"destinationAddressPrefix": None, "destinationAddressPrefixes": "10.40.16.4"}, UNKNOWN),
    ({"destinationAddressPrefix": None, "destinationAddressPrefixes": [None, "10.40.16.4"]}, FAIL),
    ({"destinationAddressPrefix": None, "destinationApplicationSecurityGroups": [{"id": ENDPOINTS}]}, UNKNOWN),
    ({"destinationApplicationSecurityGroups": [{"id": ENDPOINTS}]}, FAIL),
    ({"destinationAddressPrefix": "", "destinationApplicationSecurityGroups": [{}]}, UNKNOWN),
    ({"destinationAddressPrefix": "10.1.0.0/16", "destinationApplicationSecurityGroups": "asg"}, UNKNOWN),
    # sources
    ({"sourceAddressPrefix": "10.40.0.0/22"}, FAIL),
    ({"sourceAddressPrefix": "10.0.0.0/8"}, FAIL),
    ({"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.40.0.0/23", "10.40.2.0/23"]}, FAIL),
    ({"sourceAddressPrefix": "10.40.4.0/24"}, PASS),
    ({"sourceAddressPrefix": "VirtualNetwork"}, FAIL),
    ({"sourceAddressPrefix": "Internet"}, PASS),
    ({"sourceAddressPrefix": "10.40.1.7"}, UNKNOWN),
    ({"sourceAddressPrefix": "10.40.0.0/23"}, UNKNOWN),
    ({"sourceAddressPrefix": "", "sourceApplicationSecurityGroups": [{"id": NODES}]}, FAIL),
    ({"sourceAddressPrefix": "", "sourceApplicationSecurityGroups": [{"id": NODES.upper()}]}, FAIL),
    ({"sourceAddressPrefix": "", "sourceApplicationSecurityGroups": [{"id": ENDPOINTS}]}, PASS),
    # access
    ({"access": "deny"}, FAIL),
    ({"access": "Allow"}, PASS),
    ({"access": "Block"}, UNKNOWN),
    ({"access": None}, UNKNOWN),
    ({"access": None, "destinationPortRange": "22"}, PASS),
    # places
    ({"priority": None}, FAIL),
    ({"priority": None, "access": "Allow"}, PASS),
    ({"priority": None, "destinationPortRange": "22"}, PASS),
]


@pytest.mark.parametrize(("fields", "status"), ONE_DENY)
def test_one_rule_before_the_default_ones(fields: Json, status: Status) -> None:
    """A rule that denies what it takes in, else the default rule that lets the VNet through."""
    assert outcome(rule(**fields)).status is status


@pytest.mark.parametrize("fields", [f for f, _ in ONE_DENY if str(f.get("access", "Deny")).lower() == "deny"])
def test_a_rule_that_only_repeats_what_follows_need_not_be_understood(fields: Json) -> None:
    """What is undecided counts only where it changes the outcome: with Deny behind it, each of them ends in Deny."""
    assert outcome(rule(**fields), rule(4096, name="deny-all")).failed


def test_the_lowest_number_comes_first_wherever_it_stands() -> None:
    """The position in the list means nothing."""
    deny, allow = rule(200, name="deny-all"), rule(150, "Allow", name="allow-443", destinationPortRange="443")
    verdict = outcome(deny, allow)
    assert verdict.passed
    assert verdict.message == "nsg-tidal allows TCP 443 from snet-aks to 10.40.16.4 by allow-443 (priority 150)"
    assert [e.path for e in verdict.evidence] == [f"{RULES}[1].properties.access"]
    assert outcome(deny, rule(250, "Allow")).failed


def test_a_failure_names_the_rule_that_denies() -> None:
    """With its place in the body, as Azure answers it."""
    verdict = outcome(rule(100, "Allow", destinationPortRange="22"), rule(200, name="deny-all"))
    assert verdict.message == "nsg-tidal denies TCP 443 from snet-aks to 10.40.16.4 by deny-all (priority 200)"
    [proof] = verdict.evidence
    assert (proof.resource_id, proof.path, proof.observed) == (NSG_ID, f"{RULES}[1].properties.access", "Deny")


DEFAULTS = [
    ("Outbound", ENDPOINT, AKS, VNET, PASS, "AllowVnetOutBound"),
    ("Outbound", "10.90.0.4", AKS, VNET, FAIL, "DenyAllOutBound"),
    ("Outbound", "10.90.0.4", AKS, PARTLY, UNKNOWN, ""),
    ("Outbound", "20.50.2.1", AKS, VNET, PASS, "AllowInternetOutBound"),
    ("Outbound", "20.50.2.1", AKS, PARTLY, PASS, "AllowInternetOutBound"),
    ("Outbound", "168.63.129.16", AKS, VNET, PASS, "AllowVnetOutBound"),
    ("Outbound", "AzureMonitor", AKS, VNET, PASS, "AllowInternetOutBound"),
    ("Inbound", ENDPOINT, AKS, VNET, PASS, "AllowVnetInBound"),
    ("Inbound", ENDPOINT, Source("away", (IPv4Network("10.90.0.0/24"),)), VNET, FAIL, "DenyAllInBound"),
    ("Inbound", ENDPOINT, Source("away", (IPv4Network("20.50.2.0/24"),)), VNET, FAIL, "DenyAllInBound"),
    ("Inbound", ENDPOINT, Source("probe", (IPv4Network("168.63.129.16/32"),)), VNET, PASS, "AllowVnetInBound"),
    ("Inbound", "10.90.0.4", Source("probe", (IPv4Network("168.63.129.16/32"),)), VNET, PASS, "AllowAzureLoadBalancer"),
]


@pytest.mark.parametrize("listed", [None, []])
@pytest.mark.parametrize(("way", "to", "source", "inside", "status", "by"), DEFAULTS)
def test_the_default_rules(
    way: Direction, to: str, source: Source, inside: Inside, status: Status, by: str, listed: Any
) -> None:
    """A body that leaves them out has the documented ones, and says that they were not in it."""
    verdict = judge(nsg(defaultSecurityRules=listed), way, flow(to, source), inside)
    check(verdict)
    assert verdict.status is status
    assert by in verdict.message
    if by:
        assert verdict.evidence[0].path == "properties.defaultSecurityRules"
        assert any(by in str(proof.note) for proof in verdict.evidence)


def test_the_default_rules_that_stand_in_the_body_are_the_ones_that_count() -> None:
    """They come after the group's own, whatever the order of the lists."""
    group = nsg(rule(4096, "Allow"), defaultSecurityRules=[rule(65500, name="DenyAllOutBound")])
    assert judge(group, "Outbound", flow("10.90.0.4"), VNET).passed
    group = nsg(defaultSecurityRules=[rule(65500, name="DenyAllOutBound")])
    verdict = judge(group, "Outbound", flow(), VNET)
    assert verdict.failed
    assert verdict.evidence[0].path == "properties.defaultSecurityRules[0].properties.access"


@pytest.mark.parametrize("listed", ["none", {}, [None], [{"name": "x"}], [rule(65000, "Allow", protocol="Udp")]])
def test_default_rules_that_cannot_be_read_matter_only_after_the_group_s_own(listed: Any) -> None:
    """A rule of the group's own that decides is enough; without one it is not decided."""
    assert judge(nsg(rule(4096), defaultSecurityRules=listed), "Outbound", flow(), VNET).failed
    assert judge(nsg(rule(4096, "Allow"), defaultSecurityRules=listed), "Outbound", flow(), VNET).passed
    verdict = judge(nsg(defaultSecurityRules=listed), "Outbound", flow(), VNET)
    check(verdict)
    assert verdict.unknown
    assert verdict.missing[0].path.startswith("properties.defaultSecurityRules")


def test_an_application_security_group_that_was_not_read() -> None:
    """The gap names the rule's field and the group; a known membership decides."""
    deny = rule(destinationAddressPrefix="", destinationApplicationSecurityGroups=[{"id": ENDPOINTS}])
    verdict = outcome(rule(90, "Allow", protocol="Udp"), deny)
    assert [(m.path, m.reason) for m in verdict.missing] == [
        (
            f"{RULES}[1].properties.destinationApplicationSecurityGroups",
            "the members of the application security group asg-endpoints were not read",
        )
    ]
    assert outcome(deny, to=flow(groups=frozenset({ENDPOINTS.lower()}))).failed
    assert outcome(deny, to=flow(groups=frozenset())).passed


def test_where_the_network_was_not_read_as_a_whole() -> None:
    """What may be in a peer that was not read is in VirtualNetwork or not; what is known to be inside stays decided."""
    deny = rule(destinationAddressPrefix="VirtualNetwork")
    verdict = outcome(deny, rule(200, "Allow"), to=flow("10.90.0.4"), inside=PARTLY)
    assert verdict.missing == (UNREAD,)
    assert outcome(deny, inside=PARTLY).failed
    assert outcome(deny, rule(200, "Allow"), to=flow("10.90.0.4")).passed


def test_a_public_address_may_be_in_any_service_tag() -> None:
    """No resource says which addresses a tag holds."""
    assert outcome(rule(destinationAddressPrefix="Storage"), to=flow("20.50.2.1")).unknown
    assert outcome(rule(destinationAddressPrefix="Internet"), to=flow("20.50.2.1")).failed
    public = Inside((IPv4Network("20.50.0.0/16"),))
    assert outcome(rule(destinationAddressPrefix="Internet"), to=flow("20.50.2.1"), inside=public).failed
    assert outcome(rule(50), rule(40, "Allow", destinationAddressPrefix="Internet"), to=flow("20.50.2.1")).passed
    allow = rule(40, "Allow", destinationAddressPrefix="Internet")
    assert outcome(rule(50), allow, to=flow("20.50.2.1"), inside=public).failed


def test_a_whole_subnet_that_is_denied_fails_and_is_named() -> None:
    """The other subnet may pass: pods or nodes in this one do not get through."""
    deny = rule(sourceAddressPrefix=None, sourceAddressPrefixes=["10.40.4.0/24", "10.40.6.0/24"], name="no-pods")
    verdict = outcome(deny, to=flow(ENDPOINT, AKS, PODS))
    assert verdict.failed
    assert verdict.message == "nsg-tidal denies TCP 443 from snet-pods to 10.40.16.4 by no-pods (priority 100)"
    assert outcome(deny).passed


def test_some_addresses_of_a_subnet_that_are_denied_are_not_decided() -> None:
    """The gap says which addresses, and of which subnet."""
    deny = rule(sourceAddressPrefix=None, sourceAddressPrefixes=["10.40.1.7", "10.40.4.0/24"])
    verdict = outcome(deny, to=flow(ENDPOINT, AKS, PODS))
    assert [m.reason for m in verdict.missing] == [
        "only 10.40.1.7/32 of snet-aks is denied, and which addresses its nodes have was not read",
        "only 10.40.4.0/24 of snet-pods is denied, and which addresses its nodes have was not read",
    ]
    assert {m.path for m in verdict.missing} == {f"{RULES}[0]"}
    assert outcome(rule(90, "Allow", sourceAddressPrefix="10.40.1.0/24"), deny).passed
    half = rule(90, "Allow", sourceAddressPrefix="10.40.2.0/23")
    assert "10.40.0.0/23 of snet-aks" in outcome(half, rule(100)).missing[0].reason


@pytest.mark.parametrize("priority", [None, "50", True, -1, 0, 50.0, 10**9, {}])
def test_a_rule_without_a_priority_may_come_anywhere_among_the_group_s_own(priority: Any) -> None:
    """Before or after the others, and always before the default ones."""
    nowhere = rule(priority, name="nowhere")
    verdict = outcome(nowhere, rule(100, "Allow"))
    assert verdict.unknown
    assert verdict.missing[0].path == f"{RULES}[0].properties.priority"
    assert outcome(nowhere, rule(100)).failed
    assert outcome(nowhere).failed
    assert outcome(nowhere, rule(100, "Allow"), to=flow(port=80)).unknown
    assert outcome(rule(priority, protocol="Udp"), rule(100, "Allow")).passed


def test_one_question_has_one_answer_in_all_rules() -> None:
    """Whoever is in the group gets through by the first rule, and whoever is not is not denied by the second."""
    group: Json = {"destinationAddressPrefix": "", "destinationApplicationSecurityGroups": [{"id": ENDPOINTS}]}
    assert outcome(rule(100, "Allow", **group), rule(200, **group)).passed
    assert outcome(rule(100, "Allow", **group), rule(200, **group), rule(300)).unknown
    assert outcome(rule(100, **group), rule(200, "Allow", **group), rule(300)).failed


def test_two_rules_of_one_priority_are_in_no_order() -> None:
    """Azure refuses them; where they agree it does not matter."""
    verdict = outcome(rule(100, "Allow", name="a"), rule(100, "Deny", name="b"))
    assert verdict.unknown
    assert "shares its priority" in verdict.missing[0].reason
    assert outcome(rule(100, name="a"), rule(100, name="b")).failed
    assert outcome(rule(100, "Allow"), rule(100, direction="Inbound")).passed


@pytest.mark.parametrize("body", [{}, {"properties": None}, {"properties": []}, {"properties": {}}])
@pytest.mark.parametrize("listed", [None, "none", {}, 7])
def test_rules_that_were_not_read(body: Json, listed: Any) -> None:
    """Without the list of its own rules nothing is known of a group."""
    group = Resource(id=NSG_ID, type="", body=body)
    if isinstance(body.get("properties"), dict):
        group = nsg(securityRules=listed)
    for verdict in (judge(group, "Outbound", flow(), VNET), denies_internet(group, (AKS,), VNET)):
        check(verdict)
        assert verdict.unknown
        assert verdict.missing[0].path == RULES


@pytest.mark.parametrize("item", [None, "deny", 7, [], {}, {"properties": None}, {"properties": {}}, {"name": 3}])
def test_a_rule_that_is_no_rule(item: Any) -> None:
    """It may be anything, anywhere: nothing after it is decided."""
    for others in ([], [rule(100)], [rule(100, "Allow")]):
        verdict = outcome(item, *others)
        assert verdict.unknown
        assert verdict.missing[0].path.startswith(f"{RULES}[0]")


def test_more_unreadable_rules_than_can_be_followed() -> None:
    """They end in an unknown all the same, and soon."""
    verdict = outcome(*[{"properties": {}}] * 1000)
    assert verdict.unknown
    assert outcome(*[{"properties": {"destinationPortRange": "22"}}] * 1000).passed


@pytest.mark.parametrize("destination", ["", "fe80::1", "10.40.16.4/32", "Warehouse", "10.40.16.400", "Internet"])
def test_a_destination_that_is_none(destination: str) -> None:
    """Neither an address nor a tag that is known."""
    assert outcome(rule(), to=flow(destination)).unknown


def test_sources_that_were_not_read() -> None:
    """A subnet without prefixes, or no subnet at all, passes nothing."""
    assert outcome(to=flow(ENDPOINT, Source("snet-aks", ()))).unknown
    assert outcome(to=Flow((), ENDPOINT, 443)).unknown
    assert denies_internet(nsg(rule()), (), VNET).unknown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(rule()["properties"])), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({"properties": JSON}) | JSON, max_size=4), JSON, st.sampled_from((VNET, PARTLY)))
def test_no_body_raises_or_passes_for_what_it_does_not_say(rules: list[Any], defaults: Any, inside: Inside) -> None:
    """Garbage is undecided, or is not about this flow; a path that is named stands in the body, or is what it lacks."""
    group = nsg(*rules, defaultSecurityRules=defaults)
    for verdict in (
        judge(group, "Outbound", flow(), inside),
        judge(group, "Inbound", flow("AzureMonitor", PODS), inside),
        denies_internet(group, (AKS,), inside),
    ):
        check(verdict)
        for proof in verdict.evidence:
            assert at(group.body, proof.path) is not ABSENT or "[]" in proof.path or "absent" in str(proof.note)


PRECONDITION = [
    ([rule()], PASS),
    ([rule(destinationAddressPrefix="Internet")], PASS),
    ([rule(destinationAddressPrefix="INTERNET", protocol="tcp", destinationPortRange="443")], PASS),
    ([rule(100, "Allow"), rule(200)], PASS),
    ([rule(destinationAddressPrefix=None, destinationAddressPrefixes=["0.0.0.0/1", "128.0.0.0/1"])], PASS),
    ([rule(sourceAddressPrefix="10.40.1.0/24")], PASS),
    ([rule(priority=None)], PASS),
    ([], FAIL),
    ([rule(access="Allow")], FAIL),
    ([rule(direction="Inbound")], FAIL),
    ([rule(destinationPortRange="80")], FAIL),
    ([rule(protocol="Udp")], FAIL),
    ([rule(sourceAddressPrefix="10.41.0.0/24")], FAIL),
    ([rule(destinationAddressPrefix="VirtualNetwork")], FAIL),
    ([rule(destinationAddressPrefix="10.0.0.0/8")], FAIL),
    ([rule(destinationAddressPrefix="203.0.113.0/24")], FAIL),
    ([rule(destinationAddressPrefix="Storage")], FAIL),
    ([rule(destinationAddressPrefix="Warehouse")], UNKNOWN),
    ([rule(access=None)], UNKNOWN),
    ([rule(sourcePortRange="1000-2000")], UNKNOWN),
    ([rule(access=None), rule()], PASS),
    ([None], UNKNOWN),
]


@pytest.mark.parametrize(("rules", "status"), PRECONDITION)
def test_whether_the_internet_is_denied_at_all(rules: list[Any], status: Status) -> None:
    """One of the group's own rules does, whichever comes before it; the default one, always there, does not count."""
    verdict = denies_internet(nsg(*rules), (AKS,), VNET)
    check(verdict)
    assert verdict.status is status
