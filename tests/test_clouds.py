"""The other clouds: the same environment is as sound there, under that cloud's own names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from auditor.model.report import Report
from tests.arm.estate import Estate
from tests.arm.network import VNET
from tests.arm.private_link import NIC, PRIVATE_ZONES, ZONE
from tests.arm.scenarios import hub_and_spoke, secure
from tests.audits import only, report_on, snapshot_of

# What the names of the public cloud become, as they stand in an estate's bodies.
# https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns and
# https://learn.microsoft.com/azure/private-link/private-endpoint-dns
NAMES: dict[str, dict[str, str]] = {
    "AzureUSGovernment": {
        "api.azureml.ms": "api.ml.azure.us",
        "notebooks.azure.net": "notebooks.usgovcloudapi.net",
        "core.windows.net": "core.usgovcloudapi.net",
        "vault.azure.net": "vault.usgovcloudapi.net",
        "vaultcore.azure.net": "vaultcore.usgovcloudapi.net",
        "azurecr.io": "azurecr.us",
        "azmk8s.io": "cx.aks.containerservice.azure.us",
        "northeurope": "usgovvirginia",
    },
    "AzureChinaCloud": {
        "api.azureml.ms": "api.ml.azure.cn",
        "notebooks.azure.net": "notebooks.chinacloudapi.cn",
        "core.windows.net": "core.chinacloudapi.cn",
        "vault.azure.net": "vault.azure.cn",
        "vaultcore.azure.net": "vaultcore.azure.cn",
        "azurecr.io": "azurecr.cn",
        "azmk8s.io": "cx.prod.service.azk8s.cn",
        "northeurope": "chinanorth3",
    },
}
INFERENCE = {
    "AzureUSGovernment": "*.usgovvirginia.inference.ml.azure.us",
    "AzureChinaCloud": "*.chinanorth3.inference.ml.azure.cn",
}
DNS = {f"DNS-{number:03}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12)}
each_cloud = pytest.mark.parametrize("cloud", NAMES)


def renamed(estate: Estate, names: Mapping[str, str]) -> Estate:
    """The estate with other names throughout: in ids, bodies and times."""
    parts = {"resources": estate.resources, "created": estate.created, "activity": estate.activity}
    text = json.dumps(parts)
    for old, new in names.items():
        text = text.replace(old, new)
    return Estate(estate.tenant_id, estate.subscriptions, **json.loads(text))


def in_cloud(cloud: str, build: Callable[[], Estate] = secure) -> Estate:
    return renamed(build(), NAMES[cloud])


def audited_in(cloud: str, estate: Estate) -> Report:
    return report_on(snapshot_of(estate, cloud=cloud))


def statuses(report: Report, *status: str) -> set[str]:
    return {r.rule.id for r in report.results if r.status in status}


@each_cloud
@pytest.mark.parametrize("build", [secure, hub_and_spoke])
def test_an_environment_is_as_sound_there(cloud: str, build: Callable[[], Estate]) -> None:
    report = audited_in(cloud, in_cloud(cloud, build))
    assert statuses(report, "fail", "unknown") == set()
    assert statuses(report, "pass") >= DNS - ({"DNS-006"} if build is hub_and_spoke else set())


@each_cloud
def test_each_name_stands_in_the_zone_of_the_cloud(cloud: str) -> None:
    """The zones that hold the endpoints' records are those of the cloud, and none of the public one's is left."""
    report = audited_in(cloud, in_cloud(cloud))
    (env,) = report.environments
    asked = {zone.name for path in env.paths() for e in path.endpoints for zone in e.zones}
    expected = {renamed_text(name, cloud) for name in PRIVATE_ZONES}
    assert asked == expected
    assert not asked & set(PRIVATE_ZONES)


def renamed_text(text: str, cloud: str) -> str:
    for old, new in NAMES[cloud].items():
        text = text.replace(old, new)
    return text


@each_cloud
def test_the_public_clouds_zones_hold_nothing_there(cloud: str) -> None:
    """Zones under the names of the public cloud are none of those that the cloud's own names are looked up in."""
    estate = in_cloud(cloud)
    back = {renamed_text(name, cloud): name for name in PRIVATE_ZONES}
    report = audited_in(cloud, renamed(estate, back))
    assert {z["name"] for z in renamed(estate, back).find_all(ZONE)} >= set(PRIVATE_ZONES)
    assert statuses(report, "fail") == {"DNS-001", "DNS-003", "DNS-004", "DNS-005", "DNS-006"}
    assert renamed_text("privatelink.vaultcore.azure.net", cloud) in only(report, "DNS-004").verdict.message


@each_cloud
def test_the_clouds_zones_hold_nothing_in_the_public_one(cloud: str) -> None:
    own = {name: renamed_text(name, cloud) for name in PRIVATE_ZONES}
    report = audited_in("AzureCloud", renamed(secure(), own))
    assert statuses(report, "fail") == {"DNS-001", "DNS-003", "DNS-004", "DNS-005", "DNS-006"}


@each_cloud
def test_the_inference_name_in_azures_own_form(cloud: str) -> None:
    """The interface shows it without the workspace's id, and under a suffix of its own."""
    estate = in_cloud(cloud)
    path = "properties.ipConfigurations[2].properties.privateLinkConnectionProperties.fqdns"
    estate.set(estate.find(NIC, "pe-tidal-workspace"), path, [INFERENCE[cloud]])
    assert only(audited_in(cloud, estate), "DNS-007").status == "pass"
    estate.remove(estate.find(f"{ZONE}/A", "*."))
    assert only(audited_in(cloud, estate), "DNS-007").status == "fail"


@each_cloud
def test_the_names_to_check_on_a_dns_server_are_the_clouds_own(cloud: str) -> None:
    estate = in_cloud(cloud, hub_and_spoke)
    estate.find(VNET, "vnet-keel")["properties"]["dhcpOptions"] = {"dnsServers": ["192.0.2.53"]}
    result = only(audited_in(cloud, estate), "DNS-010")
    assert result.status == "unknown"
    for name in ("api.azureml.ms", "notebooks.azure.net", "blob.core.windows.net", "vault.azure.net", "azurecr.io"):
        assert f" {renamed_text(name, cloud)}" in result.verdict.message
        assert name not in result.verdict.message
    instances = {"AzureUSGovernment": "instances.ml.azure.us", "AzureChinaCloud": "instances.ml.azure.ms"}
    assert instances[cloud] in result.verdict.message


@each_cloud
def test_the_zone_of_the_api_server_is_found_by_its_suffix(cloud: str) -> None:
    """Where the cluster's own private name is not answered."""
    estate = in_cloud(cloud)
    cluster = next(c for c in estate if c["type"].lower() == "microsoft.containerservice/managedclusters")
    del cluster["properties"]["privateFQDN"]
    assert only(audited_in(cloud, estate), "DNS-011").status == "pass"
