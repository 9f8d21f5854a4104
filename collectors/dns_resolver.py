"""DNS Private Resolver: inbound endpoints, and forwarding rulesets with their rules and links."""

from __future__ import annotations

from typing import Any

from auditor.model.ids import ArmId
from auditor.model.types import FORWARDING_RULES, INBOUND_ENDPOINTS, RESOLVERS, RULESET_LINKS, RULESETS
from collectors.clients import Clients, parts
from collectors.readers import Reader


def _client(clients: Clients, arm_id: str) -> Any:
    return clients.management("dnsresolver", "DnsResolverManagementClient", ArmId.parse(arm_id).subscription)


READERS = (
    Reader(
        RESOLVERS,
        ("properties.virtualNetwork.id",),
        list=lambda c, scope, _: _client(c, scope).dns_resolvers.list(),
    ),
    Reader(
        INBOUND_ENDPOINTS,
        ("properties.ipConfigurations[].privateIpAddress", "properties.ipConfigurations[].subnet.id"),
        list=lambda c, scope, _: _client(c, scope).inbound_endpoints.list(*parts(scope)[1:]),
    ),
    Reader(
        RULESETS,
        ("properties.provisioningState", "properties.dnsResolverOutboundEndpoints[].id"),
        list=lambda c, scope, _: _client(c, scope).dns_forwarding_rulesets.list(),
    ),
    Reader(
        FORWARDING_RULES,
        ("properties.domainName", "properties.forwardingRuleState", "properties.targetDnsServers[].ipAddress"),
        list=lambda c, scope, _: _client(c, scope).forwarding_rules.list(*parts(scope)[1:]),
    ),
    Reader(
        RULESET_LINKS,
        ("properties.virtualNetwork.id", "properties.provisioningState"),
        list=lambda c, scope, _: _client(c, scope).virtual_network_links.list(*parts(scope)[1:]),
    ),
)
