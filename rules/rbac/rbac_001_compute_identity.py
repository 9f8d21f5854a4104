"""In a high-business-impact workspace the attached compute has a system-assigned identity.

What it checks: ``identity`` of the compute (not the workspace's, nor the extension's) where ``hbiWorkspace`` is true.

Why it matters: with that flag Azure ML hands out no storage keys, so the compute needs an identity with roles of its
own.

How to fix it: give the compute a system-assigned identity; attaching it again with one is the documented way. A
user-assigned identity alone fails at medium: it is reported to work, but the article does not accept it.

When it is unknown: the compute was only listed, without its identity, and could not be read by id.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok


@rule(
    id="RBAC-001",
    title="HBI workspace: the attached compute has a system-assigned identity",
    severity=Severity.HIGH,
    about=Environment,
    resource="compute",
    fix="az ml compute update -g {workspace_group} -w {workspace} -n {compute} --identity-type SystemAssigned",
    references=(
        f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/private-link.md",
    ),
    controls=("MCSB IM-3",),
)
def compute_identity(env: Environment) -> Verdict:
    applies(env.is_hbi, "the workspace is not marked as high business impact")
    kinds = env.identity.value.replace(" ", "").lower().split(",")
    if "systemassigned" in kinds:
        principal = env.compute.text("identity.principalId")
        if principal.value:
            return ok("the compute has a system-assigned identity", env.identity, principal)
        return fail("the compute's system-assigned identity has no principal", env.identity, principal)
    if "userassigned" in kinds:
        return fail("the compute has a user-assigned identity only", env.identity, at=Severity.MEDIUM)
    return fail("the compute has no identity", env.identity)
