"""Which reads a run makes: references are followed by id, wherever they lead."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from auditor.model.ids import ArmId
from auditor.model.resource import Resource
from auditor.model.snapshot import Scope
from auditor.model.types import (
    CLUSTERS,
    DATASTORES,
    NICS,
    PRIVATE_ENDPOINTS,
    REGISTRIES,
    STORAGE_ACCOUNTS,
    VAULTS,
    VNETS,
    WORKSPACES,
    ZONE_LINKS,
    ZONES,
)
from auditor.model.verdict import Status
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import Denial, Estate, Group
from tests.arm.network import route_table, security_group, subnet
from tests.arm.private_link import private_endpoint
from tests.audits import audited, only, report_on, results, snapshot_of


def asked(adapter: ArmAdapter) -> list[str]:
    return [urlsplit(url).path.lower() for _, url in adapter.requests]


def subscriptions_of(estate: Estate) -> dict[str, str]:
    return {row["displayName"]: row["subscriptionId"] for row in estate.subscriptions}


def test_a_hub_network_in_another_subscription_is_followed() -> None:
    """Zones, peered VNet, Bastion and gateway of the hub are read by their ids; the hub's own workspaces are not."""
    estate = scenarios.hub_and_spoke()
    adapter = ArmAdapter(estate)
    snapshot = snapshot_of(estate, adapter)
    hub = subscriptions_of(estate)["keel-connectivity"]
    assert [s.id for s in snapshot.subscriptions] == [subscriptions_of(estate)["keel-production"]]
    assert isinstance(snapshot.find(estate.find(VNETS, "vnet-keel-hub")["id"]), Resource)
    for zone in estate.find_all(ZONES, "privatelink.blob"):
        assert snapshot.unlisted(zone["id"], ZONE_LINKS) is None
    there = [p for p in asked(adapter) if p.startswith(f"/subscriptions/{hub}")]
    assert any(p.endswith("/bastionhosts") for p in there)
    assert any(p.endswith("/virtualnetworkgateways") for p in there)
    assert not any(p.endswith(("/workspaces", "/managedclusters", "/storageaccounts", "/vaults")) for p in there)
    assert str(report_on(snapshot).conclusion()) == "secure"


def move(estate: Estate, arm_type: str, name: str = "") -> None:
    """Put a resource and what lies below it into a subscription that is not audited; every reference follows."""
    body = estate.find(arm_type, name)
    old = body["id"]
    other = estate.subscription("shared-services")
    estate.group("rg-shared", body["location"], other)
    new = f"/subscriptions/{other}/resourceGroups/rg-shared/providers/{arm_type}/{body['name']}"
    _relocate(estate, old, new)
    if node_group := body["properties"].get("nodeResourceGroup"):
        at = f"resourceGroups/{node_group}"
        _relocate(estate, f"/subscriptions/{ArmId.parse(old).subscription}/{at}", f"/subscriptions/{other}/{at}")
    for datastore in estate.find_all(DATASTORES):
        if datastore["properties"].get("accountName") == body["name"]:
            datastore["properties"] |= {"subscriptionId": other, "resourceGroup": "rg-shared"}


def _relocate(estate: Estate, old: str, new: str) -> None:
    _replace(list(estate.resources.values()), old, new)
    for key in [k for k in estate.resources if (k + "/").startswith(old.lower() + "/")]:
        moved = estate.resources.pop(key)
        estate.resources[moved["id"].lower()] = moved
        estate.created[moved["id"].lower()] = estate.created.pop(key)
    _replace(estate.activity, old, new)


def _replace(value: object, old: str, new: str) -> object:
    if isinstance(value, dict):
        for name, item in value.items():
            value[name] = _replace(item, old, new)
    elif isinstance(value, list):
        value[:] = [_replace(item, old, new) for item in value]
    elif isinstance(value, str) and old.lower() in value.lower():
        at = value.lower().index(old.lower())
        return value[:at] + new + value[at + len(old) :]
    return value


MOVED = [(REGISTRIES, ""), (VAULTS, ""), (STORAGE_ACCOUNTS, "main"), (STORAGE_ACCOUNTS, "lake"), (CLUSTERS, "")]


@pytest.mark.parametrize(("arm_type", "name"), MOVED)
def test_a_shared_resource_elsewhere_is_judged_like_one_here(arm_type: str, name: str) -> None:
    """A registry, vault, account or cluster of another subscription is followed by its id, and judged the same, but for
    the rule that the cluster has to be in the workspace's."""
    here, estate = audited(scenarios.secure()), scenarios.secure()
    move(estate, arm_type, name)
    report = audited(estate)
    split = {"ENV-005"} if arm_type == CLUSTERS else set()
    expected = {(r.rule.id, Status.FAIL if r.rule.id in split else r.status) for r in here.results}
    assert {(r.rule.id, r.status) for r in report.results} == expected
    assert not report.gaps


