"""A collection as a whole: each thing asked once, every page read, and nothing that was lost taken for absent."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from auditor.model.clouds import CLOUDS
from auditor.model.ids import ArmId
from auditor.model.report import Report
from auditor.model.types import DATASTORES, ONLINE_ENDPOINTS, WORKSPACES, ZONE_GROUPS, ZONE_LINKS
from auditor.model.verdict import Status
from collectors.collect import Request, collect
from collectors.crawl import TIME_IS_UP
from collectors.deadline import Deadline
from collectors.login import ReplayCredential
from collectors.recording import request_key
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import NOW, Estate, Json, child_of
from tests.audits import audited, report_on, results, snapshot_of

Judgement = dict[str, tuple[str, str]]


def judged(report: Report) -> Judgement:
    """Status and message of every result, by fingerprint."""
    return {r.fingerprint: (str(r.status), r.verdict.message) for r in report.results}


def paths(adapter: ArmAdapter) -> list[str]:
    """What was asked for, as one request each, without host and case."""
    return [request_key(method, url) for method, url in adapter.requests]


@pytest.mark.parametrize("build", scenarios.SCENARIOS.values(), ids=list(scenarios.SCENARIOS))
def test_each_thing_is_asked_once(build: Callable[[], Estate]) -> None:
    """No request is sent twice, and none for a resource that a list already brought."""
    adapter = ArmAdapter(build())
    snapshot = snapshot_of(adapter.estate, adapter)
    twice = {p: n for p, n in Counter(paths(adapter)).items() if n > 1}
    assert not twice
    assert snapshot.traffic.requests == len(adapter.requests)
    assert snapshot.traffic.retries == snapshot.traffic.throttled == 0
    assert len({r.id.lower() for r in snapshot.resources}) == len(snapshot.resources)


@pytest.mark.parametrize("seed", range(3))
def test_what_answers_first_makes_no_difference(seed: int) -> None:
    """Two collections of one estate are the same, to the last byte, whatever came late."""

    def dawdle(request: requests.PreparedRequest) -> None:
        time.sleep(0.03 * (zlib.crc32(f"{seed} {request.url}".encode()) % 3))

    estate = scenarios.large(3, 5)
    seen, again = snapshot_of(estate), snapshot_of(estate, ArmAdapter(estate, fault=dawdle))
    assert again.model_dump_json(exclude={"traffic"}) == seen.model_dump_json(exclude={"traffic"})


def test_unrelated_resources_cost_nothing() -> None:
    """A hundred accounts, vaults and endpoints that no workspace uses bring no request."""
    few, many = ArmAdapter(scenarios.large(1, 1)), ArmAdapter(scenarios.large(1, 40))
    for adapter in (few, many):
        snapshot_of(adapter.estate, adapter)
    assert len(few.requests) == len(many.requests)


@pytest.mark.parametrize("build", [scenarios.secure, scenarios.hbi, scenarios.hub_and_spoke, scenarios.default_cluster])
@pytest.mark.parametrize("size", [1, 7])
def test_pages_make_no_difference(build: Callable[[], Estate], size: int) -> None:
    """Pages of one item give what pages of a hundred give."""
    estate = build()
    paged = ArmAdapter(estate, page_size=size)
    assert judged(report_on(snapshot_of(estate, paged))) == judged(audited(build()))
    if size == 1:
        assert len(paged.requests) > len({urlsplit(u).path for _, u in paged.requests})


def odd_datastore(estate: Estate) -> None:
    place(estate, "datastores", {"datastoreType": "CosmicSlate", "accountName": "stelsewhere"})


def odd_endpoint(estate: Estate) -> None:
    place(estate, "onlineEndpoints", None)


def odd_compute(estate: Estate) -> None:
    place(estate, "computes", {"computeType": "Abacus", "properties": None, "resourceId": 7})


def undated_compute(estate: Estate) -> None:
    for compute in estate.find_all(f"{WORKSPACES}/computes"):
        compute["systemData"] = {"createdAt": None}
        compute["properties"]["createdOn"] = None


def undated_workspace(estate: Estate) -> None:
    for workspace in estate.find_all(WORKSPACES):
        workspace["systemData"] = {"createdAt": None}


def place(estate: Estate, kind: str, properties: Json | None) -> None:
    """An item that sorts first in its list, and that the SDK cannot make an entity of."""
    owner = estate.find(WORKSPACES)
    body = child_of(owner, kind, "a-odd") | {"location": owner["location"], "properties": properties}
    rest = dict(estate.resources)
    estate.resources.clear()
    estate.add(body | {"kind": "Strange"})
    estate.resources.update(rest)


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("odd", [odd_datastore, odd_endpoint, odd_compute, undated_compute, undated_workspace])
def test_an_item_that_the_sdk_cannot_parse(odd: Callable[[Estate], None], size: int) -> None:
    """It loses no run, and what stands on pages after it is either read or known to be missing."""
    estate = scenarios.secure()
    odd(estate)
    report = report_on(snapshot_of(estate, ArmAdapter(estate, page_size=size)))
    clean = judged(audited(scenarios.secure()))
    for result in report.results:
        same = result.fingerprint in clean and clean[result.fingerprint][0] == result.status
        assert same or result.status is Status.UNKNOWN, f"{result.rule.id} {result.status}: {result.verdict.message}"
    if size == 100 and odd is not undated_compute:
        assert not report.gaps
        assert {k: v[0] for k, v in judged(report).items() if k in clean} == {k: v[0] for k, v in clean.items()}
    lost = [r for r in report.results if r.status is Status.UNKNOWN]
    assert not lost or report.gaps or odd is undated_compute
    assert len(report.environments) == 1 or report.scope_unread


@pytest.mark.parametrize("late", ["/computes", "/virtualnetworks"])
def test_one_id_in_the_lists_of_two_kinds(late: str) -> None:
    """Whichever list comes first, the resource that the other one hides is not taken for absent."""
    estate = scenarios.demo()
    computes = [body["id"] for body in estate.find_all(f"{WORKSPACES}/computes")]
    plain = ArmAdapter(estate)

    def plant(request: requests.PreparedRequest) -> requests.Response | None:
        path = urlsplit(str(request.url)).path.lower()
        if path.endswith(late):
            time.sleep(0.3)
        if not path.endswith("/providers/microsoft.network/virtualnetworks"):
            return None
        page = plain.send(request).json()
        return respond(request, 200, page | {"value": [*page["value"], *({"id": i} for i in computes)]})

    report = report_on(snapshot_of(estate, ArmAdapter(estate, fault=plant)))
    assert any("two kinds" in gap.failure.reason for gap in report.gaps)
    assert report.scope_unread or len(report.environments) == 2
    before = judged(audited(scenarios.demo()))
    for result in report.results:
        assert result.status in (Status.UNKNOWN, before.get(result.fingerprint, ("", ""))[0]), result.rule.id


def test_pages_after_an_odd_item_are_still_read() -> None:
    """The SDK gives up on a list at an item that it cannot parse; the collectors go on to the next page."""
    estate = scenarios.secure()
    odd_datastore(estate)
    snapshot = snapshot_of(estate, ArmAdapter(estate, page_size=1))
    workspace = estate.find(WORKSPACES)["id"]
    names = {d.name for d in snapshot.children(workspace, DATASTORES)}
    lost = snapshot.unlisted(workspace, DATASTORES)
    assert "lake" in names or lost is not None


def test_hanging_reads_are_left_when_time_is_up() -> None:
    """What was read by the deadline is judged; the rest is unknown, with that reason."""
    release = threading.Event()

    def hang(request: requests.PreparedRequest) -> None:
        if urlsplit(str(request.url)).path.lower().endswith("/privatednszonegroups"):
            release.wait(20)

    estate = scenarios.secure()
    adapter = ArmAdapter(estate, fault=hang)
    try:
        started = time.monotonic()
        home = ArmId.parse(estate.find(WORKSPACES)["id"]).subscription
        request, cloud = Request((home,), threads=16, deadline=Deadline(1.5)), CLOUDS["AzureCloud"]
        snapshot = collect(request, cloud, ReplayCredential(), adapter, NOW)
        assert time.monotonic() - started < 5
    finally:
        release.set()
    report = report_on(snapshot)
    clean = judged(audited(scenarios.secure()))
    unknown = [r for r in report.results if r.status is Status.UNKNOWN]
    assert {"DNS-001", "DNS-003"} <= {r.rule.id for r in unknown}
    assert all(TIME_IS_UP in str(r.verdict.missing) for r in unknown)
    others = [r for r in report.results if r.status is not Status.UNKNOWN]
    assert others
    assert all(clean[r.fingerprint][0] == r.status for r in others)
    assert all(g.failure.reason == TIME_IS_UP for g in report.gaps)
    assert any(ZONE_GROUPS in g.operation for g in report.gaps)


def test_the_deadline_holds_for_the_first_read_too() -> None:
    """A subscription that does not answer in time is unread, not waited for."""
    release = threading.Event()

    def hang(request: requests.PreparedRequest) -> None:
        release.wait(4)

    estate = scenarios.secure()
    home = ArmId.parse(estate.find(WORKSPACES)["id"]).subscription
    started = time.monotonic()
    try:
        snapshot = collect(
            Request((home,), threads=2, deadline=Deadline(1)),
            CLOUDS["AzureCloud"],
            ReplayCredential(),
            ArmAdapter(estate, fault=hang),
            NOW,
        )
    finally:
        release.set()
    assert time.monotonic() - started < 3
    assert report_on(snapshot).scope_unread


def test_throttling_is_waited_out_and_counted() -> None:
    """A 429 is retried as Azure asks, costs no verdict, and shows in the traffic."""
    throttled: set[str] = set()

    def once(request: requests.PreparedRequest) -> requests.Response | None:
        path = urlsplit(str(request.url)).path
        if path in throttled or not path.lower().endswith(("/computes", "/a")):
            return None
        throttled.add(path)
        answer = respond(request, 429, {"error": {"code": "TooManyRequests", "message": "Slow down."}})
        answer.headers["Retry-After"] = "0"
        return answer

    estate = scenarios.secure()
    snapshot = snapshot_of(estate, ArmAdapter(estate, fault=once))
    assert judged(report_on(snapshot)) == judged(audited(scenarios.secure()))
    assert snapshot.traffic.throttled == snapshot.traffic.retries == len(throttled) > 1


def test_an_id_in_another_case_is_one_thing() -> None:
    """References that spell an id in capitals bring no second read and no second resource."""
    estate, plain = scenarios.secure(), ArmAdapter(scenarios.secure())
    snapshot_of(plain.estate, plain)
    named = estate.find(WORKSPACES)["properties"]
    named["storageAccount"] = named["storageAccount"].upper()
    shouting = ArmAdapter(estate)
    snapshot = snapshot_of(estate, shouting)
    assert len(shouting.requests) == len(plain.requests)
    assert judged(report_on(snapshot)).keys() == judged(audited(scenarios.secure())).keys()


def test_progress_counts_every_read() -> None:
    """Progress ends with as many reads done as are known."""
    said: list[tuple[str, int, int]] = []
    estate = scenarios.secure()
    home = ArmId.parse(estate.find(WORKSPACES)["id"]).subscription
    request = Request((home,), progress=lambda *what: said.append(what))
    collect(request, CLOUDS["AzureCloud"], ReplayCredential(), ArmAdapter(estate), NOW)
    assert [done for _, done, _ in said] == list(range(1, len(said) + 1))
    assert said[-1][1] == said[-1][2]


def test_online_endpoints_are_read_for_attached_workspaces_only() -> None:
    """A workspace without an attached cluster costs one list of computes and no more."""
    estate = scenarios.secure()
    for compute in estate.find_all(f"{WORKSPACES}/computes", "k8s"):
        estate.remove(compute)
    adapter = ArmAdapter(estate)
    snapshot = snapshot_of(estate, adapter)
    assert snapshot.listing(estate.find(WORKSPACES)["id"], ONLINE_ENDPOINTS) is None
    assert not [p for p in paths(adapter) if "/datastores" in p or "privatednszonegroups" in p]
    assert not report_on(snapshot).environments
    assert not results(report_on(snapshot), "STO-001")


def test_what_stays_down_is_not_tried_for_long() -> None:
    """Once some reads of a kind have had all their tries, each of the others has one; other kinds lose nothing."""

    def down(request: requests.PreparedRequest) -> requests.Response | None:
        if not str(request.url).lower().partition("?")[0].endswith("/virtualnetworklinks"):
            return None
        answer = respond(request, 503, {"error": {"code": "ServerBusy", "message": "Later."}})
        answer.headers["Retry-After"] = "0"
        return answer

    estate = scenarios.large(3, 1)
    home = str(estate.subscriptions[0]["subscriptionId"])
    adapter = ArmAdapter(estate, fault=down)
    snapshot = collect(Request((home,), threads=1), CLOUDS["AzureCloud"], ReplayCredential(), adapter, NOW)
    tries = Counter(p for p in paths(adapter) if "/virtualnetworklinks?" in p)
    assert sorted(tries.values(), reverse=True) == [7] * 4 + [1] * (len(tries) - 4)
    assert len(tries) > 4
    assert {x.type for x in snapshot.listings if x.failure} == {ZONE_LINKS}
