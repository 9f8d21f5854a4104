"""The Key Vault is reachable from AKS over a private endpoint, or over service endpoints.

What it checks: a valid private endpoint for ``vault`` within reach of AKS (approved on both sides, provisioned, in
the AKS VNet or one directly peered), or a complete service-endpoint path: the endpoint on every AKS subnet, a rule
for each of them on the Key Vault, and public network access not Disabled.

Why it matters: the workspace keeps its secrets there, and deployments cannot start without them.

How to fix it: make a private endpoint in the AKS VNet, with DNS integration.

When it is unknown: the Key Vault, or an endpoint that it lists, could not be read.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, any_of, fail, require


@rule(
    id="KV-001",
    title="Key Vault is reachable from AKS over a private or service endpoint",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="vault",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{vault}-vault --vnet-name {vnet} "
    "--subnet <pe-subnet> "
    "--private-connection-resource-id {vault_id} --group-id vault --connection-name vault",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2",),
)
def vault_reachable(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    target = env.vault.resource
    neither = fail(f"{target.name} has neither a private endpoint within reach nor service endpoints")
    return any_of([env.vault.endpoint, env.vault.service_endpoint], neither)
