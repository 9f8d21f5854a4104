"""Anonymised recordings: they replay to the same verdicts, and nothing of the tenant's own is left in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cli import main
from auditor.cli.outputs import RENDERERS
from auditor.model.clouds import CLOUDS, Cloud
from auditor.model.ids import ArmId
from auditor.model.paths import steps
from auditor.model.report import Report
from auditor.model.snapshot import Scope
from auditor.model.types import WORKSPACES
from auditor.reports import evidence
from auditor.reports.sarif import Options
from auditor.topology import roles as roles_that_rules_know
from collectors.collect import Request, collect, replay
from collectors.crawl import READERS
from collectors.login import ReplayCredential
from collectors.pseudonyms import GIVEN, GUID, HOSTS, LABELS, NAMES, ROLES, URIS, Pseudonyms
from collectors.readers import COMMON
from collectors.recording import Manifest, RecordingAdapter, request_key, start
from tests.arm.adapter import ArmAdapter
from tests.arm.estate import AUDITOR, NOW, Estate
from tests.arm.scenarios import SCENARIOS, demo, hub_and_spoke, large, secure
from tests.audits import report_on
from tests.test_permissions import ESTATES

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
BUILDERS: dict[str, Callable[[], Estate]] = {**SCENARIOS, **ESTATES, "large": lambda: large(2, 3)}


def pseudonyms() -> Pseudonyms:
    return Pseudonyms({t: r.wanted for t, r in READERS.items()})


def recorded(estate: Estate, folder: Path, others: Pseudonyms | None, size: int) -> None:
    homes = tuple(dict.fromkeys(ArmId.parse(w["id"]).subscription for w in estate.find_all(WORKSPACES)))
    cloud = CLOUDS["AzureCloud"]
    manifest = Manifest(recorded_at=NOW, cloud=cloud, tenant_id=estate.tenant_id, subscriptions=list(homes))
    start(folder, manifest, others)
    adapter = RecordingAdapter(ArmAdapter(estate, page_size=size), folder, others)
    collect(Request(homes, threads=4), cloud, ReplayCredential(), adapter, NOW)


def statuses(report: Report) -> Counter[tuple[str, str, str]]:
    return Counter((r.rule.id, str(r.status), str(r.severity)) for r in report.results)


def rendered(report: Report) -> str:
    files = evidence.files(report)
    return "".join([*("".join(render(report, Options())) for render in RENDERERS.values()), *files, *files.values()])


@pytest.mark.parametrize("size", [100, 2])
@pytest.mark.parametrize("name", BUILDERS)
def test_an_anonymised_recording_replays_to_the_same(name: str, size: int, tmp_path: Path) -> None:
    """Every rule has the same statuses as often, gaps included, and no name or id of the tenant is left anywhere."""
    if size == 2 and name in ("large", "demo"):
        return
    estate = BUILDERS[name]()
    recorded(estate, tmp_path / "plain", None, size)
    recorded(BUILDERS[name](), tmp_path / "other", pseudonyms(), size)
    plain, other = (report_on(replay(Request(), tmp_path / n)) for n in ("plain", "other"))
    assert statuses(other) == statuses(plain)
    assert str(other.conclusion()) == str(plain.conclusion())
    assert Counter(g.failure.needs_action for g in other.gaps) == Counter(g.failure.needs_action for g in plain.gaps)
    assert sorted(str(e.scenario) for e in other.environments) == sorted(str(e.scenario) for e in plain.environments)
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "other").iterdir()}
    text = "\n".join([*files, *files.values(), rendered(other)]).lower()
    left = sorted(word for word in own_words(estate) if word in text)
    assert not left, left


@pytest.mark.parametrize("asked", [(), ("keel-production",), ("KEEL-production", "keel-connectivity")])
def test_subscriptions_are_found_again(asked: tuple[str, ...], tmp_path: Path) -> None:
    """All of them, or those that were given by name."""
    others, cloud = pseudonyms(), CLOUDS["AzureCloud"]
    start(tmp_path / "other", Manifest(recorded_at=NOW, cloud=cloud, subscriptions=list(asked)), others)
    adapter = RecordingAdapter(ArmAdapter(hub_and_spoke(), page_size=1), tmp_path / "other", others)
    plain = report_on(collect(Request(asked, threads=4), cloud, ReplayCredential(), adapter, NOW))
    other = report_on(replay(Request(), tmp_path / "other"))
    assert statuses(other) == statuses(plain)
    assert len(other.snapshot.subscriptions) == len(plain.snapshot.subscriptions)
    assert other.snapshot.tenant_id != plain.snapshot.tenant_id


def own_words(estate: Estate) -> set[str]:
    """Every name, id and label of the tenant's own, in lower case."""
    words = {estate.tenant_id, AUDITOR, *(row["displayName"] for row in estate.subscriptions)}
    for body in estate:
        words.update(str(body["name"]).split("."))
        words.update(GUID.search(text).group() for text in strings(body) if GUID.search(text))  # type: ignore[union-attr]
        words.update(w for text in strings(body) if text.startswith("/sub") for w in re.split(r"[/.]", text))
        words.update(str(body["properties"].get("fqdn", "")).split("."))
    words = {word.lower() for word in words}
    plain = re.compile(r"microsoft|[a-z]+|\d+|.{0,3}")  # types, regions and other single words of Azure's own
    return {w for w in words if not plain.fullmatch(w) and w not in GIVEN | LABELS | ROLES}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def test_what_is_searched_for_is_worth_it() -> None:
    """The words that must be gone are there at first."""
    words = own_words(secure())
    assert {"mlw-tidal", "vnet-tidal", "snet-aks", "pe-tidal-blob", "kv-tidal", "tidal-production"} <= words
    assert sum(bool(GUID.fullmatch(w)) for w in words) > 10


