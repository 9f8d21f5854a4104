"""Do private endpoints have the right records, in the zone that AKS asks?

A zone group alone is not enough: each name on the endpoint's interface needs an A record with its address, in
the zone of the right name that resolves from the AKS VNet.
https://learn.microsoft.com/azure/private-link/private-endpoint-dns
"""

from __future__ import annotations

import re

from auditor.model.access import ZoneAnswer
from auditor.model.clouds import Zone
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal, key, same
from auditor.model.resource import Resource
from auditor.model.shapes import dig_list, dig_text, dig_texts, zone_ids
from auditor.model.snapshot import Snapshot
from auditor.model.types import A_RECORDS, ZONE_GROUPS, ZONES
from auditor.model.verdict import Verdict, all_of, fail, not_applicable, ok, unknown
from auditor.topology.dns import Resolver
from auditor.topology.endpoints import EndpointFinder, Name

# So many zones of one name are shown; in a large tenant every environment may have one.
MOST_ZONES = 20
UNKEPT = "no zone group keeps the records of {endpoint} current when its address changes"


class Records:
    """The zone groups and A records of private endpoints."""

    def __init__(self, snapshot: Snapshot, finder: EndpointFinder, resolver: Resolver) -> None:
        self.snapshot = snapshot
        self.finder = finder
        self.resolver = resolver

    def judge(self, endpoint: Resource, zone: Zone, siblings: list[Resource]) -> ZoneAnswer:
        """For one endpoint and one expected zone: does it resolve fully there, and does AKS ask that zone.

        ``siblings`` are the other valid endpoints of the same resource, whose addresses may stand beside its own.
        """
        group_gap = self.snapshot.unlisted(endpoint.id, ZONE_GROUPS)
        grouped = self._zone_group(endpoint, zone)
        if group_gap is not None:
            unsure = unknown(f"the DNS zone group of {endpoint.name} could not be read: {group_gap.reason}", group_gap)
            return _unasked(zone, unsure, beside=unsure)
        named = self.snapshot.named(ZONES, zone.private)
        chosen, in_doubt = self._asked(named, grouped)
        if chosen is None:
            if in_doubt is not None:
                return _unasked(zone, in_doubt, beside=in_doubt)
            none = fail(
                f"{endpoint.name} has no zone group and no record in a zone {zone.private}"
                if not grouped
                else f"the zone {zone.private} of {endpoint.name} does not exist",
                Evidence(endpoint.id, "privateDnsZoneGroups[].properties.privateDnsZoneConfigs[]", grouped),
                names={**_endpoint_names(endpoint), "zone": zone.private},
            )
            return _unasked(zone, none, beside=not_applicable(f"there is no zone {zone.private}"))
        records = self._records(endpoint, zone, chosen, siblings)
        resolves = self.resolver.resolves(chosen)
        doubt = in_doubt or (resolves if resolves.unknown and len(named) > 1 else None)
        if doubt is not None and not records.passed:  # another zone, which AKS may ask, may have them
            return _unasked(zone, doubt, beside=doubt)
        integrated = records
        if records.passed and not any(same(chosen.id, z) for z in grouped):
            integrated = records._replace(assumptions=(UNKEPT.format(endpoint=endpoint.name), *records.assumptions))
        if resolves.unknown and len(named) > 1:
            integrated = resolves
        if resolves.failed and in_doubt is not None:
            resolves = in_doubt
        return ZoneAnswer(
            name=zone.private,
            zone_id=chosen.id,
            integrated=integrated,
            resolves=resolves,
            records=records,
            single=doubt or self._single(endpoint, zone, chosen, named, grouped, siblings, resolves, records),
            forwarded=self.resolver.forwarded(chosen),
            links=self.resolver.links(chosen),
        )

    def _single(
        self,
        endpoint: Resource,
        zone: Zone,
        chosen: Resource,
        named: list[Resource],
        grouped: list[str],
        siblings: list[Resource],
        resolves: Verdict,
        records: Verdict,
    ) -> Verdict:
        """Of several zones of one name, does AKS ask one that has the records?"""
        unread = {key(z): z for z in grouped if self.snapshot.get(z) is None}
        if len(named) + len(unread) < 2:
            return not_applicable(f"there is one zone {chosen.name}")
        if not resolves.passed:
            return resolves if resolves.unknown else not_applicable(f"no zone {chosen.name} resolves from the AKS VNet")
        first = {key(z): z for z in (*grouped, *(z.id for z in named[:MOST_ZONES]))}
        more = len(named) + len(unread) - len(first)
        note = f"the zones named {chosen.name}" + (f", and {more} more" if more else "")
        seen = Evidence(chosen.id, "id", list(first.values()), note)
        written = any(same(chosen.id, z) for z in grouped)
        if records.failed:
            others = [z for z in self._may_hold(endpoint, zone, grouped) if z.id != chosen.id]
            holding = [z.id for z in others if self._records(endpoint, zone, z, siblings).passed]
            right = [*holding, *(z for z in grouped if not same(z, chosen.id))]
            if not right:
                return not_applicable(f"no zone {chosen.name} that was read has the records of {endpoint.name}")
            where = ArmId.parse(right[0]).resource_group
            message = f"AKS asks another zone {chosen.name} than the one in {where}: {records.message}"
            return records._replace(message=message, names=self._swap(chosen, right[0])).also(seen, *resolves.evidence)
        if written:
            return ok(f"AKS asks the zone {chosen.name} that the zone group writes to", seen, *resolves.evidence)
        return records.also(seen)

    def _may_hold(self, endpoint: Resource, zone: Zone, grouped: list[str]) -> list[Resource]:
        """The zones of a name that may have the records of an endpoint: a zone group writes there, or one of its names
        stands there. To look through every zone of that name would take a large tenant for ever."""
        holders = self.snapshot.once(_record_holders)
        relatives = {_relative(name.fqdn, zone.public) or "" for name in _in_zone_form(self._names(endpoint))}
        wanted = {key(z) for z in grouped}.union(*(holders.get(name, ()) for name in relatives))
        return [z for i in wanted if (z := self.snapshot.get(i)) is not None and equal(z.name, zone.private)]

    def _swap(self, wrong: Resource, right: str) -> tuple[tuple[str, str], ...]:
        """What fills in a fix that links one zone in place of another."""
        zone = ("zone", wrong.name), ("wrong_group", wrong.arm.resource_group)
        group = "zone_group", ArmId.parse(right).resource_group
        link = next(iter(self.resolver.serving(wrong)), None)
        if link is None:
            return (*zone, group)
        return *zone, group, ("link", link.name), ("vnet_id", str(link.raw("properties.virtualNetwork.id")))

    def _zone_group(self, endpoint: Resource, zone: Zone) -> list[str]:
        """The ids of the zones of that name in the endpoint's zone groups."""
        return [
            zone_id
            for group in self.snapshot.children(endpoint.id, ZONE_GROUPS)
            for zone_id in zone_ids(group)
            if equal(ArmId.parse(zone_id).name, zone.private)
        ]

    def _asked(self, named: list[Resource], grouped: list[str]) -> tuple[Resource | None, Verdict | None]:
        """The zone of a name that AKS asks; and the doubt, when another that was not read might be the one."""
        doubts = []
        for zone_id in grouped:
            found = self.snapshot.find(zone_id)
            if isinstance(found, Missing):
                doubts.append(unknown(f"the zone {ArmId.parse(zone_id).name} could not be read: {found.reason}", found))
        for subscription in self.resolver.near:
            gap = self.snapshot.unlisted(subscription, ZONES)
            if gap is not None:
                doubts.append(
                    unknown(f"the private DNS zones of {subscription} could not be listed: {gap.reason}", gap)
                )
        in_group = {key(z) for z in grouped}
        ordered = sorted(self.resolver.telling(named, in_group), key=lambda z: key(z.id) not in in_group)
        for zone in ordered:
            if self.resolver.resolves(zone).passed:
                return zone, None
        for zone in ordered:
            if self.resolver.resolves(zone).unknown:
                return zone, doubts[0] if doubts else None
        unread_group = next((d for d in doubts if grouped and d.missing[0].resource_id in grouped), None)
        if unread_group is not None:
            return None, unread_group
        mine = [z for z in ordered if key(z.id) in in_group] or ordered
        return (mine[0] if mine else None), (doubts[0] if doubts else None)

    def _records(self, endpoint: Resource, zone: Zone, chosen: Resource, siblings: list[Resource]) -> Verdict:
        names = self.finder.names(endpoint)
        if isinstance(names, Missing):
            return unknown(f"the names and addresses of {endpoint.name} were not read: {names.reason}", names)
        mine = [n for n in _in_zone_form(names) if n.fqdn.lower().endswith("." + zone.public)]
        if not mine:
            gap = endpoint.missing("properties.networkInterfaces", f"no name of {endpoint.name} ends in {zone.public}")
            return unknown(f"no name of {endpoint.name} belongs to {zone.private}", gap)
        allowed = {n.address for e in (endpoint, *siblings) for n in self._names(e)}
        unlisted = self.snapshot.unlisted(chosen.id, A_RECORDS)
        verdicts: list[Verdict] = []
        unread: list[Name] = []
        for name in mine:
            relative = _relative(name.fqdn, zone.public) or ""
            record = self.snapshot.child(chosen.id, A_RECORDS, relative)
            if record is None and unlisted is not None:
                unread.append(name)
            else:
                verdicts.append(_holds(chosen, relative, record, name, allowed))
        if unlisted is not None and unread:
            verdicts.append(self._record_sets(endpoint, zone, chosen, unread, unlisted))
        whole = all_of(verdicts, f"{endpoint.name} has its records in {chosen.name}")
        return whole.naming(self._group_names(endpoint, chosen)) if whole.failed else whole

    def _group_names(self, endpoint: Resource, chosen: Resource) -> dict[str, str]:
        """What fills in a fix that makes a zone group anew: it may write to another zone besides."""
        names = {**_endpoint_names(endpoint), "zone": chosen.name, "zone_id": chosen.id}
        for group in self.snapshot.children(endpoint.id, ZONE_GROUPS):
            ids = zone_ids(group)
            if any(same(chosen.id, z) for z in ids):
                names["dns_group"] = group.name
                for other in (z for z in ids if not same(chosen.id, z)):
                    names |= {"other_zone": ArmId.parse(other).name, "other_zone_id": other}
        return names

    def _names(self, endpoint: Resource) -> list[Name]:
        names = self.finder.names(endpoint)
        return [] if isinstance(names, Missing) else names

    def _record_sets(
        self, endpoint: Resource, zone: Zone, chosen: Resource, names: list[Name], gap: Missing
    ) -> Verdict:
        """What the zone group says that it wrote, where the zone's own records could not be read."""
        written: dict[str, set[str]] = {}
        for group in self.snapshot.children(endpoint.id, ZONE_GROUPS):
            for _, config in group.objects("properties.privateDnsZoneConfigs"):
                if same(dig_text(config, "properties", "privateDnsZoneId"), chosen.id):
                    for record in dig_list(config, "properties", "recordSets"):
                        written[dig_text(record, "recordSetName").lower()] = set(dig_texts(record, "ipAddresses"))
        for name in names:
            if name.address not in written.get(_relative(name.fqdn, zone.public) or "", set()):
                return unknown(f"the records of {chosen.name} could not be read: {gap.reason}", gap)
        note = (
            f"the records of {chosen.name} could not be read; the zone group of {endpoint.name} says that it wrote them"
        )
        return ok(f"the zone group of {endpoint.name} wrote its records to {chosen.name}", assuming=[note])


