"""The private endpoint of the storage account behind a datastore has its records in a zone that resolves from AKS.

What it checks: for a valid endpoint, each name on its network interface has an A record with the interface's address
in the zone of its type (blob, file or dfs), and that zone resolves from the AKS VNet (see DNS-002 for how).

Why it matters: a zone group alone is not enough. A record that is missing or stale, or a zone that AKS does not ask,
sends the nodes to the public address, or nowhere.

How to fix it: add a DNS zone group to the endpoint, and link its zone to the AKS VNet.

When it is unknown: the endpoint, its zone, links or records could not be read. Not applicable without a private
endpoint.
"""

from __future__ import annotations

from auditor.model.environment import OtherStorage
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, applies


@rule(
    id="DNS-006",
    title="Other storage endpoints have a zone group in a zone that resolves from AKS",
    severity=Severity.HIGH,
    about=OtherStorage,
    resource="account",
    fix="az network private-endpoint dns-zone-group create -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone {zone_id} --zone-name {zone} && az network private-dns link vnet "
    "create -g {zone_group} -z {zone} "
    "-n aks --virtual-network {vnet_id} --registration-enabled false",
    references=(f"{LEARN}/private-link/private-endpoint-dns",),
    controls=("MCSB NS-10",),
)
def other_storage_names(account: OtherStorage) -> Verdict:
    paths = [path for path in account.paths if path.resource and not path.endpoint.failed]
    applies(bool(paths), "the account has no private endpoint within reach")
    return all_of([hop for path in paths for hop in path.named()], "the account resolves to its private endpoints")
