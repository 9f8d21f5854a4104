"""Which VNets the cluster reaches: its own and those directly peered with it, judged on both sides.

Peering is not transitive, and each side has its own object: one in state *Initiated* or *Disconnected*, or one that
refuses VNet access, carries nothing.
https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from auditor.model.environment import Network
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, equal, key, same
from auditor.model.resource import Resource, kept
from auditor.model.shapes import PEERINGS, dig, dig_text, dig_texts, is_hub_peering
from auditor.model.snapshot import Gone, Snapshot
from auditor.model.verdict import Severity, Verdict, all_of, fail, ok, unknown


class Reach:
    """The reach of one cluster's network."""

    def __init__(self, snapshot: Snapshot, network: Network) -> None:
        self.snapshot = snapshot
        self.network = network

    def to(self, vnet_id: str, subnet_id: str, addresses: tuple[str, ...] | Missing) -> Verdict:
        """Whether AKS reaches addresses in a subnet of a VNet. ``addresses`` matter only where a peering is out of
        sync."""
        if not self.network.vnet_id or not isinstance(self.network.vnet, Resource):
            located = self.network.located
            if located.unknown:
                if same(vnet_id, self.network.vnet_id):
                    return ok(f"in the AKS VNet {ArmId.parse(vnet_id).name}", assuming=self.network.assumptions)
                return located
            return fail(located.message)
        if same(vnet_id, self.network.vnet_id):
            return ok(f"in the AKS VNet {ArmId.parse(vnet_id).name}", assuming=self.network.assumptions)
        return self.peering(vnet_id, subnet_id, addresses)

    def peering(self, vnet_id: str, subnet_id: str, addresses: tuple[str, ...] | Missing) -> Verdict:
        """The peering between the AKS VNet and another, both sides. Where something else than peerings may connect the
        AKS VNet, what no peering carries is unknown."""
        aks = self.network.vnet
        assert isinstance(aks, Resource)  # noqa: S101  (`to` checked it)
        carried = self._carried(aks, vnet_id, subnet_id, addresses)
        if not carried.failed:
            return carried
        named = carried._replace(names=(("endpoint_vnet_id", vnet_id),))
        return _otherwise_connected(aks, ArmId.parse(vnet_id).name) or named

    def _carried(self, aks: Resource, vnet_id: str, subnet_id: str, addresses: tuple[str, ...] | Missing) -> Verdict:
        other = self.snapshot.find(vnet_id)
        name = ArmId.parse(vnet_id).name
        local = find_peering(aks, vnet_id)
        remote = find_peering(other, aks.id) if isinstance(other, Resource) else None
        if local is None and remote is None:
            return fail(f"{name} is neither the AKS VNet {aks.name} nor directly peered with it", aks.see(PEERINGS))
        if local is None:
            return fail(f"{name} has a peering to {aks.name}, but {aks.name} has none back", aks.see(PEERINGS))
        verdicts = [_side(aks, local, name)]
        if isinstance(other, Resource):
            if remote is None:
                return fail(f"{aks.name} has a peering to {name}, but {name} has none back", other.see(PEERINGS))
            verdicts.append(_side(other, remote, aks.name))
        elif isinstance(other, Gone):
            return fail(f"{aks.name} has a peering to {name}, which does not exist", aks.see(local[0]))
        else:
            note = f"the side of the peering in {name} could not be read and is taken to be Connected ({other.reason})"
            verdicts.append(ok(f"the side in {name} was not read", assuming=[note]))
        verdicts.append(self._covers(aks, local, subnet_id, ours="localSubnetNames", theirs="remoteSubnetNames"))
        if isinstance(other, Resource) and remote is not None:
            verdicts.append(self._covers(other, remote, subnet_id, ours="remoteSubnetNames", theirs="localSubnetNames"))
        verdicts.append(_in_sync(aks, local, addresses))
        if isinstance(other, Resource) and remote is not None:
            verdicts.append(_in_sync(other, remote, self._egress(aks)))
        both = all_of(verdicts, f"in {name}, which is peered with the AKS VNet {aks.name}")
        if not both.passed:
            return both
        note = f"{name} is peered with the AKS VNet: the article asks for the same VNet when the workspace is new"
        return ok(both.message, *both.evidence, assuming=(note, *both.assumptions, *self.network.assumptions))

    def _egress(self, aks: Resource) -> tuple[str, ...] | Missing:
        """The first and last addresses of the AKS subnets: what the other side must know to answer."""
        mine = {key(s) for s in self.network.subnets}
        found: list[str] = []
        for path, subnet in aks.objects("properties.subnets"):
            if key(dig_text(subnet, "id")) in mine:
                single = dig_text(subnet, "properties", "addressPrefix")
                prefixes = [single] if single else dig_texts(subnet, "properties", "addressPrefixes")
                networks = [ip_network(p, strict=False) for p in prefixes if _is_network(p)]
                if not networks:
                    return aks.missing(
                        f"{path}.properties.addressPrefix", "the addresses of an AKS subnet were not read"
                    )
                found += [str(end) for n in networks for end in (n.network_address, n.broadcast_address)]
        return tuple(found)

    def _covers(
        self, owner: Resource, found: tuple[str, dict[str, Any]], subnet_id: str, *, ours: str, theirs: str
    ) -> Verdict:
        """Subnet peering carries only the subnets that it names."""
        path, peering = found
        if dig(peering, "properties", "peerCompleteVnets") is not False:
            return ok("whole VNets are peered")
        near, there = (owner.items(f"{path}.properties.{name}") for name in (ours, theirs))
        unread = [names for names in (near, there) if isinstance(names, Missing)]
        if unread:
            return unknown(f"which subnets the peering in {owner.name} carries was not read", *unread)
        own, far = ({str(name).lower() for name in names.value} for names in (near, there))
        lost = [ArmId.parse(s).name for s in self.network.subnets if ArmId.parse(s).name.lower() not in own]
        if ArmId.parse(subnet_id).name.lower() not in far:
            lost.append(ArmId.parse(subnet_id).name)
        if lost:
            return fail(
                f"the subnet peering in {owner.name} leaves out {', '.join(lost)}",
                owner.see(f"{path}.properties.{ours}"),
                owner.see(f"{path}.properties.{theirs}"),
            )
        return ok("the subnet peering covers both subnets", owner.see(f"{path}.properties.peerCompleteVnets"))


