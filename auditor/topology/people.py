"""Do people have a private way in: Bastion, or a VPN or ExpressRoute gateway, beside the workspace's endpoint?

https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet#securely-connect-to-your-workspace
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, key, resource_group_of, same, subscription_of, vnet_of
from auditor.model.resource import Resource
from auditor.model.shapes import PEERINGS, dig, dig_text, is_hub_peering, peered_vnets, subnet_of
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.types import BASTIONS, GATEWAYS
from auditor.model.verdict import Verdict, any_of, fail, not_applicable, ok, unknown
from auditor.topology.reach import find_peering


def way_in(snapshot: Snapshot, endpoints: list[Resource], reachable: Verdict) -> Verdict:
    """Whether the VNet of a workspace endpoint, or one directly peered with it, has a way in for people.

    ``reachable`` is the verdict on the workspace's endpoints, for when none of them was read.
    """
    subnets = [subnet_of(e) for e in endpoints]
    vnets = list({key(vnet_of(s)): vnet_of(s) for s in subnets if s}.values())
    if not vnets:
        return reachable if reachable.unknown else not_applicable("no private endpoint of the workspace was found")
    verdicts = [v for vnet_id in vnets for v in _around(snapshot, vnet_id)]
    where = ", ".join(ArmId.parse(v).name for v in vnets)
    names = _place(snapshot, vnets[0])
    none = fail(f"no Bastion and no VPN or ExpressRoute gateway in {where} or a VNet peered with it", names=names)
    found = any_of(verdicts, none)
    if found.failed and reachable.unknown:
        return reachable
    return found.saying(none.message) if found.failed else found


def _place(snapshot: Snapshot, vnet_id: str) -> dict[str, str]:
    """Where the fix is to make a way in: beside the endpoint."""
    arm, vnet = ArmId.parse(vnet_id), snapshot.find(vnet_id)
    region = dig_text(vnet.body, "location") if isinstance(vnet, Resource) else ""
    return {"way_in": arm.name, "way_in_group": arm.resource_group, "way_in_region": region or "<region>"}


def _around(snapshot: Snapshot, vnet_id: str) -> Iterator[Verdict]:
    vnet = snapshot.find(vnet_id)
    yield from _in_vnet(snapshot, vnet_id, vnet)
    if not isinstance(vnet, Resource):
        return
    for path, peering in vnet.objects(PEERINGS):
        if is_hub_peering(peering):
            gap = vnet.missing(path, "what hangs on a Virtual WAN hub is not read")
            yield unknown(f"{vnet.name} is connected to a Virtual WAN hub, which may have gateways", gap)
        connected = equal(dig(peering, "properties", "peeringState"), "Connected")
        if connected and dig(peering, "properties", "useRemoteGateways") is True:
            yield ok(f"{vnet.name} uses the gateway of a peered VNet", vnet.see(f"{path}.properties.useRemoteGateways"))
    for remote_id in peered_vnets(vnet):
        remote = snapshot.find(remote_id)
        if _connected(vnet, remote_id) and (not isinstance(remote, Resource) or _connected(remote, vnet.id)):
            yield from _in_vnet(snapshot, remote_id, remote)


def _connected(vnet: Resource, remote_id: str) -> bool:
    found = find_peering(vnet, remote_id)
    if found is None or dig(found[1], "properties", "allowVirtualNetworkAccess") is False:
        return False
    return equal(dig(found[1], "properties", "peeringState"), "Connected")


def _in_vnet(snapshot: Snapshot, vnet_id: str, vnet: Lookup) -> Iterator[Verdict]:
    name = ArmId.parse(vnet_id).name
    for bastion in snapshot.once(_bastions).get(key(vnet_id), ()):
        yield ok(
            f"the Bastion {bastion.name} is in {name}",
            bastion.see("properties.ipConfigurations[0].properties.subnet.id"),
        )
    if isinstance(vnet, Missing):
        yield unknown(f"the VNet {name} could not be read: {vnet.reason}", vnet)
        return
    if not isinstance(vnet, Resource):
        return
    subnets = {str(s.get("name") or "").lower() for _, s in vnet.objects("properties.subnets")}
    bastions = snapshot.unlisted(subscription_of(vnet_id), BASTIONS)
    if bastions is not None:
        yield unknown(f"the Bastion hosts around {name} could not be read: {bastions.reason}", bastions)
    if "gatewaysubnet" in subnets:
        yield _gateway(snapshot, vnet)
    else:
        yield fail(f"{name} has no GatewaySubnet", _subnets(vnet))


def _gateway(snapshot: Snapshot, vnet: Resource) -> Verdict:
    group = resource_group_of(vnet.id)
    for gateway in snapshot.children(group, GATEWAYS):
        for path, config in gateway.objects("properties.ipConfigurations"):
            subnet = dig_text(config, "properties", "subnet", "id")
            if same(vnet_of(subnet), vnet.id):
                return ok(f"the gateway {gateway.name} is in {vnet.name}", gateway.see(f"{path}.properties.subnet.id"))
    gap = snapshot.unlisted(group, GATEWAYS)
    if gap is not None:
        return unknown(f"the gateways of {vnet.name} could not be read: {gap.reason}", gap)
    return fail(f"{vnet.name} has a GatewaySubnet without a gateway", _subnets(vnet))


def _subnets(vnet: Resource) -> Evidence:
    names = [dig_text(s, "name") for _, s in vnet.objects("properties.subnets")]
    return Evidence(vnet.id, "properties.subnets[].name", names)


def _bastions(snapshot: Snapshot) -> dict[str, list[Resource]]:
    """The Bastions in a VNet, by it."""
    found: dict[str, list[Resource]] = {}
    for bastion in snapshot.of_type(BASTIONS):
        # A Bastion of the Developer SKU has no subnet of its own and names the VNet instead.
        subnets = [dig_text(c, "properties", "subnet", "id") for _, c in bastion.objects("properties.ipConfigurations")]
        named = (str(bastion.raw("properties.virtualNetwork.id") or ""), *map(vnet_of, subnets))
        for vnet in dict.fromkeys(key(v) for v in named if v):
            found.setdefault(vnet, []).append(bastion)
    return found
