"""The service-endpoint path: both halves, on every egress subnet.

The subnet has the endpoint, the resource admits the subnet, and the resource still answers selected networks
(``publicNetworkAccess`` Disabled turns VNet rules off).
https://learn.microsoft.com/azure/virtual-network/virtual-network-service-endpoints-overview
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditor.model.environment import Network
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, key, location, same, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import SUBNETS, dig_texts, subnets
from auditor.model.snapshot import Snapshot
from auditor.model.verdict import Verdict, all_of, fail, not_applicable, ok, unknown

BAD_STATES = ("Failed", "NetworkSourceDeleted", "Deprovisioning")


@dataclass(frozen=True)
class Service:
    """What the service-endpoint path of one resource type is called. ``rules`` is empty where the api-version that is
    read does not show them (container registries)."""

    names: tuple[str, ...]
    rules: str


STORAGE = Service(("Microsoft.Storage", "Microsoft.Storage.Global"), "properties.networkAcls.virtualNetworkRules")
VAULT = Service(("Microsoft.KeyVault",), "properties.networkAcls.virtualNetworkRules")
REGISTRY = Service(("Microsoft.ContainerRegistry",), "")


def judge(snapshot: Snapshot, network: Network, target: Resource, service: Service) -> Verdict:
    """Whether the service-endpoint path from the AKS subnets to a resource is complete."""
    # A network security perimeter overrides the resource's own rules, and Disabled turns them off.
    # https://learn.microsoft.com/azure/private-link/network-security-perimeter-transition
    access = target.see("properties.publicNetworkAccess")
    if access.value is not None and not equal(access.value, "Enabled"):
        return fail(f"{target.name} has public network access {access.value}: its VNet rules do not count", access)
    if not network.subnets:
        return network.located if not network.located.passed else fail("the AKS VNet has no subnet")
    halves = []
    for subnet_id in network.subnets:
        near = on_subnet(snapshot, subnet_id, target, service)
        halves.append(near)
        if near.failed:
            continue
        if not service.rules:
            gap = target.missing(
                "properties.networkRuleSet.virtualNetworkRules",
                "the api-version that was read does not show these rules",
            )
            halves.append(unknown(f"whether {target.name} admits the service endpoint was not read", gap))
        else:
            halves.append(admitted(target, subnet_id, service))
    whole = all_of(halves, f"service endpoints lead from every AKS subnet to {target.name}")
    return ok(whole.message, *whole.evidence, assuming=network.assumptions) if whole.passed else whole


def on_subnet(snapshot: Snapshot, subnet_id: str, target: Resource, service: Service) -> Verdict:
    """Whether a subnet has the service endpoint for a resource's region."""
    found = find_subnet(snapshot, subnet_id)
    name = ArmId.parse(subnet_id).name
    if isinstance(found, Verdict):
        return found
    vnet, path, _ = found
    region = target.raw("location")
    for at, endpoint in vnet.objects(f"{path}.properties.serviceEndpoints"):
        service_name = str(endpoint.get("service") or "")
        if not any(equal(service_name, n) for n in service.names):
            continue
        regions = [location(r) for r in dig_texts(endpoint, "locations")]
        covered = not equal(service_name, "Microsoft.Storage") or "*" in regions or not regions
        if not covered and isinstance(region, str) and location(region) not in regions:
            continue
        if endpoint.get("provisioningState") is None:
            gap = vnet.missing(f"{at}.provisioningState", "Azure's answer does not hold it")
            return unknown(f"the state of the service endpoint {service_name} on {name} was not read", gap)
        if not equal(endpoint.get("provisioningState"), "Succeeded"):
            state = endpoint.get("provisioningState")
            bad = f"the service endpoint {service_name} on {name} is {state}"
            return fail(bad, vnet.see(f"{at}.provisioningState"), names={"subnet": name})
        return ok(f"{name} has the service endpoint {service_name}", vnet.see(f"{at}.service"))
    return fail(
        f"{name} has no service endpoint {service.names[0]} for {target.name}",
        vnet.see(f"{path}.properties.serviceEndpoints"),
        names={"subnet": name},
    )


