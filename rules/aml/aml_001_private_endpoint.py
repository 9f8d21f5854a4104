"""The workspace has a private endpoint in the AKS VNet, or in one directly peered with it.

What it checks: an endpoint for the group ``amlworkspace``, approved on both sides and provisioned, whose subnet is in
a VNet that AKS reaches. Connections of a managed network do not count: they serve Azure ML's own computes.

Why it matters: without it AKS talks to the workspace over the public network, or not at all once that is closed.

How to fix it: make the endpoint in the AKS VNet, with DNS integration; or repair the peering in between.

When it is unknown: an endpoint that might be the one, or the AKS VNet, could not be read.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="AML-001",
    title="Workspace private endpoint is in the AKS VNet or a directly peered VNet",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{home} --vnet-name {vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {home_id} --group-id amlworkspace --connection-name workspace",
    references=(f"{LEARN}/machine-learning/how-to-configure-private-link",),
    controls=("MCSB NS-2",),
)
def private_endpoint_in_reach(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.workspace_path.target)
    return env.workspace_path.endpoint
