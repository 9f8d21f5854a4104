"""Key vaults."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import VAULTS
from collectors.clients import Clients, parts
from collectors.readers import Reader
from collectors.shapes import CONNECTIONS


def _vaults(clients: Clients, arm_id: str) -> Any:
    return clients.management("keyvault", "KeyVaultManagementClient", ArmId.parse(arm_id).subscription).vaults


READERS = (
    Reader(
        VAULTS,
        (
            "properties.provisioningState",
            "properties.publicNetworkAccess",
            "properties.enableSoftDelete",
            "properties.enablePurgeProtection",
            "properties.networkAcls.bypass",
            "properties.networkAcls.defaultAction",
            "properties.networkAcls.ipRules[].value",
            "properties.networkAcls.virtualNetworkRules[].id",
            "properties.networkAcls.virtualNetworkRules[].ignoreMissingVnetServiceEndpoint",
            *CONNECTIONS,
        ),
        get=lambda c, i: _vaults(c, i).get(*parts(i)[1:]),
        # `vaults.list` asks /resources, whose items have no properties.
        list=lambda c, scope, _: _vaults(c, scope).list_by_subscription(),
    ),
)
