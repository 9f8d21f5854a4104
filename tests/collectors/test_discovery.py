"""Many subscriptions: what Resource Graph spares, and that nothing is decided by its word."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from auditor.cli import main
from auditor.comparing import compared
from auditor.engine import LEFT_OUT
from auditor.model.baseline import Baseline
from auditor.model.clouds import CLOUDS
from auditor.model.report import Outcome, Report, outcome
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.types import VNETS
from auditor.model.verdict import Severity, Status
from auditor.reports import json_report
from collectors import discovery
from collectors.collect import Request, collect, replay
from collectors.crawl import READERS
from collectors.deadline import Deadline
from collectors.errors import CollectionError
from collectors.login import ReplayCredential
from collectors.pseudonyms import Pseudonyms
from collectors.recording import Manifest, RecordingAdapter, start
from tests.arm import aks, network, private_link
from tests.arm.adapter import ArmAdapter, Fault, respond
from tests.arm.estate import NOW, Denial, Estate, Group
from tests.arm.ml import WORKSPACE
from tests.arm.tenants import first_idle, idle_ones, tenant
from tests.audits import report_on

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
AZURE = CLOUDS["AzureCloud"]


@dataclass
class Run:
    """A run over every subscription of an estate, unless some are named."""

    estate: Estate
    named: tuple[str, ...] = ()
    fault: Fault | None = None
    known: Estate | None = None
    size: int = 100
    seconds: float | None = None
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.adapter = ArmAdapter(self.estate, self.size, self.fault, self.known)
        request = Request(self.named, Scope(), 4, Deadline(self.seconds), say=self.said.append)
        self.snapshot = collect(request, AZURE, ReplayCredential(), self.adapter, NOW)
        self.report = report_on(self.snapshot)

    @property
    def left_out(self) -> set[str]:
        return {s.id for s in self.snapshot.left_out}

    @property
    def asked_about(self) -> set[str]:
        """The subscriptions that Resource Manager was asked about."""
        parts = [url.partition("/subscriptions/")[2].split("/") for _, url in self.adapter.requests]
        return {p[0].lower() for p in parts if len(p) > 1}


def judged(report: Report) -> set[tuple[str, str, str]]:
    return {(r.fingerprint, str(r.status), r.verdict.message) for r in report.results}


def refused(request: requests.PreparedRequest) -> requests.Response | None:
    if request.method != "POST":
        return None
    return respond(request, 403, {"error": {"code": "AuthorizationFailed", "message": "no"}})


# -- what it spares ------------------------------------------------------------------------------------------------


def test_subscriptions_that_hold_nothing_are_not_read() -> None:
    """Of two hundred, three queries find the four that matter; the others get no request."""
    run = Run(tenant(196), size=1000)
    idle = idle_ones(run.estate)
    assert len(run.estate.subscriptions) == 200
    assert len(run.adapter.asked) == 3
    assert run.left_out == idle
    assert not run.asked_about & idle
    assert len(run.snapshot.subscriptions) == 4
    assert run.said == ["Resource Graph shows nothing to audit in 196 of 200 subscriptions: they are not read"]
    assert {method for method, url in run.adapter.requests if GRAPH not in url} == {"GET"}


def test_the_rest_is_judged_as_if_each_had_been_named() -> None:
    """The same requests but for the queries, and the same results; as when every subscription is read."""
    found = Run(tenant())
    named = Run(tenant(), named=tuple(s.id for s in found.snapshot.subscriptions))
    whole = Run(tenant(), fault=refused)
    assert judged(found.report) == judged(named.report) == judged(whole.report)
    assert len(found.report.environments) == len(whole.report.environments) == 3
    one_by_one = {url.rpartition("?")[0] for _, url in named.adapter.requests}
    assert {url.rpartition("?")[0] for _, url in found.adapter.requests if "ResourceGraph" not in url} - one_by_one == {
        "https://management.azure.com/subscriptions"
    }
    assert len(whole.adapter.requests) > len(found.adapter.requests) + 8 * 7


def test_a_hub_is_read_once() -> None:
    """Three environments lean on it or do not: each of its lists is asked for once."""
    run = Run(tenant())
    twice = {url: n for (m, url), n in Counter(run.adapter.requests).items() if n > 1 and m == "GET"}
    assert not twice
    hub = run.estate.find(network.VNET, "vnet-keel-hub")["id"].split("/")[2]
    assert hub in {s.id for s in run.snapshot.subscriptions}
    assert run.snapshot.listing(f"/subscriptions/{hub}", VNETS) is not None


def test_few_subscriptions_are_all_read() -> None:
    """Where there are few, Resource Graph is not asked."""
    run = Run(tenant(discovery.FEW - 4))
    assert not run.adapter.asked
    assert not run.left_out
    assert run.asked_about == {s["subscriptionId"] for s in run.estate.subscriptions}
    assert not run.said


def test_what_is_named_is_read() -> None:
    """Subscriptions that were asked for are read without a query, however many."""
    estate = tenant()
    everything = tuple(s["subscriptionId"] for s in estate.subscriptions)
    run = Run(estate, named=everything)
    assert not run.adapter.asked
    assert run.asked_about == set(everything)


def test_pages_are_followed() -> None:
    """Pages of three rows bring what one page brings."""
    run = Run(tenant(), size=3)
    assert run.left_out == idle_ones(run.estate)
    tokens = [a["options"].get("$skipToken") for a in run.adapter.asked]
    assert len(tokens) > 5
    assert set(tokens) > {None}


def test_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """No query names more subscriptions than it may, and none is forgotten."""
    monkeypatch.setattr(discovery, "BATCH", 5)
    run = Run(tenant())
    assert {len(a["subscriptions"]) for a in run.adapter.asked} == {5, 2}
    assert len(run.adapter.asked) == 3 * 3
    assert run.left_out == idle_ones(run.estate)


# -- what makes a subscription worth reading -----------------------------------------------------------------------


def pointing(target: str, name: str = "pe-far", by_hand: bool = False) -> Callable[[Group], None]:
    kind = "manualPrivateLinkServiceConnections" if by_hand else "privateLinkServiceConnections"

    def place(at: Group) -> None:
        properties = {"privateLinkServiceId": target, "groupIds": []}
        at.add(private_link.ENDPOINT, name, {kind: [{"name": "far", "properties": properties}]})

    return place


FAR = "/subscriptions/x/resourceGroups/y/providers"
NODES = f"{FAR}/Microsoft.ContainerService/managedClusters/aks"
WORTH: list[tuple[str, Callable[[Group], object]]] = [
    ("a zone of the workspace", lambda at: private_link.zones(at, ["PrivateLink.API.azureml.ms"])),
    ("a zone of storage", lambda at: private_link.zones(at, ["privatelink.dfs.core.windows.net"])),
    ("a forwarding ruleset", lambda at: network.ruleset(at, "dnsfrs-far", {".": "10.0.0.4"})),
    ("an endpoint to a workspace", pointing(f"{FAR}/Microsoft.MachineLearningServices/workspaces/mlw")),
    ("one that awaits approval", pointing(f"{FAR}/microsoft.machinelearningservices/workspaces/mlw", by_hand=True)),
    ("an endpoint to a cluster", pointing(NODES)),
    ("an endpoint to a link service", pointing(f"{FAR}/Microsoft.Network/privateLinkServices/pls")),
]
NOT_WORTH: list[tuple[str, Callable[[Group], object]]] = [
    ("another zone", lambda at: private_link.zones(at, ["privatelink.redis.cache.windows.net"])),
    ("an endpoint to a vault", pointing(f"{FAR}/Microsoft.KeyVault/vaults/kv")),
    ("AKS's own endpoint", pointing(NODES, "kube-apiserver")),
]


@pytest.mark.parametrize(("name", "place"), WORTH, ids=[name for name, _ in WORTH])
def test_worth_reading(name: str, place: Callable[[Group], object]) -> None:
    """What concerns the workspaces of other subscriptions and is found only by looking there."""
    estate = tenant(3)
    at = first_idle(estate)
    place(at)
    run = Run(estate)
    assert run.left_out == idle_ones(estate) - {at.subscription}, name
    assert at.subscription in run.asked_about


@pytest.mark.parametrize(("name", "place"), NOT_WORTH, ids=[name for name, _ in NOT_WORTH])
def test_not_worth_reading(name: str, place: Callable[[Group], object]) -> None:
    """What others have, or what is followed from the resource itself."""
    estate = tenant(3)
    place(first_idle(estate))
    assert Run(estate).left_out == idle_ones(estate), name


def with_extension(estate: Estate) -> str:
    """A cluster with the AzureML extension in a subscription that holds nothing else of interest."""
    at = first_idle(estate)
    nodes = next(c for c in estate.find_all(aks.CLUSTER) if at.subscription in c["id"])
    aks.extension(estate, nodes, "far")
    return at.subscription


def test_a_cluster_with_the_extension_is_found() -> None:
    """It is attached to nothing, and that is a finding wherever it stands."""
    estate = tenant(3)
    home = with_extension(estate)
    run = Run(estate)
    assert home not in run.left_out
    assert judged(run.report) == judged(Run(estate, fault=refused).report)
    assert any(home in u.resource_id for u in run.report.unjudged)


# -- where it is of no use -----------------------------------------------------------------------------------------


def answered(change: Callable[[requests.PreparedRequest], object], status: int = 200) -> Fault:
    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        return respond(request, status, change(request)) if request.method == "POST" else None

    return fault


def broken(request: requests.PreparedRequest) -> Exception | None:
    return requests.ConnectionError("reset", request=request) if request.method == "POST" else None


def refused_later(request: requests.PreparedRequest) -> requests.Response | None:
    return refused(request) if "kubernetesconfiguration" in str(request.body) else None


def rows(*ids: object, **more: object) -> dict[str, object]:
    return {"totalRecords": len(ids), "resultTruncated": "false", "data": [{"subscriptionId": i} for i in ids], **more}


NO_USE: list[tuple[str, Fault, str]] = [
    ("refused", refused, "Microsoft.ResourceGraph/resources/read"),
    ("refused half-way", refused_later, "Microsoft.ResourceGraph/resources/read"),
    ("unavailable", answered(lambda _: {"error": {"code": "ServerBusy", "message": "busy"}}, 503), "busy"),
    (
        "not understood",
        answered(lambda _: {"error": {"code": "BadRequest", "message": "InvalidQuery"}}, 400),
        "Invalid",
    ),
    ("unreachable", broken, "reset"),
    ("no JSON object", answered(lambda _: ["?"]), "not a JSON object"),
    ("no rows", answered(lambda _: {"data": {"columns": [], "rows": []}, "totalRecords": 0}), "no rows"),
    ("truncated", answered(lambda _: rows("a", "b", resultTruncated="true")), "not whole"),
    ("fewer rows than records", answered(lambda _: rows("a", totalRecords=2)), "not whole"),
    ("rows that name nothing", answered(lambda _: rows(None, 7)), "not whole"),
    ("no count", answered(lambda _: {"data": []}), "not whole"),
    ("no end", answered(lambda _: rows("a", **{"$skipToken": "again"})), "no end"),
]


@pytest.mark.parametrize(("name", "fault", "why"), NO_USE, ids=[name for name, _, _ in NO_USE])
def test_without_it_everything_is_read(name: str, fault: Fault, why: str) -> None:
    """One line says so, and the results are those of a run that read every subscription."""
    estate = tenant(2)
    run = Run(estate, fault=fault)
    assert not run.left_out
    assert run.asked_about == {s["subscriptionId"] for s in estate.subscriptions}
    assert len(run.said) == 1
    assert run.said[0].startswith("Resource Graph was of no use (")
    assert why in run.said[0], name
    assert run.said[0].endswith("): reading all 6 subscriptions")
    everything = tuple(s["subscriptionId"] for s in estate.subscriptions)
    assert judged(run.report) == judged(Run(tenant(2), named=everything).report)
    assert not run.report.gaps


def slow(request: requests.PreparedRequest) -> None:
    if request.method == "POST":
        time.sleep(1)


def test_it_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that hangs costs a bounded time, and no subscription."""
    monkeypatch.setattr(discovery, "SECONDS", 0.2)
    run = Run(tenant(2), fault=slow)
    assert run.said == [discovery.no_use(run.snapshot.in_scope, discovery.TOO_LATE)]
    assert not run.left_out
    assert len(run.report.environments) == 3


