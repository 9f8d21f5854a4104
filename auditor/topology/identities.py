"""What identities may do on the cluster and its subnets."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.facts import Missing
from auditor.model.ids import ArmId
from auditor.model.resource import Resource
from auditor.model.shapes import egress_subnets, principals, user_assigned_principals
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.verdict import Verdict, all_of, any_of, fail, not_applicable, unknown
from auditor.topology import roles


def may_attach(snapshot: Snapshot, workspace: Resource, cluster: Lookup | None, trusted: Verdict) -> Verdict:
    """Whether a user-assigned identity that the workspace works as holds the roles that attaching a cluster needs.

    https://learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace#prerequisite
    """
    kinds = workspace.text("identity.type")
    if isinstance(kinds, Missing):
        return unknown("the identity of the workspace was not read", kinds)
    primary = workspace.raw("properties.primaryUserAssignedIdentity")
    if "userassigned" not in kinds.value.lower() or ("systemassigned" in kinds.value.lower() and not primary):
        return not_applicable("the workspace works as its system-assigned identity")
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster)
    if not isinstance(cluster, Resource):
        return not_applicable("there is no cluster")
    held = user_assigned_principals(workspace)
    if not held:
        gap = workspace.missing("identity.userAssignedIdentities", "Azure's answer holds no principal of it")
        return unknown("the principal of the workspace's user-assigned identity is not known", gap)
    needed = [roles.READER, roles.EXTENSION_CONTRIBUTOR, roles.CLUSTER_ADMIN]
    if trusted.passed:
        needed.append(roles.CLUSTER_CONTRIBUTOR)
    every = f"the identity holds {', '.join(r.name for r in needed)} on {cluster.name}"
    answers = []
    for principal in held:
        answer = all_of([roles.holds(snapshot, principal, cluster.id, r) for r in needed], every)
        answers.append(_named(answer, principal))
    return any_of(answers, fail(""))


def may_join_subnets(snapshot: Snapshot, cluster: Lookup | None) -> Verdict:
    """Whether the cluster's identity may use the subnets that its node pools were given.

    https://learn.microsoft.com/azure/aks/configure-kubenet#add-role-assignment-for-managed-identity
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
    answers = [roles.any_holds(snapshot, cluster, subnet, roles.NETWORK_CONTRIBUTOR) for subnet in given]
    names = ", ".join(ArmId.parse(s).name for s in given)
    whole = all_of(answers, f"the cluster's identity may use {names}")
    return whole if not whole.failed else _named(whole, next(iter(principals(cluster)), ""), subnet=given[0])


def _named(verdict: Verdict, principal: str, **more: str) -> Verdict:
    """A verdict whose fix names the identity."""
    names = {**verdict.names, "identity": principal, **{f"{word}_id": text for word, text in more.items()}}
    return replace(verdict, names=names) if verdict.failed else verdict
