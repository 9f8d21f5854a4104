"""The private endpoint of the container registry has its records in a zone that resolves from AKS.

What it checks: for a valid endpoint, each name on its network interface has an A record with the interface's address
in the cloud's registry zone (``privatelink.azurecr.io``), its data endpoints included, and that zone resolves from
the AKS VNet (see DNS-002 for how).

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
    id="DNS-005",
    title="Container registry endpoint has a zone group in a zone that resolves from AKS",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="registry",
    fix="az network private-endpoint dns-zone-group create -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone {zone_id} --zone-name {zone} && az network private-dns link vnet "
    "create -g {zone_group} -z {zone} "
    "-n aks --virtual-network {vnet_id} --registration-enabled false",
    references=(f"{LEARN}/private-link/private-endpoint-dns",),
    controls=("MCSB NS-10",),
)
def registry_names(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    path = env.named_registry
    existing(path.target)
    require(path.endpoint, "the registry has no private endpoint within reach")
    return all_of(path.named(), "the registry resolves to its private endpoint")