def test_the_time_of_the_run_is_kept() -> None:
    """When the run's time is up meanwhile, nothing was read and nothing left out: every subscription is unread."""
    run = Run(tenant(2), fault=slow, seconds=0.9)
    assert run.snapshot.cut_short
    assert not run.left_out
    assert {u.resource_id for u in run.report.unjudged if u.failure} == {
        f"/subscriptions/{s['subscriptionId']}" for s in run.estate.subscriptions
    }
    assert outcome(run.report, Severity.LOW) is Outcome.UNSURE


# -- where it lags behind, or does not see -------------------------------------------------------------------------


def test_what_it_does_not_know_yet_is_named() -> None:
    """A workspace that was just made: its subscription is in the report as not judged, and not as audited."""
    estate = tenant()
    late = estate.find(WORKSPACE, "tidal")["id"].split("/")[2]
    known = tenant()
    for body in [b for b in known.resources.values() if b["id"].split("/")[2] == late]:
        known.resources.pop(body["id"].lower(), None)
    run = Run(estate, known=known)
    assert late in run.left_out
    assert len(run.report.environments) == 2
    assert (f"/subscriptions/{late}", LEFT_OUT) in {(u.resource_id, u.reason) for u in run.report.unjudged}
    document = json_report.document(run.report)
    assert {s["id"]: s["audited"] for s in document["run"]["subscriptions"]}[late] is False
    assert len(document["run"]["subscriptions"]) == len(estate.subscriptions)


