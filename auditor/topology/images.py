"""Where images come from: the compute that builds them, the names of the registry's data endpoints, who may pull."""

from __future__ import annotations

from auditor.model.access import AccessPath, Listed, Network, ZoneAnswer
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import dig, dig_text, subnet_of
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.types import A_RECORDS, REPLICATIONS
from auditor.model.verdict import Verdict, all_of, any_of, fail, not_applicable, ok, unknown
from auditor.topology import roles
from auditor.topology.reach import Reach

BUILD = "properties.imageBuildCompute"


def build_compute(
    snapshot: Snapshot, workspace: Resource, shared: Lookup, computes: Listed, registry: AccessPath | None
) -> Verdict:
    """Whether a compute is set to build images, and comes to a registry that is closed to the public network.

    https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet
    """
    name, seen = workspace.raw(BUILD), workspace.see(BUILD)
    if not isinstance(workspace.raw("properties"), dict) or not workspace.raw("properties"):
        return unknown("the workspace's properties were not read", workspace.missing(BUILD, "not in Azure's answer"))
    if not isinstance(name, str) or not name:
        return fail("the workspace names no compute that builds images", seen)
    found = next((c for c in computes.found if equal(c.name, name)), None)
    if found is None:
        if computes.gap is not None:
            return unknown(f"the computes could not be listed: {computes.gap.reason}", computes.gap)
        return fail(f"the workspace has no compute {name} to build images on", seen)
    kind, state = found.text("properties.computeType"), found.text("properties.provisioningState")
    if isinstance(kind, Missing) or isinstance(state, Missing):
        return unknown(f"the compute {name} was not read", *(f for f in (kind, state) if isinstance(f, Missing)))
    if not equal(kind.value, "AmlCompute"):
        return fail(f"{name} is of type {kind.value}: only an AmlCompute builds images", seen, kind)
    if any(equal(state.value, s) for s in ("Failed", "Canceled")):
        return fail(f"the compute {name} is in provisioning state {state.value}", state)
    if not equal(state.value, "Succeeded"):
        gap = found.missing(state.path, f"it is {state.value}")
        return unknown(f"the compute {name} is {state.value}", gap, seen=[state])
    return _comes_to_registry(snapshot, found, shared, registry).also(seen, state)


def _comes_to_registry(snapshot: Snapshot, compute: Resource, shared: Lookup, registry: AccessPath | None) -> Verdict:
    subnet = compute.see("properties.properties.subnet.id")
    if isinstance(shared, Resource):
        mode = shared.see("properties.managedNetwork.isolationMode")
        if isinstance(mode.value, str) and not equal(mode.value, "Disabled"):
            return ok(f"{compute.name} builds images inside the managed network", mode)
    if not isinstance(dig(compute.body, "properties", "properties"), dict):
        gap = compute.missing(subnet.path, "Azure's answer does not hold the settings of the compute")
        return unknown(f"the subnet of {compute.name} was not read", gap)
    if not isinstance(subnet.value, str) or not subnet.value:
        return fail(f"{compute.name} is in no subnet, so it cannot come to a registry behind a VNet", subnet)
    vnet_id = vnet_of(subnet.value)
    endpoints = [e for e in registry.endpoints if e.ready.passed] if registry else []
    if not endpoints:
        return ok(f"{compute.name} builds images in {ArmId.parse(vnet_id).name}", subnet)
    vnet = snapshot.find(vnet_id)
    located = ok("") if isinstance(vnet, Resource) else _unread(vnet_id, vnet)
    reach = Reach(snapshot, Network(located, vnet_id, vnet, (subnet.value,)))
    ways = [reach.to(e.vnet_id, subnet_of(e.resource), e.addresses) for e in endpoints]
    whole = any_of(ways, fail(""))
    if whole.passed:
        return ok(f"{compute.name} builds images in {ArmId.parse(vnet_id).name}, which reaches the registry", subnet)
    return whole.saying(f"{compute.name} does not reach the registry's private endpoint: {whole.message}")


