"""One environment: a workspace and a compute, with every path, verdict and name that rules ask for."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.environment import Access, AccessPath, Environment, Listed, Network, OtherStorage
from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import ArmId, equal
from auditor.model.paths import at
from auditor.model.resource import Resource
from auditor.model.shapes import dig_text, stands_on
from auditor.model.snapshot import Gone, Lookup, Snapshot
from auditor.model.types import BATCH_ENDPOINTS, COMPUTES, DATASTORES, DEPLOYMENTS, EXTENSIONS, ONLINE_ENDPOINTS
from auditor.model.verdict import Verdict, fail, not_applicable, ok, unknown
from auditor.topology import aks, history, identities, images, people, roles, scenario, service_endpoints
from auditor.topology.clusters import api_server_created, api_zone, cluster_endpoints, trusted_access
from auditor.topology.exposure import api_server_closed
from auditor.topology.paths import PathFinder
from auditor.topology.spaces import spaces
from auditor.topology.storage import other_storage

# The parts of an environment that the article's table has a column for.
PARTS = ("workspace", "storage", "key_vault", "container_registry", "cluster")


def assemble(snapshot: Snapshot, workspace: Resource, compute: Resource) -> Environment:
    shared = _shared(snapshot, workspace)
    cluster_id = compute.raw("properties.resourceId")
    cluster = _cluster(snapshot, compute)
    network = aks.locate(snapshot, cluster)
    paths = PathFinder(snapshot, snapshot.cloud, network)
    shared_id = shared.id if isinstance(shared, Resource | Gone) else shared.resource_id
    to_workspace = paths.to("workspace", "amlworkspace", shared_id, shared)
    storage_id, storage = _named(snapshot, shared, "properties.storageAccount")
    vault_id, vault = _named(snapshot, shared, "properties.keyVault")
    registry_named = _registry_named(shared)
    blob = paths.to("blob storage", "blob", storage_id, storage)
    file, dfs, queue, table = (
        paths.to(f"{group} storage", group, storage_id, storage) for group in ("file", "dfs", "queue", "table")
    )
    to_vault = paths.to("Key Vault", "vault", vault_id, vault)
    registry: AccessPath | None = None
    registry_id, registry_found = "", None
    if isinstance(registry_named, Missing) or registry_named.value:
        registry_id, registry_found = _named(snapshot, shared, "properties.containerRegistry")
        registry = paths.to("container registry", "registry", registry_id, registry_found)
    others, unlisted_storage = other_storage(snapshot, workspace, storage_id, storage, paths)
    own_endpoints, unlisted_endpoints = cluster_endpoints(snapshot, cluster)
    storage_role = _role(snapshot, compute, storage_id, storage, roles.BLOB_DATA_CONTRIBUTOR)
    account_role = _role(snapshot, compute, storage_id, storage, roles.STORAGE_ACCOUNT_CONTRIBUTOR)
    dependents, unlisted_dependents = _dependents(snapshot, workspace, compute)
    named = [("storage account", storage_id, storage), ("Key Vault", vault_id, vault)]
    if registry_found is not None:
        named.append(("container registry", registry_id, registry_found))
    trusted = trusted_access(snapshot, cluster, workspace)
    computes = _listed(snapshot, workspace.id, COMPUTES)
    needed = [p for p in (to_workspace, blob, file, to_vault, registry) if p is not None]
    needed += [path for account in others for path in account.paths]
    ways = _ways(cluster, to_workspace, blob, file, to_vault, registry)
    access = {part: scenario.named(ways[part]) if part in ways else None for part in PARTS}
    resources, names = _names(workspace, shared_id, compute, cluster_id, network, storage_id, vault_id, registry_id)
    return Environment(
        id=f"{workspace.id}/computes/{compute.name}",
        cloud=snapshot.cloud,
        workspace=workspace,
        shared=shared,
        compute=compute,
        identity=_identity(compute),
        attached=_attached(compute, cluster),
        cluster=cluster,
        network=network,
        workspace_path=to_workspace,
        blob=blob,
        file=file,
        dfs=dfs,
        queue=queue,
        table=table,
        vault=to_vault,
        registry=registry,
        registry_named=registry_named,
        named=tuple(named),
        other_storage=tuple(_titled(o, resources, names) for o in others),
        unlisted_storage=unlisted_storage,
        cluster_endpoints=tuple(own_endpoints),
        unlisted_cluster_endpoints=unlisted_endpoints,
        history=history.starts(snapshot, cluster_id if isinstance(cluster_id, str) else ""),
        api_server_created=api_server_created(snapshot, cluster),
        api_server_closed=api_server_closed(cluster),
        dependents=dependents,
        unlisted_dependents=unlisted_dependents,
        computes=computes,
        datastores=_listed(snapshot, workspace.id, DATASTORES),
        batch_endpoints=_listed(snapshot, workspace.id, BATCH_ENDPOINTS),
        extensions=_extensions(snapshot, cluster),
        image_build=images.build_compute(snapshot, workspace, shared, computes, registry),
        spaces=tuple(spaces(snapshot, network, needed)),
        egress=paths.filters.egress(cluster, blob),
        registry_data=images.data_records(snapshot, registry),
        api_zone=api_zone(snapshot, cluster, paths.resolver),
        service_tags=snapshot.service_tags,
        image_pull=images.may_pull(snapshot, compute, registry),
        attach_roles=identities.may_attach(snapshot, workspace, cluster, trusted),
        subnet_role=identities.may_join_subnets(snapshot, cluster),
        service_endpoints=_half_configured(snapshot, network, blob, to_vault, others),
        people=people.way_in(snapshot, _serving(snapshot, to_workspace), to_workspace.endpoint),
        trusted_access=trusted,
        blob_contributor=storage_role,
        storage_contributor=account_role,
        access=access,
        scenario=scenario.row(ways),
        resources=resources,
        names=names,
    )


def _listed(snapshot: Snapshot, scope: str, arm_type: str) -> Listed:
    return Listed(tuple(snapshot.children(scope, arm_type)), snapshot.unlisted(scope, arm_type))


def _extensions(snapshot: Snapshot, cluster: Lookup | None) -> Listed:
    if isinstance(cluster, Resource):
        return _listed(snapshot, cluster.id, EXTENSIONS)
    return Listed((), cluster if isinstance(cluster, Missing) else None)


def _shared(snapshot: Snapshot, workspace: Resource) -> Lookup:
    """A Project takes storage, vault, registry, endpoints and public access from its hub.

    https://learn.microsoft.com/azure/machine-learning/concept-hub-workspace
    """
    if not equal(workspace.raw("kind"), "Project"):
        return workspace
    hub = workspace.text("properties.hubResourceId")
    return hub if isinstance(hub, Missing) else snapshot.find(hub.value)


def _serving(snapshot: Snapshot, path: AccessPath) -> list[Resource]:
    """The endpoints of a workspace that are in use: the approved ones; where none is, whatever there is."""
    approved = [e.resource for e in path.endpoints if e.approved]
    return approved or snapshot.endpoints_to(path.target_id)


def _named(snapshot: Snapshot, shared: Lookup, path: str) -> tuple[str, Lookup]:
    if isinstance(shared, Gone):
        return "", shared.failure.missing(shared.id, "")
    if isinstance(shared, Missing):
        return "", shared
    named = shared.text(path)
    if isinstance(named, Missing) or not named.value:
        return "", named if isinstance(named, Missing) else shared.missing(path, "the workspace names none")
    return named.value, snapshot.find(named.value)


def _registry_named(shared: Lookup) -> Fact[bool]:
    """A workspace names no registry until its first image build."""
    if isinstance(shared, Missing):
        return shared
    if isinstance(shared, Gone):
        return shared.failure.missing(shared.id, "")
    value = shared.raw("properties.containerRegistry")
    return Seen(shared.id, "properties.containerRegistry", isinstance(value, str) and bool(value))


def _cluster(snapshot: Snapshot, compute: Resource) -> Lookup | None:
    """The cluster of a compute; None for one that was detached, whose reference Azure answers as null or empty."""
    if at(compute.body, "properties.resourceId") in (None, ""):
        return None
    named = compute.text("properties.resourceId")
    return named if isinstance(named, Missing) else snapshot.find(named.value)


def _attached(compute: Resource, cluster: Lookup | None) -> Verdict:
    reference = compute.see("properties.resourceId")
    if cluster is None:
        return fail(f"the compute {compute.name} refers to no cluster", reference)
    if isinstance(cluster, Gone):
        return fail(f"the cluster {ArmId.parse(cluster.id).name} does not exist: {cluster.failure.reason}", reference)
    if isinstance(cluster, Missing):
        return unknown(f"the cluster could not be read: {cluster.reason}", cluster, seen=[reference])
    return ok(f"{compute.name} is attached to the cluster {cluster.name}", reference)


def _identity(compute: Resource) -> Fact[str]:
    """The kind of identity of a compute. A list may leave it out; only one that was read by id has none without it."""
    return compute.text("identity.type", absent="None" if compute.whole else None)


def _role(snapshot: Snapshot, compute: Resource, scope: str, storage: Lookup, role: roles.Role) -> Verdict:
    principal = compute.raw("identity.principalId")
    if isinstance(storage, Gone):
        return not_applicable("the storage account does not exist")
    if principal == "":
        return not_applicable("the compute's identity has no principal")
    if not isinstance(principal, str):
        if "systemassigned" in str(compute.raw("identity.type") or "").lower():
            gap = compute.missing("identity.principalId", "Azure's answer does not hold the principal of the identity")
            return unknown("the principal of the compute's identity is not known", gap)
        return not_applicable("the compute has no system-assigned identity")
    if isinstance(storage, Missing) and not scope:
        return unknown(f"the storage account is not known: {storage.reason}", storage)
    return roles.holds(snapshot, principal, scope, role)


def _dependents(
    snapshot: Snapshot, workspace: Resource, compute: Resource
) -> tuple[tuple[Resource, ...], tuple[Missing, ...]]:
    """The online endpoints on a compute and their deployments."""
    found: list[Resource] = []
    gap = snapshot.unlisted(workspace.id, ONLINE_ENDPOINTS)
    gaps = [gap] if gap else []
    for endpoint in snapshot.children(workspace.id, ONLINE_ENDPOINTS):
        if not stands_on(endpoint, compute):
            continue
        found.append(endpoint)
        found += snapshot.children(endpoint.id, DEPLOYMENTS)
        below = snapshot.unlisted(endpoint.id, DEPLOYMENTS)
        if below is not None:
            gaps.append(below)
    return tuple(found), tuple(gaps)


def _half_configured(
    snapshot: Snapshot, network: Network, blob: AccessPath, vault: AccessPath, others: list[OtherStorage]
) -> Verdict:
    if network.located.unknown:
        return network.located
    parts, unread = [], []
    for path, service in ((blob, service_endpoints.STORAGE), (vault, service_endpoints.VAULT)):
        if isinstance(path.target, Missing):
            unread.append(unknown(f"{path.name} could not be read: {path.target.reason}", path.target))
        if isinstance(path.target, Resource):
            parts.append((path.target, service, path.endpoint, path.closed))
    for account in others:
        if isinstance(account.target, Resource):
            # Service endpoints do not count there (STO-005), so none is relied on; a rule can be half all the same.
            parts.append((account.target, service_endpoints.STORAGE, ok("not relied on"), ok("not relied on")))
    return service_endpoints.half_configured(snapshot, network, parts, unread)


def _ways(
    cluster: Lookup | None,
    workspace: AccessPath,
    blob: AccessPath,
    file: AccessPath,
    vault: AccessPath,
    registry: AccessPath | None,
) -> dict[str, frozenset[Access]]:
    """How AKS may reach each part; a registry that is not named yet is none."""
    ways = {
        "workspace": scenario.possible(workspace),
        "storage": scenario.possible_storage(blob, file),
        "key_vault": scenario.possible(vault),
    }
    if registry is not None:
        ways["container_registry"] = scenario.possible(registry)
    paths = [p for p in (workspace, blob, file, vault, registry) if p is not None]
    return {**ways, "cluster": scenario.possible_cluster(cluster, paths)}


def _titled(other: OtherStorage, resources: dict[str, str], names: dict[str, str]) -> OtherStorage:
    arm = ArmId.parse(other.id)
    named = {"storage": arm.name, "storage_group": arm.resource_group, "storage_id": other.id}
    return replace(other, resources={**resources, "account": other.id}, names={**names, **named})


def _names(
    workspace: Resource,
    shared_id: str,
    compute: Resource,
    cluster_id: object,
    network: Network,
    storage_id: str,
    vault_id: str,
    registry_id: str,
) -> tuple[dict[str, str], dict[str, str]]:
    """The parts of an environment by the word that rules use: their ids, and the names that fill in a fix."""
    home = shared_id or workspace.id
    cluster = cluster_id if isinstance(cluster_id, str) and cluster_id else compute.id
    ids = {
        "workspace": workspace.id,
        "home": home,
        "compute": compute.id,
        "cluster": cluster,
        "storage": storage_id,
        "vault": vault_id,
        "registry": registry_id,
    }
    ids = {word: arm_id for word, arm_id in ids.items() if arm_id}
    names: dict[str, str] = {}
    if network.vnet_id:
        vnet = ArmId.parse(network.vnet_id)
        names = {"vnet": vnet.name, "vnet_group": vnet.resource_group, "vnet_id": network.vnet_id}
        if isinstance(network.vnet, Resource):
            names["vnet_region"] = dig_text(network.vnet.body, "location")
    for word, arm_id in ids.items():
        arm = ArmId.parse(arm_id)
        names |= {word: arm.name, f"{word}_group": arm.resource_group, f"{word}_id": arm_id}
    if cluster == compute.id:
        names["cluster_id"] = "<cluster-id>"
        del names["cluster"], names["cluster_group"]
    names["subscription"] = workspace.arm.subscription
    more = {
        "region": workspace.raw("location"),
        "principal": compute.raw("identity.principalId"),
        "namespace": compute.raw("properties.properties.namespace") or "<namespace>",
    }
    names |= {word: text for word, text in more.items() if isinstance(text, str)}
    return ids, names
