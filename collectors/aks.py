"""Clusters, their connections and Trusted Access bindings, and the AzureML extension."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import CLUSTER_CONNECTIONS, CLUSTERS, EXTENSIONS, TRUSTED_ACCESS
from collectors.clients import Clients, pages, parts
from collectors.readers import Query, Reader
from collectors.shapes import EXTENSION_SETTINGS


def _client(clients: Clients, arm_id: str) -> Any:
    return clients.management("containerservice", "ContainerServiceClient", ArmId.parse(arm_id).subscription)


def _connections(clients: Clients, cluster_id: str, _: Query) -> Iterator[Any]:
    """The SDK takes the first page of these for all; the others are asked for here."""
    _subscription, group, name = parts(cluster_id)
    client = _client(clients, cluster_id)
    page = client.private_endpoint_connections.list(group, name)
    yield page
    yield from pages(client, page.get("nextLink"))


def _bindings(clients: Clients, cluster_id: str, _: Query) -> Any:
    _subscription, group, name = parts(cluster_id)
    return _client(clients, cluster_id).trusted_access_role_bindings.list(group, name)


def _extensions(clients: Clients, cluster_id: str, _: Query) -> Any:
    subscription, group, name = parts(cluster_id)
    client = clients.management(
        "kubernetesconfiguration.extensions", "KubernetesConfigurationExtensionsMgmtClient", subscription
    )
    return client.extensions.list(group, "Microsoft.ContainerService", "managedClusters", name)


READERS = (
    Reader(
        CLUSTERS,
        (
            "systemData.createdAt",
            "properties.provisioningState",
            "properties.powerState.code",
            "properties.disableLocalAccounts",
            "properties.servicePrincipalProfile.clientId",
            "properties.fqdn",
            "properties.privateFQDN",
            "properties.nodeResourceGroup",
            "properties.nodeProvisioningProfile.mode",
            "properties.apiServerAccessProfile.enablePrivateCluster",
            "properties.apiServerAccessProfile.enablePrivateClusterPublicFQDN",
            "properties.apiServerAccessProfile.privateDNSZone",
            "properties.apiServerAccessProfile.authorizedIPRanges",
            "properties.apiServerAccessProfile.enableVnetIntegration",
            "properties.networkProfile.networkPlugin",
            "properties.networkProfile.networkPluginMode",
            "properties.networkProfile.serviceCidr",
            "properties.networkProfile.serviceCidrs",
            "properties.networkProfile.podCidr",
            "properties.networkProfile.podCidrs",
            "properties.networkProfile.dockerBridgeCidr",
            "properties.networkProfile.outboundType",
            "properties.agentPoolProfiles[].name",
            "properties.agentPoolProfiles[].vnetSubnetID",
            "properties.agentPoolProfiles[].podSubnetID",
            "properties.agentPoolProfiles[].enableNodePublicIP",
            "properties.agentPoolProfiles[].networkProfile.applicationSecurityGroups",
        ),
        get=lambda c, i: _client(c, i).managed_clusters.get(*parts(i)[1:]),
        list=lambda c, scope, _: _client(c, scope).managed_clusters.list(),
    ),
    Reader(
        CLUSTER_CONNECTIONS,
        (
            "properties.privateEndpoint.id",
            "properties.groupIds",
            "properties.privateLinkServiceConnectionState.status",
        ),
        list=_connections,
    ),
    Reader(
        TRUSTED_ACCESS,
        ("properties.sourceResourceId", "properties.roles", "properties.provisioningState"),
        list=_bindings,
    ),
    Reader(
        EXTENSIONS,
        (
            "properties.extensionType",
            "properties.provisioningState",
            "properties.statuses[].code",
            "properties.statuses[].level",
            *(f"properties.configurationSettings['{name}']" for name in EXTENSION_SETTINGS),
        ),
        list=_extensions,
    ),
)
