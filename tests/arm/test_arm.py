"""The estates are what ARM could have answered, and the adapter answers with them as ARM does."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from . import ml, network, private_link, queries, roles, scenarios, services
from .adapter import ArmAdapter, respond
from .estate import Denial, Estate, Group, Json

BASE = "https://management.azure.com"
SCENARIOS: dict[str, Callable[[], Estate]] = {
    "secure": scenarios.secure,
    "hub_project": scenarios.hub_project,
    "hbi": scenarios.hbi,
    "restarted": scenarios.restarted,
    "partial_permissions": scenarios.partial_permissions,
    "default_cluster": scenarios.default_cluster,
    "hub_and_spoke": scenarios.hub_and_spoke,
    "endpoints_in_the_hub": lambda: scenarios.hub_and_spoke("hub"),
    "service_endpoints": scenarios.service_endpoints,
    "everything_public": scenarios.everything_public,
    "large": lambda: scenarios.large(environments=2, others=5),
}


@pytest.fixture(params=SCENARIOS)
def estate(request: pytest.FixtureRequest) -> Estate:
    return SCENARIOS[request.param]()


def served(estate: Estate, **options: Any) -> tuple[requests.Session, ArmAdapter]:
    session, adapter = requests.Session(), ArmAdapter(estate, **options)
    session.mount("https://", adapter)
    return session, adapter


def listed(session: requests.Session, url: str) -> list[Json]:
    rows: list[Json] = []
    while url:
        page = session.get(url).json()
        rows += page["value"]
        url = page.get("nextLink", "")
    return rows


def strings(value: object) -> Iterator[str]:
    """Every string somewhere in a body."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def addresses(estate: Estate, endpoint: Json) -> dict[str, str]:
    """What the NIC of an endpoint says: name to address."""
    nic = estate.get(endpoint["properties"]["networkInterfaces"][0]["id"])
    configurations = [item["properties"] for item in nic["properties"]["ipConfigurations"]]
    links = [(item["privateLinkConnectionProperties"]["fqdns"], item["privateIPAddress"]) for item in configurations]
    return {fqdn: address for fqdns, address in links for fqdn in fqdns}


def test_records_hold_the_addresses_of_the_interfaces(estate: Estate) -> None:
    for group in estate.find_all("Microsoft.Network/privateEndpoints/privateDnsZoneGroups"):
        endpoint = estate.get(group["id"].partition("/privateDnsZoneGroups/")[0])
        known = addresses(estate, endpoint)
        rows = [
            (config["properties"]["privateDnsZoneId"], row["recordSetName"], row["ipAddresses"])
            for config in group["properties"]["privateDnsZoneConfigs"]
            for row in config["properties"]["recordSets"]
        ]
        assert len(rows) == len(known)
        for zone, name, ips in rows:
            assert any(fqdn.startswith(name) and [address] == ips for fqdn, address in known.items())
            assert private_link.addresses_of(estate, zone, name) == ips


def test_no_two_interfaces_share_an_address(estate: Estate) -> None:
    taken = [
        (item["properties"]["subnet"]["id"], item["properties"]["privateIPAddress"])
        for nic in estate.find_all("Microsoft.Network/networkInterfaces")
        for item in nic["properties"]["ipConfigurations"]
    ]
    assert len(taken) == len(set(taken))


def test_targets_mirror_the_connections(estate: Estate) -> None:
    made = {
        (link["properties"]["privateLinkServiceId"], endpoint["id"])
        for endpoint in estate.find_all(private_link.ENDPOINT)
        for link in endpoint["properties"]["privateLinkServiceConnections"]
    }
    shown = {
        (body["id"], connection["properties"]["privateEndpoint"]["id"])
        for body in estate
        for connection in body["properties"].get("privateEndpointConnections", [])
    }
    for connection in estate.find_all("Microsoft.ContainerService/ManagedClusters/privateEndpointConnections"):
        owner = connection["id"].partition("/privateEndpointConnections/")[0]
        shown.add((owner, connection["properties"]["privateEndpoint"]["id"]))
    assert made == shown


