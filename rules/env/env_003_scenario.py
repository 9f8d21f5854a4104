"""The environment is in the article's row "secure resources in a virtual network".

What it checks: how AKS reaches the workspace, storage, Key Vault and registry, computed from the topology and not
from other rules. All through private or service endpoints, with a private workspace, and with a cluster whose API
server is private or whose nodes reach one of the endpoints, is the secure row.

When it applies: the compute is attached to a cluster that exists (ENV-001).

Why it matters: the article knows three rows. "Public workspace" is documented but not the secure one, so it fails at
low; "no virtual network", or a mixture that no row describes, leaves traffic on the public network.

How to fix it: close what is public (see the other findings), most often the workspace itself.

When it is unknown: something whose answer could still change the row was not read.

Easily misjudged: a default cluster with a public API server looks out of place here, and is not: the row is about
where its nodes stand, and they reach the private endpoints. A storage account with an endpoint for blobs looks
private, and is not while there is no way to its files.
"""

from __future__ import annotations

from auditor.model.environment import Access, Environment, Scenario
from auditor.model.facts import Evidence
from auditor.model.rule import rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown


@rule(
    id="ENV-003",
    title="Environment matches the secure resources in a virtual network row",
    severity=Severity.MEDIUM,
    about=Environment,
    resource="workspace",
    fix="az ml workspace update -g {home_group} -n {home} --public-network-access Disabled",
)
def secure_row(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    seen = Evidence(env.id, "access", {name: str(access) for name, access in env.access.items() if access})
    if env.scenario is Scenario.SECURED:
        return ok("AKS reaches every part through the virtual network", seen)
    if env.scenario is Scenario.PUBLIC_WORKSPACE:
        return fail("the workspace is public, everything else is in a VNet", seen, at=Severity.LOW)
    if env.scenario is Scenario.UNDETERMINED:
        open_parts = [name for name, access in env.access.items() if access is Access.UNKNOWN]
        return unknown(f"not known: how AKS reaches {', '.join(open_parts)}", *env.unread(), seen=[seen])
    parts = ", ".join(f"{name.replace('_', ' ')} {access}" for name, access in env.access.items() if access)
    row = "no part is in a virtual network" if env.scenario is Scenario.NO_VIRTUAL_NETWORK else "no row of the article"
    return fail(f"{row}: {parts}", seen)
