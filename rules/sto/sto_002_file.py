"""The default storage has a private endpoint for files beside the one for blobs.

What it checks: a valid private endpoint for the group ``file`` within reach of AKS, where blob is reached through
one.

Why it matters: a private endpoint serves one group. Azure ML uses both blobs and file shares of its default account.

How to fix it: make a second private endpoint, for ``file``.

When it is unknown: the account, or an endpoint that it lists, could not be read.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="STO-002",
    title="Default storage: file private endpoint stands beside blob",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage}-file --vnet-name "
    "{vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {storage_id} --group-id file --connection-name file",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#secure-azure-storage-accounts",),
    controls=("MCSB NS-2",),
)
def file_endpoint(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.blob.target)
    require(env.blob.endpoint, "blob is not reached through a private endpoint")
    return env.file.endpoint
