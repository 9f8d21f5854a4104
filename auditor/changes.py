"""Two snapshots, resource by resource: what was added, removed and changed, in words where access depends on it.

What was not read is never taken for removed: that needs Azure's own word, or a whole list that does not hold it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from auditor.model.difference import Change, Kind
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, key
from auditor.model.paths import ABSENT
from auditor.model.resource import Resource
from auditor.model.shapes import dig_text
from auditor.model.snapshot import Gone, Snapshot
from auditor.model.types import (
    A_RECORDS,
    CLUSTERS,
    EVENTS,
    NICS,
    PRIVATE_ENDPOINTS,
    VNETS,
    ZONE_LINKS,
)

# Where a property stands, and what to say when it changed; what is not here is told as path, before and after.
WORDS: Final = (
    (NICS, r"\.privateIPAddress$", "{its} address changed from {before} to {after}"),
    (PRIVATE_ENDPOINTS, r"\.ipAddresses$", "its address changed from {before} to {after}"),
    (PRIVATE_ENDPOINTS, r"\.privateLinkServiceConnectionState\.status$", "its connection went {after} (was {before})"),
    (PRIVATE_ENDPOINTS, r"\.privateLinkServiceId$", "it leads to {after} (was {before})"),
    (PRIVATE_ENDPOINTS, r"^properties\.subnet\.id$", "it stands in {after} (was {before})"),
    (VNETS, r"\.peeringState$", "its peering {item} went {after} (was {before})"),
    (VNETS, r"\.peeringSyncLevel$", "its peering {item} is {after} (was {before})"),
    (VNETS, r"\.virtualNetworkPeerings\[\d+\]$", "its peering {item} was {done}"),
    (VNETS, r"\.dnsServers$", "its DNS servers are {after} (were {before})"),
    (VNETS, r"\.addressSpace\.addressPrefixes$", "its address space is {after} (was {before})"),
    (VNETS, r"\.serviceEndpoints", "the service endpoints of its subnet {item} changed"),
    (A_RECORDS, r"\.aRecords", "the record points to {after} (was {before})"),
    (ZONE_LINKS, r"\.virtualNetworkLinkState$", "the link went {after} (was {before})"),
    (ZONE_LINKS, r"\.virtualNetwork\.id$", "the link leads to {after} (was {before})"),
    (CLUSTERS, r"\.powerState\.code$", "the cluster is {after} (was {before})"),
    ("", r"\.publicNetworkAccess$", "public network access is {after} (was {before})"),
    ("", r"\.(networkAcls|networkRuleSet)\.defaultAction$", "its firewall's default is {after} (was {before})"),
    ("", r"\.(networkAcls|networkRuleSet)\.ipRules", "its firewall's IP rules changed from {before} to {after}"),
    ("", r"\.(networkAcls|networkRuleSet)\.virtualNetworkRules", "its firewall's subnets changed"),
    ("", r"\.(networkAcls|networkRuleSet)\.bypass$", "its firewall's exceptions are {after} (were {before})"),
    ("", r"\.networkRuleBypassOptions$", "its firewall's exceptions are {after} (were {before})"),
)
TELLING: Final = (PRIVATE_ENDPOINTS, ZONE_LINKS, A_RECORDS)
MAX_SHOWN: Final = 200
Leaf = tuple[str, str, Any, Any]


def changes(old: Snapshot, new: Snapshot) -> list[Change]:
    """What is different about the resources of two snapshots, the telling ones first."""
    before = {key(r.id): r for r in old.resources}
    after = {key(r.id): r for r in new.resources}
    owners = _endpoints(new)
    found = [c for at, r in before.items() if at in after for c in _changed(r, after[at], owners.get(at, ""))]
    found += [
        _alone(resource, old, new, Kind.REMOVED, Kind.UNREAD)
        for at, resource in before.items()
        if at not in after and not _is(resource, EVENTS)  # the activity log forgets after 90 days
    ]
    found += [_alone(resource, new, old, Kind.ADDED, Kind.READ) for at, resource in after.items() if at not in before]
    found += [
        _recreated(after[at], old.created[at], when)
        for at, when in new.created.items()
        if at in after and old.created.get(at, when) != when
    ]
    unsure = (Kind.UNREAD, Kind.READ)
    return sorted(found, key=lambda c: (c.kind in unsure, not c.telling, key(c.resource_id), c.path))


def _alone(resource: Resource, own: Snapshot, other: Snapshot, sure: Kind, unsure: Kind) -> Change:
    """A resource that only one of two snapshots holds."""
    if _is_gone(resource, own, other):
        telling = any(_is(resource, t) for t in TELLING)
        return Change(resource.id, resource.type, sure, f"{_noun(resource)} was {sure}", telling=telling)
    lookup = other.find(resource.id)
    reason = lookup.reason if isinstance(lookup, Missing) else "it was not read"
    words = f"not read {'this time' if unsure is Kind.UNREAD else 'before'}: {reason}"
    return Change(resource.id, resource.type, unsure, words)


def _noun(resource: Resource) -> str:
    arm = ArmId.parse(resource.id)
    if _is(resource, ZONE_LINKS):
        vnet = ArmId.parse(str(resource.raw("properties.virtualNetwork.id") or "")).name or "a VNet"
        return f"the link of {ArmId.parse(arm.parent).name} to {vnet}"
    if _is(resource, A_RECORDS):
        return f"the record {arm.name} of {ArmId.parse(arm.parent).name}"
    if _is(resource, EVENTS):
        return f"{resource.raw('operationName.value')} of {resource.raw('eventTimestamp')}"
    return "it"


def _is_gone(resource: Resource, own: Snapshot, other: Snapshot) -> bool:
    """Whether ``other`` proves that there was no such resource: by Azure's word, or by a whole list that would hold it.
    A narrowed list would hold what the same list holds in ``own``."""
    if isinstance(other.find(resource.id), Gone):
        return True
    at = key(resource.id)
    steps = at.split("/")
    above = ("/".join(steps[:count]) for count in range(2, len(steps)))
    lists = [other.listing(scope, resource.type) for scope in above]
    lists += [
        other.listing(mine.scope, mine.type, mine.query)
        for mine in own.listings
        if mine.items and mine.type.lower() == resource.type.lower() and at in map(key, mine.items)
    ]
    return any(found is not None and found.failure is None for found in lists)


def _changed(old: Resource, new: Resource, owner: str) -> Iterator[Change]:
    """``owner``: the private endpoint that an interface belongs to."""
    for path, item, before, after in _leaves(old.body, new.body, "", ""):
        # A list may leave properties out: absent says something where both were read alike, or the whole was read.
        without = old if before is ABSENT else new if after is ABSENT else None
        if without is not None and not without.whole and old.whole != new.whole:
            continue
        words = next((words for t, pattern, words in WORDS if (not t or _is(new, t)) and re.search(pattern, path)), "")
        values = {
            "its": f"{owner}'s" if owner else "its",
            "item": item,
            "before": _shown(before),
            "after": _shown(after),
            "done": "added" if before is ABSENT else "removed",
        }
        yield Change(
            resource_id=new.id,
            type=new.type,
            kind=Kind.CHANGED,
            message=words.format(**values) if words else f"{path}: {values['before']} → {values['after']}",
            path=path,
            before=None if before is ABSENT else before,
            after=None if after is ABSENT else after,
            telling=bool(words),
        )


def _endpoints(snapshot: Snapshot) -> dict[str, str]:
    """The names of private endpoints by the interfaces that they have."""
    return {
        key(dig_text(item, "id")): endpoint.name
        for endpoint in snapshot.of_type(PRIVATE_ENDPOINTS)
        for _, item in endpoint.objects("properties.networkInterfaces")
    }


def _recreated(resource: Resource, before: datetime, after: datetime) -> Change:
    words = f"it was made again on {after:%Y-%m-%d %H:%M} UTC (before: {before:%Y-%m-%d %H:%M} UTC)"
    at = (before.isoformat(), after.isoformat())
    return Change(resource.id, resource.type, Kind.CHANGED, words, "createdTime", *at, telling=True)


def _leaves(old: Any, new: Any, path: str, item: str) -> Iterator[Leaf]:
    """Each place where two bodies differ, with the name of the list item that it is in."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            step = f"['{name}']" if "." in name else f".{name}" if path else name
            yield from _leaves(old.get(name, ABSENT), new.get(name, ABSENT), path + step, item)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(old, new, path, item)
    elif not _same(old, new):
        yield path, item, old, new