INFERENCE = re.compile(r"(?P<host>.+)\.(?P<region>[a-z0-9]+)\.inference\.ml\.azure\.(?P<tld>com|us|cn)", re.IGNORECASE)
WORKSPACE = re.compile(r"(?P<guid>[^.]+)\.workspace\..+", re.IGNORECASE)
API = {"com": "api.azureml.ms", "us": "api.ml.azure.us", "cn": "api.ml.azure.cn"}


def _in_zone_form(names: list[Name]) -> list[Name]:
    """Names of managed online endpoints, ``*.<region>.inference.ml.azure.com``, stand in the workspace's API zone with
    the workspace's own id: ``*.<id>.inference.<region>``.

    https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns
    """
    guid = next((found["guid"] for n in names if (found := WORKSPACE.fullmatch(n.fqdn))), None)
    out = []
    for name in names:
        found = INFERENCE.fullmatch(name.fqdn)
        if found is None:
            out.append(name)
        elif guid is not None:
            host = found["host"].removesuffix(f".{guid}")
            out.append(Name(f"{host}.{guid}.inference.{found['region']}.{API[found['tld'].lower()]}", name.address))
    return out


def _record_holders(snapshot: Snapshot) -> dict[str, list[str]]:
    """The zones that hold a record of a name, by that name."""
    found: dict[str, list[str]] = {}
    for record in snapshot.of_type(A_RECORDS):
        found.setdefault(record.name.lower(), []).append(key(record.arm.parent))
    return found


