"""ARM's names of the resource types that the audit reads, spelt as Azure spells them."""

from typing import Final

WORKSPACES: Final = "Microsoft.MachineLearningServices/workspaces"
COMPUTES: Final = "Microsoft.MachineLearningServices/workspaces/computes"
DATASTORES: Final = "Microsoft.MachineLearningServices/workspaces/datastores"
ONLINE_ENDPOINTS: Final = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
BATCH_ENDPOINTS: Final = "Microsoft.MachineLearningServices/workspaces/batchEndpoints"
DEPLOYMENTS: Final = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
OUTBOUND_RULES: Final = "Microsoft.MachineLearningServices/workspaces/outboundRules"

CLUSTERS: Final = "Microsoft.ContainerService/managedClusters"
CLUSTER_CONNECTIONS: Final = "Microsoft.ContainerService/managedClusters/privateEndpointConnections"
TRUSTED_ACCESS: Final = "Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings"
ARC_CLUSTERS: Final = "Microsoft.Kubernetes/connectedClusters"
EXTENSIONS: Final = "Microsoft.KubernetesConfiguration/extensions"

STORAGE_ACCOUNTS: Final = "Microsoft.Storage/storageAccounts"
VAULTS: Final = "Microsoft.KeyVault/vaults"
REGISTRIES: Final = "Microsoft.ContainerRegistry/registries"
REPLICATIONS: Final = "Microsoft.ContainerRegistry/registries/replications"

VNETS: Final = "Microsoft.Network/virtualNetworks"
PRIVATE_ENDPOINTS: Final = "Microsoft.Network/privateEndpoints"
ZONE_GROUPS: Final = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
NICS: Final = "Microsoft.Network/networkInterfaces"
SECURITY_GROUPS: Final = "Microsoft.Network/networkSecurityGroups"
ROUTE_TABLES: Final = "Microsoft.Network/routeTables"
BASTIONS: Final = "Microsoft.Network/bastionHosts"
GATEWAYS: Final = "Microsoft.Network/virtualNetworkGateways"
FIREWALLS: Final = "Microsoft.Network/azureFirewalls"
FIREWALL_POLICIES: Final = "Microsoft.Network/firewallPolicies"

ZONES: Final = "Microsoft.Network/privateDnsZones"
ZONE_LINKS: Final = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
A_RECORDS: Final = "Microsoft.Network/privateDnsZones/A"
RESOLVERS: Final = "Microsoft.Network/dnsResolvers"
INBOUND_ENDPOINTS: Final = "Microsoft.Network/dnsResolvers/inboundEndpoints"
RULESETS: Final = "Microsoft.Network/dnsForwardingRulesets"
FORWARDING_RULES: Final = "Microsoft.Network/dnsForwardingRulesets/forwardingRules"
RULESET_LINKS: Final = "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks"

ROLE_ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments"
ROLE_DEFINITIONS: Final = "Microsoft.Authorization/roleDefinitions"
EVENTS: Final = "Microsoft.Insights/eventtypes/values"
RESOURCES: Final = "Microsoft.Resources/resources"
SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions"
DESCENDANTS: Final = "Microsoft.Management/managementGroups/descendants"
GRAPH: Final = "Microsoft.ResourceGraph/resources"

# The narrowed listings: what was asked for, as `Listing.query` says it.
STARTS: Final = "starts"
CREATED_TIMES: Final = "createdTime of private endpoints"


def assigned_to(principal: str) -> str:
    """The filter that asks for an identity's role assignments, its groups expanded by Azure."""
    return f"assignedTo('{principal}')"