@pytest.mark.parametrize(("arm_type", "name"), MOVED)
def test_a_shared_resource_out_of_sight_is_unknown(arm_type: str, name: str) -> None:
    """The same, where the auditor may not read that subscription: unknown, neither passed nor failed."""
    estate = scenarios.secure()
    move(estate, arm_type, name)
    estate.denied.append(Denial(subscription=estate.subscription("shared-services")))
    before = {r.rule.id: r.status for r in audited(scenarios.secure()).results}
    report = audited(estate)
    assert any(r.status is Status.UNKNOWN for r in report.results)
    for result in report.results:
        if (arm_type, result.rule.id) == (CLUSTERS, "ENV-005"):
            continue  # its id alone says where it is
        assert result.status in (Status.UNKNOWN, before[result.rule.id]), f"{result.rule.id}: {result.verdict.message}"


def test_a_project_takes_everything_from_its_hub() -> None:
    """A Project's environment is judged by the hub's resources and endpoints, and its own datastores."""
    report = audited(scenarios.hub_project())
    assert [ArmId.parse(e.workspace.id).name for e in report.environments] == ["proj-tidal"]
    assert str(report.conclusion()) == "secure"
    assert only(report, "AML-002").resource_id.endswith("/mlw-tidal")
    assert only(report, "STO-001").resource_id.endswith("/sttidalmain")


def test_an_endpoint_to_the_cluster_from_elsewhere_is_found_by_the_clusters_own_list() -> None:
    """Somebody's endpoint to the API server may be in a subscription that is not audited."""
    estate = foreign_cluster_endpoint()
    report = audited(estate)
    assert only(report, "AKS-003").status is Status.PASS
    assert only(report, "AKS-003").resource_id == estate.find(PRIVATE_ENDPOINTS, "pe-far-kube")["id"]


def test_without_the_clusters_own_list_endpoints_from_elsewhere_are_unknown() -> None:
    """When that list is denied, nobody can say that there is no such endpoint."""
    estate = foreign_cluster_endpoint()
    estate.denied.append(Denial(type=f"{CLUSTERS}/privateEndpointConnections"))
    assert {r.status for r in results(audited(estate), "AKS-003")} == {Status.UNKNOWN}


def foreign_cluster_endpoint() -> Estate:
    estate = scenarios.hub_and_spoke()
    hub = Group(estate, estate.find(VNETS, "vnet-keel-hub")["id"].partition("/providers/")[0], scenarios.REGION)
    place = subnet(estate.find(VNETS, "vnet-keel-hub"), "snet-pe")
    private_endpoint(hub, "pe-far-kube", estate.find(CLUSTERS), "management", place, days_old=5)
    return estate


SCOPES: list[tuple[Callable[[Estate], Scope], int]] = [
    (lambda e: Scope(), 4),
    (lambda e: Scope(workspaces=["MLW-Vessel01"]), 1),
    (lambda e: Scope(workspaces=[e.find(WORKSPACES, "mlw-vessel02")["id"].upper()]), 1),
    (lambda e: Scope(workspaces=["mlw-vessel01", "mlw-vessel03"]), 2),
    (lambda e: Scope(resource_groups=["RG-VESSEL00"]), 1),
    (lambda e: Scope(resource_groups=["rg-vessel00"], workspaces=["mlw-vessel01"]), 0),
]


@pytest.mark.parametrize(("scope", "count"), SCOPES)
def test_a_narrowed_scope_reads_and_judges_only_that(scope: Callable[[Estate], Scope], count: int) -> None:
    """Workspaces and resource groups narrow what is read, and give the verdicts that a full run gives there."""
    estate = scenarios.large(environments=4, others=1)
    adapter = ArmAdapter(estate)
    report = report_on(snapshot_of(estate, adapter, scope(estate)))
    assert len(report.environments) == count
    assert sum(p.endswith("/computes") for p in asked(adapter)) == count
    full = {r.fingerprint: r.status for r in audited(estate).results}
    assert all(full[r.fingerprint] is r.status for r in report.results)


SLOW = ["/privatednszones", "/privatednszonegroups", "/virtualnetworks", "/vnet-keel-hub", "/computes", "/workspaces"]


@pytest.mark.parametrize("slow", SLOW)
def test_what_is_asked_does_not_depend_on_what_answers_first(slow: str) -> None:
    """However long one kind of read takes, the reads of a run are the same: a recording replays in any order."""

    def wait(request: requests.PreparedRequest) -> None:
        if urlsplit(str(request.url)).path.lower().endswith(slow):
            time.sleep(0.2)

    quick, slowed = ArmAdapter(scenarios.hub_and_spoke()), ArmAdapter(scenarios.hub_and_spoke(), fault=wait)
    one, two = snapshot_of(quick.estate, quick), snapshot_of(slowed.estate, slowed)
    assert sorted(asked(slowed)) == sorted(asked(quick))
    assert {r.id: r.whole for r in one.resources} == {r.id: r.whole for r in two.resources}


