"""Storage accounts."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import STORAGE_ACCOUNTS
from collectors.clients import Clients, parts
from collectors.readers import Reader
from collectors.shapes import CONNECTIONS


def _accounts(clients: Clients, arm_id: str) -> Any:
    return clients.management("storage", "StorageManagementClient", ArmId.parse(arm_id).subscription).storage_accounts


READERS = (
    Reader(
        STORAGE_ACCOUNTS,
        (
            "properties.provisioningState",
            "properties.publicNetworkAccess",
            "properties.allowBlobPublicAccess",
            "properties.allowSharedKeyAccess",
            "properties.isHnsEnabled",
            "properties.minimumTlsVersion",
            "properties.supportsHttpsTrafficOnly",
            "properties.networkAcls.bypass",
            "properties.networkAcls.defaultAction",
            "properties.networkAcls.ipRules[].value",
            "properties.networkAcls.ipRules[].action",
            "properties.networkAcls.ipv6Rules[].value",
            "properties.networkAcls.virtualNetworkRules[].id",
            "properties.networkAcls.virtualNetworkRules[].action",
            "properties.networkAcls.virtualNetworkRules[].state",
            "properties.networkAcls.resourceAccessRules[].tenantId",
            "properties.networkAcls.resourceAccessRules[].resourceId",
            *CONNECTIONS,
        ),
        get=lambda c, i: _accounts(c, i).get_properties(*parts(i)[1:]),
        list=lambda c, scope, _: _accounts(c, scope).list(),
    ),
)
