"""The permissions of a full audit: one action for each type that is read, and what is read of it.

Action names: https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
"""

from __future__ import annotations

from typing import Final

from auditor.model.types import (
    A_RECORDS,
    BASTIONS,
    BATCH_ENDPOINTS,
    CLUSTER_CONNECTIONS,
    CLUSTERS,
    COMPUTES,
    DATASTORES,
    DEPLOYMENTS,
    DESCENDANTS,
    EVENTS,
    EXTENSIONS,
    FIREWALL_POLICIES,
    FIREWALLS,
    FORWARDING_RULES,
    GATEWAYS,
    GRAPH,
    INBOUND_ENDPOINTS,
    NICS,
    ONLINE_ENDPOINTS,
    OUTBOUND_RULES,
    PRIVATE_ENDPOINTS,
    REGISTRIES,
    REPLICATIONS,
    RESOLVERS,
    RESOURCES,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    ROUTE_TABLES,
    RULESET_LINKS,
    RULESETS,
    SECURITY_GROUPS,
    STORAGE_ACCOUNTS,
    SUBSCRIPTIONS,
    TRUSTED_ACCESS,
    VAULTS,
    VNETS,
    WORKSPACES,
    ZONE_GROUPS,
    ZONE_LINKS,
    ZONES,
)

READ_FOR: Final[dict[str, str]] = {
    SUBSCRIPTIONS: "which subscriptions there are, and which tenant they are in",
    RESOURCES: "when each private endpoint was created: before or after the cluster's last start",
    WORKSPACES: "the workspaces, their network settings and identities, and the resources that they name",
    COMPUTES: "which cluster is attached to a workspace, when, and with which identity",
    DATASTORES: "which storage the datastores stand on, and whether they use keys or identities",
    ONLINE_ENDPOINTS: "what is served on a cluster, and at which address",
    DEPLOYMENTS: "whether something is deployed on the cluster behind an online endpoint",
    BATCH_ENDPOINTS: "whether batch endpoints need the queues and tables of the storage",
    OUTBOUND_RULES: "which connections belong to the managed network of a workspace",
    CLUSTERS: "the clusters: API server, networks, identities, power state",
    CLUSTER_CONNECTIONS: "the private endpoints of a private API server",
    TRUSTED_ACCESS: "whether a workspace reaches its cluster by Trusted Access",
    EXTENSIONS: "the AzureML extension of a cluster, and how its scoring router is exposed",
    STORAGE_ACCOUNTS: "the storage behind a workspace and its datastores: firewall, endpoints, hygiene",
    VAULTS: "the key vault of a workspace: firewall, endpoints, purge protection",
    REGISTRIES: "the container registry of a workspace: tier, firewall, endpoints, how images are pulled",
    REPLICATIONS: "in which regions a registry answers, each at a data endpoint of its own",
    VNETS: "virtual networks with their subnets, peerings, service endpoints and DNS servers",
    PRIVATE_ENDPOINTS: "private endpoints: what they connect to, whether they are approved, and where they stand",
    ZONE_GROUPS: "which DNS zones a private endpoint keeps its records in",
    NICS: "the addresses that a private endpoint answers at",
    SECURITY_GROUPS: "what security groups let through between nodes and endpoints",
    ROUTE_TABLES: "where the nodes' traffic is sent",
    BASTIONS: "whether people have a way in by Azure Bastion",
    GATEWAYS: "whether people have a way in by VPN or ExpressRoute",
    FIREWALLS: "whether a custom DNS server is an Azure Firewall",
    FIREWALL_POLICIES: "whether that firewall is a DNS proxy, and whom it asks",
    ZONES: "private DNS zones",
    ZONE_LINKS: "in which virtual networks a zone is seen",
    A_RECORDS: "the address that each name has",
    RESOLVERS: "whether a custom DNS server is a DNS Private Resolver, and in which virtual network",
    INBOUND_ENDPOINTS: "the addresses at which a resolver answers",
    RULESETS: "DNS forwarding rulesets",
    FORWARDING_RULES: "which names a ruleset sends elsewhere",
    RULESET_LINKS: "in which virtual networks a ruleset holds",
    ROLE_ASSIGNMENTS: "which roles the identities of workspace, compute and cluster hold",
    ROLE_DEFINITIONS: "what those roles permit",
    EVENTS: "the activity log: when a cluster was last started",
}
# What chooses the subscriptions that are read.
CHOSEN_BY: Final[dict[str, str]] = {
    DESCENDANTS: "which subscriptions are in a management group; needed there, and for --management-group alone",
    GRAPH: "which of many subscriptions hold something to audit; without it each of them is read",
}
# Where the action is not named after the type.
_NAMED: Final = {RESOURCES: "Microsoft.Resources/subscriptions/resources/read"}


def action(arm_type: str) -> str:
    """The permission to read a type, one by one or in a list."""
    return _NAMED.get(arm_type, f"{arm_type}/read")


def actions() -> dict[str, str]:
    """Every permission of a full audit, in order, with what it is for."""
    return dict(sorted((action(t), what) for t, what in (READ_FOR | CHOSEN_BY).items()))
