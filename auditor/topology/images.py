"""Where images come from: the compute that builds them, the names of the registry's data endpoints, who may pull."""

from __future__ import annotations

from auditor.model.access import AccessPath, Listed, Network, ZoneAnswer
from auditor.model.facts import Evidence, Fact, Missing, Seen
from auditor.model.ids import ArmId, equal, location, vnet_of
from auditor.model.paths import ABSENT, at
from auditor.model.resource import Resource
from auditor.model.shapes import dig_text
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.types import A_RECORDS, REPLICATIONS
from auditor.model.verdict import Verdict, all_of, any_of, fail, not_applicable, ok, unknown
from auditor.topology import roles, service_endpoints
from auditor.topology.endpoints import EndpointFinder
from auditor.topology.reach import Reach

BUILD = "properties.imageBuildCompute"
# What a registry looks at when images are pulled, by its ``roleAssignmentMode``.
PULL_ROLES = {"LegacyRegistryPermissions": roles.ACR_PULL, "AbacRepositoryPermissions": roles.REPOSITORY_READER}


def build_compute(
    snapshot: Snapshot, workspace: Resource, shared: Lookup, computes: Listed, registry: AccessPath | None
) -> Verdict:
    """Whether a compute is set to build images, and comes to a registry that is closed to the public network.

    https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet
    """
    seen, name = workspace.see(BUILD), workspace.text(BUILD)
    if at(workspace.body, BUILD) is not ABSENT and seen.value in (None, ""):
        return fail("the workspace names no compute that builds images", seen)
    if isinstance(name, Missing):
        return unknown("which compute builds images was not read", name)
    found = next((c for c in computes.found if equal(c.name, name.value)), None)
    if found is None:
        if computes.gap is not None:
            return unknown(f"the computes could not be listed: {computes.gap.reason}", computes.gap)
        return fail(f"the workspace has no compute {name.value} to build images on", seen)
    kind, state = found.text("properties.computeType"), found.text("properties.provisioningState")
    if isinstance(kind, Missing):
        return unknown(f"the type of the compute {name.value} was not read", kind)
    if not equal(kind.value, "AmlCompute"):
        return fail(f"{name.value} is of type {kind.value}: only an AmlCompute builds images", seen, kind)
    if isinstance(state, Missing):
        return unknown(f"the state of the compute {name.value} was not read", state)
    if any(equal(state.value, s) for s in ("Failed", "Canceled")):
        return fail(f"the compute {name.value} is in provisioning state {state.value}", state)
    if not equal(state.value, "Succeeded"):
        gap = found.missing(state.path, f"it is {state.value}")
        return unknown(f"the compute {name.value} is {state.value}", gap, seen=[state])
    return _comes_to_registry(snapshot, found, shared, registry).also(seen, state)


def _comes_to_registry(snapshot: Snapshot, compute: Resource, shared: Lookup, registry: AccessPath | None) -> Verdict:
    mode = _isolation(shared)
    if isinstance(mode, Seen) and not equal(mode.value, "Disabled"):
        return ok(f"{compute.name} builds images inside the managed network", mode)
    path = "properties.properties.subnet"
    subnet = compute.text(f"{path}.id")
    if isinstance(subnet, Missing) and at(compute.body, path) is not None:
        return unknown(f"the subnet of {compute.name} was not read", subnet)
    if isinstance(subnet, Missing) or not subnet.value:
        if isinstance(mode, Missing):
            return unknown("whether the workspace has a managed network was not read", mode)
        return fail(f"{compute.name} is in no subnet, so it cannot come to a closed registry", compute.see(path), mode)
    if registry is None or not isinstance(registry.target, Resource):
        return _no_registry(registry)
    vnet_id = vnet_of(subnet.value)
    vnet = snapshot.find(vnet_id)
    located = ok("") if isinstance(vnet, Resource) else _unread(vnet_id, vnet)
    network = Network(located, vnet_id, vnet, (subnet.value,))
    finder, target = EndpointFinder(snapshot, Reach(snapshot, network)), registry.target
    _, endpoint = finder.judge(registry.target_id, target, registry.group)
    service = service_endpoints.judge(snapshot, network, target, service_endpoints.REGISTRY)
    whole = any_of([endpoint, service], fail(""))
    if not whole.passed:
        why = (endpoint if whole.failed else whole).message.replace("the AKS VNet", "its VNet")
        outcome = "does not reach" if whole.failed else "may not reach"
        return whole.saying(f"{compute.name} in {ArmId.parse(vnet_id).name} {outcome} {target.name}: {why}")
    # That a peered VNet is second best is said of AKS; a registry may be in one.
    notes = [note for note in whole.assumptions if "is peered with the AKS VNet" not in note]
    return ok(
        f"{compute.name} builds images in {ArmId.parse(vnet_id).name}, which reaches the registry",
        subnet,
        *whole.evidence,
        assuming=notes,
    )


def _isolation(shared: Lookup) -> Fact[str]:
    """The isolation mode of the workspace's managed network."""
    if isinstance(shared, Resource):
        return shared.text("properties.managedNetwork.isolationMode")
    return shared if isinstance(shared, Missing) else shared.failure.missing(shared.id, "")


