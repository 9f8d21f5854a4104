"""Something may pull images: the registry's admin user, or the identity of the attached compute.

What it checks: ``adminUserEnabled`` of the registry is true; or the compute's identity, its own or an assigned one,
holds AcrPull at the registry or above (AcrPush, Contributor, Owner or a custom role with it stand in, and the pass
says so). A registry that grants by repository (``roleAssignmentMode`` AbacRepositoryPermissions) looks at Container
Registry Repository Reader instead, and at the roles that include it.

When it applies: the workspace names a registry, and the registry exists.

Why it matters: for each deployment Azure ML makes a pull secret, from the admin user or from the compute's identity.
With neither, no pod gets its image.

How to fix it: give the compute a system-assigned identity if it has none, and assign it the role on the registry.

When it is unknown: the registry, the identity of the compute or its role assignments could not be read; a role that
might include the right to pull could not be; or the only assignment is conditional. Where the answer leaves the admin
user out, the role decides, and without the role it is unknown.

Easily misjudged: an admin user that is off is what general advice asks for, and it is fine beside the role. AcrPull
in the hands of the cluster's kubelet, or of the workspace, looks right and does not help: the secret is made with the
compute's identity. On a registry that grants by repository AcrPull counts for nothing, and neither does Owner.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, ok, unknown


@rule(
    id="ACR-005",
    title="An image-pull credential exists: the admin user, or AcrPull on the compute identity",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="registry",
    fix="az role assignment create --assignee-object-id {identity} --assignee-principal-type ServicePrincipal "
    "--role {role} --scope {registry_id} && az ml compute update -g {workspace_group} -w {workspace} -n {bare_compute} "
    "--identity-type SystemAssigned",
    references=(
        f"{LEARN}/machine-learning/how-to-attach-kubernetes-to-workspace#assign-managed-identity-to-the-compute-target",
        f"{LEARN}/container-registry/container-registry-rbac-abac-repository-permissions",
        "https://github.com/Azure/AML-Kubernetes/blob/master/docs/private-link.md",
        "https://github.com/Azure/azure-sdk-for-python/issues/33611",
    ),
    bicep="""
var roleId = '7f951dda-4ed3-4680-a7ca-43fe172d538d' // AcrPull
resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, computePrincipalId, roleId)
  scope: registry
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    principalId: computePrincipalId
    principalType: 'ServicePrincipal'
  }
}
""",
    terraform="""
resource "azurerm_role_assignment" "compute" {
  scope                = azurerm_container_registry.this.id
  role_definition_name = "AcrPull"
  principal_id         = var.compute_principal_id
  principal_type       = "ServicePrincipal"
}
""",
)
def pull_credential(env: Environment) -> Verdict:
    registry = env.named_registry.resource
    admin = registry.flag("properties.adminUserEnabled")
    if not isinstance(admin, Missing) and admin.value:
        return ok(f"the admin user of {registry.name} is on", admin)
    pull = env.image_pull
    if pull.passed:
        return pull.saying(f"the identity of {env.compute.name} {pull.message}").also(admin)
    if pull.failed and isinstance(admin, Missing):
        why = f"{pull.message}, and whether the admin user of {registry.name} is on was not read"
        return unknown(why, admin, seen=pull.evidence)
    return pull.also(admin)