def test_ids_lead_somewhere(estate: Estate) -> None:
    known = {text.lower() for body in estate for text in _own_ids(body)}
    assumed = r"roledefinitions|/models/|/environments/"
    for body in estate:
        for text in strings(body["properties"]):
            if text.startswith("/subscriptions/") and "/providers/" in text and not re.search(assumed, text.lower()):
                assert text.lower() in known, f"{body['id']} refers to {text}"


def _own_ids(value: object) -> Iterator[str]:
    """The ids of a body and of what is embedded in it: objects that have a name beside their id."""
    if isinstance(value, dict):
        if "id" in value and "name" in value:
            yield value["id"]
        for item in value.values():
            yield from _own_ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _own_ids(item)


def test_a_removed_endpoint_leaves_nothing_behind() -> None:
    estate = scenarios.secure()
    endpoint = estate.find(private_link.ENDPOINT, "pe-tidal-vault")
    private_link.remove_private_endpoint(estate, endpoint)
    left = [body["id"] for body in estate if endpoint["id"] in strings(body)]
    assert left == []
    assert not estate.find_all("Microsoft.Network/privateDnsZones/A", "kv-tidal")


def test_a_replica_has_a_name_of_its_own_behind_the_endpoint() -> None:
    estate = scenarios.secure()
    images = estate.find("Microsoft.ContainerRegistry/registries")
    services.replication(estate, images, "westeurope")
    space = estate.find("Microsoft.Network/virtualNetworks", "vnet-tidal")
    at = Group(estate, space["id"].partition("/providers/")[0], space["location"])
    dns = {zone["name"]: zone for zone in estate.find_all(private_link.ZONE)}
    subnet = network.subnet(space, "snet-train")
    endpoint = private_link.private_endpoint(at, "pe-second", images, "registry", subnet, dns)
    assert list(addresses(estate, endpoint)) == [
        "crtidal.northeurope.data.azurecr.io",
        "crtidal.westeurope.data.azurecr.io",
        "crtidal.azurecr.io",
    ]
    assert len(private_link.addresses_of(estate, dns["privatelink.azurecr.io"]["id"], "crtidal")) == 2


def test_less_common_bodies_refer_to_what_they_stand_on() -> None:
    estate = scenarios.secure()
    space = estate.find("Microsoft.Network/virtualNetworks", "vnet-tidal")
    at = Group(estate, space["id"].partition("/providers/")[0], space["location"])
    routes = network.route_table(
        at, "rt-tidal", space, ["snet-aks"], {"0.0.0.0/0": "10.40.19.4", "10.9.0.0/16": "None"}
    )
    hops = [route["properties"]["nextHopType"] for route in routes["properties"]["routes"]]
    assert hops == ["VirtualAppliance", "None"]
    assert network.subnet(space, "snet-aks")["properties"]["routeTable"] == {"id": routes["id"]}
    owner, cluster = estate.find(ml.WORKSPACE), estate.find("Microsoft.ContainerService/managedClusters")
    assert ml.attach(estate, owner, cluster, "old", legacy=True)["properties"]["resourceId"] == cluster["id"]
    role = roles.custom_role(estate, at.subscription, "Puller", ["Microsoft.ContainerRegistry/registries/pull/read"])
    grant = roles.assign(estate, at.id, role["id"], "6f-group", "Group")
    assert estate.get(grant["properties"]["roleDefinitionId"]) is role


