"""What identities may do on the cluster and its subnets."""

from __future__ import annotations

from auditor.model.facts import Missing
from auditor.model.ids import ArmId, equal
from auditor.model.paths import ABSENT, at
from auditor.model.resource import Resource
from auditor.model.shapes import egress_subnets, principals, user_assigned_principals
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.verdict import Verdict, all_of, fail, not_applicable, unknown
from auditor.topology import roles

PRIMARY = "properties.primaryUserAssignedIdentity"


def may_attach(snapshot: Snapshot, workspace: Resource, cluster: Lookup | None, trusted: Verdict) -> Verdict:
    """Whether a user-assigned identity that the workspace works as holds the roles that attaching a cluster needs.

    https://learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace#prerequisite
    """
    kinds = workspace.text("identity.type")
    if isinstance(kinds, Missing):
        return unknown("the identity of the workspace was not read", kinds)
    if "userassigned" not in kinds.value.lower():
        return not_applicable("the workspace has no user-assigned identity")
    if "systemassigned" in kinds.value.lower():
        if at(workspace.body, PRIMARY) is ABSENT:
            gap = workspace.missing(PRIMARY, f"Azure's answer does not hold {PRIMARY}")
            return unknown("which identity the workspace works as was not read", gap)
        if not workspace.raw(PRIMARY):
            return not_applicable("the workspace works as its system-assigned identity")
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster)
    if not isinstance(cluster, Resource):
        return not_applicable("there is no cluster")
    held = user_assigned_principals(workspace)
    if not held:
        gap = workspace.missing("identity.userAssignedIdentities", "Azure's answer holds no principal of it")
        return unknown("the principal of the workspace's user-assigned identity is not known", gap)
    if snapshot.cloud.family != "AzureCloud":
        trusted = fail("Trusted Access serves the public cloud only")
    return roles.agreed(workspace, [_attaches(snapshot, principal, cluster, trusted) for principal in held])


def _attaches(snapshot: Snapshot, principal: str, cluster: Resource, trusted: Verdict) -> Verdict:
    needed = [roles.READER, roles.EXTENSION_CONTRIBUTOR, roles.CLUSTER_ADMIN]
    if not trusted.failed:
        needed.append(roles.CLUSTER_CONTRIBUTOR)
    answers = [_named(roles.holds(snapshot, principal, cluster.id, role), role) for role in needed]
    if trusted.unknown and answers[-1].failed:  # whether that role is needed is not known
        answers[-1] = trusted
    return all_of(answers, f"the identity holds {', '.join(r.name for r in needed)} on {cluster.name}")


def _named(verdict: Verdict, role: roles.Role) -> Verdict:
    """A failure whose fix names this role beside the others that are not held: ``{reader}``, ``{contributor}``, …"""
    return verdict.naming({role.name.lower().replace(" ", "_"): role.name}) if verdict.failed else verdict


def may_join_subnets(snapshot: Snapshot, cluster: Lookup | None) -> Verdict:
    """Whether the cluster's identity may use the subnets that its node pools were given.

    https://learn.microsoft.com/azure/aks/use-managed-identity#assign-an-azure-rbac-role-to-the-system-assigned-managed-identity
    """
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster)
    if not isinstance(cluster, Resource):
        return not_applicable("there is no cluster")
    pools = cluster.objects("properties.agentPoolProfiles")
    if not pools:
        gap = cluster.missing("properties.agentPoolProfiles", "no node pool in Azure's answer")
        return unknown("the node pools were not read", gap)
    given = egress_subnets(cluster)
    if not given:
        return not_applicable("AKS made the VNet of the cluster itself")
    client = cluster.raw("properties.servicePrincipalProfile.clientId")
    if not principals(cluster) and isinstance(client, str) and not equal(client, "msi"):
        gap = cluster.missing("properties.servicePrincipalProfile.clientId", "it names an application, not its object")
        return unknown(f"{cluster.name} works as a service principal, whose roles are not read", gap)
    names = ", ".join(ArmId.parse(s).name for s in given)
    return all_of([_joins(snapshot, cluster, s) for s in given], f"the cluster's identity may use {names}")


def _joins(snapshot: Snapshot, cluster: Resource, subnet: str) -> Verdict:
    verdict = roles.identity_holds(snapshot, cluster, subnet, roles.NETWORK_CONTRIBUTOR)
    return verdict.naming({"subnet_id": subnet})
