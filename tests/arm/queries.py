"""Lists that Resource Manager computes: filters, inherited roles, the activity log."""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from .estate import NOW, Estate, Json, type_of
from .roles import ASSIGNMENT, DEFINITION, built_in

Query = Mapping[str, str]

RETENTION = timedelta(days=90)  # of the activity log
SUMMARY = ("id", "name", "type", "location", "kind", "sku", "identity", "managedBy", "tags")
# Apart from what stands directly in a resource group, `resources` lists only these.
TRACKED_CHILDREN = {
    "microsoft.network/privatednszones/virtualnetworklinks",
    "microsoft.machinelearningservices/workspaces/onlineendpoints",
    "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments",
}
_GROUP = re.compile(r"(/subscriptions/[^/]+)/resourcegroups/[^/]+")
_CONDITION = re.compile(r"(\w+)\s+(eq|ge|le)\s+'([^']*)'", re.IGNORECASE)


def collections(estate: Estate) -> dict[str, list[Json]]:
    """Every list that has something in it, by its path in lower case."""
    found: defaultdict[str, list[Json]] = defaultdict(list)
    for key, body in estate.resources.items():
        parent, kind = key.rpartition("/")[0], type_of(key)
        found[parent].append(body)
        scope, _, rest = parent.rpartition("/providers/")
        if group := _GROUP.fullmatch(scope):  # what stands directly in a group is also listed for the subscription
            found[f"{group[1]}/providers/{rest}"].append(body)
        if kind.startswith("microsoft.network/privatednszones/") and kind not in TRACKED_CHILDREN:
            found[f"{parent.rpartition('/')[0]}/all"].append(body)
    return found


def summaries(estate: Estate, prefix: str, query: Query) -> list[Json]:
    """Rows of `resources`: no properties, and the creation time only on request."""
    conditions = _CONDITION.findall(query.get("$filter", ""))
    wanted = {value.lower() for name, _, value in conditions if name.lower() == "resourcetype"}
    rows = []
    for key, body in estate.resources.items():
        kind, scope = type_of(key), key.rpartition("/providers/")[0]
        listed = kind in TRACKED_CHILDREN or (kind.count("/") == 1 and _GROUP.fullmatch(scope))
        if listed and key.startswith(prefix) and (not wanted or kind in wanted):
            row = {name: body[name] for name in SUMMARY if name in body}
            if "createdtime" in query.get("$expand", "").lower():
                row |= {"createdTime": estate.created[key], "changedTime": estate.created[key]}
            rows.append(row)
    return rows


def assignments(estate: Estate, scope: str, query: Query) -> list[Json]:
    """Role assignments at a scope, above it and, without atScope(), below it."""
    condition = query.get("$filter", "").lower()
    named = re.search(r"(assignedto\(\s*|principalid\s+eq\s+)'([^']+)'", condition)
    principals = {named[2]} if named else set()
    if named and named[1].startswith("assignedto"):  # counts the groups of the principal, too
        members = {group.lower(): {m.lower() for m in people} for group, people in estate.groups.items()}
        principals |= {group for group, people in members.items() if named[2] in people}
    rows = []
    for body in estate.find_all(ASSIGNMENT):
        at = body["id"].lower().rpartition("/providers/microsoft.authorization/")[0]
        above = at.startswith("/providers/microsoft.management/") or f"{scope}/".startswith(f"{at}/")
        below = at.startswith(f"{scope}/") and "atscope()" not in condition
        if (above or below) and (not named or body["properties"]["principalId"].lower() in principals):
            rows.append(body)
    return rows


def definitions(estate: Estate, path: str, query: Query) -> list[Json]:
    """Role definitions, built-in ones and the estate's own: the one that the path names, or all that fit."""
    subscription, _, number = path.partition("/providers/microsoft.authorization/roledefinitions")
    known = [*built_in("/".join(subscription.split("/")[:3])), *estate.find_all(DEFINITION)]
    if number:
        return [body for body in known if body["name"].lower() == number.strip("/")]
    for name, _, value in _CONDITION.findall(query.get("$filter", "")):
        known = [body for body in known if body["properties"][name].lower() == value.lower()]
    return known


def descendants(estate: Estate, group: str) -> list[Json]:
    """What is in a management group, at any depth."""
    rows = []
    for name in estate.management_groups[group]:
        if name in estate.management_groups:
            rows.append({"id": f"/providers/Microsoft.Management/managementGroups/{name}", "name": name})
            rows += descendants(estate, name)
        else:
            rows.append({"id": f"/subscriptions/{name}", "type": "/subscriptions", "name": name})
    return rows


def events(estate: Estate, path: str, query: Query) -> list[Json]:
    """The activity log of a subscription, newest first, as far back as ARM keeps it."""
    kept = [e for e in estate.activity if e["subscriptionId"].lower() == path.split("/")[2]]
    kept = [e for e in kept if e["eventTimestamp"] >= f"{NOW - RETENTION:%Y-%m-%dT%H:%M:%S}"]
    for name, op, value in _CONDITION.findall(query.get("$filter", "")):
        limit = value.replace(" ", "T")[:19]
        if name == "eventTimestamp":
            kept = [e for e in kept if e["eventTimestamp"][:19] >= limit] if op == "ge" else kept
            kept = [e for e in kept if e["eventTimestamp"][:19] <= limit] if op == "le" else kept
        elif name == "resourceProvider":
            kept = [e for e in kept if e["resourceProviderName"]["value"].lower() == value.lower()]
        elif name in ("resourceUri", "resourceGroupName"):
            own = {"resourceUri": "resourceId"}.get(name, name)
            kept = [e for e in kept if e[own].lower() == value.lower()]
    return sorted(kept, key=lambda event: str(event["eventTimestamp"]), reverse=True)
