"""Recordings: what is kept, what is left out, and that a replay is the run again."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.clouds import CLOUDS
from auditor.model.ids import ArmId
from auditor.model.report import Report
from auditor.model.snapshot import Scope, Snapshot
from auditor.model.types import COMPUTES, DATASTORES, STORAGE_ACCOUNTS, WORKSPACES
from auditor.model.verdict import Status
from collectors.collect import Request, collect, replay
from collectors.errors import CollectionError
from collectors.login import ReplayCredential
from collectors.recording import (
    MANIFEST,
    Manifest,
    Recording,
    RecordingAdapter,
    file_name,
    request_key,
    start,
    write_private,
)
from collectors.secrets import redact
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, Fault, respond
from tests.arm.estate import NOW, Estate
from tests.audits import report_on, results

CANARY = "c4n4ry-do-not-keep-me"


def recorded(estate: Estate, folder: Path, fault: Fault | None = None, size: int = 100) -> Snapshot:
    """Run the collectors over an estate and keep the exchange, as a live run with --record does."""
    homes = tuple(dict.fromkeys(ArmId.parse(w["id"]).subscription for w in estate.find_all(WORKSPACES)))
    start(folder, Manifest(recorded_at=NOW, cloud=CLOUDS["AzureCloud"], subscriptions=list(homes)))
    adapter = RecordingAdapter(ArmAdapter(estate, page_size=size, fault=fault), folder)
    return collect(Request(homes, threads=4), CLOUDS["AzureCloud"], ReplayCredential(), adapter, NOW)


def judged(report: Report) -> list[tuple[str, str, str, str]]:
    return [(r.fingerprint, r.rule.id, str(r.status), r.verdict.message) for r in report.results]


BUILDERS = [scenarios.secure, scenarios.hbi, scenarios.demo, scenarios.partial_permissions, scenarios.hub_and_spoke]


@pytest.mark.parametrize("build", BUILDERS)
def test_live_replay_and_snapshot_agree(build: Callable[[], Estate], tmp_path: Path) -> None:
    """A live run, its recording replayed and its snapshot judged again give the same results and fingerprints."""
    live = recorded(build(), tmp_path / "kept", size=3)
    again = replay(Request(), tmp_path / "kept")
    loaded = Snapshot.model_validate_json(live.model_dump_json())
    assert judged(report_on(live)) == judged(report_on(again)) == judged(report_on(loaded))
    assert set(report_on(live).gaps) == set(report_on(again).gaps) == set(report_on(loaded).gaps)
    assert live.model_dump() == loaded.model_dump()
    assert again.taken_at == live.taken_at == NOW


WORKSPACE, COMPUTE, DATASTORE, ACCOUNT, CLUSTER = (
    (WORKSPACES, ""),
    (COMPUTES, "k8s"),
    (DATASTORES, "lake"),
    (STORAGE_ACCOUNTS, "main"),
    ("Microsoft.ContainerService/managedClusters", ""),
)
INNER = "properties.properties"
# Where Azure is known to answer with a secret, or once did.
SECRETS: list[tuple[tuple[str, str], str, Any]] = [
    (COMPUTE, f"{INNER}.relayConnectionString", f"Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey={CANARY}"),
    (COMPUTE, f"{INNER}.serviceBusConnectionString", CANARY),
    (COMPUTE, "properties.userAccountCredentials", {"adminUserPassword": CANARY}),
    (COMPUTE, "tags", {"link": f"https://st.blob.core.windows.net/c?sv=1&sig={CANARY}&se=2"}),
    (COMPUTE, f"{INNER}.leafDomainLabel", f"https://x/?a=1&SharedAccessSignature={CANARY}"),
    (WORKSPACE, "properties.notebookInfo.primaryAccessKey", CANARY),
    (WORKSPACE, "properties.instrumentationKey", CANARY),
    (WORKSPACE, "properties.connectionStrings", [CANARY]),
    (DATASTORE, "properties.credentials.secrets", {"secretsType": "AccountKey", "key": CANARY}),
    (DATASTORE, "properties.credentials.secrets", {"secretsType": "Sas", "sasToken": f"?sv=1&sig={CANARY}"}),
    (DATASTORE, "properties.credentials.secrets", {"secretsType": "ServicePrincipal", "clientSecret": CANARY}),
    (ACCOUNT, "properties.primaryConnectionString", f"AccountName=x;AccountKey={CANARY};EndpointSuffix=y"),
    (ACCOUNT, "properties.note", f"AccountName=x;AccountKey={CANARY};EndpointSuffix=y"),
    (ACCOUNT, "properties.keys", [{"keyName": "key1", "value": CANARY}]),
    (CLUSTER, "properties.servicePrincipalProfile", {"clientId": "msi", "secret": CANARY}),
    (CLUSTER, "properties.windowsProfile", {"adminPassword": CANARY}),
    (CLUSTER, "properties.kubeconfigs", [{"name": "admin", "value": CANARY}]),
]


@pytest.mark.parametrize(("where", "path", "value"), SECRETS, ids=[f"{w[0]}:{p}" for w, p, _ in SECRETS])
def test_no_secret_is_kept(where: tuple[str, str], path: str, value: Any, tmp_path: Path) -> None:
    """Connection strings, keys, passwords and signatures reach neither the recording nor the snapshot."""
    estate = scenarios.secure()
    estate.set(estate.find(*where), path, value)
    snapshot = recorded(estate, tmp_path / "kept")
    assert CANARY not in snapshot.model_dump_json()
    leaks = [(f.name, line.strip()) for f in (tmp_path / "kept").iterdir() for line in _lines(f) if CANARY in line]
    assert not leaks
    assert judged(report_on(replay(Request(), tmp_path / "kept"))) == judged(report_on(snapshot))


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_no_token_is_kept(tmp_path: Path) -> None:
    """A recording holds neither the token nor any other header."""
    recorded(scenarios.secure(), tmp_path / "kept")
    text = "".join(f.read_text("utf-8") for f in (tmp_path / "kept").iterdir())
    assert "Bearer" not in text
    assert "uthorization:" not in text
    for path in (tmp_path / "kept").iterdir():
        if path.name != MANIFEST:
            body = json.loads(path.read_text("utf-8"))
            assert set(body) == {"request", "response"}
            assert (set(body["request"]), set(body["response"])) == ({"method", "url"}, {"status", "body"})


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Nobody else on the machine may read a recording."""
    before = os.umask(0)
    try:
        recorded(scenarios.secure(), tmp_path / "kept")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "kept").iterdir()} == {0o600}


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    """A link that somebody laid where an answer goes is left alone, and the recording fails."""
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "a.json").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match="symbolic"):
        write_private(tmp_path / "a.json", "ours")
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_recording_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    """A folder that holds something is left alone."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CollectionError, match="not empty"):
        recorded(scenarios.secure(), tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("gone", ["computes", "storageAccounts", "privateDnsZoneGroups", "values", "datastores"])
def test_what_was_not_recorded_is_a_gap(gone: str, tmp_path: Path) -> None:
    """A request that the recording does not hold is unread: not an empty list, and not a missing resource."""
    before = report_on(recorded(scenarios.secure(), tmp_path / "kept"))
    removed = [f for f in (tmp_path / "kept").iterdir() if f"_{gone}--" in f.name]
    assert removed
    for path in removed:
        path.unlink()
    report = report_on(replay(Request(), tmp_path / "kept"))
    was = {r.fingerprint: r.status for r in before.results}
    assert report.gaps
    assert all("NotRecorded" in g.failure.reason for g in report.gaps)
    assert all(r.status in (was.get(r.fingerprint), Status.UNKNOWN) for r in report.results)


def test_a_retried_answer_is_not_kept(tmp_path: Path) -> None:
    """Of a request that was throttled first, the recording holds the answer and not the 429."""
    seen: set[str] = set()

    def first(request: requests.PreparedRequest) -> requests.Response | None:
        url = str(request.url)
        if url in seen or "/datastores" not in url:
            return None
        seen.add(url)
        answer = respond(request, 429, {"error": {"code": "TooManyRequests", "message": "Slow down."}})
        answer.headers["Retry-After"] = "0"
        return answer

    recorded(scenarios.secure(), tmp_path / "kept", first)
    again = replay(Request(), tmp_path / "kept")
    assert seen
    assert {s for s, _ in Recording(tmp_path / "kept").answers.values()} == {200}
    assert {r.status for r in results(report_on(again), "STO-005")} == {Status.PASS}


def test_a_replay_can_be_narrowed(tmp_path: Path) -> None:
    """A scope given to the replay narrows it; else the recording's own scope holds."""
    recorded(scenarios.large(2, 1), tmp_path / "kept")
    narrow = Request(scope=Scope(workspaces=["mlw-vessel01"]))
    assert len(report_on(replay(narrow, tmp_path / "kept")).environments) == 1
    assert len(report_on(replay(Request(), tmp_path / "kept")).environments) == 2