def test_edits_reach_into_a_body() -> None:
    estate = scenarios.secure()
    cluster = estate.find("Microsoft.ContainerService/managedClusters")
    estate.set(cluster["id"].upper(), "properties.agentPoolProfiles[1].enableNodePublicIP", True)
    estate.set(cluster, "tags['a.b']", "c")
    estate.unset(cluster, "properties.powerState")
    assert cluster["properties"]["agentPoolProfiles"][1]["enableNodePublicIP"] is True
    assert cluster["tags"] == {"a.b": "c"}
    assert "powerState" not in cluster["properties"]
    with pytest.raises(LookupError, match="8 of"):
        estate.find(private_link.ZONE)


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.Network/privateEndpoints",
        "Microsoft.MachineLearningServices/workspaces",
        "Microsoft.No/things",
    ],
)
@pytest.mark.parametrize("page_size", [1, 7, 1000])
def test_lists_page_without_loss(kind: str, page_size: int) -> None:
    estate = scenarios.large(environments=2, others=3)
    session, adapter = served(estate, page_size=page_size)
    subscription = estate.subscriptions[0]["subscriptionId"]
    rows = listed(session, f"{BASE}/subscriptions/{subscription}/providers/{kind}?api-version=2024-05-01")
    assert rows == estate.find_all(kind)
    assert len(adapter.requests) == max(1, -(-len(rows) // page_size))
    assert all("api-version=2024-05-01" in url for _, url in adapter.requests)


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/subscriptions", 1),
        ("{sub}/resourceGroups/rg-tidal/providers/Microsoft.Storage/storageAccounts", 2),
        ("{zone}/ALL", 4),
        ("{zone}/A", 3),
        ("{zone}/virtualNetworkLinks", 1),
        ("{vnet}/subnets", 4),
        ("{vnet}/virtualNetworkPeerings", 0),
        ("{cluster}/providers/Microsoft.KubernetesConfiguration/extensions", 1),
        ("{cluster}/privateEndpointConnections", 2),
        ("{cluster}/trustedAccessRoleBindings", 0),
        ("{sub}/resources?$filter=resourceType eq '{endpoint}'&$expand=createdTime", 9),
        ("{sub}/providers/{log}", 4),
        ("{sub}/providers/{log}?$filter=eventTimestamp ge '2026-10-31' and resourceUri eq '{cluster}'", 2),
        ("{sub}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq 'AcrPull'", 1),
    ],
)
def test_collections(path: str, count: int) -> None:
    estate = scenarios.secure()
    session, _ = served(estate)
    ids = {
        "endpoint": private_link.ENDPOINT,
        "log": "Microsoft.Insights/eventtypes/management/values",
        "sub": f"/subscriptions/{estate.subscriptions[0]['subscriptionId']}",
        "zone": estate.find(private_link.ZONE, "api.azureml")["id"],
        "vnet": estate.find("Microsoft.Network/virtualNetworks", "vnet-tidal")["id"],
        "cluster": estate.find("Microsoft.ContainerService/managedClusters")["id"].upper(),
    }
    rows = listed(session, BASE + path.format(**ids).replace("/PROVIDERS/", "/providers/"))
    assert len(rows) == count
    if "createdTime" in path:
        assert all(row["createdTime"] < "2026-11-20" and "properties" not in row for row in rows)


def test_one_resource_is_found_by_any_casing_even_when_embedded() -> None:
    estate = scenarios.secure()
    session, _ = served(estate)
    space = estate.find("Microsoft.Network/virtualNetworks", "vnet-tidal")
    upper = space["id"].upper().replace("/PROVIDERS/", "/providers/")
    assert session.get(BASE + upper).json() == space
    assert session.get(f"{BASE}{upper}/subnets/SNET-PE").json() == space["properties"]["subnets"][1]


def test_role_assignments_count_groups_and_scopes_above_and_below() -> None:
    estate = scenarios.secure()
    account = estate.find("Microsoft.Storage/storageAccounts", "sttidalmain")["id"]
    group = account.partition("/providers/")[0]
    estate.groups["6f-group"] = ["member"]
    own = [
        roles.assign(estate, scope, "Reader", who)
        for scope, who in (
            (account, "member"),
            (group, "6f-group"),
            (group.rpartition("/resourceGroups")[0], "member"),
        )
    ]
    session, _ = served(estate)
    suffix = "/providers/Microsoft.Authorization/roleAssignments?$filter="
    assert listed(session, f"{BASE}{account}{suffix}assignedTo('Member')") == own
    assert listed(session, f"{BASE}{group}{suffix}assignedTo('member')") == own
    assert listed(session, f"{BASE}{group}{suffix}atScope() and assignedTo('member')") == own[1:]
    assert listed(session, f"{BASE}{account}{suffix}principalId eq 'member'") == [own[0], own[2]]


