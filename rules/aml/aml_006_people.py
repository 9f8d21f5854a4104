"""People have a private way to a workspace that is closed to the public network.

What it checks: the VNet of the workspace's endpoint, or one directly peered with it, has a Bastion host, a VPN or
ExpressRoute gateway, or uses a peered VNet's gateway.

When it applies: the workspace has a private endpoint, and is closed to the public network (AML-002).

Why it matters: without one, whoever has to work with the workspace will sooner or later open it to the public again.

How to fix it: add a Bastion host or a gateway; or, if people come another way, take note and waive this.

When it is unknown: a VNet, the Bastion hosts or the gateways around it could not be read, or a Virtual WAN hub may
have them.

Easily misjudged: a subnet called AzureBastionSubnet or GatewaySubnet looks like the way in, and is only the place for
one. Nor need the way in be in the same VNet: a spoke that uses the gateway of its hub has one.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, require


@rule(
    id="AML-006",
    title="A private path for people to the workspace exists",
    severity=Severity.LOW,
    about=Environment,
    resource="home",
    fix="az network bastion create -g {way_in_group} -n bas-{way_in} --vnet-name {way_in} "
    "--public-ip-address <pip> -l {way_in_region}",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#securely-connect-to-your-workspace",),
)
def private_path_for_people(env: Environment) -> Verdict:
    applies(env.has_workspace_endpoint, "the workspace has no private endpoint")
    require(env.workspace_path.closed, "the workspace is public")
    found = env.people
    if found.failed:
        return fail(f"{found.message}: verify how users reach the workspace", *found.evidence, names=dict(found.names))
    return found