# What is looked at and is Azure's own word, a number, a flag, a time or an address: it stays.
PLAIN = set(
    """
    access action actions addressPrefix addressPrefixes adminUserEnabled allowBlobPublicAccess allowInsecureConnections
    allowPublicAccessWhenBehindVnet allowSharedKeyAccess allowVirtualNetworkAccess anonymousPullEnabled
    authorizedIPRanges bypass code computeType createdAt createdOn createdTime credentialsType dataActions
    dataEndpointEnabled datastoreType defaultAction destinationAddressPrefix destinationAddressPrefixes
    destinationPortRange destinationPortRanges direction disableBgpRoutePropagation disableLocalAccounts dnsServers
    dockerBridgeCidr enableInference enableNodePublicIP enablePrivateCluster enablePrivateClusterPublicFQDN enableProxy
    enablePurgeProtection enableSoftDelete enableVnetIntegration endpointComputeType eventTimestamp extensionType
    forwardingRuleState gatewayType groupId groupIds hbiWorkspace ignoreMissingVnetServiceEndpoint
    inferenceRouterServiceType internalLoadBalancerProvider ipAddress ipAddresses ipAllowlist ipv4Address isHnsEnabled
    isolationMode kind level loadBalancerType location locations minimumTlsVersion mode modifiedOn networkPlugin
    networkPluginMode networkRuleBypassOptions nextHopIpAddress nextHopType notActions notDataActions numberOfRecordSets
    numberOfVirtualNetworkLinks outboundType peerCompleteVnets peeringState peeringSyncLevel podCidr podCidrs
    principalType priority privateEndpointNetworkPolicies privateIPAddress privateIPAddressVersion privateIpAddress
    protocol provisioningState publicNetworkAccess recordType registrationEnabled resolutionPolicy roleAssignmentMode
    roles scoringFe.serviceType.internalLoadBalancer servers service serviceCidr serviceCidrs sourceAddressPrefix
    sourceAddressPrefixes sourcePortRange sourcePortRanges state status subresourceTarget supportsHttpsTrafficOnly
    systemDatastoresAuthMode ttl type useRemoteGateways v1LegacyMode value virtualNetworkLinkState {}
    """.split()  # noqa: SIM905
)
# An ARM id, or a GUID, which is told by its form.
IDS = set(
    """
    id applicationSecurityGroups compute containerRegistry hubResourceId keyVault podSubnetID
    primaryUserAssignedIdentity privateDNSZone privateDnsZoneId privateLinkServiceId resourceId roleDefinitionId scope
    serviceResourceId sourceResourceId storageAccount subscriptionId tenantId vnetSubnetID workspaceId
    """.split()  # noqa: SIM905
)