def _unasked(zone: Zone, verdict: Verdict, *, beside: Verdict) -> ZoneAnswer:
    """The answer where it is not known which zone AKS asks, or where there is none to ask."""
    return ZoneAnswer(zone.private, "", verdict, verdict, beside, beside, beside, beside)


def _endpoint_names(endpoint: Resource) -> dict[str, str]:
    """What fills in a fix that gives an endpoint a zone group."""
    return {"endpoint": endpoint.name, "endpoint_group": endpoint.arm.resource_group}


def _holds(chosen: Resource, relative: str, record: Resource | None, name: Name, allowed: set[str]) -> Verdict:
    if record is None:
        return fail(f"{chosen.name} has no record {relative}", Evidence(chosen.id, f"A/{relative}", None, "absent"))
    seen = record.items("properties.aRecords")
    if isinstance(seen, Missing):
        return unknown(f"the record {relative} in {chosen.name} was not read", seen)
    held = {str(a.get("ipv4Address")) for _, a in record.objects("properties.aRecords")}
    if name.address not in held:
        return fail(
            f"{relative} in {chosen.name} points at {', '.join(sorted(held)) or 'nothing'}, not at {name.address}",
            seen,
        )
    strange = ", ".join(sorted(held - allowed))
    if strange:
        return fail(
            f"{relative} in {chosen.name} also points at {strange}, which no endpoint has that AKS can use",
            seen,
        )
    return ok(f"{relative} points at {name.address}", seen)


def _relative(fqdn: str, suffix: str) -> str | None:
    low = fqdn.lower()
    return low.removesuffix("." + suffix) if low.endswith("." + suffix) else None
