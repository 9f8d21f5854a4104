"""The cluster works as a managed identity, not as a service principal.

What it checks: ``identity.type`` is SystemAssigned or UserAssigned, and ``servicePrincipalProfile.clientId``, where it
is shown, says msi.

When it applies: the cluster is attached as a Kubernetes compute. Behind a legacy AksCompute it passes with a managed
identity, and may do without.

Why it matters: Azure ML does not support a cluster that runs as a service principal. Its secret also expires, and the
cluster with it.

How to fix it: give the cluster a managed identity. Node pools that were made before keep the service principal until
they are made anew, and the AzureML extension must be installed after that.

When it is unknown: the cluster could not be read, or its identity and its service principal do not fit together.

Easily misjudged: every cluster shows a ``servicePrincipalProfile``, with or without a service principal: only a client
id other than msi means one. System-assigned and user-assigned are both fine here, while the workspace needs a
system-assigned one (AML-003).
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.ids import equal
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, applies, fail, ok, unknown


@rule(
    id="AKS-005",
    title="AKS cluster uses a managed identity, not a service principal",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az aks update -g {cluster_group} -n {cluster} --enable-managed-identity",
    references=(
        f"{LEARN}/machine-learning/how-to-deploy-kubernetes-extension#limitations",
        f"{LEARN}/aks/use-managed-identity",
    ),
    controls=("MCSB IM-1", "MCSB IM-2"),
    bicep="""
resource cluster 'Microsoft.ContainerService/managedClusters@2025-10-01' = {
  identity: {
    type: 'SystemAssigned'
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster" "this" {
  identity {
    type = "SystemAssigned"
  }
}
""",
)
def managed_identity(env: Environment) -> Verdict:
    cluster = env.aks
    identity, client = cluster.see("identity.type"), cluster.see("properties.servicePrincipalProfile.clientId")
    managed = any(equal(identity.value, kind) for kind in ("SystemAssigned", "UserAssigned"))
    none = identity.value is None or equal(identity.value, "None")
    principal = isinstance(client.value, str) and bool(client.value) and not equal(client.value, "msi")
    if managed and (equal(client.value, "msi") or client.value is None):
        return ok(f"the identity of the cluster is {identity.value}", identity, client)
    applies(not env.is_legacy, "the cluster is attached as a legacy AksCompute")
    if none and principal:
        return fail(f"the cluster runs as the service principal {client.value}", identity, client)
    reason = f"identity.type is {identity.value} and servicePrincipalProfile.clientId is {client.value}"
    gap = cluster.missing(identity.path, reason)
    return unknown("whether the cluster has a managed identity does not show", gap, seen=[identity, client])
