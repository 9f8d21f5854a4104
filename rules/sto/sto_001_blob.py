"""The default storage account is reachable from AKS over a private endpoint, or over service endpoints.

What it checks: a valid private endpoint for ``blob`` within reach of AKS (approved on both sides, provisioned, in the
AKS VNet or one directly peered), or a complete service-endpoint path: the endpoint on every AKS subnet, a rule for
each of them on the default storage account, and public network access not Disabled.

Why it matters: models, code and data of every deployment come from there.

How to fix it: make a private endpoint in the AKS VNet, with DNS integration.

When it is unknown: the default storage account, or an endpoint that it lists, could not be read.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, any_of, fail, require


@rule(
    id="STO-001",
    title="Default storage: blob is reachable from AKS over a private or service endpoint",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage}-blob --vnet-name "
    "{vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {storage_id} --group-id blob --connection-name blob",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2",),
)
def blob_reachable(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    target = env.blob.resource
    neither = fail(f"{target.name} has neither a private endpoint within reach nor service endpoints")
    return any_of([env.blob.endpoint, env.blob.service_endpoint], neither)
