"""What the words of rules hold of a service's addresses, which no resource shows, and questions followed both ways."""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import IPv4Network, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.facts import Missing
from auditor.model.resource import Resource
from auditor.model.verdict import Status
from auditor.topology.security_groups import judge
from auditor.topology.security_rules import Flow, Source
from auditor.topology.service_tags import RESERVED, Inside, service_tag
from auditor.topology.worlds import MOST_RUNS, World, explore

ID = "/subscriptions/5a1e0c1d-0000-4000-8000-00000000c0de/resourceGroups/rg/providers/Microsoft.Network"
AKS = Source("snet-aks", (IPv4Network("10.40.0.0/22"),), frozenset())
VNET = Inside((IPv4Network("10.40.0.0/16"),))
YES, NO, MAYBE = Status.FAIL, Status.PASS, Status.UNKNOWN


def denied(words: list[str], to: str, inside: Inside = VNET, **fields: Any) -> Status:
    """Whether a rule that denies these words denies the service: fail, pass by the default rule, or not decided."""
    properties = {"priority": 100, "direction": "Outbound", "access": "Deny", "protocol": "*", "sourcePortRange": "*"}
    properties |= {"destinationPortRange": "443", "sourceAddressPrefix": "*", "destinationAddressPrefixes": words}
    body = {"properties": {"securityRules": [{"name": "it", "properties": properties | fields}]}}
    nsg = Resource(id=f"{ID}/networkSecurityGroups/nsg", type="", body=body)
    verdict = judge(nsg, "Outbound", Flow((AKS,), to, 443), inside)
    assert bool(verdict.missing) is verdict.unknown
    assert all(gap.path.startswith("properties.securityRules[0].") for gap in verdict.missing)
    return verdict.status


