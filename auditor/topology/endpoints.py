"""Private endpoints of a resource, judged from both sides.

An endpoint is *valid* when it is approved and provisioned, the resource lists it as approved too, and its subnet is in
a VNet that AKS reaches. https://learn.microsoft.com/azure/private-link/private-endpoint-overview
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from auditor.model.environment import Endpoint
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, same, vnet_of
from auditor.model.related import managed_connections, unread_outbound_rules
from auditor.model.resource import Resource
from auditor.model.shapes import CONNECTIONS, dig, dig_text, dig_texts, link_connections, nics, subnet_of
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.types import PRIVATE_ENDPOINTS
from auditor.model.verdict import Verdict, all_of, any_of, fail, ok, unknown
from auditor.topology.reach import Reach

STATE = "privateLinkServiceConnectionState"


@dataclass(frozen=True)
class Name:
    """One name that a private endpoint answers to, in its public form, with its address."""

    fqdn: str
    address: str


class EndpointFinder:
    """The private endpoints of a snapshot, judged for one network. What does not depend on the private link group is
    kept: a storage account is asked about for five of them."""

    def __init__(self, snapshot: Snapshot, reach: Reach) -> None:
        self.snapshot = snapshot
        self.reach = reach
        self._known_names: dict[str, list[Name] | Missing] = {}
        self._known_doubts: dict[str, list[tuple[dict[str, Any], Verdict]]] = {}

    # -- one endpoint ----------------------------------------------------------------------------------------------

    def names(self, endpoint: Resource) -> list[Name] | Missing:
        """The names and addresses of an endpoint: from its network interface, or its custom DNS configuration while
        it has one (Azure empties that once a zone group exists)."""
        if endpoint.id not in self._known_names:
            self._known_names[endpoint.id] = self._names(endpoint)
        return self._known_names[endpoint.id]

    def _names(self, endpoint: Resource) -> list[Name] | Missing:
        found: list[Name] = []
        unread: Missing | None = None
        for nic_id in nics(endpoint):
            nic = self.snapshot.find(nic_id)
            if isinstance(nic, Resource):
                found += _nic_names(nic)
            elif isinstance(nic, Missing):
                unread = nic
        if found and unread is None:
            return found
        found = []  # what one interface says is not all of it while another was not read
        for _, config in endpoint.objects("properties.customDnsConfigs"):
            fqdn = dig_text(config, "fqdn").rstrip(".")
            found += [Name(fqdn, address) for address in dig_texts(config, "ipAddresses") if fqdn]
        if found:
            return found
        return unread or endpoint.missing("properties.networkInterfaces", "no name stands on its network interface")

    def addresses(self, endpoint: Resource) -> tuple[str, ...] | Missing:
        names = self.names(endpoint)
        if isinstance(names, Missing):
            return names
        return tuple(filter(_is_address, dict.fromkeys(n.address for n in names)))

    # -- the endpoints of one resource -----------------------------------------------------------------------------

    def judge(self, target_id: str, target: Lookup, group: str) -> tuple[list[Endpoint], Verdict]:
        """The endpoints of a resource for one group id, and whether a valid one is within reach."""
        judged = [
            found
            for endpoint in self.snapshot.endpoints_to(target_id)
            if (found := self._endpoint(endpoint, target_id, target, group)) is not None
        ]
        valid = next((e.valid for e in judged if e.valid.passed), None)
        if valid is not None:
            return judged, valid
        verdicts = [e.valid for e in judged] + self._unread(target, group)
        listing = self._unlisted(target)
        if listing is not None:
            verdicts.append(unknown(f"the private endpoints could not all be listed: {listing.reason}", listing))
        proof = [_connection_names(target)] if isinstance(target, Resource) else []
        none = fail(
            f"{ArmId.parse(target_id).name} has no private endpoint for {group}", *proof, names={"group": group}
        )
        return judged, any_of(verdicts, none)

    def _endpoint(self, endpoint: Resource, target_id: str, target: Lookup, group: str) -> Endpoint | None:
        found = next(
            (
                (path, properties)
                for path, properties in link_connections(endpoint)
                if same(str(properties.get("privateLinkServiceId") or ""), target_id) and _has_group(properties, group)
            ),
            None,
        )
        if found is None:
            return None
        path, _ = found
        subnet_id = subnet_of(endpoint)
        vnet_id = vnet_of(subnet_id)
        addresses = self.addresses(endpoint)
        if subnet_id:
            within = self.reach.to(vnet_id, subnet_id, addresses)
        else:
            gap = endpoint.missing("properties.subnet.id", "Azure's answer does not hold the subnet")
            within = unknown(f"the subnet of {endpoint.name} was not read", gap)
        approved = [_approved(endpoint, path), _mirrored(endpoint, target)]
        ready = [*approved, _provisioned(endpoint)]
        return Endpoint(
            id=endpoint.id,
            resource=endpoint,
            vnet_id=vnet_id,
            approved=all(v.passed for v in approved),
            ready=all_of(ready, f"{endpoint.name} is approved on both sides"),
            within=within,
            valid=all_of([*ready, within], f"{endpoint.name}: approved, {within.message}"),
            addresses=addresses,
        )

    def _unread(self, target: Lookup, group: str) -> list[Verdict]:
        """Connections that the resource lists and whose endpoint was not read: each may be a valid one."""
        if not isinstance(target, Resource):
            return []
        if target.id not in self._known_doubts:
            self._known_doubts[target.id] = [*self._doubts(target)]
        return [doubt for connection, doubt in self._known_doubts[target.id] if _may_have_group(connection, group)]

    def _doubts(self, target: Resource) -> Iterator[tuple[dict[str, Any], Verdict]]:
        """What is not known of the approved connections of a resource, each with the connection's properties."""
        managed = managed_connections(self.snapshot, target)
        for path, connection in target.objects(CONNECTIONS):
            properties = connection.get("properties")
            if not isinstance(properties, dict) or path in managed:
                continue
            endpoint_id = dig_text(properties, "privateEndpoint", "id")
            if not equal(dig(properties, STATE, "status"), "Approved"):
                continue
            if not endpoint_id:
                gap = target.missing(f"{path}.properties.privateEndpoint.id", "the connection names no endpoint")
                yield properties, unknown(f"an approved connection of {target.name} names no private endpoint", gap)
                continue
            endpoint = self.snapshot.find(endpoint_id)
            if isinstance(endpoint, Resource) and (silent := _groups_unread(endpoint, target.id)) is not None:
                yield properties, unknown(f"what {endpoint.name} connects to was not read", silent)
            if isinstance(endpoint, Resource) and not link_connections(endpoint):
                gap = endpoint.missing("properties.privateLinkServiceConnections", "no connection in Azure's answer")
                yield properties, unknown(f"the connections of {endpoint.name} were not read", gap)
            if isinstance(endpoint, Missing):
                name = ArmId.parse(endpoint_id).name
                gaps = (endpoint, *self.snapshot.once(unread_outbound_rules))
                why = f"the private endpoint {name} could not be read: {endpoint.reason}"
                yield properties, unknown(why, *gaps)

    def _unlisted(self, target: Lookup) -> Missing | None:
        """Why not all endpoints of a resource are known: its own list of connections decides where it was read."""
        if isinstance(target, Resource) and isinstance(target.raw(CONNECTIONS), list):
            return None
        gap = next(iter(self.snapshot.once(unlisted_endpoints)), None)
        if gap is None and isinstance(target, Missing):
            return target
        return gap


