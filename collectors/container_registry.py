"""Container registries. Their service-endpoint rules are a preview that only a retired api-version shows, so they are
not read: https://learn.microsoft.com/azure/container-registry/container-registry-vnet
"""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import REGISTRIES, REPLICATIONS
from collectors.clients import Clients, parts
from collectors.readers import Reader
from collectors.shapes import CONNECTIONS


def _client(clients: Clients, arm_id: str) -> Any:
    return clients.management(
        "containerregistry", "ContainerRegistryManagementClient", ArmId.parse(arm_id).subscription
    )


READERS = (
    Reader(
        REGISTRIES,
        (
            "properties.provisioningState",
            "properties.loginServer",
            "properties.publicNetworkAccess",
            "properties.adminUserEnabled",
            "properties.anonymousPullEnabled",
            "properties.roleAssignmentMode",
            "properties.dataEndpointEnabled",
            "properties.networkRuleBypassOptions",
            "properties.networkRuleSet.defaultAction",
            "properties.networkRuleSet.ipRules[].value",
            "properties.networkRuleSet.ipRules[].action",
            *CONNECTIONS,
        ),
        get=lambda c, i: _client(c, i).registries.get(*parts(i)[1:]),
        list=lambda c, scope, _: _client(c, scope).registries.list(),
    ),
    Reader(
        REPLICATIONS,
        ("properties.provisioningState",),
        list=lambda c, scope, _: _client(c, scope).replications.list(*parts(scope)[1:]),
    ),
)