def _unread(vnet_id: str, vnet: Lookup) -> Verdict:
    gap = vnet if isinstance(vnet, Missing) else Missing(vnet_id, "", "Azure does not find it")
    return unknown(f"the VNet {ArmId.parse(vnet_id).name} could not be read: {gap.reason}", gap)


def data_records(snapshot: Snapshot, path: AccessPath | None) -> Verdict:
    """Whether the registry's data endpoints, one in each of its regions, have records in the zone that AKS asks.

    Layers are pulled from ``<registry>.<region>.data``: https://learn.microsoft.com/azure/container-registry/container-registry-private-link
    """
    if path is None or not isinstance(path.target, Resource):
        return path.endpoint if path is not None and path.endpoint.unknown else not_applicable("there is no registry")
    if path.endpoint.unknown:
        return path.endpoint
    if not path.valid:
        return not_applicable("the registry has no private endpoint within reach")
    registry = path.target
    gap = snapshot.unlisted(registry.id, REPLICATIONS)
    if gap is not None:
        return unknown(f"the replicas of {registry.name} could not be listed: {gap.reason}", gap)
    places = [registry, *snapshot.children(registry.id, REPLICATIONS)]
    regions = [dig_text(p.body, "location").lower().replace(" ", "") for p in places]
    if not all(regions):
        return unknown("a region of the registry was not read", registry.missing("location", "not in Azure's answer"))
    addresses = {a for e in path.valid if not isinstance(e.addresses, Missing) for a in e.addresses}
    name = registry.name.lower()
    wanted = [name, *(f"{name}.{region}.data" for region in dict.fromkeys(regions))]
    answers = [_in_zone(snapshot, zone, wanted, addresses) for e in path.in_use for zone in e.zones]
    applicable = [a for a in answers if a.passed or a.failed or a.unknown]
    return any_of(applicable, fail("")) if applicable else not_applicable("no zone for the registry: see DNS-005")


def _in_zone(snapshot: Snapshot, zone: ZoneAnswer, wanted: list[str], addresses: set[str]) -> Verdict:
    if not zone.zone_id:
        return zone.records
    gap = snapshot.unlisted(zone.zone_id, A_RECORDS)
    if gap is not None:
        return unknown(f"the records of {zone.name} could not be read: {gap.reason}", gap)
    records = {r.name.lower(): r for r in snapshot.children(zone.zone_id, A_RECORDS)}
    judged = []
    for name in wanted:
        record = records.get(name)
        fix = {"record": name, "zone": zone.name, "zone_group": ArmId.parse(zone.zone_id).resource_group}
        if record is None:
            absent = Evidence(zone.zone_id, f"A/{name}", None, "absent")
            judged.append(fail(f"{zone.name} has no record {name}", absent, names=fix))
            continue
        held = {dig_text(a, "ipv4Address") for _, a in record.objects("properties.aRecords")}
        seen = record.see("properties.aRecords")
        if held and held <= addresses:
            judged.append(ok(f"{name} points at the private endpoint", seen))
        else:
            strange = ", ".join(sorted(held - addresses)) or "nothing"
            judged.append(fail(f"{name} in {zone.name} points at {strange}, not at the endpoint", seen, names=fix))
    return all_of(judged, f"each data endpoint has its record in {zone.name}")


def may_pull(snapshot: Snapshot, compute: Resource, registry: AccessPath | None) -> Verdict:
    """Whether the compute's identity may pull images."""
    if registry is None or not isinstance(registry.target, Resource):
        return not_applicable("there is no registry")
    kind = compute.text("identity.type", absent="None" if compute.whole else None)
    if isinstance(kind, Missing):
        return unknown("the identity of the compute was not read", kind)
    if equal(kind.value, "None"):
        return fail(f"the compute {compute.name} has no identity", compute.see("identity.type"))
    by_repository = equal(registry.target.raw("properties.roleAssignmentMode"), "AbacRepositoryPermissions")
    role = roles.REPOSITORY_READER if by_repository else roles.ACR_PULL
    return roles.any_holds(snapshot, compute, registry.target.id, role)
