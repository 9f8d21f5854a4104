"""In a high-business-impact workspace the attached compute has a system-assigned identity.

What it checks: ``identity`` of the attached compute contains SystemAssigned, and a principal exists.

When it applies: the workspace, or a Project's hub, is marked as high business impact (``hbiWorkspace``). Where the
mark is absent it is not set.

Why it matters: with that mark Azure ML hands out no storage keys, so the compute needs an identity with roles of its
own.

How to fix it: give the compute a system-assigned identity; attaching it again with one is the documented way. A
user-assigned identity alone fails at medium: it is reported to work, but the article does not accept it.

When it is unknown: the compute was only listed, without its identity, and could not be read by id.

Easily misjudged: an environment is full of identities: that of the workspace, of the cluster, of its kubelet, of the
extension. None of them is the compute's, and a compute without one fails beside all of them. On a Project the hub's
mark counts, and not one on the Project itself.
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
    bicep="""
resource compute 'Microsoft.MachineLearningServices/workspaces/computes@2024-10-01' = {
  identity: {
    type: 'SystemAssigned'
  }
}
""",
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
