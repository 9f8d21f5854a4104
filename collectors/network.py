"""VNets with their subnets and peerings, private endpoints with zone groups and interfaces, Bastion, gateways, and
Azure Firewall where custom DNS may point at it."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import (
    BASTIONS,
    FIREWALL_POLICIES,
    FIREWALLS,
    GATEWAYS,
    NICS,
    PRIVATE_ENDPOINTS,
    ROUTE_TABLES,
    SECURITY_GROUPS,
    VNETS,
    ZONE_GROUPS,
)
from collectors.clients import Clients, parts
from collectors.readers import Query, Reader


def _client(clients: Clients, arm_id: str) -> Any:
    return clients.management("network", "NetworkManagementClient", ArmId.parse(arm_id).subscription)


def _vnets(clients: Clients, scope: str, _: Query) -> Any:
    group = ArmId.parse(scope).resource_group
    vnets = _client(clients, scope).virtual_networks
    return vnets.list(group) if group else vnets.list_all()


_PEERING = "properties.virtualNetworkPeerings[]"
_SUBNET = "properties.subnets[]"
_CONNECTION = (
    "properties.privateLinkServiceId",
    "properties.groupIds",
    "properties.privateLinkServiceConnectionState.status",
    "properties.provisioningState",
)

_RULE = (
    "name",
    "properties.priority",
    "properties.direction",
    "properties.access",
    "properties.protocol",
    "properties.sourcePortRange",
    "properties.sourcePortRanges",
    "properties.destinationPortRange",
    "properties.destinationPortRanges",
    "properties.sourceAddressPrefix",
    "properties.sourceAddressPrefixes",
    "properties.destinationAddressPrefix",
    "properties.destinationAddressPrefixes",
    "properties.sourceApplicationSecurityGroups[].id",
    "properties.destinationApplicationSecurityGroups[].id",
)

READERS = (
    Reader(
        VNETS,
        (
            "properties.addressSpace.addressPrefixes",
            "properties.dhcpOptions.dnsServers",
            f"{_SUBNET}.id",
            f"{_SUBNET}.name",
            f"{_SUBNET}.properties.addressPrefix",
            f"{_SUBNET}.properties.addressPrefixes",
            f"{_SUBNET}.properties.serviceEndpoints[].service",
            f"{_SUBNET}.properties.serviceEndpoints[].locations",
            f"{_SUBNET}.properties.serviceEndpoints[].provisioningState",
            f"{_SUBNET}.properties.networkSecurityGroup.id",
            f"{_SUBNET}.properties.routeTable.id",
            f"{_SUBNET}.properties.privateEndpointNetworkPolicies",
            f"{_PEERING}.name",
            f"{_PEERING}.properties.remoteVirtualNetwork.id",
            f"{_PEERING}.properties.peeringState",
            f"{_PEERING}.properties.peeringSyncLevel",
            f"{_PEERING}.properties.allowVirtualNetworkAccess",
            f"{_PEERING}.properties.useRemoteGateways",
            f"{_PEERING}.properties.peerCompleteVnets",
            f"{_PEERING}.properties.localSubnetNames",
            f"{_PEERING}.properties.remoteSubnetNames",
            f"{_PEERING}.properties.remoteAddressSpace.addressPrefixes",
            f"{_PEERING}.properties.remoteVirtualNetworkAddressSpace.addressPrefixes",
        ),
        get=lambda c, i: _client(c, i).virtual_networks.get(*parts(i)[1:]),
        list=_vnets,
    ),
    Reader(
        PRIVATE_ENDPOINTS,
        (
            "properties.provisioningState",
            "properties.subnet.id",
            "properties.networkInterfaces[].id",
            "properties.applicationSecurityGroups[].id",
            "properties.customDnsConfigs[].fqdn",
            "properties.customDnsConfigs[].ipAddresses",
            *(f"properties.privateLinkServiceConnections[].{name}" for name in _CONNECTION),
            *(f"properties.manualPrivateLinkServiceConnections[].{name}" for name in _CONNECTION),
        ),
        get=lambda c, i: _client(c, i).private_endpoints.get(*parts(i)[1:]),
        list=lambda c, scope, _: _client(c, scope).private_endpoints.list_by_subscription(),
    ),
    Reader(
        ZONE_GROUPS,
        (
            "properties.provisioningState",
            "properties.privateDnsZoneConfigs[].name",
            "properties.privateDnsZoneConfigs[].properties.privateDnsZoneId",
            "properties.privateDnsZoneConfigs[].properties.recordSets[].recordSetName",
            "properties.privateDnsZoneConfigs[].properties.recordSets[].recordType",
            "properties.privateDnsZoneConfigs[].properties.recordSets[].ipAddresses",
        ),
        list=lambda c, scope, _: _client(c, scope).private_dns_zone_groups.list(*reversed(parts(scope)[1:])),
    ),
    Reader(
        NICS,
        (
            "properties.ipConfigurations[].properties.privateIPAddress",
            "properties.ipConfigurations[].properties.privateIPAddressVersion",
            "properties.ipConfigurations[].properties.privateLinkConnectionProperties.groupId",
            "properties.ipConfigurations[].properties.privateLinkConnectionProperties.fqdns",
            "properties.ipConfigurations[].properties.applicationSecurityGroups[].id",
        ),
        get=lambda c, i: _client(c, i).network_interfaces.get(*parts(i)[1:]),
        list=lambda c, scope, _: _client(c, scope).network_interfaces.list_all(),
    ),
    Reader(
        SECURITY_GROUPS,
        tuple(f"properties.{rules}[].{name}" for rules in ("securityRules", "defaultSecurityRules") for name in _RULE),
        get=lambda c, i: _client(c, i).network_security_groups.get(*parts(i)[1:]),
    ),
    Reader(
        ROUTE_TABLES,
        (
            "properties.disableBgpRoutePropagation",
            "properties.routes[].name",
            "properties.routes[].properties.addressPrefix",
            "properties.routes[].properties.nextHopType",
            "properties.routes[].properties.nextHopIpAddress",
        ),
        get=lambda c, i: _client(c, i).route_tables.get(*parts(i)[1:]),
    ),
    Reader(
        BASTIONS,
        ("properties.virtualNetwork.id", "properties.ipConfigurations[].properties.subnet.id"),
        list=lambda c, scope, _: _client(c, scope).bastion_hosts.list(),
    ),
    Reader(
        GATEWAYS,
        ("properties.gatewayType", "properties.ipConfigurations[].properties.subnet.id"),
        list=lambda c, scope, _: _client(c, scope).virtual_network_gateways.list(ArmId.parse(scope).resource_group),
    ),
    Reader(
        FIREWALLS,
        (
            "properties.ipConfigurations[].properties.privateIPAddress",
            "properties.ipConfigurations[].properties.subnet.id",
            "properties.firewallPolicy.id",
            "properties.additionalProperties.{}",
        ),
        list=lambda c, scope, _: _client(c, scope).azure_firewalls.list_all(),
    ),
    Reader(
        FIREWALL_POLICIES,
        ("properties.dnsSettings.enableProxy", "properties.dnsSettings.servers", "properties.basePolicy.id"),
        get=lambda c, i: _client(c, i).firewall_policies.get(*parts(i)[1:]),
    ),
)
