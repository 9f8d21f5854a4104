"""Is a resource closed to the public network?

Closed means ``publicNetworkAccess`` Disabled, or a default action of Deny with IP rules that together admit no more
than a /8: 0.0.0.0/1 and 128.0.0.0/1 are the whole internet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor.model.facts import Missing, Seen, Undecided
from auditor.model.ids import equal
from auditor.model.ranges import admitted
from auditor.model.resource import Resource
from auditor.model.snapshot import Gone, Lookup
from auditor.model.verdict import Severity, Verdict, fail, not_applicable, ok, undecided, unknown

PUBLIC = "properties.publicNetworkAccess"
API_SERVER = "properties.apiServerAccessProfile"


@dataclass(frozen=True)
class Firewall:
    """Where a resource type keeps its network rules. ``absent``: what no rules at all mean, if Azure documents it."""

    acls: str
    address: str
    absent: str | None


STORAGE = Firewall("properties.networkAcls", "value", None)
# A vault without network rules is open: https://learn.microsoft.com/azure/key-vault/general/network-security
VAULT = Firewall("properties.networkAcls", "value", "Allow")
REGISTRY = Firewall("properties.networkRuleSet", "value", None)


@lru_cache(maxsize=256)  # asked for each private link group of a storage account
def closed(target: Resource, firewall: Firewall) -> Verdict:
    """Whether a storage account, vault or registry refuses the public network."""
    access = target.see(PUBLIC)
    if equal(access.value, "Disabled"):
        return ok(f"{target.name} has public network access Disabled", access)
    if equal(access.value, "SecuredByPerimeter"):
        gap = target.missing(PUBLIC, "the network security perimeter and its rules are not read")
        return unknown(f"{target.name} is secured by a perimeter whose rules were not read", gap)
    if access.value is not None and not equal(access.value, "Enabled"):
        gap = target.missing(PUBLIC, f"{access.value} is not a value that is known")
        return unknown(f"public network access of {target.name} is {access.value}", gap)
    # Without rules a resource that is Enabled answers every network; where neither is in the answer, nothing is known,
    # and nothing where there are rules without a default action.
    absent = "Allow" if equal(access.value, "Enabled") else firewall.absent
    action = target.text(f"{firewall.acls}.defaultAction", absent=None if target.raw(firewall.acls) else absent)
    if isinstance(action, Missing):
        return unknown(f"the network rules of {target.name} were not read", action)
    if not equal(action.value, "Deny") and not equal(action.value, "Allow"):
        gap = target.missing(action.path, f"{action.value} is not a value that is known")
        return unknown(f"the default action of {target.name} is {action.value}", gap)
    if not equal(action.value, "Deny"):
        return fail(f"{target.name} answers the public network", access, action)
    return _ip_rules(target, firewall)


@lru_cache(maxsize=256)
def restricted(target: Resource, firewall: Firewall) -> Verdict:
    """Whether a storage account, vault or registry has a firewall at all, however wide its rules are."""
    access, action = target.see(PUBLIC), target.see(f"{firewall.acls}.defaultAction")
    if equal(access.value, "Disabled") or equal(access.value, "SecuredByPerimeter") or equal(action.value, "Deny"):
        return ok(f"the network of {target.name} is restricted", access, action)
    if closed(target, firewall).unknown:
        return closed(target, firewall)
    return fail(f"the network of {target.name} is not restricted", access, action)


def _ip_rules(target: Resource, firewall: Firewall) -> Verdict:
    path = f"{firewall.acls}.ipRules"
    listed = target.items(path, absent=[])
    if isinstance(listed, Missing):
        return unknown(f"the IP rules of {target.name} were not read", listed)
    action = target.see(f"{firewall.acls}.defaultAction")
    values = [str(rule.get(firewall.address)) for _, rule in target.objects(path)]
    values += [str(rule.get(firewall.address)) for _, rule in target.objects(f"{firewall.acls}.ipv6Rules")]
    size = admitted(values)
    if size is None:
        return unknown(
            f"an IP rule of {target.name} could not be understood", target.missing(path, "not an address range")
        )
    if size.too_many:
        return fail(f"the IP rules of {target.name} admit {', '.join(values)}", target.see(path), action)
    if values:
        return ok(f"{target.name} denies by default and admits only {', '.join(values)}", action, target.see(path))
    return ok(f"{target.name} denies by default and admits no public address", action)


def workspace_closed(workspace: Resource, *, behind_endpoint: bool) -> Verdict:
    """Whether a workspace refuses the public network.

    The older ``allowPublicAccessWhenBehindVnet`` counts only where ``publicNetworkAccess`` is absent, and says nothing
    of a workspace without a private endpoint.
    https://learn.microsoft.com/azure/machine-learning/how-to-configure-private-link
    """
    access = workspace.see(PUBLIC)
    if equal(access.value, "Disabled"):
        return ok(f"{workspace.name} has public network access Disabled", access)
    if access.value is not None:
        if not equal(access.value, "Enabled"):
            gap = workspace.missing(PUBLIC, f"{access.value} is not a value that is known")
            return unknown(f"public network access of {workspace.name} is {access.value}", gap)
        return _selected(workspace, access)
    older = workspace.flag("properties.allowPublicAccessWhenBehindVnet")
    if isinstance(older, Missing):
        gap = workspace.missing(
            PUBLIC, "neither publicNetworkAccess nor allowPublicAccessWhenBehindVnet is in the answer"
        )
        return unknown(f"whether {workspace.name} answers the public network was not read", gap)
    if not behind_endpoint:
        return fail(f"{workspace.name} has no private endpoint to be closed behind", access, older)
    if older.value:
        return fail(f"{workspace.name} allows public access although it is behind a VNet", access, older)
    return ok(f"{workspace.name} does not allow public access when behind a VNet", access, older)


def _selected(workspace: Resource, access: Seen[Any]) -> Verdict:
    """A workspace that is open, or open to selected addresses only: still public, but less so."""
    listed = workspace.raw("properties.ipAllowlist")
    values = [str(v) for v in listed] if isinstance(listed, list) else []
    values += [str(rule.get("value")) for _, rule in workspace.objects("properties.networkAcls.ipRules")]
    size = admitted(values) if values else None
    action = workspace.see("properties.networkAcls.defaultAction")
    if size is None or size.too_many or not equal(action.value, "Deny"):
        return fail(f"{workspace.name} has public network access Enabled", access)
    message = f"{workspace.name} answers selected public addresses: {', '.join(values)}"
    return fail(message, access, action, at=Severity.LOW)


def api_server_closed(cluster: Lookup | None) -> Verdict:
    """Whether an API server refuses the public network, or admits no more of it than a /8."""
    if cluster is None or isinstance(cluster, Gone):
        return not_applicable("there is no cluster")
    if isinstance(cluster, Missing):
        return undecided(Undecided(cluster))
    state = cluster.text("properties.provisioningState")  # of an answer without it, absence means nothing
    # Absent means a public cluster: https://learn.microsoft.com/azure/aks/private-clusters
    private = cluster.flag(f"{API_SERVER}.enablePrivateCluster", absent=False)
    if isinstance(state, Missing) or isinstance(private, Missing):
        return undecided(Undecided(*(fact for fact in (state, private) if isinstance(fact, Missing))))
    if private.value:
        return ok("the cluster is private", private)
    # Absent or empty means that every address is let in:
    # https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
    ranges = cluster.items(f"{API_SERVER}.authorizedIPRanges", absent=[])
    if isinstance(ranges, Missing):
        return undecided(Undecided(ranges))
    values = [str(value) for value in ranges.value]
    shown = ", ".join(values)
    if not values:
        return fail("the API server is public and has no authorized ranges", private, ranges)
    if any(equal(value, "AzureCloud") for value in values):
        return fail("the API server admits AzureCloud, which is every public address in Azure", private, ranges)
    size = admitted(values)
    if size is None:
        gap = cluster.missing(ranges.path, f"{shown} are not all address ranges")
        return unknown("how much the authorized ranges admit is not known", gap, seen=[ranges])
    if size.too_many:
        return fail(f"the authorized ranges of the API server admit more than a /8: {shown}", private, ranges)
    return ok(f"the API server admits only {shown}", private, ranges)