def _otherwise_connected(aks: Resource, name: str) -> Verdict | None:
    """The doubt that a Virtual WAN hub or a Network Manager brings; None without one."""
    for path, peering in aks.objects(PEERINGS):
        if is_hub_peering(peering):
            why = f"{aks.name} is connected to a Virtual WAN hub, whose routes decide whether it reaches {name}"
            return unknown(why, aks.missing(path, "the routes of a Virtual WAN hub are not read"))
        # Network Manager names the peerings that it makes ANM_…; its connected groups show no peering at all.
        # https://learn.microsoft.com/azure/virtual-network-manager/concept-connectivity-configuration
        if dig_text(peering, "name").upper().startswith("ANM_"):
            why = f"{aks.name} is managed by a Network Manager, which may connect it to {name} without a peering"
            return unknown(why, aks.missing(path, "Network Manager's connected groups are not read"))
    return None


def find_peering(vnet: Resource, remote_id: str) -> tuple[str, dict[str, Any]] | None:
    """The peering object of a VNet towards another, with its path."""
    return _by_remote(vnet).get(key(remote_id))


@kept
def _by_remote(vnet: Resource) -> dict[str, tuple[str, dict[str, Any]]]:
    """The peerings of a VNet by where they lead: a hub has one for every spoke."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, peering in vnet.objects(PEERINGS):
        found.setdefault(key(dig_text(peering, "properties", "remoteVirtualNetwork", "id")), (path, peering))
    return found


def _side(vnet: Resource, found: tuple[str, dict[str, Any]], towards: str) -> Verdict:
    path, _ = found
    state = vnet.text(f"{path}.properties.peeringState")
    if isinstance(state, Missing):
        return unknown(f"the state of the peering from {vnet.name} to {towards} was not read", state)
    if not equal(state.value, "Connected"):
        return fail(f"the peering from {vnet.name} to {towards} is {state.value}", state)
    # Absent means allowed: https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
    allowed = vnet.flag(f"{path}.properties.allowVirtualNetworkAccess", absent=True)
    if isinstance(allowed, Missing):
        return unknown(f"whether the peering from {vnet.name} to {towards} allows VNet access was not read", allowed)
    if not allowed.value:
        return fail(f"the peering from {vnet.name} to {towards} does not allow VNet access", allowed)
    return ok(f"the peering from {vnet.name} to {towards} is Connected", state)


def _in_sync(aks: Resource, found: tuple[str, dict[str, Any]], addresses: tuple[str, ...] | Missing) -> Verdict:
    """A peering that is out of sync carries only the address space that it knew (``remoteAddressSpace``).

    https://learn.microsoft.com/azure/virtual-network/update-virtual-network-peering-address-space
    """
    path, _ = found
    level = aks.see(f"{path}.properties.peeringSyncLevel")
    if level.value is None or equal(level.value, "FullyInSync"):
        return ok("the peering is in sync")
    space_path = f"{path}.properties.remoteAddressSpace.addressPrefixes"
    space = aks.items(space_path)
    if isinstance(space, Missing):
        return unknown(f"the peering is {level.value}, and the address space that it carries was not read", space)
    if isinstance(addresses, Missing):
        return unknown(f"the peering is {level.value}, and the addresses that it should carry were not read", addresses)
    carried = [ip_network(str(p), strict=False) for p in space.value if _is_network(p)]
    lost = [a for a in addresses if not any(ip_address(a) in n for n in carried)]
    if lost:
        verb = "is" if len(lost) == 1 else "are"
        return fail(
            f"the peering is {level.value}, and {', '.join(lost)} {verb} outside the address space that it carries",
            level,
            space,
            at=Severity.MEDIUM,
        )
    note = f"the peering in {aks.name} is {level.value}; the addresses in use are within what it carries"
    return ok(note, level, space, assuming=[note])


def _is_network(text: object) -> bool:
    try:
        ip_network(str(text), strict=False)
    except ValueError:
        return False
    return True
