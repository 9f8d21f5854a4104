"""The snapshot: what was seen, what was not, and that a file gives it back as it was."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auditor.model.clouds import CLOUDS
from auditor.model.facts import Missing
from auditor.model.resource import Resource
from auditor.model.snapshot import Failure, Gone, Listing, Scope, Snapshot, Unread
from auditor.model.types import PRIVATE_ENDPOINTS
from tests.arm import scenarios
from tests.arm.estate import NOW
from tests.audits import report_on, snapshot_of

SUB = "/subscriptions/11111111-2222-3333-4444-555555555555"
GROUP = f"{SUB}/resourceGroups/rg"
VNETS = "Microsoft.Network/virtualNetworks"
VNET = f"{GROUP}/providers/{VNETS}/vnet"
DENIED = Failure(reason="not permitted", http_status=403, needs_action=f"{VNETS}/read")


def empty() -> Snapshot:
    return Snapshot(taken_at=NOW, finished_at=NOW, cloud=CLOUDS["AzureCloud"])


def vnet(where: str = VNET, whole: bool = False, **properties: object) -> Resource:
    return Resource(id=where, type=VNETS, body={"properties": properties}, whole=whole)


def test_a_resource_is_found_whatever_the_case() -> None:
    """By id, by type, by name and under its group."""
    snapshot = empty()
    assert snapshot.add(vnet())
    assert snapshot.get(VNET.upper()) is snapshot.find(f"{VNET}/")
    assert [r.id for r in snapshot.of_type(VNETS.upper())] == [VNET]
    assert [r.id for r in snapshot.named(VNETS, "VNET")] == [VNET]
    assert [r.id for r in snapshot.children(GROUP.lower(), VNETS)] == [VNET]


def test_what_was_read_by_id_knows_more_than_a_list() -> None:
    """A second sight in a list changes nothing; one by id replaces what a list showed."""
    snapshot = empty()
    assert snapshot.add(vnet(a=1))
    assert not snapshot.add(vnet(VNET.upper(), a=2))
    assert snapshot.add(vnet(whole=True, a=3))
    assert not snapshot.add(vnet(a=4))
    found = snapshot.get(VNET)
    assert found is not None
    assert (found.raw("properties.a"), len(snapshot.resources)) == (3, 1)
    assert len(snapshot.named(VNETS, "vnet")) == 1


ACCOUNTS = [f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}" for name in ("one", "two")]
SERVICES = [f"{GROUP}/providers/Microsoft.Network/privateLinkServices/{name}" for name in ("one", "two")]


@st.composite
def sights(draw: st.DrawFn) -> Resource:
    """A sight of one of few resources: in a list or by id, and once in a while as what it is not."""
    kind = draw(st.sampled_from((PRIVATE_ENDPOINTS, VNETS)))
    where = f"{GROUP}/providers/{draw(st.sampled_from((kind, VNETS)))}/{draw(st.sampled_from(('a', 'A', 'b')))}"
    to = draw(st.lists(st.sampled_from((*ACCOUNTS, *SERVICES)), max_size=2))
    connections = [{"properties": {"privateLinkServiceId": target}} for target in to]
    body = {"properties": {"privateLinkServiceConnections": connections}}
    return Resource(id=where, type=kind, body=body, whole=draw(st.booleans()))


def looked_up(snapshot: Snapshot) -> list[list[Resource]]:
    """What each way of looking finds, in order."""
    names = [(kind, name) for kind in (PRIVATE_ENDPOINTS, VNETS) for name in "ab"]
    return [
        *(snapshot.named(kind, name) for kind, name in names),
        *(list(snapshot.of_type(kind)) for kind in (PRIVATE_ENDPOINTS, VNETS)),
        *(snapshot.children(GROUP, kind) for kind in (PRIVATE_ENDPOINTS, VNETS)),
        *(snapshot.endpoints_to(target) for target in (*ACCOUNTS, *SERVICES)),
        snapshot.endpoints_into(GROUP),
    ]


@given(st.lists(sights(), max_size=8), st.integers(0, 8))
def test_what_grew_is_looked_up_like_what_was_loaded(seen: list[Resource], first_look: int) -> None:
    """However a snapshot came to be, and whenever it was first asked, it finds what the same one from a file does."""
    grown = empty()
    for at, resource in enumerate(seen):
        grown.add(resource)
        if at == first_look:
            looked_up(grown)
    found, by_id = looked_up(grown), {r.id: r for r in grown.resources}
    assert {r.id for part in found for r in part} == by_id.keys()
    assert all(r is by_id[r.id] for part in found for r in part)
    grown.settle()
    assert [sorted(part, key=grown.resources.index) for part in found] == looked_up(grown)
    assert looked_up(grown) == looked_up(Snapshot.model_validate_json(grown.model_dump_json()))


def test_a_copy_finds_what_stands_in_it() -> None:
    """And what is added to it is in no other snapshot."""
    snapshot = empty()
    snapshot.add(vnet())
    assert snapshot.model_copy(update={"resources": []}).get(VNET) is None
    for copied in (copy.copy(snapshot), snapshot.model_copy(), snapshot.model_copy(deep=True), copy.deepcopy(snapshot)):
        assert copied == snapshot
        copied.add(vnet(f"{VNET}2"))
        assert len(list(copied.of_type(VNETS))) == 2
        assert snapshot.get(f"{VNET}2") is None
        assert len(snapshot.resources) == 1


def test_gone_unread_and_never_asked_are_three_things() -> None:
    """Only Azure's word makes a resource absent."""
    snapshot = empty()
    snapshot.add_unread(Unread(id=VNET, gone=True, failure=Failure(reason="ResourceNotFound", http_status=404)))
    snapshot.add_unread(Unread(id=f"{VNET}2", gone=False, failure=DENIED))
    assert isinstance(snapshot.find(VNET.upper()), Gone)
    unread, never = snapshot.find(f"{VNET}2"), snapshot.find(f"{VNET}3")
    assert isinstance(unread, Missing)
    assert (unread.http_status, unread.needs_action) == (403, f"{VNETS}/read")
    assert isinstance(never, Missing)
    assert never.reason


