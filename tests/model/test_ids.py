"""Ids: taken apart, and compared without case."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.ids import (
    ArmId,
    equal,
    key,
    location,
    of_type,
    parent_key,
    resource_group_of,
    same,
    subscription_of,
    vnet_of,
)
from auditor.model.resource import Resource

SUB = "/subscriptions/11111111-2222-3333-4444-555555555555"
GROUP = f"{SUB}/resourceGroups/Rg-One"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-a"

PARTS = [
    (SUB, "Microsoft.Resources/subscriptions", SUB.rpartition("/")[2], "", ""),
    (GROUP, "Microsoft.Resources/resourceGroups", "Rg-One", "Rg-One", SUB),
    (VNET, "Microsoft.Network/virtualNetworks", "vnet-a", "Rg-One", GROUP),
    (f"{VNET}/subnets/s", "Microsoft.Network/virtualNetworks/subnets", "s", "Rg-One", VNET),
    (
        f"{VNET}/providers/Microsoft.Authorization/roleAssignments/r",
        "Microsoft.Authorization/roleAssignments",
        "r",
        "Rg-One",
        VNET,
    ),
    (
        f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/d",
        "Microsoft.Authorization/roleDefinitions",
        "d",
        "",
        SUB,
    ),
    (
        "/providers/Microsoft.Management/managementGroups/m",
        "Microsoft.Management/managementGroups",
        "m",
        "",
        "/",
    ),
]


@pytest.mark.parametrize(("arm_id", "kind", "name", "group", "parent"), PARTS)
@pytest.mark.parametrize("dress", [str, lambda s: f"{s}/", lambda s: f" {s}\n"])
def test_an_id_is_taken_apart(arm_id: str, kind: str, name: str, group: str, parent: str, dress: type[str]) -> None:
    """Type, name, group and parent of subscriptions, groups, resources, children and extensions."""
    parsed = ArmId.parse(dress(arm_id))
    assert (parsed.type, parsed.name, parsed.resource_group, parsed.parent) == (kind, name, group, parent)
    assert parsed.subscription == (SUB.rpartition("/")[2] if arm_id.startswith(SUB) else "")


def test_casing_does_not_count() -> None:
    """``resourcegroups`` and capitals name the same group; Azure's own spelling is kept."""
    shouted = ArmId.parse(VNET.upper())
    assert same(shouted.id, VNET)
    assert shouted.resource_group == "RG-ONE"
    assert of_type(VNET.lower(), "Microsoft.Network/VirtualNetworks")
    assert same(VNET, VNET.replace("resourceGroups", "resourcegroups") + "/")


@pytest.mark.parametrize(("a", "b"), [(None, None), ("", ""), (VNET, None), (None, VNET), (VNET, f"{VNET}x")])
def test_what_is_not_the_same(a: str | None, b: str | None) -> None:
    """Two absent ids do not name one resource."""
    assert not same(a, b)
    assert not of_type(a if a != VNET else None, "Microsoft.Network/virtualNetworks")


def test_what_an_id_lies_in() -> None:
    """The subscription, group and virtual network of an id."""
    assert subscription_of(VNET) == SUB
    assert resource_group_of(VNET) == GROUP
    assert vnet_of(f"{VNET}/subnets/s") == vnet_of(VNET) == VNET
    assert vnet_of(f"{VNET}/Subnets/s") == VNET


@pytest.mark.parametrize(
    ("a", "b", "same_"),
    [("Enabled", "enabled", True), (" Enabled ", "Enabled", True), (None, "", False), (True, "True", False)],
)
def test_enums_compare_without_case(a: object, b: str, same_: bool) -> None:
    """Only a text equals a text."""
    assert equal(a, b) is same_
    assert location("West Europe") == location("westeurope")


@given(st.text(max_size=60))
def test_any_text_can_be_parsed(text: str) -> None:
    """Nothing that Azure may answer as an id breaks the parser."""
    parsed = ArmId.parse(text)
    assert isinstance(parsed.type, str)
    assert key(key(text)) == key(text)


NAME = st.text("abcXYZ019-_.", min_size=1, max_size=8)


@given(NAME, NAME, st.lists(st.tuples(NAME, NAME), min_size=1, max_size=3))
def test_what_is_put_together_is_taken_apart(group: str, provider: str, levels: list[tuple[str, str]]) -> None:
    """Parsing gives back the parts that an id was made of, and its parent is the id without the last level."""
    path = "/".join(f"{kind}/{name}" for kind, name in levels)
    parsed = ArmId.parse(f"{SUB}/resourceGroups/{group}/providers/{provider}/{path}")
    assert (parsed.resource_group, parsed.name) == (group, levels[-1][1])
    assert parsed.type == "/".join([provider, *(kind for kind, _ in levels)])
    if len(levels) > 1:
        assert f"{parsed.parent}/{levels[-1][0]}/{levels[-1][1]}" == parsed.id


@given(
    st.sampled_from(["", SUB, GROUP]),
    st.lists(st.tuples(NAME, st.lists(st.tuples(NAME, NAME), min_size=1, max_size=3)), max_size=2),
    st.sampled_from([str, str.upper, "{}/".format, " {} ".format]),
)
def test_parent_and_name_are_the_same_without_taking_an_id_apart(
    scope: str, below: list[tuple[str, list[tuple[str, str]]]], dress: Callable[[str], str]
) -> None:
    types = [f"/providers/{provider}/" + "/".join(map("/".join, levels)) for provider, levels in below]
    arm_id = dress(scope + "".join(types))
    parsed = ArmId.parse(arm_id)
    assert parent_key(arm_id) == key(parsed.parent)
    assert Resource(arm_id, parsed.type, {}).name == parsed.name
