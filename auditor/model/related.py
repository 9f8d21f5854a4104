"""Small joins over a snapshot that collecting and correlating share."""

from __future__ import annotations

from auditor.model.facts import Missing
from auditor.model.ids import equal, key
from auditor.model.resource import Resource
from auditor.model.shapes import CONNECTIONS, dig_text
from auditor.model.snapshot import Snapshot
from auditor.model.types import OUTBOUND_RULES, STORAGE_ACCOUNTS


def account_id(snapshot: Snapshot, datastore: Resource) -> str | None:
    """The ARM id of a datastore's account: found by its name, which is unique in Azure, else as the datastore says."""
    name = datastore.raw("properties.accountName")
    if not isinstance(name, str) or not name:
        return None
    for account in snapshot.named(STORAGE_ACCOUNTS, name):
        return account.id
    subscription, group = datastore.raw("properties.subscriptionId"), datastore.raw("properties.resourceGroup")
    if isinstance(subscription, str) and subscription and isinstance(group, str) and group:
        return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{STORAGE_ACCOUNTS}/{name}"
    return None


def own_connections(snapshot: Snapshot, target: Resource) -> bool:
    """Whether somebody made a private endpoint to a resource, beside those of a managed network."""
    managed = managed_connections(snapshot, target)
    return any(path not in managed for path, _ in target.objects(CONNECTIONS))


def unread_outbound_rules(snapshot: Snapshot) -> list[Missing]:
    """The managed networks whose outbound rules were not read: a connection may be theirs."""
    listings = [x for x in snapshot.listings if x.type == OUTBOUND_RULES]
    return [x.failure.missing(x.scope, "") for x in listings if x.failure is not None]


def managed_connections(snapshot: Snapshot, target: Resource) -> set[str]:
    """The paths of connections that Azure ML's managed network made: they serve its own computes, never AKS.

    https://learn.microsoft.com/azure/machine-learning/how-to-managed-network
    """
    rules = snapshot.once(_endpoint_rules).get(key(target.id), ())
    out = set()
    for path, connection in target.objects(CONNECTIONS):
        endpoint = dig_text(connection, "properties", "privateEndpoint", "id").rpartition("/")[2].lower()
        if "__sys_pe_" in f"{dig_text(connection, 'name').lower()} {endpoint}" or endpoint in rules:
            out.add(path)
    return out


def _endpoint_rules(snapshot: Snapshot) -> dict[str, list[str]]:
    """The names of the outbound rules that are private endpoints, by what they lead to."""
    found: dict[str, list[str]] = {}
    for rule in snapshot.of_type(OUTBOUND_RULES):
        if equal(rule.raw("properties.type"), "PrivateEndpoint"):
            target = key(str(rule.raw("properties.destination.serviceResourceId") or ""))
            found.setdefault(target, []).append(rule.name.lower())
    return found
