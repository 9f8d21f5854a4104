"""In an HBI workspace the compute's identity holds Storage Account Contributor on the default storage.

What it checks: a role assignment to the compute's system-assigned identity, or to a group that it is in, at the
storage account or above it (Contributor or Owner stands in for it, and the pass says so).

Why it matters: without it the compute cannot get at models and data: deployments fail with 403.

How to fix it: assign the role to the compute's principal on the storage account.

When it is unknown: the assignments could not be read; a role that might include this one could not be; or the only
assignment is conditional.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies


@rule(
    id="RBAC-003",
    title="HBI workspace: the compute identity holds Storage Account Contributor on the default storage",
    severity=Severity.HIGH,
    about=Environment,
    resource="storage",
    fix="az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal "
    '--role "Storage Account Contributor" --scope {storage_id}',
    references=(f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace",),
    controls=("MCSB PA-7",),
)
def storage_account_contributor(env: Environment) -> Verdict:
    applies(env.is_hbi, "the workspace is not marked as high business impact")
    applies("systemassigned" in env.identity.value.lower(), "the compute has no system-assigned identity")
    return env.storage_contributor
