"""The private DNS zones of the workspace resolve from the AKS VNet.

What it checks: with Azure DNS, a completed link from each zone to the AKS VNet, or a forwarding ruleset linked there.
With custom DNS servers, every one of them must be an Azure Firewall DNS proxy or a DNS Private Resolver in a VNet
that is linked to the zone; any other server in such a VNet is taken to forward, and the pass says so.

Why it matters: a link to the hub is not inherited over a peering. Without one, the nodes get the public address
although zone, records and endpoint are all in place.

How to fix it: link the zone to the AKS VNet, or to the VNet of its DNS server.

When it is unknown: links, rulesets or the DNS servers could not be read, or a server is one that Azure does not show.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="DNS-002",
    title="Workspace zones resolve from the AKS VNet",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az network private-dns link vnet create -g {zone_group} -z {zone} -n aks --virtual-network {vnet_id} "
    "--registration-enabled false",
    references=(f"{LEARN}/private-link/private-endpoint-dns", f"{LEARN}/dns/private-dns-virtual-network-links"),
    controls=("MCSB NS-10",),
)
def workspace_zones_linked(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.workspace_path.target)
    require(env.workspace_path.endpoint, "the workspace has no private endpoint within reach")
    require(env.workspace_path.integrated, "the private endpoint of the workspace has no DNS integration")
    return env.workspace_path.resolves
