"""The engine fills in what mends a finding, and says which subscriptions it knows nothing of."""

from __future__ import annotations

import shlex

import pytest

from auditor.model.clouds import CLOUDS
from auditor.model.report import Outcome, outcome
from auditor.model.snapshot import Snapshot, Subscription
from auditor.model.verdict import Severity
from tests.arm import private_link
from tests.arm.estate import NOW, Estate
from tests.arm.private_link import ENDPOINT, ZONE
from tests.arm.scenarios import secure
from tests.audits import audited, only, report_on


def unlinked(e: Estate) -> None:
    zone = e.find(ZONE, "privatelink.azurecr.io")
    for one in e.find_all(f"{ZONE}/virtualNetworkLinks"):
        if one["id"].startswith(zone["id"] + "/"):
            e.remove(one)


def without_zone_group_and_records(e: Estate) -> None:
    endpoint = e.find(ENDPOINT, "pe-tidal-registry")
    for group in e.find_all(f"{ENDPOINT}/privateDnsZoneGroups"):
        if group["id"].startswith(endpoint["id"] + "/"):
            e.remove(group)
    for record in e.find_all(f"{ZONE}/A", "crtidal"):
        e.remove(record)


@pytest.mark.parametrize(
    ("change", "mends", "idle"),
    [
        (
            unlinked,
            "az network private-dns link vnet create -g rg-tidal-net -z privatelink.azurecr.io",
            "dns-zone-group",
        ),
        (
            without_zone_group_and_records,
            "dns-zone-group create -g rg-tidal-net --endpoint-name pe-tidal-registry",
            "link vnet create",
        ),
    ],
)
def test_of_several_commands_the_one_that_mends_is_shown(change: object, mends: str, idle: str) -> None:
    """A missing link and a missing record have one rule and two fixes."""
    estate = secure()
    assert callable(change)
    change(estate)
    fix = only(audited(estate), "DNS-005").fix
    assert mends in fix
    assert idle not in fix


def test_a_hostile_name_stays_one_word_of_the_command() -> None:
    """Whoever names a resource must not write a command for whoever pastes the fix."""
    estate = secure()
    endpoint = estate.find(ENDPOINT, "pe-tidal-registry")
    private_link.remove_private_endpoint(estate, endpoint)
    vnet = estate.find("Microsoft.Network/virtualNetworks", "vnet-tidal")
    hostile = vnet["id"].replace("vnet-tidal", "v$(reboot);{x.__class__} 'q")
    for body in list(estate.resources.values()):
        if body["type"].lower() == "microsoft.containerservice/managedclusters":
            for pool in body["properties"]["agentPoolProfiles"]:
                pool["vnetSubnetID"] = f"{hostile}/subnets/snet-aks"
    fixes = [r.fix for r in audited(estate).results if "reboot" in r.fix]
    assert fixes
    for fix in fixes:
        words = [word for word in shlex.split(fix, comments=True) if "reboot" in word]
        assert words, fix
        assert all("v$(reboot);{x.__class__} 'q" in word for word in words), fix


@pytest.mark.parametrize("cut_short", ["", "the time was up"])
def test_a_subscription_of_which_nothing_was_listed_is_no_empty_one(cut_short: str) -> None:
    """A run that ended before its first list saw no workspace, and has not looked for one."""
    home = Subscription(id="11111111-2222-3333-4444-555555555555", name="production", audited=True)
    cloud = CLOUDS["AzureCloud"]
    snapshot = Snapshot(taken_at=NOW, finished_at=NOW, cloud=cloud, subscriptions=[home], cut_short=cut_short)
    report = report_on(snapshot)
    assert [u.resource_id for u in report.unjudged] == [f"/subscriptions/{home.id}"]
    assert cut_short in report.unjudged[0].reason
    assert outcome(report, Severity.LOW) is Outcome.UNSURE