COVER = [
    # the whole of it
    (["*"], "AzureMonitor", YES),
    (["Any"], "AzureMonitor", YES),
    (["0.0.0.0/0"], "AzureMonitor", YES),
    (["Internet"], "AzureMonitor", YES),
    (["INTERNET"], "AzureMonitor", YES),
    (["AzureMonitor"], "AzureMonitor", YES),
    (["azuremonitor"], "AzureMonitor", YES),
    (["AzureCloud"], "AzureMonitor", YES),
    (["AzureCloud"], "Storage.northeurope", YES),
    (["AzureCloud"], "AzureCloud.westeurope", YES),
    (["Storage"], "Storage.northeurope", YES),
    (["Storage.NorthEurope"], "storage.northeurope", YES),
    (["AzureFrontDoor.FirstParty"], "AzureFrontDoor.FirstParty", YES),
    (["AzureCloud.centralfrance"], "AzureCloud.francecentral", YES),
    (["AzureCloud.switzerlandnorth"], "AzureCloud.switzerlandn", YES),
    (["0.0.0.0/1", "128.0.0.0/1"], "AzureMonitor", YES),
    (["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2", "128.0.0.0/1"],
     "AzureMonitor", YES),
    (["Storage", "AzureMonitor"], "AzureMonitor", YES),
    # a part of it
    (["Storage.northeurope"], "Storage", MAYBE),
    (["AzureCloud.northeurope"], "AzureMonitor", MAYBE),
    (["AzureCloud.northeurope"], "AzureCloud", MAYBE),
    (["AzureCloud.northeurope"], "Storage.northeurope", MAYBE),
    (["Storage.westeurope"], "AzureCloud.westeurope", MAYBE),
    (["AzureMonitor"], "AzureCloud", MAYBE),
    (["20.50.0.0/16"], "AzureMonitor", MAYBE),
    (["20.50.2.1"], "AzureMonitor", MAYBE),
    (["0.0.0.0/1"], "AzureMonitor", MAYBE),
    (["10.0.0.0/7"], "AzureMonitor", MAYBE),
    (["Warehouse"], "AzureMonitor", MAYBE),
    (["20.50.2.1", "10.0.0.0/8"], "AzureMonitor", MAYBE),
    # none of it
    (["Storage"], "AzureMonitor", NO),
    (["Storage.westeurope"], "Storage.northeurope", NO),
    (["AzureCloud.westeurope"], "AzureCloud.northeurope", NO),
    (["AzureFrontDoor.Frontend"], "AzureFrontDoor.FirstParty", NO),
    (["AzureActiveDirectoryDomainServices"], "AzureActiveDirectory", NO),
    (["VirtualNetwork"], "AzureMonitor", NO),
    (["AzureLoadBalancer"], "AzureMonitor", NO),
    (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"], "AzureMonitor", NO),
    (["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"], "AzureMonitor", NO),
    (["::/0", "2001:db8::/32"], "AzureMonitor", NO),
]  # fmt: skip


@pytest.mark.parametrize(("words", "to", "status"), COVER)
def test_what_a_rule_holds_of_a_service(words: list[str], to: str, status: Status) -> None:
    """The whole of it, a part that may be the one in use, or none."""
    assert denied(words, to) is status


def test_a_service_is_in_no_application_security_group() -> None:
    """Whoever its members are: they are interfaces in a VNet."""
    group: dict[str, Any] = {"destinationApplicationSecurityGroups": [{"id": f"{ID}/applicationSecurityGroups/asg"}]}
    assert denied([], "AzureMonitor", **group) is NO


def test_a_default_route_may_widen_virtual_network() -> None:
    """The prefixes of user-defined routes are in the tag, and what it then holds of a service is not known."""
    forced = Inside((*VNET.networks, IPv4Network("0.0.0.0/0")))
    assert denied(["VirtualNetwork"], "AzureMonitor", forced) is MAYBE
    assert denied(["Internet"], "AzureMonitor", forced) is YES
    assert denied(["VirtualNetwork"], "AzureMonitor", Inside((IPv4Network("100.64.0.0/10"),))) is NO


NAMES = [
    "",
    ".",
    "Storage.",
    ".Storage",
    "Storage..westeurope",
    "10.0.0.0",
    "VirtualNetwork",
    "Internet",
    "Storage westeurope",
]


@pytest.mark.parametrize("word", NAMES)
def test_what_is_no_service_tag(word: str) -> None:
    assert service_tag(word) is None


PREFIXES = st.builds(lambda n, b: str(ip_network((n, b), strict=False)), st.integers(0, 2**32 - 1), st.integers(0, 5))


@given(st.lists(PREFIXES, min_size=1, max_size=8))
def test_prefixes_cover_a_service_when_nothing_public_is_left_out(words: list[str]) -> None:
    """Checked block by block, in blocks of the smallest size that the prefixes or the reserved ranges have."""
    networks = [IPv4Network(word) for word in words]
    blocks = [b for b in IPv4Network("0.0.0.0/0").subnets(new_prefix=12) if not any(b.subnet_of(r) for r in RESERVED)]
    # A block around 100.64.0.0/10 or 169.254.0.0/16 is public for the rest of it.
    held = [any(block.subnet_of(n) for n in networks) for block in blocks]
    assert denied(words, "AzureMonitor") is (YES if all(held) else MAYBE if any(held) else NO)


QUESTIONS = st.sampled_from("abc")
FORMULA = st.recursive(
    QUESTIONS | st.booleans(),
    lambda inner: st.tuples(st.sampled_from(["and", "or", "not"]), inner, inner),
    max_leaves=8,
)


def value(formula: Any, world: Any) -> bool:
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, str):
        return bool(world(formula))
    word, left, right = formula
    if word == "not":
        return not value(left, world)
    return value(left, world) and value(right, world) if word == "and" else value(left, world) or value(right, world)


def gap(question: Hashable) -> Missing:
    return Missing("", "", str(question))


@given(FORMULA)
def test_a_question_is_missing_only_where_its_answer_tells(formula: Any) -> None:
    """As in the whole table of answers."""
    worlds = [dict(zip("abc", bits, strict=True)) for n in range(8) if (bits := [bool(n >> i & 1) for i in range(3)])]
    ways = explore(lambda w: value(formula, lambda q: w.holds(q, gap(q))), bool)
    assert set(ways.ends) == {value(formula, world.get) for world in worlds}
    assert bool(ways.missing) is (len(set(ways.ends)) == 2)
    for missing in ways.missing:
        question = missing.reason
        assert any(value(formula, w.get) is not value(formula, (w | {question: not w[question]}).get) for w in worlds)


def test_too_many_questions_are_not_all_followed() -> None:
    """What is left is missing, even where all that was followed ended alike."""

    def run(world: World) -> bool:
        return all(world.holds(n, gap(n)) in (True, False) for n in range(40))

    ways = explore(run, bool)
    assert set(ways.ends) == {True}
    assert ways.missing
    assert len(ways.ends) <= MOST_RUNS