def test_an_unread_resource_that_arrives_is_read() -> None:
    """What a list brings after all is no gap, now or when loaded again."""
    snapshot = empty()
    snapshot.add_unread(Unread(id=VNET, gone=False, failure=DENIED))
    snapshot.add(vnet())
    assert isinstance(snapshot.find(VNET), Resource)
    loaded = Snapshot.model_validate_json(snapshot.model_dump_json())
    assert isinstance(loaded.find(VNET), Resource)
    assert loaded.unread == []


def test_an_unlisted_collection_is_not_an_empty_one() -> None:
    """A list that failed, and one that nobody asked for, say why; one that was read says nothing."""
    snapshot = empty()
    assert snapshot.unlisted(SUB, VNETS) is not None
    snapshot.add_listing(Listing(scope=SUB, type=VNETS))
    assert snapshot.unlisted(SUB.upper(), VNETS.upper()) is None
    assert snapshot.unlisted(SUB, VNETS, "narrowed") is not None
    snapshot.add_listing(Listing(scope=GROUP, type=VNETS, failure=DENIED))
    gap = snapshot.unlisted(GROUP, VNETS)
    assert gap is not None
    assert gap.needs_action == f"{VNETS}/read"


def test_gaps_come_in_one_order() -> None:
    """Reports of one estate list the same gaps in the same order, whatever answered first."""
    types = ("Microsoft.X/b", "Microsoft.X/a", "Microsoft.X/c")
    one, two = empty(), empty()
    for kind in types:
        one.add_listing(Listing(scope=SUB, type=kind, failure=DENIED))
        one.add_unread(Unread(id=f"{GROUP}/providers/{kind}/x", gone=False, failure=DENIED))
    for kind in reversed(types):
        two.add_unread(Unread(id=f"{GROUP}/providers/{kind}/x", gone=False, failure=DENIED))
        two.add_listing(Listing(scope=SUB, type=kind, failure=DENIED))
    assert report_on(one).gaps == report_on(two).gaps


SCOPES = [
    (Scope(), True),
    (Scope(workspaces=["VNET"]), True),
    (Scope(workspaces=[VNET.upper()]), True),
    (Scope(workspaces=["other"]), False),
    (Scope(workspaces=["other", "vnet"]), True),
    (Scope(resource_groups=["RG"]), True),
    (Scope(resource_groups=["r"]), False),
    (Scope(resource_groups=["rg"], workspaces=["other"]), False),
]


@pytest.mark.parametrize(("scope", "admits"), SCOPES)
def test_a_scope_admits_by_name_id_or_group(scope: Scope, admits: bool) -> None:
    """Both kinds of narrowing hold at once."""
    assert scope.admits(VNET) is admits


def test_a_file_gives_the_snapshot_back() -> None:
    """Saving and loading loses nothing, and saving again writes the same bytes."""
    text = snapshot_of(scenarios.hub_and_spoke()).model_dump_json(indent=1)
    loaded = Snapshot.model_validate_json(text)
    assert loaded.model_dump_json(indent=1) == text
    assert json.loads(text)["schema_version"] == "1.0"


@pytest.mark.parametrize("change", [{"schema_version": "2.0"}, {"resources": [{"id": 7}]}, {"taken_at": None}])
def test_another_document_is_refused(change: dict[str, object]) -> None:
    """A snapshot of another version or shape is not half understood."""
    document = json.loads(empty().model_dump_json()) | change
    with pytest.raises(ValidationError):
        Snapshot.model_validate_json(json.dumps(document))
