"""The private endpoint of the workspace has private DNS integration for both of its zones.

What it checks: for a valid endpoint of the workspace, each name on its network interface has an A record with the
interface's address in the cloud's API zone (``privatelink.api.azureml.ms``) and in its notebooks zone
(``privatelink.notebooks.azure.net``), in the zones that AKS asks.

Why it matters: an endpoint without records, or with stale ones, is never used: AKS still gets the public address, or
none.

How to fix it: add a DNS zone group with both zones to the endpoint; it keeps the records current.

When it is unknown: the endpoint, its interface, zone group or zone could not be read. Records that nobody keeps
current, and records that only the zone group vouches for, pass and say so.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="DNS-001",
    title="Workspace private endpoint has private DNS integration for both zones",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="home",
    fix="az network private-endpoint dns-zone-group create -g {endpoint_group} --endpoint-name {endpoint} -n default "
    "--private-dns-zone <api-zone-id> --zone-name api && az network private-endpoint "
    "dns-zone-group add -g {endpoint_group} "
    "--endpoint-name {endpoint} -n default --private-dns-zone <notebooks-zone-id> --zone-name notebooks",
    references=(f"{LEARN}/machine-learning/how-to-custom-dns", f"{LEARN}/private-link/private-endpoint-dns"),
    controls=("MCSB NS-10",),
)
def workspace_records(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.workspace_path.target)
    require(env.workspace_path.endpoint, "the workspace has no private endpoint within reach")
    return env.workspace_path.integrated
