"""What a tenant contains: ARM bodies by id, the activity log, and what the caller may not read."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
BUILT = 60.0  # days before NOW at which resources were created, unless they say otherwise
_STEP = re.compile(r"\[(\d+)\]|\['([^']+)'\]|([^.\[\]]+)")


def guid(*parts: str) -> str:
    """A made-up id that is the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ".".join((*parts, "estates.example"))))


AUDITOR = guid("auditor")  # the object id of the caller


def ago(days: float, *, offset: str = "Z") -> str:
    """The time so many days before NOW, with the seven decimals that ARM writes."""
    return f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%S.%f}4{offset}"


def child_of(parent: Json, kind: str, name: str) -> Json:
    """The head of a child resource or of an object that ARM embeds in its parent."""
    return {"id": f"{parent['id']}/{kind}/{name}", "name": name, "type": f"{parent['type']}/{kind}"}


@dataclass(frozen=True)
class Denial:
    """Something the caller may not read; every part that is given must hold."""

    subscription: str = ""
    provider: str = ""
    type: str = ""
    scope: str = ""

    def covers(self, path: str) -> bool:
        """Whether the ARM path (a resource or a collection) is denied."""
        low, kind = path.lower(), type_of(path).lower()
        return (
            _within(low, f"/subscriptions/{self.subscription}" if self.subscription else "")
            and _within(low, self.scope)
            and self.provider.lower() in ("", kind.partition("/")[0])
            and self.type.lower() in ("", kind)
        )


def _within(path: str, scope: str) -> bool:
    return not scope or (path + "/").startswith(scope.lower() + "/")


def type_of(path: str) -> str:
    """`Microsoft.Network/virtualNetworks/subnets` for the id or the collection of such a resource."""
    _, found, tail = path.rpartition("/providers/")
    if found:
        provider, *rest = tail.split("/")
        return "/".join([provider, *rest[::2]])
    levels = [
        name for name in ("subscriptions", "resourceGroups", "resources") if f"/{name}/".lower() in f"{path}/".lower()
    ]
    return "/".join(["Microsoft.Resources", *levels])


@dataclass
class Estate:
    """A tenant. Bodies are live: editing one edits the estate."""

    tenant_id: str = guid("tenant")
    subscriptions: list[Json] = field(default_factory=list)
    resources: dict[str, Json] = field(default_factory=dict)
    activity: list[Json] = field(default_factory=list)
    denied: list[Denial] = field(default_factory=list)
    created: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    management_groups: dict[str, list[str]] = field(default_factory=dict)

    def subscription(self, name: str) -> str:
        """The id of the subscription with this display name, added on first use."""
        row = {"subscriptionId": guid("subscription", name), "displayName": name}
        if row not in self.subscriptions:
            self.subscriptions.append(row)
        return row["subscriptionId"]

    def group(self, name: str, region: str, subscription: str, managed_by: str = "") -> "Group":
        """A new resource group, ready to build in."""
        group = Group(self, f"/subscriptions/{subscription}/resourceGroups/{name}", region)
        body = {
            "id": group.id,
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": region,
        }
        if managed_by:
            body["managedBy"] = managed_by
        self.add({**body, "tags": {}, "properties": {"provisioningState": "Succeeded"}})
        return group

    def add(self, body: Json, days_old: float = BUILT) -> Json:
        """Put a resource in place (or in place of the one with its id)."""
        key = body["id"].lower()
        self.resources[key] = body
        self.created[key] = ago(days_old)
        return body

    def get(self, resource: str | Json) -> Json:
        """The body with this id; a body is looked up by its own id."""
        return self.resources[_key(resource)]

    def find_all(self, type: str, name_substring: str = "") -> list[Json]:
        """Every resource of a type whose name contains the text."""
        kind, part = type.lower(), name_substring.lower()
        bodies = self.resources.values()
        return [body for body in bodies if body["type"].lower() == kind and part in body["name"].lower()]

    def find(self, type: str, name_substring: str = "") -> Json:
        """The one resource of a type whose name is, or else contains, the text."""
        found = self.find_all(type, name_substring)
        exact = [body for body in found if body["name"].lower() == name_substring.lower()]
        if len(exact or found) != 1:
            raise LookupError(f"{len(found)} of {type} named like {name_substring!r}: {[b['id'] for b in found]}")
        return (exact or found)[0]

    def set(self, resource: str | Json, path: str, value: Any) -> None:
        """Write one property, as in `properties.agentPoolProfiles[0].count` or `tags['a.b']`."""
        holder, last = self._holder(resource, path)
        holder[last] = value

    def unset(self, resource: str | Json, path: str) -> None:
        """Take one property or list item away, as if ARM had not returned it."""
        holder, last = self._holder(resource, path)
        del holder[last]

    def _holder(self, resource: str | Json, path: str) -> tuple[Any, Any]:
        holder: Any = self.get(resource)
        *steps, last = [int(i) if i else quoted or name for i, quoted, name in _STEP.findall(path)]
        for step in steps:
            holder = holder[step]
        return holder, last

    def remove(self, resource: str | Json) -> None:
        """Delete a resource and whatever lies below it."""
        key = _key(resource)
        for gone in [other for other in self.resources if _within(other, key)]:
            del self.resources[gone]
            self.created.pop(gone, None)

    def to_json(self) -> Json:
        """The estate as one JSON document."""
        created = {self.resources[key]["id"]: time for key, time in self.created.items()}
        return {
            "tenantId": self.tenant_id,
            "subscriptions": self.subscriptions,
            "managementGroups": [],
            "resources": list(self.resources.values()),
            "activity": self.activity,
            "denied": [{part: text for part, text in asdict(d).items() if text} for d in self.denied],
            "meta": {"created": created, "groups": self.groups},
        }

    def __iter__(self) -> Iterator[Json]:
        return iter(self.resources.values())


def _key(resource: str | Json) -> str:
    return str(resource if isinstance(resource, str) else resource["id"]).lower()


@dataclass(frozen=True)
class Group:
    """A resource group to build in."""

    estate: Estate
    id: str
    region: str

    @property
    def subscription(self) -> str:
        """The id of the subscription."""
        return self.id.split("/")[2]

    @property
    def name(self) -> str:
        """The name of the group."""
        return self.id.split("/")[4]

    def id_of(self, type: str, name: str) -> str:
        """The id that a resource of the group has."""
        return f"{self.id}/providers/{type}/{name}"

    def add(self, type: str, name: str, properties: Json, days_old: float = BUILT, /, **fields: Any) -> Json:
        """A new resource of the group; `fields` are what stands beside `properties` in its body."""
        head = {"id": self.id_of(type, name), "name": name, "type": type, "location": self.region, "tags": {}}
        return self.estate.add(
            {**head, **fields, "properties": {"provisioningState": "Succeeded"} | properties}, days_old
        )

    def identity(self, name: str) -> Json:
        """The `identity` of a resource with a system-assigned identity."""
        principal = guid("principal", self.id, name)
        return {"type": "SystemAssigned", "principalId": principal, "tenantId": self.estate.tenant_id}
