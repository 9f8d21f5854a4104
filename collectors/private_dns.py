"""Private DNS zones, their links and A records."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import A_RECORDS, ZONE_LINKS, ZONES
from collectors.clients import Clients, parts
from collectors.readers import Query, Reader


def _client(clients: Clients, arm_id: str) -> Any:
    return clients.management("privatedns", "PrivateDnsManagementClient", ArmId.parse(arm_id).subscription)


def _zones(clients: Clients, scope: str, _: Query) -> Any:
    group = ArmId.parse(scope).resource_group
    zones = _client(clients, scope).private_zones
    return zones.list_by_resource_group(group) if group else zones.list()


READERS = (
    Reader(
        ZONES,
        ("properties.numberOfRecordSets", "properties.numberOfVirtualNetworkLinks"),
        get=lambda c, i: _client(c, i).private_zones.get(*parts(i)[1:]),
        list=_zones,
    ),
    Reader(
        ZONE_LINKS,
        (
            "properties.virtualNetwork.id",
            "properties.registrationEnabled",
            "properties.resolutionPolicy",
            "properties.virtualNetworkLinkState",
            "properties.provisioningState",
        ),
        list=lambda c, scope, _: _client(c, scope).virtual_network_links.list(*parts(scope)[1:]),
    ),
    Reader(
        A_RECORDS,
        ("properties.fqdn", "properties.ttl", "properties.aRecords[].ipv4Address"),
        list=lambda c, scope, _: _client(c, scope).record_sets.list_by_type(*parts(scope)[1:], "A"),
    ),
)