def unlisted_endpoints(snapshot: Snapshot) -> tuple[Missing, ...]:
    """Why private endpoints of the subscriptions of the run may not be known."""
    gaps = [snapshot.unlisted(f"/subscriptions/{s.id}", PRIVATE_ENDPOINTS) for s in snapshot.subscriptions]
    return tuple(gap for gap in gaps if gap is not None)


def _approved(endpoint: Resource, path: str) -> Verdict:
    status = endpoint.text(f"{path}.properties.{STATE}.status")
    if isinstance(status, Missing):
        return unknown(f"the state of {endpoint.name} was not read", status)
    if not equal(status.value, "Approved"):
        return fail(f"the connection of {endpoint.name} is {status.value}", status)
    return ok("approved", status)


def _mirrored(endpoint: Resource, target: Lookup) -> Verdict:
    """What the resource itself says of the connection; nothing where the resource was not read."""
    if not isinstance(target, Resource):
        return ok("the resource's own list of connections was not read")
    if target.raw(CONNECTIONS) is None:
        note = f"Azure's answer does not show whether {target.name} itself approves {endpoint.name}"
        return ok("the resource does not list its connections", assuming=[note])
    listed = target.items(CONNECTIONS)
    if isinstance(listed, Missing):
        return unknown(f"the connections of {target.name} were not read", listed)
    for path, connection in target.objects(CONNECTIONS):
        if not same(dig_text(connection, "properties", "privateEndpoint", "id"), endpoint.id):
            continue
        status = target.text(f"{path}.properties.{STATE}.status")
        if isinstance(status, Missing):
            return unknown(f"{target.name} does not say whether it approves {endpoint.name}", status)
        if not equal(status.value, "Approved"):
            return fail(f"{target.name} has the connection of {endpoint.name} as {status.value}", status)
        return ok("approved by the resource too", status)
    return fail(f"{target.name} does not list {endpoint.name} among its connections", _connection_names(target))


def _provisioned(endpoint: Resource) -> Verdict:
    state = endpoint.text("properties.provisioningState")
    if isinstance(state, Missing):
        return unknown(f"the provisioning state of {endpoint.name} was not read", state)
    if not equal(state.value, "Succeeded"):
        return fail(f"{endpoint.name} is in provisioning state {state.value}", state)
    return ok("provisioned", state)


def _has_group(properties: dict[str, Any], group: str) -> bool:
    return any(equal(g, group) for g in dig_texts(properties, "groupIds"))


def _groups_unread(endpoint: Resource, target_id: str) -> Missing | None:
    """Why it is not known which group of a resource an endpoint connects to; None where it is known."""
    for path, properties in link_connections(endpoint):
        to_target = same(str(properties.get("privateLinkServiceId") or ""), target_id)
        if to_target and not isinstance(properties.get("groupIds"), list):
            return endpoint.missing(f"{path}.properties.groupIds", "no group in Azure's answer")
    return None


def _may_have_group(properties: dict[str, Any], group: str) -> bool:
    groups = properties.get("groupIds")
    return not isinstance(groups, list) or not groups or any(equal(g, group) for g in groups)


def _nic_names(nic: Resource) -> list[Name]:
    found = []
    for _, config in nic.objects("properties.ipConfigurations"):
        address = dig_text(config, "properties", "privateIPAddress")
        fqdns = dig_texts(config, "properties", "privateLinkConnectionProperties", "fqdns")
        # A records hold IPv4 addresses; a dual-stack interface lists each name once more for IPv6.
        found += [Name(fqdn.rstrip("."), address) for fqdn in fqdns if address and ":" not in address]
    return found


def _connection_names(target: Resource) -> Evidence:
    """The connections that a resource lists, by name."""
    return Evidence(target.id, CONNECTIONS, [dig_text(c, "name") for _, c in target.objects(CONNECTIONS)])


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