def _items(old: list[Any], new: list[Any], path: str, item: str) -> Iterator[Leaf]:
    """Items are the same by their name or id; those without are compared as a whole, in any order."""
    before, after = _named(old), _named(new)
    if before is not None and after is not None:
        for name in dict.fromkeys([*before, *after]):
            number, value = after.get(name) or before[name]
            was = before[name][1] if name in before else ABSENT
            yield from _leaves(was, value if name in after else ABSENT, f"{path}[{number}]", _label(value))
        return
    gone, come = Counter(map(_form, old)), Counter(map(_form, new))
    if gone == come:
        return
    left = [v for v in old if gone[_form(v)] > come[_form(v)]]
    right = [(n, v) for n, v in enumerate(new) if come[_form(v)] > gone[_form(v)]]
    if len(left) == len(right) and all(isinstance(v, dict) for v in [*left, *(v for _, v in right)]):
        for was, (number, value) in zip(left, right, strict=True):
            yield from _leaves(was, value, f"{path}[{number}]", item)
    else:
        yield path, item, old, new


def _named(items: list[Any]) -> dict[str, tuple[int, Any]] | None:
    """Items by their name or id, where each has one of its own."""
    found: dict[str, tuple[int, Any]] = {}
    for number, value in enumerate(items):
        name = (dig_text(value, "name") or dig_text(value, "id")) if isinstance(value, dict) else ""
        if not name or name.lower() in found:
            return None
        found[name.lower()] = number, value
    return found


def _label(value: Any) -> str:
    return dig_text(value, "name") or ArmId.parse(dig_text(value, "id")).name


def _form(value: Any) -> str:
    """What makes two values the same: Azure answers ids and names in several casings."""
    return json.dumps(value, sort_keys=True, default=str).lower()


def _same(old: Any, new: Any) -> bool:
    if old is ABSENT or new is ABSENT:
        return (old in (None, ABSENT)) and (new in (None, ABSENT))
    return type(old) is type(new) and _form(old) == _form(new)


def _shown(value: Any) -> str:
    """A value in few words: ids by their names."""
    if value is ABSENT or value is None:
        return "absent"
    if isinstance(value, str):
        return ArmId.parse(value).name if value.startswith("/subscriptions/") else value
    if isinstance(value, list):
        texts = [_shown(v) for v in value]
        return ", ".join(texts) or "none"
    if isinstance(value, dict) and len(value) == 1:
        return _shown(*value.values())
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _is(resource: Resource, arm_type: str) -> bool:
    return resource.type.lower() == arm_type.lower()
