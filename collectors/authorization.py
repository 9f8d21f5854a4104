"""Role assignments of one identity at a scope, groups expanded by Azure, and role definitions."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import ROLE_ASSIGNMENTS, ROLE_DEFINITIONS
from collectors.clients import Clients
from collectors.readers import Query, Reader


def _client(clients: Clients, arm_id: str) -> Any:
    return clients.management("authorization", "AuthorizationManagementClient", ArmId.parse(arm_id).subscription)


def _assignments(clients: Clients, scope: str, query: Query) -> Any:
    return _client(clients, scope).role_assignments.list_for_scope(scope.lstrip("/"), filter=query.text)


READERS = (
    Reader(
        ROLE_ASSIGNMENTS,
        (
            "properties.roleDefinitionId",
            "properties.principalId",
            "properties.principalType",
            "properties.scope",
            "properties.condition",
        ),
        list=_assignments,
    ),
    Reader(
        ROLE_DEFINITIONS,
        (
            "properties.roleName",
            "properties.type",
            "properties.permissions[].actions",
            "properties.permissions[].notActions",
            "properties.permissions[].dataActions",
            "properties.permissions[].notDataActions",
        ),
        get=lambda c, i: _client(c, i).role_definitions.get_by_id(i.lstrip("/")),
    ),
)
