"""The private endpoint of the Key Vault has its records in a zone that resolves from AKS.

What it checks: for a valid endpoint, each name on its network interface has an A record with the interface's address
in the cloud's vault zone (``privatelink.vaultcore.azure.net``), and that zone resolves from the AKS VNet (see DNS-002
for how).

Why it matters: a zone group alone is not enough. A record that is missing or stale, or a zone that AKS does not ask,
sends the nodes to the public address, or nowhere.

How to fix it: add a DNS zone group to the endpoint, and link its zone to the AKS VNet.

When it is unknown: the endpoint, its zone, links or records could not be read. Not applicable without a private
endpoint.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, all_of, require


@rule(
    id="DNS-004",
    title="Key Vault endpoint has a zone group in a zone that resolves from AKS",
    severity=Severity.HIGH,
    about=Environment,
    resource="vault",
    fix="az network private-endpoint dns-zone-group create -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone {zone_id} --zone-name {zone} && az network private-dns link vnet "
    "create -g {zone_group} -z {zone} "
    "-n aks --virtual-network {vnet_id} --registration-enabled false",
    references=(f"{LEARN}/private-link/private-endpoint-dns",),
    controls=("MCSB NS-10",),
)
def vault_names(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.vault.target)
    require(env.vault.endpoint, "the Key Vault has no private endpoint within reach")
    return all_of(env.vault.named(), "the Key Vault resolves to its private endpoint")
