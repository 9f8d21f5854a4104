"""The workspace refuses the public network.

What it checks: ``publicNetworkAccess`` is Disabled; where it is absent, the older ``allowPublicAccessWhenBehindVnet``
is false. Applies to a workspace that has a private endpoint.

Why it matters: a private endpoint adds a private way in, it does not close the public one. Open to selected addresses
only (an IP allow list with a default of Deny) fails at low.

How to fix it: disable public network access, once people have a private way in.

When it is unknown: neither property is in Azure's answer.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies


@rule(
    id="AML-002",
    title="Workspace public network access is disabled",
    severity=Severity.HIGH,
    about=Environment,
    resource="home",
    fix="az ml workspace update -g {home_group} -n {home} --public-network-access Disabled",
    references=(f"{LEARN}/machine-learning/how-to-configure-private-link#enable-public-access",),
    controls=("MCSB NS-2",),
)
def public_access_disabled(env: Environment) -> Verdict:
    applies(env.has_workspace_endpoint, "the workspace has no private endpoint")
    return env.workspace_path.closed