def test_what_was_left_out_is_not_fixed() -> None:
    """A failure of an earlier run whose subscription was left out since may well be there still."""
    estate, known = tenant(), tenant()
    buoy = estate.find(WORKSPACE, "buoy")["id"].split("/")[2]
    for body in [b for b in known.resources.values() if b["id"].split("/")[2] == buoy]:
        known.resources.pop(body["id"].lower(), None)
    before = Run(estate).report
    failed = [r.finding for r in before.results if r.status is Status.FAIL and buoy in r.subject]
    report = compared(Run(estate, known=known).report, Baseline(before.run.id, NOW, tuple(failed)))
    assert report.comparison is not None
    assert len(failed) == len(report.comparison.unsettled) > 0
    assert not report.comparison.fixed


def test_a_subscription_that_it_does_not_show_is_read() -> None:
    """One that Resource Graph has not heard of, or hides from the caller, is no empty one."""
    estate, known = tenant(), tenant()
    unheard = first_idle(estate).subscription
    known.subscriptions = [s for s in known.subscriptions if s["subscriptionId"] != unheard]
    run = Run(estate, known=known)
    assert run.left_out == idle_ones(estate) - {unheard}
    assert unheard in run.asked_about


def test_what_is_gone_since_costs_a_look() -> None:
    """A workspace that Resource Graph still knows makes no environment."""
    estate = tenant()
    gone = estate.find(WORKSPACE, "tidal")
    estate.remove(gone)
    run = Run(estate, known=tenant())
    home = gone["id"].split("/")[2]
    assert home in run.asked_about
    assert not any(home in e.id for e in run.report.environments)
    assert not run.report.gaps


