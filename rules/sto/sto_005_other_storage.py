"""Every other storage account behind a datastore has a private endpoint that AKS reaches.

What it checks: for each account that a datastore of type blob, file or Data Lake Gen2 uses, other than the default
one, a valid private endpoint for the groups that its datastores need. Service endpoints do not count here.

Why it matters: the article asks for private endpoints for all other storage that workloads use. A datastore without
one works from a notebook and fails, or leaves the network, from AKS.

How to fix it: make a private endpoint for the group in the AKS VNet, with DNS integration.

When it is unknown: the datastores could not be listed, or an account could not be located or read.
"""

from __future__ import annotations

from auditor.model.environment import OtherStorage, existing
from auditor.model.ids import ArmId
from auditor.model.rule import LEARN, rule
from auditor.model.snapshot import Gone
from auditor.model.verdict import Severity, Verdict, all_of, fail, require


@rule(
    id="STO-005",
    title="Every other storage account used by datastores has a private endpoint reachable from AKS",
    severity=Severity.HIGH,
    about=OtherStorage,
    resource="account",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{storage} --vnet-name {vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {storage_id} --group-id {group} --connection-name {group}",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2",),
)
def other_storage_reachable(account: OtherStorage) -> Verdict:
    if isinstance(account.target, Gone):
        users = ", ".join(d.name for d in account.datastores)
        return fail(
            f"the account {ArmId.parse(account.id).name} of {users} does not exist",
            account.datastores[0].see("properties.accountName"),
        )
    for path in account.paths:
        existing(path.target)
    require(account.located, "the AKS VNet is not identified")
    return all_of(
        [path.endpoint for path in account.paths], f"{ArmId.parse(account.id).name} has its private endpoints"
    )
