"""The cluster's identity may use the subnets that its node pools were given.

What it checks: the identity of the cluster, its own or the assigned one, holds Network Contributor at each subnet that
a node pool names for nodes or pods, or above it: at the VNet, the resource group, the subscription. Contributor,
Owner, or a custom role that may read and join subnets stand in, and the pass says so.

When it applies: a node pool names a subnet. A VNet that AKS made itself is in its own resource group, where it has
its rights.

Why it matters: AKS puts nodes and internal load balancers into the subnet as the cluster's identity. Without the role
the internal load balancer of the scoring router stays pending, and a change to a node pool may be refused.

How to fix it: assign Network Contributor to the cluster's identity on the subnet.

When it is unknown: the cluster, its identity or the role assignments could not be read; a role that might include
this one could not be; or the only assignment is conditional. A cluster with a service principal is unknown too: its
answer shows the application, not the object that roles are held by.

Easily misjudged: the cluster runs, so the role looks superfluous. Whoever made it had the rights to place the first
nodes; the cluster needs its own for what comes later. The Azure CLI assigns the role by itself and templates do not,
the official one included. The kubelet's identity is another one, and its roles do not count.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="RBAC-005",
    title="AKS identity can use the BYO subnet (Network Contributor)",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az role assignment create --assignee-object-id {identity} --assignee-principal-type ServicePrincipal "
    '--role "Network Contributor" --scope {subnet_id}',
    references=(
        f"{LEARN}/aks/use-managed-identity",
        f"{LEARN}/machine-learning/v1/how-to-secure-inferencing-vnet#network-contributor-role",
    ),
    bicep="""
var roleId = '4d97b98b-1d4f-4787-a291-c67834d212e7' // Network Contributor
resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subnet.id, cluster.id, roleId)
  scope: subnet
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    principalId: cluster.identity.principalId
    principalType: 'ServicePrincipal'
  }
}
""",
    terraform="""
resource "azurerm_role_assignment" "cluster" {
  scope                = azurerm_subnet.nodes.id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_kubernetes_cluster.this.identity[0].principal_id
  principal_type       = "ServicePrincipal"
}
""",
)
def subnet_role(env: Environment) -> Verdict:
    return env.subnet_role