def test_what_it_says_of_a_resource_decides_nothing() -> None:
    """Settings that were changed since are judged as Resource Manager has them."""
    estate, known = tenant(), tenant()
    estate.set(estate.find(WORKSPACE, "tidal"), "properties.publicNetworkAccess", "Enabled")
    assert judged(Run(estate, known=known).report) == judged(Run(estate, fault=refused).report)
    assert judged(Run(estate, known=known).report) != judged(Run(known).report)


def test_what_the_caller_may_not_see_there_is_not_passed_over() -> None:
    """Resource Graph is silent where workspaces may not be read: the subscription is named as not judged."""
    estate = tenant()
    home = estate.find(WORKSPACE, "tidal")["id"].split("/")[2]
    estate.denied.append(Denial(subscription=home, provider="Microsoft.MachineLearningServices"))
    run = Run(estate)
    assert any(home in u.resource_id for u in run.report.unjudged)
    assert not any(home in r.resource_id for r in run.report.results if str(r.status) == "pass")


# -- recordings ----------------------------------------------------------------------------------------------------


def recorded(estate: Estate, folder: Path, others: Pseudonyms | None = None, size: int = 100) -> Snapshot:
    start(folder, Manifest(recorded_at=NOW, cloud=AZURE, tenant_id=estate.tenant_id, subscriptions=[]), others)
    adapter = RecordingAdapter(ArmAdapter(estate, size), folder, others)
    return collect(Request(threads=4), AZURE, ReplayCredential(), adapter, NOW)


@pytest.mark.parametrize("size", [100, 3])
def test_a_recording_replays(size: int, tmp_path: Path) -> None:
    """The queries are in it, each page under its own name; what was left out is left out again."""
    live = recorded(tenant(), tmp_path / "kept", size=size)
    again = replay(Request(), tmp_path / "kept")
    assert judged(report_on(again)) == judged(report_on(live))
    assert again.left_out == live.left_out != []
    assert again.subscriptions == live.subscriptions
    assert not report_on(again).gaps


@pytest.mark.parametrize("size", [100, 3])
def test_an_anonymised_recording_replays(size: int, tmp_path: Path) -> None:
    """Under other names the same subscriptions are left out, and no id of the tenant's own is left."""
    estate = tenant()
    others = Pseudonyms({t: r.wanted for t, r in READERS.items()})
    live = recorded(estate, tmp_path / "kept", others, size)
    again = replay(Request(), tmp_path / "kept")
    assert {s.id for s in again.left_out} == {others.name(s.id) for s in live.left_out}
    assert Counter(str(r.status) for r in report_on(again).results) == Counter(
        str(r.status) for r in report_on(live).results
    )
    text = "".join(f"{p.name} {p.read_text('utf-8')}" for p in (tmp_path / "kept").iterdir()).lower()
    left = [s for row in estate.subscriptions for s in (row["subscriptionId"], row["displayName"]) if s in text]
    assert not left