def test_what_arrived_after_all_is_no_gap() -> None:
    """A resource that was denied by id and then stands in a list was read."""
    estate = scenarios.hub_and_spoke()
    zone = estate.find(ZONES, "privatelink.blob")["id"].lower()

    def denied_by_id(request: requests.PreparedRequest) -> requests.Response | None:
        path = urlsplit(str(request.url)).path.lower()
        if path.endswith("/microsoft.network/privatednszones"):
            time.sleep(0.3)
        return respond(request, 403, {"error": {"code": "AuthorizationFailed"}}) if path == zone else None

    report = report_on(snapshot_of(estate, ArmAdapter(estate, fault=denied_by_id)))
    assert not report.gaps
    assert str(report.conclusion()) == "secure"


def count(adapter: ArmAdapter, part: str) -> int:
    """How many requests have a text in their path or query."""
    return sum(part.lower() in url.lower() for _, url in adapter.requests)


def reads(estate: Estate) -> ArmAdapter:
    adapter = ArmAdapter(estate)
    snapshot_of(estate, adapter)
    return adapter


def test_only_what_is_in_the_way_of_aks_is_read_of_security_groups_and_route_tables() -> None:
    """Those of the AKS subnets, and of an endpoint's subnet where they hold for endpoints; no other's."""
    estate = scenarios.secure()
    space = estate.find(VNETS, "vnet-tidal")
    at = Group(estate, space["id"].partition("/providers/")[0], space["location"])
    for name, label in (("nsg-nodes", "snet-aks"), ("nsg-ends", "snet-pe"), ("nsg-train", "snet-train")):
        security_group(at, name, space, [label])
    route_table(at, "rt-nodes", space, ["snet-aks"], {"0.0.0.0/0": "10.40.18.4"})
    route_table(at, "rt-train", space, ["snet-train"], {"0.0.0.0/0": "10.40.18.4"})
    adapter = reads(estate)
    assert [count(adapter, name) for name in ("/nsg-nodes", "/rt-nodes")] == [1, 1]
    assert [count(adapter, name) for name in ("/nsg-ends", "/nsg-train", "/rt-train")] == [0, 0, 0]
    subnet(space, "snet-pe")["properties"]["privateEndpointNetworkPolicies"] = "Enabled"
    assert count(reads(estate), "/nsg-ends") == 1


def test_pull_roles_are_asked_for_only_without_an_admin_user() -> None:
    estate = scenarios.secure()
    registry = estate.find(REGISTRIES)
    asks = f"{registry['name']}/providers/Microsoft.Authorization/roleAssignments"
    assert count(reads(estate), asks) == 1
    registry["properties"]["adminUserEnabled"] = True
    assert count(reads(estate), asks) == 0


def test_attach_roles_are_asked_for_only_where_the_workspace_is_a_user_assigned_identity() -> None:
    estate = scenarios.secure()
    asks = f"{estate.find(CLUSTERS)['name']}/providers/Microsoft.Authorization/roleAssignments"
    assert count(reads(estate), asks) == 0
    name = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-ml"
    identity = {"principalId": "0d4a5f3e-0000-4000-8000-00000000000a"}
    estate.find(WORKSPACES)["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {name: identity}}
    assert count(reads(estate), asks) == 1


def test_a_zone_that_the_subscriptions_list_leaves_out_is_asked_for_in_its_group() -> None:
    """The zone of a private API server is in the node resource group, which the auditor may not see."""
    estate = scenarios.secure()
    group = estate.find(CLUSTERS)["properties"]["nodeResourceGroup"]
    listed = f"/resourceGroups/{group}/providers/Microsoft.Network/privateDnsZones?"
    assert count(reads(estate), listed) == 0
    estate.remove(estate.find(ZONES, "azmk8s.io"))
    assert count(reads(estate), listed) == 1


def refused(path: str) -> Callable[[requests.PreparedRequest], requests.Response | None]:
    """A fault that refuses one list."""

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        asks = urlsplit(str(request.url)).path.lower()
        return respond(request, 403, {"error": {"code": "AuthorizationFailed"}}) if asks.endswith(path) else None

    return fault


def test_network_interfaces_come_by_one_list_and_by_id_where_it_is_refused() -> None:
    """One page holds those of every environment; what it does not bring is asked for by its id."""
    estate = scenarios.large(environments=3, others=1)
    listed = ArmAdapter(estate)
    by_id = ArmAdapter(estate, fault=refused("/providers/microsoft.network/networkinterfaces"))
    one, two = (report_on(snapshot_of(estate, adapter)) for adapter in (listed, by_id))
    assert [count(listed, "/networkInterfaces"), count(listed, "/networkInterfaces/")] == [1, 0]
    assert count(by_id, "/networkInterfaces/") == 7 * len(two.environments)
    assert [(r.fingerprint, r.status) for r in one.results] == [(r.fingerprint, r.status) for r in two.results]
    assert [gap.operation for gap in two.gaps] == [f"list {NICS}"]
