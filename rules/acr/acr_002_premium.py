"""The registry is of the Premium tier.

What it checks: ``sku.name`` of the registry that the workspace names.

Why it matters: private endpoints and network rules exist in Premium only.

How to fix it: change the tier; this can be done in place.

When it is unknown: the registry could not be read. A workspace that names no registry yet is not judged.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, fail, ok


@rule(
    id="ACR-002",
    title="Registry is Premium",
    severity=Severity.HIGH,
    about=Environment,
    resource="registry",
    fix="az acr update -n {registry} --sku Premium",
    references=(f"{LEARN}/container-registry/container-registry-skus",),
    controls=("MCSB NS-2",),
)
def premium(env: Environment) -> Verdict:
    path = env.named_registry
    tier = path.resource.text("sku.name")
    if tier.value.lower() != "premium":
        return fail(f"the registry is {tier.value}", tier)
    return ok("the registry is Premium", tier)
