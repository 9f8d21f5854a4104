"""The custom role of ``audit permissions``: exactly what is asked for, and what the want of each action costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import unquote, urlsplit

import pytest

from auditor.cli import main
from auditor.model.clouds import CLOUDS
from auditor.model.permissions import READ_FOR, action, actions
from auditor.model.report import Report
from auditor.model.types import SUBSCRIPTIONS, WORKSPACES
from auditor.model.verdict import Status
from collectors.collect import Request, collect
from collectors.crawl import READERS
from collectors.login import ReplayCredential
from collectors.recording import MANIFEST
from tests.arm import network, private_link, roles
from tests.arm.adapter import ArmAdapter
from tests.arm.aks import CLUSTER
from tests.arm.estate import NOW, Denial, Estate, Group, child_of, type_of
from tests.arm.ml import WORKSPACE
from tests.arm.record import FIXTURES
from tests.arm.scenarios import SCENARIOS, hub_and_spoke, secure
from tests.arm.services import STORAGE
from tests.arm.tenants import tenant
from tests.audits import report_on, snapshot_of

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


def _hub_asked(address: str) -> tuple[Estate, Group]:
    """The zones are linked to the hub alone, and the spoke asks a server there."""
    estate = hub_and_spoke()
    hub, spoke = estate.find(network.VNET, "vnet-keel-hub"), estate.find(network.VNET, "vnet-keel")
    spoke["properties"]["dhcpOptions"] = {"dnsServers": [address]}
    for link in estate.find_all(f"{private_link.ZONE}/virtualNetworkLinks", "link-vnet-keel"):
        if link["name"] == "link-vnet-keel":
            estate.remove(link)
    return estate, Group(estate, hub["id"].partition("/providers/")[0], hub["location"])


def proxied() -> Estate:
    """Names are asked of an Azure Firewall, and nodes send through a route table."""
    estate, at = _hub_asked("10.50.3.4")
    hub, spoke = estate.find(network.VNET, "vnet-keel-hub"), estate.find(network.VNET, "vnet-keel")
    network.add_subnet(hub, "AzureFirewallSubnet", "10.50.3.0/26")
    network.firewall(at, "afw-keel", hub, "10.50.3.4")
    network.route_table(at, "rt-keel", spoke, ["snet-aks"], {"198.51.100.0/24": "10.50.3.4"})
    return estate


def resolved() -> Estate:
    """Names are asked of a DNS Private Resolver."""
    estate, at = _hub_asked("10.50.2.100")
    network.resolver(at, "dnspr-keel", estate.find(network.VNET, "vnet-keel-hub"), "snet-pe", "10.50.2.100")
    return estate


def forwarded() -> Estate:
    """Names are sent to that resolver by a ruleset."""
    estate, at = _hub_asked("168.63.129.16")
    network.resolver(at, "dnspr-keel", estate.find(network.VNET, "vnet-keel-hub"), "snet-pe", "10.50.2.100")
    network.ruleset(at, "dnsfrs-keel", {".": "10.50.2.100"}, estate.find(network.VNET, "vnet-keel"))
    return estate


def managed() -> Estate:
    """The workspace has a batch endpoint and a managed network, whose endpoint to the storage is the only one."""
    estate = secure()
    owner, account = estate.find(WORKSPACE), estate.find(STORAGE, "main")
    estate.add(child_of(owner, "batchEndpoints", "nightly") | {"properties": {"provisioningState": "Succeeded"}})
    estate.set(owner, "properties.managedNetwork.isolationMode", "AllowOnlyApprovedOutbound")
    target = {"serviceResourceId": account["id"], "subresourceTarget": "blob"}
    rule = {"type": "PrivateEndpoint", "destination": target, "status": "Active"}
    estate.add(child_of(owner, "outboundRules", "to-storage") | {"properties": rule})
    private_link.remove_private_endpoint(estate, estate.find(private_link.ENDPOINT, "pe-tidal-blob"))
    theirs = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/theirs/providers/{private_link.ENDPOINT}/to-storage"
    connection = {"privateEndpoint": {"id": theirs}, "groupIds": ["blob"], "provisioningState": "Succeeded"}
    connection["privateLinkServiceConnectionState"] = {"status": "Approved"}
    account["properties"]["privateEndpointConnections"].append({"name": "theirs", "properties": connection})
    return estate


def gateway_only() -> Estate:
    """People come in by the gateway of the hub alone."""
    estate = hub_and_spoke()
    estate.remove(estate.find("Microsoft.Network/bastionHosts"))
    spoke = estate.find(network.VNET, "vnet-keel")
    estate.set(spoke, "properties.virtualNetworkPeerings[0].properties.useRemoteGateways", False)
    return estate


def custom_role() -> Estate:
    """The cluster's identity holds a role of the tenant's own."""
    estate = secure()
    nodes, space = estate.find(CLUSTER), estate.find(network.VNET, "vnet-tidal")
    for held in estate.find_all(roles.ASSIGNMENT):
        if held["properties"]["principalId"] == nodes["identity"]["principalId"]:
            estate.remove(held)
    role = roles.custom_role(estate, space["id"].split("/")[2], "Nodes", ["Microsoft.Network/*"])
    roles.assign(estate, space["id"], role["id"], nodes["identity"]["principalId"])
    return estate


ESTATES: dict[str, Callable[[], Estate]] = {
    **{name: build for name, build in SCENARIOS.items() if name not in ("large", "demo")},
    "proxied": proxied,
    "resolved": resolved,
    "forwarded": forwarded,
    "managed": managed,
    "gateway only": gateway_only,
    "custom role": custom_role,
}


@cache
def clean(name: str) -> tuple[Report, frozenset[str]]:
    """What an estate is judged as when everything may be read, and the actions that ARM checks for its requests."""
    estate = ESTATES[name]()
    adapter = ArmAdapter(estate)
    report = report_on(snapshot_of(estate, adapter))
    return report, frozenset(_checked(url) for _, url in adapter.requests)


def _checked(url: str) -> str:
    """The action that ARM checks for a read: named after the path, whoever asks."""
    return f"{type_of(unquote(urlsplit(url).path).rstrip('/'))}/read".lower()


def _recorded() -> Iterator[str]:
    for path in FIXTURES.rglob("*.json"):
        if path.name != MANIFEST:
            yield _checked(json.loads(path.read_text("utf-8"))["request"]["url"])


def _of_a_tenant() -> Iterator[str]:
    """What chooses among many subscriptions."""
    estate = tenant()
    estate.management_groups = {"mg-all": [str(s["subscriptionId"]) for s in estate.subscriptions]}
    adapter = ArmAdapter(estate)
    request = Request(threads=4, management_group="mg-all")
    snapshot = collect(request, CLOUDS["AzureCloud"], ReplayCredential(), adapter, NOW)
    assert snapshot.left_out
    yield from (_checked(url) for _, url in adapter.requests)


def test_the_role_holds_what_is_asked_for_and_no_more() -> None:
    """Every request of the recordings and of all estates has its action in the role, and every action its request."""
    asked = {*_recorded(), *_of_a_tenant()}.union(*(clean(name)[1] for name in ESTATES))
    assert asked == {name.lower() for name in actions()}


def test_what_is_read_has_a_reason() -> None:
    """Each type that a collector reads says what for, and nothing else does."""
    assert set(READ_FOR) == set(READERS)
    assert all(reader.needs in actions() for reader in READERS.values())


def test_reader_is_enough() -> None:
    """The built-in role Reader grants ``*/read`` and nothing more."""
    assert all(name.endswith("/read") and "*" not in name for name in actions())


@pytest.mark.parametrize("arm_type", READ_FOR)
def test_without_one_action(arm_type: str) -> None:
    """What it would have shown is unknown and names it; nothing passes that did not pass before."""
    named = False
    for name in ESTATES:
        before, asked = clean(name)
        if named or action(arm_type).lower() not in asked:
            continue
        estate = ESTATES[name]()
        estate.denied.append(Denial(type=action(arm_type).removesuffix("/read")))
        report = report_on(snapshot_of(estate))
        passed = {r.fingerprint for r in before.results if r.status is Status.PASS}
        more = [r.rule.id for r in report.results if r.status is Status.PASS and r.fingerprint not in passed]
        assert not more, f"{name}: {more} pass without {action(arm_type)}"
        assert any(g.failure.needs_action == action(arm_type) for g in report.gaps), name
        named = any(_names(report, arm_type))
    assert named, f"no unknown names {action(arm_type)}"


def _names(report: Report, arm_type: str) -> Iterator[bool]:
    if arm_type in (SUBSCRIPTIONS, WORKSPACES):  # then there is no environment to judge
        yield from (u.failure is not None and u.failure.needs_action == action(arm_type) for u in report.unjudged)
    for result in report.results:
        if result.status is Status.UNKNOWN:
            needed = {m.needs_action for m in result.verdict.missing if m.needs_action}
            unsaid = [name for name in needed if name not in result.verdict.message]
            assert not unsaid, f"{result.rule.id} does not say that it needs {unsaid}: {result.verdict.message}"
            yield action(arm_type) in needed


def test_the_role_is_one_that_azure_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """The form of ``az role definition create``, assignable where it was said, and nothing else on stdout."""
    other = SUBSCRIPTION.replace("1", "a")
    given = ["--subscription", SUBSCRIPTION, "--subscription", f"/subscriptions/{other.upper()}"]
    assert main(["permissions", *given, "--subscription", SUBSCRIPTION]) == 0
    out, err = capsys.readouterr()
    role = json.loads(out)
    assert (role["IsCustom"], role["NotActions"], role["DataActions"]) == (True, [], [])
    assert role["Name"]
    assert role["Description"]
    assert role["Actions"] == sorted(set(role["Actions"])) == list(actions())
    assert role["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{other}"]
    assert err == ""


def test_a_role_for_no_subscription_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a subscription a placeholder stands, and a word on stderr."""
    assert main(["permissions"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["AssignableScopes"] == ["/subscriptions/<subscription-id>"]
    assert "--subscription" in err


@pytest.mark.parametrize("given", ["production", "", "/providers/Microsoft.Management/managementGroups/x", "1111"])
def test_a_role_needs_ids(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name cannot be looked up offline."""
    assert main(["permissions", "--subscription", given]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)


def test_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Each action with what it is for, each on its line."""
    assert main(["permissions", "--why"]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[1:]]
    assert {name: what.strip() for name, what in lines} == actions()
