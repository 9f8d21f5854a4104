"""No service endpoint is set up on one side only.

What it checks: each VNet rule of the storage account or Key Vault that names an AKS subnet has the service endpoint
on that subnet, and is not in a failed state or for a deleted subnet. Where a resource relies on service endpoints,
each AKS subnet has its rule.

Why it matters: a rule without the endpoint on the subnet admits nobody, and still reads as if it did.

How to fix it: add the service endpoint to the subnet, or the rule to the resource; or use a private endpoint instead.

When it is unknown: a subnet or resource could not be read. A subnet endpoint that no rule uses, beside a private
endpoint, is harmless and passes.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="NET-002",
    title="No service endpoint is half configured",
    severity=Severity.MEDIUM,
    about=Environment,
    resource="cluster",
    fix="az network vnet subnet update -g {vnet_group} --vnet-name {vnet} -n <subnet> "
    "--service-endpoints Microsoft.Storage Microsoft.KeyVault",
    references=(f"{LEARN}/virtual-network/virtual-network-service-endpoints-overview",),
    controls=("MCSB NS-2",),
)
def no_half_service_endpoint(env: Environment) -> Verdict:
    return env.service_endpoints
