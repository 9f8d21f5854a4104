"""Azure Resource Manager ids: taken apart, and compared without case.

Azure answers the same id in several casings (``resourcegroups``, upper-case names in the activity log), so ids are
looked up by `key` and shown as Azure wrote them.
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

# The ids around one environment are looked up again and again while it is judged.
REMEMBERED = 2**14


@lru_cache(REMEMBERED)
def key(arm_id: str) -> str:
    """The form of an id to compare and look up by."""
    return "/" + arm_id.strip().strip("/").lower()


def same(a: str | None, b: str | None) -> bool:
    """Whether two ids name one resource."""
    return bool(a) and bool(b) and key(a or "") == key(b or "")


def equal(a: object, b: str) -> bool:
    """Whether an enum, zone name or location equals another, without case."""
    return isinstance(a, str) and a.strip().lower() == b.lower()


def location(name: str) -> str:
    """``West Europe`` and ``westeurope`` are one region."""
    return name.replace(" ", "").lower()


class ArmId(NamedTuple):
    """The parts of an id; a part that the id does not have is empty."""

    id: str
    subscription: str
    resource_group: str
    type: str
    name: str
    parent: str

    @classmethod
    @lru_cache(REMEMBERED)
    def parse(cls, arm_id: str) -> ArmId:
        bare = arm_id.strip().strip("/")
        parts, low = bare.split("/"), bare.lower().split("/")
        subscription = parts[1] if len(parts) > 1 and low[0] == "subscriptions" else ""
        group = parts[3] if len(parts) > 3 and low[2] == "resourcegroups" else ""
        if "providers" not in low:
            if group:
                kind = "Microsoft.Resources/resourceGroups"
            else:
                kind = "Microsoft.Resources/subscriptions" if subscription else ""
            return cls(arm_id, subscription, group, kind, parts[-1], f"/subscriptions/{subscription}" if group else "")
        last = len(low) - 1 - low[::-1].index("providers")
        tail = parts[last + 2 :]
        kind = "/".join([parts[last + 1] if last + 1 < len(parts) else "", *tail[0::2]])
        above = parts[:-2] if len(tail) > 2 else parts[:last]
        return cls(arm_id, subscription, group, kind, tail[-1] if tail else "", "/" + "/".join(above))


def parent_key(arm_id: str) -> str:
    """The `key` of a resource's `ArmId.parent`, without taking the id apart: all of a tenant's are asked for it."""
    above = key(arm_id).rsplit("/", 2)[0]
    scope, _, below = above.rpartition("/providers/")
    return (above if "/" in below else scope) or "/"


def subscription_of(arm_id: str) -> str:
    """``/subscriptions/<guid>`` of an id."""
    return f"/subscriptions/{ArmId.parse(arm_id).subscription}"


def resource_group_of(arm_id: str) -> str:
    """``/subscriptions/<guid>/resourceGroups/<name>`` of an id."""
    parsed = ArmId.parse(arm_id)
    return f"/subscriptions/{parsed.subscription}/resourceGroups/{parsed.resource_group}"


def vnet_of(subnet_id: str) -> str:
    """The virtual network of a subnet id."""
    at = subnet_id.lower().find("/subnets/")
    return subnet_id[:at] if at > 0 else subnet_id


def of_type(arm_id: str | None, arm_type: str) -> bool:
    """Whether an id is one of a resource of that type."""
    return bool(arm_id) and ArmId.parse(arm_id or "").type.lower() == arm_type.lower()