def test_a_workspace_that_is_nowhere_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Subscriptions that were left out do not make a wrong name right."""
    recorded(tenant(), tmp_path / "kept")
    assert main(["--replay", str(tmp_path / "kept"), "--workspace", "nowhere"]) == 2
    assert "there is no workspace nowhere" in capsys.readouterr().err


def test_the_user_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr in one line, in the table by name, and in the files."""
    recorded(tenant(), tmp_path / "kept")
    main(["--replay", str(tmp_path / "kept"), "-o", str(tmp_path / "report.sarif")])
    out, err = capsys.readouterr()
    assert [line for line in err.splitlines() if "Resource Graph" in line] == [
        "Resource Graph shows nothing to audit in 8 of 12 subscriptions: they are not read"
    ]
    assert "subscription idle-0, subscription idle-1," in " ".join(out.split())
    assert LEFT_OUT in (tmp_path / "report.sarif").read_text("utf-8")


# -- management groups ---------------------------------------------------------------------------------------------


def group_run(estate: Estate, name: str, size: int = 100, known: Estate | None = None) -> Snapshot:
    request = Request(threads=4, management_group=name)
    return collect(request, AZURE, ReplayCredential(), ArmAdapter(estate, size, known=known), NOW)


def grouped() -> tuple[Estate, str]:
    """A management group with the subscription of one environment and, in a group within, idle ones."""
    estate = tenant()
    home = str(estate.find(WORKSPACE, "tidal")["id"].split("/")[2])
    estate.management_groups = {"mg-platform": [home, "mg-sandbox"], "mg-sandbox": sorted(idle_ones(estate))}
    return estate, home


@pytest.mark.parametrize("size", [100, 1])
@pytest.mark.parametrize("name", ["mg-platform", "/providers/Microsoft.Management/managementGroups/mg-platform"])
def test_a_management_group(name: str, size: int) -> None:
    """What is in it at any depth is in scope, and nothing else."""
    estate, home = grouped()
    snapshot = group_run(estate, name, size)
    assert [s.id for s in snapshot.subscriptions] == [home]
    assert {s.id for s in snapshot.left_out} == idle_ones(estate)
    assert snapshot.tenant_id == estate.tenant_id


def test_what_the_caller_does_not_see_of_a_management_group_is_unread() -> None:
    """It is in scope, so that it cannot be missed, whatever Resource Graph says of it."""
    estate, _ = grouped()
    hidden = first_idle(estate).subscription
    estate.denied.append(Denial(subscription=hidden))
    report = report_on(group_run(estate, "mg-platform", known=grouped()[0]))
    assert len(report.snapshot.left_out) == 7
    assert [g.resource_id for g in report.gaps] == [f"/subscriptions/{hidden}"]
    assert outcome(report, Severity.LOW) is Outcome.UNSURE


@pytest.mark.parametrize(
    ("name", "says"), [("mg-none", "no subscription is in"), ("mg-secret", "could not be read: AuthorizationFailed")]
)
def test_no_management_group(name: str, says: str) -> None:
    """Without its subscriptions no audit is possible."""
    estate, _ = grouped()
    estate.management_groups |= {"mg-none": [], "mg-secret": []}
    estate.denied.append(Denial(scope="/providers/Microsoft.Management/managementGroups/mg-secret"))
    with pytest.raises(CollectionError, match=says):
        group_run(estate, name)


def test_a_recording_of_a_management_group(tmp_path: Path) -> None:
    """It is asked for again, under its other name where there is one."""
    for others in (None, Pseudonyms({t: r.wanted for t, r in READERS.items()})):
        estate, _ = grouped()
        folder = tmp_path / ("other" if others else "plain")
        manifest = Manifest(recorded_at=NOW, cloud=AZURE, subscriptions=[], management_group="mg-platform")
        start(folder, manifest, others)
        adapter = RecordingAdapter(ArmAdapter(estate), folder, others)
        request = Request(threads=4, management_group="mg-platform")
        live = collect(request, AZURE, ReplayCredential(), adapter, NOW)
        again = replay(Request(), folder)
        assert len(again.subscriptions) == len(live.subscriptions) == 1
        assert len(again.left_out) == len(live.left_out) == 8
        assert [str(r.status) for r in report_on(again).results if r.rule.id == "AML-002"] == [
            str(r.status) for r in report_on(live).results if r.rule.id == "AML-002"
        ]
        if others:
            assert "mg-platform" not in "".join(p.name + p.read_text("utf-8") for p in folder.iterdir())
