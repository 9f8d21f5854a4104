"""The peerings that carry a needed private endpoint work in both directions.

What it checks: where an approved endpoint of the workspace or of one of its resources is in another VNet, and none of
that resource is in the AKS VNet, the peering between the two: Connected on both sides, VNet access allowed, subnet
peering covering both subnets, and in sync, or at least with the endpoint's address inside what is really peered.

Why it matters: a peering that was made from one side only, or whose other half was deleted, looks fine from this side
and carries nothing. It is the cause of AML-001, STO-001, KV-001 or ACR-001 failing along with it.

How to fix it: make the missing side, delete and make anew one that is Disconnected, or sync it.

When it is unknown: the AKS VNet could not be read. A remote side that cannot be read passes and says so.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, applies, require


@rule(
    id="NET-001",
    title="Peerings that carry a needed private endpoint are connected, in sync and open both ways",
    severity=Severity.HIGH,
    about=Environment,
    resource="cluster",
    fix="az network vnet peering create -g {vnet_group} -n to-endpoints --vnet-name {vnet} "
    "--remote-vnet <endpoint-vnet-id> "
    "--allow-vnet-access  # and the reverse; or: az network vnet peering sync",
    references=(f"{LEARN}/virtual-network/virtual-network-troubleshoot-peering-issues",),
    controls=("MCSB NS-1",),
)
def peerings_carry(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    carried = [path.peering for path in env.paths() if path.peering is not None]
    applies(bool(carried), "no needed private endpoint hangs on a peering")
    return all_of(carried, "every peering that carries a private endpoint works both ways")
