"""What changed between two snapshots: told in words where access depends on it, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from auditor.changes import changes
from auditor.model.difference import Change, Kind
from auditor.model.snapshot import Failure, Snapshot, Unread
from auditor.model.types import (
    NICS,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    SECURITY_GROUPS,
    STORAGE_ACCOUNTS,
    VNETS,
    ZONE_LINKS,
)
from tests.arm.estate import Estate
from tests.arm.scenarios import hub_and_spoke, secure
from tests.audits import snapshot_of

SECURE = snapshot_of(secure())


def copied(snapshot: Snapshot) -> Snapshot:
    return Snapshot.model_validate_json(snapshot.model_dump_json())


def after(change: Callable[[Estate], None], of: Callable[[], Estate] = secure) -> Snapshot:
    estate = of()
    change(estate)
    return snapshot_of(estate)


def told(old: Snapshot, new: Snapshot) -> list[str]:
    return [c.message for c in changes(old, new) if c.telling]


def body(snapshot: Snapshot, arm_type: str, part: str) -> dict[str, Any]:
    return next(r.body for r in snapshot.of_type(arm_type) if part in r.id)


def test_the_same_has_no_change() -> None:
    assert changes(SECURE, copied(SECURE)) == []


def test_another_casing_or_order_is_no_change() -> None:
    """Azure answers ids, names and states in several casings, and lists in any order."""
    other = copied(SECURE)
    for resource in other.resources:
        if resource.type == VNETS:
            resource.body["properties"]["subnets"].reverse()
            for subnet in resource.body["properties"]["subnets"]:
                subnet["id"] = subnet["id"].upper()
        if resource.type == NICS:
            resource.body["properties"]["ipConfigurations"].reverse()
    moved = other.model_copy(update={"resources": [replace(r, id=r.id.upper()) for r in other.resources]})
    assert changes(SECURE, Snapshot.model_validate(moved.model_dump())) == []


def readdress(e: Estate) -> None:
    nic = e.find("Microsoft.Network/networkInterfaces", "pe-tidal-blob")
    nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.40.16.99"


def unlink(e: Estate) -> None:
    zone = e.find("Microsoft.Network/privateDnsZones", "privatelink.azurecr.io")
    for link in list(e.find_all("Microsoft.Network/privateDnsZones/virtualNetworkLinks")):
        if link["id"].startswith(zone["id"] + "/"):
            e.remove(link)


def stop(e: Estate) -> None:
    e.find("Microsoft.ContainerService/managedClusters", "aks-tidal")["properties"]["powerState"]["code"] = "Stopped"


def open_up(e: Estate) -> None:
    account = e.find("Microsoft.Storage/storageAccounts", "sttidalmain")
    account["properties"]["publicNetworkAccess"] = "Enabled"
    account["properties"]["networkAcls"]["defaultAction"] = "Allow"


def reject(e: Estate) -> None:
    endpoint = e.find("Microsoft.Network/privateEndpoints", "pe-tidal-vault")
    (connection,) = endpoint["properties"]["privateLinkServiceConnections"]
    connection["properties"]["privateLinkServiceConnectionState"]["status"] = "Rejected"


def point_elsewhere(e: Estate) -> None:
    records = e.find_all("Microsoft.Network/privateDnsZones/A", "sttidalmain")
    records[0]["properties"]["aRecords"] = [{"ipv4Address": "10.9.9.9"}]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (readdress, "pe-tidal-blob's address changed from 10.40.16.7 to 10.40.16.99"),
        (unlink, "the link of privatelink.azurecr.io to vnet-tidal was removed"),
        (stop, "the cluster is Stopped (was Running)"),
        (open_up, "public network access is Enabled (was Disabled)"),
        (open_up, "its firewall's default is Allow (was Deny)"),
        (reject, "its connection went Rejected (was Approved)"),
        (point_elsewhere, "the record points to 10.9.9.9 (was 10.40.16."),
    ],
)
def test_what_access_depends_on_is_told_in_words(change: Callable[[Estate], None], says: str) -> None:
    messages = told(SECURE, after(change))
    assert any(says in message for message in messages), messages


def test_a_peering_went_disconnected() -> None:
    def cut(e: Estate) -> None:
        for vnet in e.find_all(VNETS):
            for peering in vnet["properties"].get("virtualNetworkPeerings", ()):
                peering["properties"]["peeringState"] = "Disconnected"

    before = after(lambda _: None, hub_and_spoke)
    messages = told(before, after(cut, hub_and_spoke))
    assert any(m.startswith("its peering ") and m.endswith("went Disconnected (was Connected)") for m in messages)


def test_an_endpoint_that_was_made_again() -> None:
    other = copied(SECURE)
    at = next(i for i in other.created if i.endswith("pe-tidal-vault"))
    other.created[at] = other.taken_at
    (change,) = changes(SECURE, other)
    assert change.message.startswith("it was made again on 2026-11-20")
    assert change.path == "createdTime"


def test_another_property_is_told_by_its_path() -> None:
    other = copied(SECURE)
    body(other, STORAGE_ACCOUNTS, "sttidalmain")["properties"]["minimumTlsVersion"] = "TLS1_0"
    (change,) = changes(SECURE, other)
    assert change.message == "properties.minimumTlsVersion: TLS1_2 → TLS1_0"
    assert (change.path, change.before, change.after) == ("properties.minimumTlsVersion", "TLS1_2", "TLS1_0")


def without(arm_type: str) -> Snapshot:
    """A snapshot in which the resources of a type are not, and nothing else has changed."""
    left = [r for r in SECURE.resources if r.type != arm_type]
    return copied(SECURE.model_copy(update={"resources": left}))


def of_type(found: list[Change], arm_type: str) -> set[Kind]:
    return {c.kind for c in found if c.type == arm_type}


def test_what_a_whole_list_does_not_hold_was_removed() -> None:
    assert of_type(changes(SECURE, without(ZONE_LINKS)), ZONE_LINKS) == {Kind.REMOVED}
    assert of_type(changes(without(ZONE_LINKS), SECURE), ZONE_LINKS) == {Kind.ADDED}


def test_what_a_list_that_failed_does_not_hold_was_not_read() -> None:
    denied = Failure(reason="AuthorizationFailed", http_status=403)
    lost = without(ZONE_LINKS)
    lists = [x.model_copy(update={"failure": denied}) if x.type == ZONE_LINKS else x for x in lost.listings]
    lost = copied(lost.model_copy(update={"listings": lists}))
    assert of_type(changes(SECURE, lost), ZONE_LINKS) == {Kind.UNREAD}
    assert of_type(changes(lost, SECURE), ZONE_LINKS) == {Kind.READ}


def test_what_was_read_by_id_and_is_not_there_was_not_read() -> None:
    """Nothing pointed at it any more: that is not to be gone."""
    assert of_type(changes(SECURE, without(SECURITY_GROUPS)), SECURITY_GROUPS) == {Kind.UNREAD}


def test_what_could_not_be_read_says_why() -> None:
    lost = without(ROLE_DEFINITIONS)
    for resource in SECURE.of_type(ROLE_DEFINITIONS):
        lost.add_unread(Unread(id=resource.id, gone=False, failure=Failure(reason="AuthorizationFailed")))
    found = [c for c in changes(SECURE, copied(lost)) if c.type == ROLE_DEFINITIONS]
    assert {(c.kind, c.message) for c in found} == {(Kind.UNREAD, "not read this time: AuthorizationFailed")}


def test_what_azure_says_is_not_there_was_removed() -> None:
    lost = without(SECURITY_GROUPS)
    for resource in SECURE.of_type(SECURITY_GROUPS):
        lost.add_unread(Unread(id=resource.id, gone=True, failure=Failure(reason="ResourceNotFound")))
    assert of_type(changes(SECURE, copied(lost)), SECURITY_GROUPS) == {Kind.REMOVED}


def test_a_role_that_was_taken_away_shows_in_the_same_narrowed_list() -> None:
    lost = without(ROLE_ASSIGNMENTS)
    lists = [x.model_copy(update={"items": []}) if x.type == ROLE_ASSIGNMENTS else x for x in lost.listings]
    lost = copied(lost.model_copy(update={"listings": lists}))
    assert of_type(changes(SECURE, lost), ROLE_ASSIGNMENTS) == {Kind.REMOVED}
    unasked = [x for x in lost.listings if x.type != ROLE_ASSIGNMENTS]
    assert of_type(changes(SECURE, copied(lost.model_copy(update={"listings": unasked}))), ROLE_ASSIGNMENTS) == {
        Kind.UNREAD
    }


def test_what_a_list_leaves_out_is_no_change() -> None:
    """One snapshot read the account by id, the other has it from a list, which holds fewer properties."""
    other = copied(SECURE)
    short = body(other, STORAGE_ACCOUNTS, "sttidalmain")["properties"]
    del short["minimumTlsVersion"]
    whole = [replace(r, whole=True) if r.type == STORAGE_ACCOUNTS else r for r in copied(SECURE).resources]
    read_by_id = copied(SECURE.model_copy(update={"resources": whole}))
    assert changes(read_by_id, other) == []
    assert [c.message for c in changes(SECURE, other)] == ["properties.minimumTlsVersion: TLS1_2 → absent"]


def test_a_hostile_name_is_no_format() -> None:
    def hostile(e: Estate) -> None:
        for vnet in e.find_all(VNETS):
            for peering in vnet["properties"].get("virtualNetworkPeerings", ()):
                peering["name"] = "{before.__class__} {0} %s"
                peering["properties"]["peeringState"] = "Initiated"

    def named(e: Estate) -> None:
        hostile(e)
        for vnet in e.find_all(VNETS):
            for peering in vnet["properties"].get("virtualNetworkPeerings", ()):
                peering["properties"]["peeringState"] = "Connected"

    messages = told(after(hostile, hub_and_spoke), after(named, hub_and_spoke))
    assert "its peering {before.__class__} {0} %s went Connected (was Initiated)" in messages
