"""What is made of Azure's answers: whatever one of them says, nothing unread passes and nothing unrelated changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.report import Report
from auditor.model.result import Result
from auditor.model.types import STORAGE_ACCOUNTS
from auditor.model.verdict import Status
from collectors.clients import USER_AGENT, imported
from collectors.errors import from_answer, from_exception
from collectors.session import REQUEST_ID
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, Fault, respond
from tests.arm.estate import Estate, type_of
from tests.audits import report_on, snapshot_of


def path_of(request: requests.PreparedRequest) -> str:
    return urlsplit(str(request.url)).path.lower()


@cache
def clean(build: Callable[[], Estate]) -> tuple[dict[str, Result], tuple[str, ...]]:
    """The results of an undisturbed run, and every path that it asks for after the subscription."""
    adapter = ArmAdapter(build())
    report = report_on(snapshot_of(adapter.estate, adapter))
    asked = dict.fromkeys(urlsplit(url).path.lower() for _, url in adapter.requests)
    return {r.fingerprint: r for r in report.results}, tuple(p for p in asked if p.count("/") > 2)


def disturbed(build: Callable[[], Estate], fault: Fault) -> Report:
    estate = build()
    return report_on(snapshot_of(estate, ArmAdapter(estate, fault=fault)))


def holds(build: Callable[[], Estate], report: Report, path: str) -> list[Result]:
    """Check a run that lost one answer against the undisturbed one; return what became unknown."""
    before, _ = clean(build)
    lost = []
    for result in report.results:
        was = before.get(result.fingerprint)
        if was is not None and was.status is result.status:
            continue
        told = f"{path}: {result.rule.id} is {result.status}: {result.verdict.message} (was {was and was.status})"
        assert result.status is Status.UNKNOWN, told
        assert result.verdict.missing, told
        lost.append(result)
    gone = before.keys() - {r.fingerprint for r in report.results}
    # A subject may go only where something stands in its place, or where its workspace is named as unread.
    for fingerprint in gone:
        rule_id = before[fingerprint].rule.id
        assert report.scope_unread or any(r.rule.id == rule_id for r in lost), f"{path}: {rule_id} fell silent"
    return lost


BUILDERS = [
    scenarios.secure,
    scenarios.hbi,
    scenarios.hub_project,
    scenarios.service_endpoints,
    scenarios.restarted,
    scenarios.everything_public,
]
AGAIN = ("roleassignments", "k8s-tidal", "proj-tidal", "values", "resources", "computes", "privateendpoints")
# Every read of the first; of the others, those that it does not have or that mean something else there.
CASES = [
    (build, path)
    for build in BUILDERS
    for path in clean(build)[1]
    if build is scenarios.secure or path.rpartition("/")[2] in AGAIN
]
ONE_OF_EACH_TYPE = list({type_of(path): path for path in clean(scenarios.secure)[1]}.values())


@cache
def denied(build: Callable[[], Estate], path: str) -> tuple[Report, tuple[Result, ...]]:
    """A run in which one path, or every path with an ending, is answered 403; and what became unknown."""

    def refuse(request: requests.PreparedRequest) -> requests.Response | None:
        error = {"code": "AuthorizationFailed", "message": "The client does not have authorization."}
        return respond(request, 403, {"error": error}) if path_of(request).endswith(path) else None

    report = disturbed(build, refuse)
    return report, tuple(holds(build, report, path))


@pytest.mark.parametrize(("build", "path"), CASES, ids=[f"{b.__name__}:{p[-60:]}" for b, p in CASES])
def test_a_read_that_is_denied(build: Callable[[], Estate], path: str) -> None:
    """A 403 makes the rules that need it unknown and names the action; all others judge as before."""
    report, lost = denied(build, path)
    gaps = [g for g in report.gaps if g.failure.http_status == 403]
    assert gaps, "the gap is not listed"
    assert all(g.failure.needs_action for g in gaps)
    for result in lost:
        assert any(m.needs_action and m.http_status == 403 for m in result.verdict.missing), (
            f"{result.rule.id}: {result.verdict.missing}"
        )
    assert not report.scope_unread or "workspaces" in path


NEEDS = [
    (scenarios.secure, "/computes", {"ENV-001", "ENV-007"}),
    (scenarios.secure, "/datastores", {"STO-005", "STO-007", "STO-011", "DNS-006", "DNS-007", "DNS-009", "DNS-012"}),
    (scenarios.secure, "/eventtypes/management/values", {"AKS-003"}),
    (scenarios.restarted, "/eventtypes/management/values", {"AKS-003", "AML-005"}),
    (scenarios.secure, "/bastionhosts", {"AML-006"}),
    (scenarios.secure, "/privatednszonegroups", {"DNS-012", *(f"DNS-00{n}" for n in range(1, 10))}),
    (scenarios.hbi, "/roleassignments", {"RBAC-002", "RBAC-003", "RBAC-005", "ACR-005"}),
]


@pytest.mark.parametrize(("build", "part", "rules"), NEEDS)
def test_what_needs_which_read(build: Callable[[], Estate], part: str, rules: set[str]) -> None:
    """The rules that lean on a list are unknown without it."""
    assert {r.rule.id for r in denied(build, part)[1]} == rules


HTML = "<!DOCTYPE html><html><body>Our services aren't available right now</body></html>"
GARBAGE: list[tuple[str, Callable[[str], str]]] = [
    ("html", lambda text: HTML),
    ("cut off", lambda text: text[: len(text) // 2]),
    ("nothing", lambda text: ""),
    ("null", lambda text: "null"),
    ("not a page", lambda text: '{"message": "hello"}'),
    ("value is no list", lambda text: '{"value": {"id": "/subscriptions/x"}}'),
    ("items are no objects", lambda text: '{"value": [null, 7, "x", []]}'),
    ("not UTF-8", lambda text: "\udcff\udcfe"),
]


@pytest.mark.parametrize(("number", "path"), list(enumerate(ONE_OF_EACH_TYPE)), ids=lambda v: str(v)[-60:])
def test_an_answer_that_makes_no_sense(number: int, path: str) -> None:
    """An answer with status 200 and no list or resource in it loses what a 403 loses: it is no empty list."""
    name, spoil = GARBAGE[number % len(GARBAGE)]
    estate = scenarios.secure()
    inner = ArmAdapter(estate)

    def garbled(request: requests.PreparedRequest) -> requests.Response | None:
        return spoilt(inner, request, spoil) if path_of(request) == path else None

    report = disturbed(scenarios.secure, garbled)
    lost = holds(scenarios.secure, report, f"{name} for {path}")
    assert report.gaps, "the gap is not listed"
    assert [r.fingerprint for r in lost] == [r.fingerprint for r in denied(scenarios.secure, path)[1]]


@pytest.mark.parametrize(("name", "spoil"), GARBAGE, ids=[name for name, _ in GARBAGE])
@pytest.mark.parametrize("part", ["/datastores", "/privatednszonegroups", "/values"])
def test_every_kind_of_nonsense(part: str, name: str, spoil: Callable[[str], str]) -> None:
    """The lists of each kind of client treat each kind of nonsense the same."""
    inner = ArmAdapter(scenarios.secure())

    def garbled(request: requests.PreparedRequest) -> requests.Response | None:
        return spoilt(inner, request, spoil) if path_of(request).endswith(part) else None

    report = disturbed(scenarios.secure, garbled)
    lost = holds(scenarios.secure, report, f"{name} for {part}")
    assert report.gaps, "the gap is not listed"
    assert [r.fingerprint for r in lost] == [r.fingerprint for r in denied(scenarios.secure, part)[1]]


def spoilt(inner: ArmAdapter, request: requests.PreparedRequest, spoil: Callable[[str], str]) -> requests.Response:
    answer = inner.send(request)
    text = spoil(answer.text)
    answer = respond(request, 200, None)
    answer._content = text.encode("utf-8", "surrogateescape")
    return answer


def test_another_tenants_account_is_not_absent() -> None:
    """A 404 that is not about the resource itself proves nothing."""
    for code in ("SubscriptionNotFound", "InvalidResourceType", "NoRegisteredProviderFound", ""):

        def lost(request: requests.PreparedRequest, code: str = code) -> requests.Response | None:
            if f"/{STORAGE_ACCOUNTS}/".lower() in path_of(request) or path_of(request).endswith("/storageaccounts"):
                return respond(request, 404, {"error": {"code": code, "message": "Not found."}})
            return None

        report = disturbed(scenarios.secure, lost)
        statuses = {r.rule.id: r.status for r in report.results}
        assert statuses["ENV-006"] is Status.UNKNOWN, code
        assert statuses["STO-001"] is Status.UNKNOWN, code


ANSWERS = [
    (404, {"error": {"code": "ResourceNotFound", "message": "x"}}, True),
    (404, {"error": {"code": "ResourceGroupNotFound", "message": "x"}}, True),
    (404, {"code": "ResourceNotFound", "message": "x"}, True),
    (404, {"error": {"code": "SubscriptionNotFound", "message": "x"}}, False),
    (404, {"error": {"code": "NotFound", "message": "x"}}, False),
    (404, {"error": "ResourceNotFound"}, False),
    (404, [], False),
    (403, {"error": {"code": "ResourceNotFound", "message": "x"}}, False),
    (400, {"error": {"code": "ResourceNotFound", "message": "x"}}, False),
]


@pytest.mark.parametrize(("status", "body", "gone"), ANSWERS)
def test_what_proves_absence(status: int, body: object, gone: bool) -> None:
    """Only 404 with ResourceNotFound or ResourceGroupNotFound says that a resource does not exist."""
    failure, is_gone = from_answer(status, body, "Microsoft.X/things/read")
    assert is_gone is gone
    assert failure.http_status == status
    assert failure.needs_action == ("Microsoft.X/things/read" if status == 403 else None)


def test_the_action_that_azure_names_is_shown() -> None:
    """Where Azure says which permission is missing, that one is named."""
    message = "The client 'a' does not have authorization to perform action 'Microsoft.X/vaults/read' over scope '/s'."
    failure, _ = from_answer(403, {"error": {"code": "AuthorizationFailed", "message": message}}, "X/read")
    assert failure.needs_action == "Microsoft.X/vaults/read"
    assert "Microsoft.X/vaults/read" in failure.reason
    assert "'a'" not in failure.reason


TEXTS = st.text(max_size=400)
PARTS = st.none() | st.integers() | TEXTS | st.lists(TEXTS, max_size=2)
ERRORS = PARTS | st.dictionaries(st.sampled_from(["code", "message", "details"]), PARTS)


@given(st.integers(100, 599), ERRORS | st.builds(lambda error: {"error": error}, ERRORS))
def test_any_answer_makes_one_line(status: int, body: object) -> None:
    """Whatever the body of an error is, the reason is short, and says something."""
    failure, _ = from_answer(status, body, "Microsoft.X/read")
    assert 0 < len(failure.reason) <= 300


@given(st.text(max_size=900))
def test_any_exception_makes_one_line(text: str) -> None:
    """The reason that an exception makes is one short line."""
    failure = from_exception(RuntimeError(text))
    assert 0 < len(failure.reason) <= 300
    assert "\n" not in failure.reason


def test_threads_do_not_trip_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What azure-ai-ml leaves in the environment is taken away by whoever comes first."""
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "before")
    usual = sys.getswitchinterval()

    def work(_: int) -> None:
        for _ in range(2_000):
            os.environ["AZUREML_CURRENT_CLOUD"] = "x"
            imported("azure.core")

    try:
        sys.setswitchinterval(1e-6)
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(work, range(8))) == [None] * 8
    finally:
        sys.setswitchinterval(usual)


def test_every_request_is_sent_through_the_one_pipeline() -> None:
    """Whichever SDK sends it, a request says who asks, and has an id of its own."""
    seen: list[tuple[str, str]] = []

    def watch(request: requests.PreparedRequest) -> None:
        seen.append((str(request.headers["User-Agent"]), str(request.headers[REQUEST_ID])))

    estate = scenarios.secure()
    snapshot = snapshot_of(estate, ArmAdapter(estate, fault=watch))
    assert len(seen) == snapshot.traffic.requests > 40
    assert {agent.split()[0] for agent, _ in seen} == {USER_AGENT}
    assert len({name for _, name in seen}) == len(seen)
