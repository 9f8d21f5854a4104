"""Workspaces, computes, datastores, online endpoints and deployments, through azure-ai-ml."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import (
    BATCH_ENDPOINTS,
    COMPUTES,
    DATASTORES,
    DEPLOYMENTS,
    ONLINE_ENDPOINTS,
    OUTBOUND_RULES,
    WORKSPACES,
)
from collectors.clients import Clients, parts
from collectors.readers import Query, Reader
from collectors.shapes import CONNECTIONS


def _client(clients: Clients, workspace_id: str) -> Any:
    return clients.machine_learning(*parts(workspace_id))


def _workspaces(clients: Clients, scope: str, _: Query) -> Any:
    return clients.machine_learning(ArmId.parse(scope).subscription).workspaces.list(scope="subscription")


def _workspace(clients: Clients, arm_id: str) -> Any:
    subscription, group, name = parts(arm_id)
    return clients.machine_learning(subscription, group, name).workspaces.get(name)


def _deployments(clients: Clients, scope: str, _: Query) -> Any:
    endpoint = ArmId.parse(scope)
    return _client(clients, endpoint.parent).online_deployments.list(endpoint.name)


def _compute(clients: Clients, arm_id: str) -> Any:
    compute = ArmId.parse(arm_id)
    return _client(clients, compute.parent).compute.get(compute.name)


READERS = (
    Reader(
        WORKSPACES,
        (
            "properties.workspaceId",
            "properties.tenantId",
            "properties.storageAccount",
            "properties.keyVault",
            "properties.containerRegistry",
            "properties.hbiWorkspace",
            "properties.hubResourceId",
            "properties.publicNetworkAccess",
            "properties.allowPublicAccessWhenBehindVnet",
            "properties.ipAllowlist",
            "properties.networkAcls.defaultAction",
            "properties.networkAcls.ipRules[].value",
            "properties.managedNetwork.isolationMode",
            "properties.imageBuildCompute",
            "properties.v1LegacyMode",
            "properties.primaryUserAssignedIdentity",
            "properties.systemDatastoresAuthMode",
            "properties.provisioningState",
            *CONNECTIONS,
        ),
        get=_workspace,
        list=_workspaces,
    ),
    Reader(
        COMPUTES,
        (
            "properties.computeType",
            "properties.resourceId",
            "properties.createdOn",
            "properties.modifiedOn",
            "properties.provisioningState",
            "properties.provisioningErrors[].error.code",
            "properties.properties.namespace",
            "properties.properties.subnet.id",
            "properties.properties.loadBalancerType",
            "properties.properties.sslConfiguration.status",
        ),
        get=_compute,
        list=lambda c, scope, _: _client(c, scope).compute.list(),
    ),
    Reader(
        DATASTORES,
        (
            "properties.datastoreType",
            "properties.accountName",
            "properties.endpoint",
            "properties.credentials.credentialsType",
            "properties.subscriptionId",
            "properties.resourceGroup",
        ),
        list=lambda c, scope, _: _client(c, scope).datastores.list(),
    ),
    Reader(
        ONLINE_ENDPOINTS,
        ("properties.compute", "properties.provisioningState", "properties.scoringUri"),
        list=lambda c, scope, _: _client(c, scope).online_endpoints.list(),
    ),
    Reader(
        BATCH_ENDPOINTS,
        ("properties.provisioningState",),
        list=lambda c, scope, _: _client(c, scope).batch_endpoints.list(),
    ),
    Reader(
        DEPLOYMENTS,
        ("properties.endpointComputeType", "properties.provisioningState"),
        list=_deployments,
    ),
    Reader(
        OUTBOUND_RULES,
        ("properties.type", "properties.destination.serviceResourceId", "properties.destination.subresourceTarget"),
        list=lambda c, scope, _: _client(c, scope).workspace_outbound_rules.list(ArmId.parse(scope).name),
    ),
)