def _no_registry(registry: AccessPath | None) -> Verdict:
    if registry is not None and isinstance(registry.target, Missing):
        return unknown(f"the registry could not be read: {registry.target.reason}", registry.target)
    return not_applicable("there is no registry")


def _unread(vnet_id: str, vnet: Lookup) -> Verdict:
    gap = vnet if isinstance(vnet, Missing) else Missing(vnet_id, "", "Azure does not find it")
    return unknown(f"the VNet {ArmId.parse(vnet_id).name} could not be read: {gap.reason}", gap)


def data_records(snapshot: Snapshot, path: AccessPath | None) -> Verdict:
    """Whether the registry's data endpoints, one in each of its regions, have records in the zone that AKS asks.

    Layers are pulled from ``<registry>.<region>.data``: https://learn.microsoft.com/azure/container-registry/container-registry-private-link
    """
    if path is None or not isinstance(path.target, Resource):
        return _no_registry(path)
    if path.endpoint.unknown:
        return path.endpoint
    if not path.valid:
        return not_applicable("the registry has no private endpoint within reach")
    registry = path.target
    gap = snapshot.unlisted(registry.id, REPLICATIONS)
    if gap is not None:
        return unknown(f"the replicas of {registry.name} could not be listed: {gap.reason}", gap)
    places = [registry, *snapshot.children(registry.id, REPLICATIONS)]
    regions = [location(dig_text(p.body, "location")) for p in places]
    if not all(regions):
        return unknown("a region of the registry was not read", registry.missing("location", "not in Azure's answer"))
    unread = [e.addresses for e in path.valid if isinstance(e.addresses, Missing)]
    addresses = {a for e in path.valid if not isinstance(e.addresses, Missing) for a in e.addresses}
    # With a domain name label the login name is not the registry's: https://learn.microsoft.com/azure/container-registry/container-registry-get-started-azure-cli
    name = dig_text(registry.body, "properties", "loginServer").partition(".")[0].lower() or registry.name.lower()
    wanted = [name, *(f"{name}.{region}.data" for region in dict.fromkeys(regions))]
    answers = [_in_zone(snapshot, zone, wanted, addresses, unread) for e in path.in_use for zone in e.zones]
    applicable = [a for a in answers if a.passed or a.failed or a.unknown]
    return any_of(applicable, fail("")) if applicable else not_applicable("no zone for the registry: see DNS-005")


def _in_zone(
    snapshot: Snapshot, zone: ZoneAnswer, wanted: list[str], addresses: set[str], unread: list[Missing]
) -> Verdict:
    if not zone.zone_id:
        return zone.records
    gap = snapshot.unlisted(zone.zone_id, A_RECORDS)
    if gap is not None:
        return unknown(f"the records of {zone.name} could not be read: {gap.reason}", gap)
    judged = []
    for name in wanted:
        record = snapshot.child(zone.zone_id, A_RECORDS, name)
        fix = {"record": name, "zone": zone.name, "zone_group": ArmId.parse(zone.zone_id).resource_group}
        if record is None:
            absent = Evidence(zone.zone_id, f"A/{name}", None, "absent")
            judged.append(fail(f"{zone.name} has no record {name}", absent, names=fix))
            continue
        seen = record.items("properties.aRecords")
        if isinstance(seen, Missing):
            judged.append(unknown(f"the record {name} in {zone.name} was not read", seen))
            continue
        held = {dig_text(a, "ipv4Address") for _, a in record.objects("properties.aRecords")}
        if held and held <= addresses:
            judged.append(ok(f"{name} points at the private endpoint", seen))
        elif held and unread:
            judged.append(unknown(f"the addresses of a private endpoint were not read: {unread[0].reason}", *unread))
        else:
            strange = ", ".join(sorted(held - addresses)) or "nothing"
            judged.append(fail(f"{name} in {zone.name} points at {strange}, not at the endpoint", seen, names=fix))
    return all_of(judged, f"each data endpoint has its record in {zone.name}")


def may_pull(snapshot: Snapshot, compute: Resource, registry: AccessPath | None) -> Verdict:
    """Whether the compute's identity may pull images."""
    if registry is None or not isinstance(registry.target, Resource):
        return _no_registry(registry)
    kind = compute.text("identity.type", absent="None" if compute.whole else None)
    if isinstance(kind, Missing):
        return unknown("the identity of the compute was not read", kind)
    if equal(kind.value, "None"):
        bare = {"bare_compute": compute.name}
        return fail(f"the compute {compute.name} has no identity", compute.see("identity.type"), names=bare)
    # Absent means that the registry was never made to grant by repository:
    # https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
    mode = registry.target.text("properties.roleAssignmentMode", absent="LegacyRegistryPermissions")
    if isinstance(mode, Missing):
        return unknown(f"which roles {registry.target.name} looks at was not read", mode)
    role = next((role for name, role in PULL_ROLES.items() if equal(mode.value, name)), None)
    if role is None:
        gap = registry.target.missing(mode.path, f"{mode.value} is not a value that is known")
        return unknown(f"which roles {registry.target.name} looks at is not known", gap)
    return roles.identity_holds(snapshot, compute, registry.target.id, role).also(mode)
