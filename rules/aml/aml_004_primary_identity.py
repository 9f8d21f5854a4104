"""A user-assigned identity is not the primary identity of the workspace.

What it checks: ``primaryUserAssignedIdentity`` of the workspace is null or empty.

When it applies: the workspace has a user-assigned identity, and its default storage is behind a private endpoint or a
firewall (as for AML-003). For a Project the identity is its own, and the storage that of its hub.

Why it matters: the workspace works as its primary identity. Storage that is not open lets the workspace in as a
trusted service, which it knows by the system-assigned identity only.

How to fix it: clear the primary identity. Where Azure ML refuses that, a new workspace with a system-assigned identity
is the way.

When it is unknown: Azure's answer does not hold the property at all, or the identity or the storage account could not
be read.

Easily misjudged: the workspace may have both kinds of identity, so that AML-003 passes, and be locked out all the
same, since the primary one decides. The user-assigned identity itself is no fault: one for training jobs, or for a
customer-managed key, may stay. General advice and some policies ask for a user-assigned identity; behind a closed
storage account it does not do.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import ArmId
from auditor.model.paths import ABSENT, at
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok

PRIMARY = "properties.primaryUserAssignedIdentity"


@rule(
    id="AML-004",
    title="User-assigned identity is not the primary identity of the workspace",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="workspace",
    fix="az rest --method patch --url {workspace_id}'?api-version=2025-12-01' "
    """--body '{{"properties": {{"primaryUserAssignedIdentity": null}}}}'""",
    references=(
        f"{LEARN}/machine-learning/how-to-identity-based-service-authentication",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/private-link.md",
    ),
)
def no_user_assigned_primary(env: Environment) -> Verdict:
    account = env.blob
    applies(account.resource is not None and account.is_restricted, "the default storage is not network restricted")
    kinds = env.workspace.text("identity.type")
    applies("userassigned" in kinds.value.lower(), "the workspace has no user-assigned identity")
    primary, seen = env.workspace.text(PRIMARY), env.workspace.see(PRIMARY)
    if at(env.workspace.body, PRIMARY) is not ABSENT and seen.value in (None, ""):
        return ok("the workspace has no primary user-assigned identity", seen, kinds)
    return fail(f"the workspace works as {ArmId.parse(primary.value).name}, a user-assigned identity", seen, kinds)