def test_denials_refuse_or_leave_out() -> None:
    estate = scenarios.partial_permissions()
    session, _ = served(estate)
    subscription = f"/subscriptions/{estate.subscriptions[0]['subscriptionId']}"
    for tail, action in (
        ("Microsoft.Insights/eventtypes/management/values", "Microsoft.Insights/eventtypes/values/read"),
        ("Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/read"),
    ):
        answer = session.get(f"{BASE}{subscription}/providers/{tail}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
        assert f"perform action '{action}' over scope '{subscription}'" in answer.json()["error"]["message"]
    zones = listed(session, f"{BASE}{subscription}/providers/{private_link.ZONE}")
    assert len(zones) == len(estate.find_all(private_link.ZONE)) - 1
    hidden = estate.find(private_link.ZONE, "vaultcore")["id"]
    links = session.get(f"{BASE}{hidden}/virtualNetworkLinks")
    assert f"privateDnsZones/virtualNetworkLinks/read' over scope '{hidden}'" in links.json()["error"]["message"]


def test_a_denied_subscription_is_not_listed() -> None:
    estate = scenarios.hub_and_spoke()
    connectivity = estate.subscriptions[0]["subscriptionId"]
    estate.denied.append(Denial(subscription=connectivity))
    session, _ = served(estate)
    assert [row["displayName"] for row in listed(session, f"{BASE}/subscriptions")] == ["keel-production"]
    assert session.get(f"{BASE}/subscriptions/{connectivity}").status_code == 403


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/subscriptions/none/providers/Microsoft.Network/virtualNetworks", "SubscriptionNotFound"),
        ("{sub}/resourceGroups/none/providers/Microsoft.Network/virtualNetworks/x", "ResourceGroupNotFound"),
        ("{sub}/resourceGroups/rg-tidal/providers/Microsoft.Network/virtualNetworks/x", "ResourceNotFound"),
        (
            "{sub}/resourceGroups/rg-tidal/providers/Microsoft.Network/virtualNetworks/x/subnets",
            "ResourceNotFound",
        ),
        (
            "{sub}/resourceGroups/rg-tidal/providers/Microsoft.No/clusters/x/providers/Microsoft.No/things",
            "ResourceNotFound",
        ),
    ],
)
def test_what_is_missing(path: str, code: str) -> None:
    estate = scenarios.secure()
    session, _ = served(estate)
    answer = session.get(BASE + path.format(sub=f"/subscriptions/{estate.subscriptions[0]['subscriptionId']}"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_the_activity_log_forgets() -> None:
    estate = scenarios.secure()
    for entry in estate.activity[:2]:
        entry["eventTimestamp"] = "2026-08-01T00:00:00.0000004Z"
    path = f"/subscriptions/{estate.subscriptions[0]['subscriptionId']}"
    assert queries.events(estate, path, {}) == estate.activity[:1:-1]


def test_writes_are_refused_and_counted() -> None:
    session, adapter = served(scenarios.secure())
    answer = session.post(f"{BASE}/subscriptions/x/providers/Microsoft.Network/register")
    assert answer.status_code == 403
    assert [method for method, _ in adapter.requests] == ["POST"]


def _unavailable(request: requests.PreparedRequest) -> requests.Response:
    return respond(request, 503, {"error": {"code": "ServerBusy", "message": ""}})


def _dropped(request: requests.PreparedRequest) -> Exception:
    return requests.ConnectionError(request=request)


def test_faults_come_first() -> None:
    faults: list[Callable[[requests.PreparedRequest], requests.Response | Exception | None]]
    faults = [_unavailable, _dropped, lambda _: None]
    sessions = [served(scenarios.secure(), fault=fault)[0] for fault in faults]
    assert sessions[0].get(f"{BASE}/subscriptions").status_code == 503
    with pytest.raises(requests.ConnectionError):
        sessions[1].get(f"{BASE}/subscriptions")
    assert sessions[2].get(f"{BASE}/subscriptions").status_code == 200
