"""No VNet that AKS uses overlaps 172.17.0.0/16.

What it checks: the address prefixes of the AKS VNet, and of the VNets of the private endpoints that AKS reaches.

When it applies: the VNet of the cluster is known (ENV-002).

Why it matters: Docker gives its own bridge this range. What runs in a container then takes an endpoint with such an
address for a neighbour on that bridge, and never gets there.

How to fix it: use other prefixes. A prefix that no subnet uses can be taken away; otherwise the resources have to move
to another VNet.

When it is unknown: the prefixes of one of these VNets could not be read.

Easily misjudged: 172.16.0.0/12 is a usual private range, and contains this one. 172.16.0.0/16 and 172.18.0.0/16 look
alike and are fine.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from auditor.model.environment import AddressSpace, Environment
from auditor.model.facts import Missing
from auditor.model.ids import ArmId
from auditor.model.ranges import network
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, require, unknown

DOCKER = IPv4Network("172.17.0.0/16")


@rule(
    id="NET-005",
    title="No VNet that AKS uses overlaps 172.17.0.0/16",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az network vnet update -g {space_group} -n {space} --address-prefixes <prefixes-outside-172.17.0.0/16>",
    references=(
        f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#prerequisites",
        f"{LEARN}/machine-learning/how-to-configure-private-link#prerequisites",
    ),
    bicep="""
resource vnet 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  properties: {
    addressSpace: { addressPrefixes: ['10.40.0.0/16'] } // any range but 172.17.0.0/16
  }
}
""",
    terraform="""
resource "azurerm_virtual_network" "this" {
  address_space = ["10.40.0.0/16"] # any range but 172.17.0.0/16
}
""",
)
def docker_range_free(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    used = [space for space in env.spaces if space.use in ("AKS", "private endpoints")]
    names = ", ".join(space.name for space in used)
    return all_of([_free(space) for space in used], f"172.17.0.0/16 is not in {names}")


def _free(space: AddressSpace) -> Verdict:
    prefixes = space.prefixes
    if isinstance(prefixes, Missing):
        return unknown(f"the address prefixes of {space.name} were not read: {prefixes.reason}", prefixes)
    read = {text: network(text) for text in prefixes.value}
    taken = [text for text, found in read.items() if isinstance(found, IPv4Network) and found.overlaps(DOCKER)]
    if taken:
        arm = ArmId.parse(space.vnet_id)
        names = {"space": arm.name, "space_group": arm.resource_group}
        return fail(f"{space.name} has {', '.join(taken)}, which overlaps 172.17.0.0/16", prefixes, names=names)
    strange = [text for text, found in read.items() if found is None]
    if strange:
        gap = Missing(prefixes.resource_id, prefixes.path, f"{strange[0]!r} is not an address prefix")
        return unknown(f"a prefix of {space.name} could not be understood", gap)
    return ok(f"{space.name} is elsewhere", prefixes)
