"""A compute is set to build images where the registry is closed.

What it checks: ``imageBuildCompute`` of the workspace names an AmlCompute that exists and is provisioned, and whose
subnet reaches a private endpoint of the registry; or the workspace has a managed network, which covers its computes.

When it applies: the registry is closed to the public network (ACR-004). A Project is not judged: it has no compute
clusters, and builds on serverless compute.

Why it matters: Azure ML builds the image of each new environment. What it builds on by default, outside your VNet,
cannot push to a closed registry, so the first deployment of a new environment fails.

How to fix it: make a small CPU cluster in a subnet that reaches the registry, and name it as the image-build compute.
Where every environment comes with an image that is already built, nothing is built and the failure can be waived.

When it is unknown: the computes could not be listed, the compute is on its way, or a private endpoint, a peering or
the VNet of the compute could not be read.

Easily misjudged: a compute without a subnet looks out of place, and is right inside a managed network. A compute
instance in the right subnet, or the attached cluster itself, looks like a fine place to build on, and is none: only
an AmlCompute builds images. The VNet counts as well: the compute must reach the registry itself, whether or not AKS
does.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.ids import equal
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, applies, require


@rule(
    id="AML-007",
    title="Image-build compute is set where the registry is closed",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="workspace",
    fix="az ml workspace update -g {workspace_group} -n {workspace} --image-build-compute <cpu-cluster>",
    references=(
        f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#enable-azure-container-registry-acr",
        f"{LEARN}/machine-learning/concept-hub-workspace#supported-capabilities-by-workspace-kind",
        "https://github.com/MicrosoftDocs/azure-docs/issues/123350",
    ),
    bicep="""
resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  properties: {
    imageBuildCompute: 'cpu-cluster'
  }
}
""",
    terraform="""
resource "azurerm_machine_learning_workspace" "this" {
  image_build_compute_name = "cpu-cluster"
}
""",
)
def image_build_compute(env: Environment) -> Verdict:
    applies(not equal(env.workspace.raw("kind"), "Project"), "a Project builds images on serverless compute")
    path = env.named_registry
    existing(path.target)
    require(path.closed, "the registry is open to public networks")
    return env.image_build
