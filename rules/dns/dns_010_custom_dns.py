"""Custom DNS servers of the AKS VNet forward to Azure DNS.

What it checks: every DNS server of the AKS VNet is Azure's own (an Azure Firewall whose DNS proxy is on, or an inbound
endpoint of a DNS Private Resolver), in a VNet that every needed private DNS zone is linked to.

When it applies: the AKS VNet names DNS servers other than 168.63.129.16, and AKS uses a private endpoint that has a
zone.

Why it matters: private DNS zones answer only those who ask Azure DNS from a linked VNet. A server that does not pass
the question on, or passes it on from the wrong VNet, gives the public address or none.

How to fix it: link the zones to the VNet of the DNS server. On a server of your own, add conditional forwarders to
168.63.129.16 for the names that the finding lists.

When it is unknown: for any other server, since what is set up inside it does not show in Azure. The finding lists the
names to look up from a node. Also when the firewall, its policy, the resolver or the links could not be read.

Easily misjudged: zones that are not linked to the AKS VNet look wrong, and are right where its DNS server is a firewall
proxy in a hub that is linked. A firewall with its DNS proxy on looks right, and is not known to be where its policy
sends questions on to servers of its own choice.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.naming import every_name
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.shapes import AZURE_DNS
from auditor.model.verdict import NotApplicable, Severity, Verdict, applies, require

# Beside the names of the private endpoints: https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns
INSTANCES = {"AzureUSGovernment": "instances.ml.azure.us"}


@rule(
    id="DNS-010",
    title="Custom DNS on the AKS VNet forwards to Azure DNS",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az network private-dns link vnet create -g {zone_group} -z {zone} -n dns --virtual-network {vnet_id} "
    "--registration-enabled false",
    references=(
        f"{LEARN}/machine-learning/how-to-custom-dns",
        f"{LEARN}/private-link/private-endpoint-dns-integration",
        f"{LEARN}/firewall/dns-settings",
        f"{LEARN}/dns/dns-private-resolver-overview",
    ),
)
def custom_dns_forwards(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    if env.network.vnet is None:
        raise NotApplicable("the AKS VNet is not identified")
    vnet = existing(env.network.vnet)
    # Absent means Azure DNS: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
    servers = vnet.items("properties.dhcpOptions.dnsServers", absent=[])
    custom = [str(server) for server in servers.value if server != AZURE_DNS]
    applies(bool(custom), f"{vnet.name} asks Azure DNS")
    every = f"each DNS server of {vnet.name} asks Azure DNS, in a VNet that the zones are linked to"
    whole = every_name(env, lambda zone: zone.forwarded, every, "no private endpoint that AKS uses has a zone")
    if not whole.unknown:
        return whole
    return whole.saying(
        f"what the DNS servers of {vnet.name} ({', '.join(custom)}) answer is not all seen: check that from a node the "
        f"names under these resolve to private addresses: {', '.join(_names(env))}"
    ).also(servers)


def _names(env: Environment) -> list[str]:
    """What the names end in that have to reach Azure DNS."""
    needed = [zone.public for path in env.paths() for zone in env.cloud.zones(path.group)]
    return list(dict.fromkeys([*needed, INSTANCES.get(env.cloud.family, "instances.ml.azure.ms"), "aznbcontent.net"]))