def test_every_kept_property_is_decided() -> None:
    """A property that a collector begins to keep is a name, a host, an id, or Azure's own word: somebody must say."""
    leaves = {
        [str(s) for s in steps(pattern) if s != "[]"][-1]
        for reader in READERS.values()
        for pattern in (*COMMON, *reader.keep)
    }
    decided = [PLAIN, IDS, set(NAMES), set(HOSTS), set(URIS)]
    assert leaves == set().union(*decided)
    assert sum(len(group) for group in decided) == len(leaves), "a property is decided twice"


def test_roles_that_rules_know_stay() -> None:
    """A rule compares built-in roles by their id."""
    known = [r for r in vars(roles_that_rules_know).values() if isinstance(r, roles_that_rules_know.Role)]
    assert known
    assert {guid for role in known for guid in (role.guid, *(g for _, g in role.wider))} <= ROLES


IDS_AND_HOSTS = [
    (
        "/subscriptions/{g}/resourceGroups/rg-a/providers/Microsoft.Network/virtualNetworks/v/subnets/GatewaySubnet",
        r"/subscriptions/0+-0000-4000-8000-\d+/resourceGroups/name\d+/providers/Microsoft.Network/virtualNetworks/"
        r"name\d+/subnets/GatewaySubnet",
    ),
    (
        "/subscriptions/{g}/resourceGroups/x/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io/A/cr1.a",
        r".*/privateDnsZones/privatelink.azurecr.io/A/name\d+\.name\d+",
    ),
    (
        "/providers/Microsoft.Management/managementGroups/root",
        r"/providers/Microsoft.Management/managementGroups/name\d+",
    ),
    ("/", "/"),
]


@pytest.mark.parametrize(("text", "form"), IDS_AND_HOSTS)
def test_ids(text: str, form: str) -> None:
    """Types and what Azure gives a meaning stay; the rest goes, the same for every casing."""
    others = pseudonyms()
    text = text.format(g=SUBSCRIPTION)
    assert re.fullmatch(form, others.arm_id(text))
    assert others.arm_id(text.upper()).lower() == others.arm_id(text).lower()


def test_names_stay_together() -> None:
    """A name has one other name wherever it stands: in an id, at the head of a host, in a filter, in another case."""
    others = pseudonyms()
    name = others.name("stlake")
    assert others.host("STLAKE.blob.core.windows.net") == f"{name}.blob.core.windows.net"
    assert others.host("stlake.privatelink.blob.core.windows.net.") == f"{name}.privatelink.blob.core.windows.net."
    assert others.name("MC_rg_aks_westeurope").startswith("MC_")
    assert others.name("HV_hub_1").startswith("HV_")
    assert "__sys_pe_" in others.name("ws.__sys_pe_blob")
    assert others.host("10.1.2.3") == "10.1.2.3"
    assert others.name("") == ""
    for kept in ("kube-apiserver", "GatewaySubnet", "AzureBastionSubnet", "default", "privatelink", "NorthEurope"):
        assert others.name(kept) == kept


