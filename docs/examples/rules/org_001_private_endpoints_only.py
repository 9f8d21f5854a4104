"""AKS reaches every part over private endpoints, and over nothing else.

What it checks: the way from AKS to the workspace, its storage, Key Vault and registry, as the report's access shows
it, is a private endpoint for each of them.

When it applies: the compute is attached to a cluster that exists.

Why it matters: our network standard. The article accepts service endpoints too; with these the traffic still goes to
the public address of a service, which our egress firewall does not let through.

How to fix it: make a private endpoint in the AKS VNet, with its DNS zone group.

When it is unknown: how AKS reaches one of them could not be told.
"""

from auditor.model.environment import Access, Environment
from auditor.model.facts import Evidence
from auditor.model.rule import Tier, rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown


@rule(
    id="ORG-001",
    title="AKS reaches every part over private endpoints",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="workspace",
    fix="az network private-endpoint create -g <group> -n <name> --subnet <aks-endpoints> "
    "--private-connection-resource-id <id> --group-id <group-id> --connection-name <name>",
    url="https://learn.microsoft.com/azure/private-link/create-private-endpoint-cli",
)
def private_endpoints_only(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    ways = {part: way for part, way in env.access.items() if part != "cluster" and way is not None}
    seen = Evidence(env.id, "access", {part: str(way) for part, way in ways.items()})
    other = [part for part, way in ways.items() if way not in (Access.PRIVATE_ENDPOINT, Access.UNKNOWN)]
    if other:
        return fail(f"not over a private endpoint: {', '.join(other)}", seen)
    if Access.UNKNOWN in ways.values():
        return unknown("how AKS reaches a part could not be told", *env.unread(), seen=[seen])
    return ok("every part has a private endpoint that AKS uses", seen)