SPOILT: list[tuple[str, Callable[[Path], object]]] = [
    ("no manifest", lambda f: (f / MANIFEST).unlink()),
    ("manifest cut off", lambda f: (f / MANIFEST).write_text("{")),
    ("manifest of another version", lambda f: (f / MANIFEST).write_text('{"version": "2"}')),
    ("an answer cut off", lambda f: (f / "a.json").write_text('{"request": {')),
    ("an answer of another shape", lambda f: (f / "a.json").write_text("[]")),
    ("an answer without a body", lambda f: (f / "a.json").write_text('{"request": {"method": "GET", "url": ""}}')),
    ("an answer that is nested without end", lambda f: (f / "a.json").write_text("[" * 200_000)),
    ("a folder", lambda f: (f / "a.json").mkdir()),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILT, ids=[n for n, _ in SPOILT])
def test_a_spoilt_recording_is_refused(name: str, spoil: Callable[[Path], object], tmp_path: Path) -> None:
    """A folder that is no recording is said to be none, with what to do."""
    start(tmp_path, Manifest(recorded_at=NOW, cloud=CLOUDS["AzureCloud"], subscriptions=["x"]))
    spoil(tmp_path)
    with pytest.raises(CollectionError) as caught:
        replay(Request(), tmp_path)
    assert caught.value.help
    assert "\n" not in str(caught.value)