def test_a_filter_asks_for_the_same() -> None:
    """A request is still found by what the collectors ask on replay."""
    others = pseudonyms()
    cluster = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/a"
    since = "eventTimestamp ge '2026-01-01T00:00:00Z'"
    base = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/providers/x"
    url = f"{base}?$filter={since} and resourceUri eq '{cluster.upper()}'&api-version=1"
    said = others.url(url)
    wanted = (
        f"https://management.azure.com/subscriptions/{others.name(SUBSCRIPTION)}/providers/x?api-version=1&"
        f"$filter={since} and resourceUri eq '{others.arm_id(cluster)}'"
    )
    assert request_key("GET", said) == request_key("GET", wanted)
    assert others.name("6f-group") in others.url(f"{base}?$filter=assignedTo('6f-group')")
    of_type = "resourceType eq 'Microsoft.Network/privateEndpoints'"
    assert request_key("GET", others.url(f"/x?$filter={of_type}")) == request_key("GET", f"/x?$filter={of_type}")
    assert "eyJz" not in others.url(f"{base}?$skiptoken=eyJzdWIiOiJteS1uYW1lIn0")


def test_an_error_says_no_more_than_its_code_and_action() -> None:
    """People, resources and words of Azure's messages are not kept."""
    message = f"The client 'ann@example' with object id '{SUBSCRIPTION}' does not have authorization to perform action "
    body = {"error": {"code": "AuthorizationFailed", "message": f"{message}'Microsoft.X/y/read' over scope '/my-own'"}}
    kept = pseudonyms().body("https://management.azure.com/subscriptions/x/providers/Microsoft.X/y", 403, body)
    assert kept == {"error": {"code": "AuthorizationFailed", "message": "perform action 'Microsoft.X/y/read'"}}


def test_what_was_asked_for_is_renamed_too() -> None:
    """Tenant, subscriptions, narrowed scope, and the address of a cloud of one's own."""
    others = pseudonyms()
    cloud = Cloud(
        name="Fabrikam",
        family="",
        resource_manager="https://arm.fabrikam.example:8443",
        authority="https://login.fabrikam.example/theirs",
        audience="https://arm.fabrikam.example/",
    )
    scope = Scope(
        workspaces=["mlw-own", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-own"], resource_groups=["rg-own"]
    )
    manifest = Manifest(
        recorded_at=NOW, cloud=cloud, tenant_id="theirs.example", subscriptions=["Their own"], scope=scope
    )
    text = manifest.under(others).model_dump_json().lower()
    assert not re.search("own|fabrikam|theirs|1111", text)
    assert manifest.under(others).cloud.resource_manager.endswith(":8443")
    assert manifest.under(others).subscriptions == [others.name("their OWN")]


@pytest.mark.parametrize("build", [demo, hub_and_spoke])
def test_only_what_is_looked_at_is_kept(build: Callable[[], Estate], tmp_path: Path) -> None:
    """What a tenant wrote elsewhere in its resources does not enter the recording."""
    estate = build()
    for body in estate:
        body["tags"] = {"c4n4ry": "c4n4ry"}
        body["properties"]["c4n4ry"] = {"c4n4ry": ["c4n4ry"]}
    recorded(estate, tmp_path / "other", pseudonyms(), 100)
    assert not [p for p in (tmp_path / "other").iterdir() if "c4n4ry" in p.read_text("utf-8").lower()]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("value"), inner, max_size=3)
    ),
    max_leaves=8,
)
URLS = st.text(max_size=20).map(lambda t: f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/{t}")


@given(URLS, st.sampled_from([200, 204, 403, 500]), JSON)
def test_any_answer_can_be_renamed(url: str, status: int, body: Any) -> None:
    """Whatever Azure answers, the recording goes on."""
    json.dumps(pseudonyms().body(url, status, body))
    assert SUBSCRIPTION not in pseudonyms().url(url)


@pytest.mark.parametrize("argv", [["--replay", "x"], ["--snapshot", "x"], ["--subscription", SUBSCRIPTION]])
def test_there_must_be_a_recording(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """--anonymize alone would change nothing."""
    assert main([*argv, "--anonymize"]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)
    assert "--record" in err