def admitted(target: Resource, subnet_id: str, service: Service) -> Verdict:
    """Whether a resource's VNet rules admit a subnet."""
    name = ArmId.parse(subnet_id).name
    unread = _unread_rules(target, service)
    if unread is not None:
        return unknown(f"the VNet rules of {target.name} were not read", unread)
    for path, rule in target.objects(service.rules):
        if not same(str(rule.get("id") or ""), subnet_id):
            continue
        # Absent means Allow, the only action there is: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties
        if rule.get("action") is not None and not equal(rule.get("action"), "Allow"):
            return fail(f"{target.name} does not allow {name}", target.see(f"{path}.action"), names={"subnet": name})
        if any(equal(rule.get("state"), bad) for bad in BAD_STATES):
            bad = f"the rule of {target.name} for {name} is {rule.get('state')}"
            return fail(bad, target.see(f"{path}.state"), names={"subnet": name})
        return ok(f"{target.name} admits {name}", target.see(f"{path}.id"))
    return fail(f"{target.name} has no VNet rule for {name}", target.see(service.rules), names={"subnet": name})


def _unread_rules(target: Resource, service: Service) -> Missing | None:
    """Why the VNet rules of a resource are not known; where it has no network rules at all, there are none."""
    acls = target.raw(service.rules.rpartition(".")[0])
    listed = target.items(service.rules, absent=None if acls else [])
    return listed if isinstance(listed, Missing) else None


def half_configured(
    snapshot: Snapshot,
    network: Network,
    parts: list[tuple[Resource, Service, Verdict, Verdict]],
    unread: list[Verdict],
) -> Verdict:
    """Whether any service endpoint is set up on one side only. ``parts``: each resource with its service, its
    private-endpoint verdict and whether it is closed to the public network; ``unread``: what could not be judged."""
    judged: list[Verdict] = list(unread)
    idle = False
    for target, service, endpoint, closed in parts:
        if not service.rules:
            continue
        unseen = _unread_rules(target, service)
        if unseen is not None:
            judged.append(unknown(f"the VNet rules of {target.name} were not read", unseen))
        for path, rule in target.objects(service.rules):
            subnet_id = str(rule.get("id") or "")
            if _is_aks_subnet(network, subnet_id):
                judged.append(_rule_has_endpoint(snapshot, target, path, rule, subnet_id, service))
        if any(on_subnet(snapshot, s, target, service).passed for s in network.subnets):
            if closed.passed and endpoint.failed:
                judged += [admitted(target, s, service) for s in network.subnets]
            idle = True
    if not judged and idle:
        return ok("the service endpoints on the AKS subnets stand beside private endpoints, or nothing relies on them")
    if not judged:
        return not_applicable(
            "no resource names an AKS subnet in its VNet rules, and none relies on a service endpoint"
        )
    return all_of(judged, "each service endpoint is set up on both sides")


def _rule_has_endpoint(
    snapshot: Snapshot, target: Resource, path: str, rule: dict[str, Any], subnet_id: str, service: Service
) -> Verdict:
    state = rule.get("state")
    if state is not None and any(equal(state, bad) for bad in BAD_STATES):
        name = ArmId.parse(subnet_id).name
        bad = f"the rule of {target.name} for {name} is {state}"
        return fail(bad, target.see(f"{path}.state"), names={"subnet": name})
    return on_subnet(snapshot, subnet_id, target, service).also(target.see(f"{path}.id"))


def _is_aks_subnet(network: Network, subnet_id: str) -> bool:
    """An egress subnet, or one of the AKS VNet that does not exist any more."""
    if any(same(subnet_id, s) for s in network.subnets):
        return True
    if not network.vnet_id or not same(vnet_of(subnet_id), network.vnet_id) or not isinstance(network.vnet, Resource):
        return False
    there = {key(str(s.get("id") or "")) for _, s in network.vnet.objects(SUBNETS)}
    return key(subnet_id) not in there


def find_subnet(snapshot: Snapshot, subnet_id: str) -> tuple[Resource, str, dict[str, Any]] | Verdict:
    """The VNet of a subnet, the subnet's path in it and the subnet; or the verdict that it cannot be told."""
    vnet_id = vnet_of(subnet_id)
    vnet = snapshot.find(vnet_id)
    if isinstance(vnet, Missing):
        return unknown(f"the VNet {ArmId.parse(vnet_id).name} could not be read: {vnet.reason}", vnet)
    if not isinstance(vnet, Resource):
        return fail(f"the VNet {ArmId.parse(vnet_id).name} does not exist")
    found = subnets(vnet).get(key(subnet_id))
    if found is not None:
        return vnet, *found
    return fail(
        f"{vnet.name} has no subnet {ArmId.parse(subnet_id).name}",
        Evidence(vnet.id, f"{SUBNETS}[].name", [s.get("name") for _, s in vnet.objects(SUBNETS)]),
    )