SAME = [
    ("https://a/x/Y?b=1&a=2", "https://b/X/y/?A=2&B=1"),
    ("https://a//x?a=%24skip", "https://a/x?a=$skip"),
    ("https://a/x%20y", "https://a/x y"),
]
OTHER = [("https://a/x?api-version=1", "https://a/x?api-version=2"), ("https://a/x", "https://a/x/y")]


@pytest.mark.parametrize(("one", "two", "same"), [(*p, True) for p in SAME] + [(*p, False) for p in OTHER])
def test_when_two_requests_are_one(one: str, two: str, same: bool) -> None:
    """Host, case, order of the query and doubled slashes do not count; path, query and version do."""
    assert (request_key("GET", one) == request_key("GET", two)) is same
    assert (file_name("GET", one) == file_name("GET", two)) is same or same


@given(st.text(max_size=300), st.text(max_size=40))
def test_file_names_are_safe(path: str, query: str) -> None:
    """Whatever a URL holds, the file name stays in its folder and is short."""
    name = file_name("GET", f"https://a/{path}?{query}")
    assert Path(name).name == name
    assert len(name) < 160
    assert not name.startswith(".")
    assert name.endswith(".json")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc./-", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "value"]), inner),
)


@given(PLAIN)
def test_what_is_no_secret_stays(body: Any) -> None:
    """Redacting leaves everything else as it was."""
    assert redact(body) == body
