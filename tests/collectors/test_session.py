"""The read-only guard: what may leave, and what never does."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from auditor.model.types import DATASTORES, VAULTS
from auditor.model.verdict import Status
from collectors.deadline import Deadline
from collectors.errors import RefusedRequestError
from collectors.https import HTTPSAdapter
from collectors.session import GRAPH_QUERY, open_session
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, respond
from tests.audits import report_on, results, snapshot_of

ARM = "https://management.azure.com"


class Far(BaseAdapter):
    """The far side: keeps what reaches it, and answers with one status."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.status, self.headers = status, headers or {}
        self.reached: list[tuple[str, str]] = []
        self.last: tuple[requests.PreparedRequest, dict[str, Any]] | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.reached.append((str(request.method), str(request.url)))
        self.last = request, kwargs
        response = respond(request, self.status, {"value": []})
        response.headers.update(self.headers)
        return response

    def close(self) -> None:
        """Nothing to let go of."""


REFUSED = [
    *((method, f"{ARM}/subscriptions/x") for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get!")),
    *((method, f"{ARM}{GRAPH_QUERY}") for method in ("PUT", "PATCH", "DELETE", "HEAD", "post!")),
    ("POST", f"{ARM}{GRAPH_QUERY}/x"),
    ("POST", f"{ARM}{GRAPH_QUERY}/../../subscriptions/x"),
    ("POST", f"{ARM}/subscriptions/x{GRAPH_QUERY}"),
    ("POST", f"{ARM}/providers/Microsoft.ResourceGraph/resourcesHistory"),
    ("POST", f"{ARM}/?path={GRAPH_QUERY}"),
    ("POST", f"https://example{GRAPH_QUERY}"),
    ("POST", f"http://management.azure.com{GRAPH_QUERY}"),
    ("GET", "http://management.azure.com/subscriptions"),
    ("GET", "https://management.azure.com.example/subscriptions"),
    ("GET", "https://example/subscriptions"),
    ("GET", "https://management.azure.com:8443/subscriptions"),
    ("GET", "https://someone@example/subscriptions"),
    ("GET", "https://someone:S3CR3T@management.azure.com/subscriptions"),
    ("GET", "https://someone:S3CR3T@example/subscriptions"),
    ("GET", "https://management.azure.com@example/subscriptions"),
    ("GET", "https://login.microsoftonline.com/common"),
]


@pytest.mark.parametrize(("method", "url"), REFUSED)
def test_refused(method: str, url: str) -> None:
    """Nothing but a read over HTTPS of the one Resource Manager leaves the session."""
    far = Far()
    session, guard = open_session(far, ARM)
    with pytest.raises(RefusedRequestError) as refused:
        session.request(method, url)
    assert "S3CR3T" not in str(refused.value)
    assert far.reached == []
    assert guard.traffic.requests == 0


@pytest.mark.parametrize("url", [f"{ARM}/subscriptions", "https://MANAGEMENT.azure.com/subscriptions"])
def test_reads_pass(url: str) -> None:
    """A GET to the Resource Manager passes, however its host is spelt."""
    far = Far()
    session, guard = open_session(far, f"{ARM}/")
    assert session.get(url).json() == {"value": []}
    assert len(far.reached) == guard.traffic.requests == 1


def test_a_request_leaves_with_what_it_was_made_of() -> None:
    """The SDKs' own headers are kept, and a page of a large list may come compressed."""
    far = Far()
    session, _ = open_session(far, ARM)
    session.get(f"{ARM}/subscriptions", headers={"authorization": "Bearer t", "Accept": "application/json"})
    assert far.last is not None
    sent = far.last[0].headers
    assert (sent["Authorization"], sent["Accept"]) == ("Bearer t", "application/json")
    assert "gzip" in sent["Accept-Encoding"]
    assert len([name for name in sent if name.lower() == "accept"]) == 1


def test_a_query_of_resource_graph_passes() -> None:
    """The one read that is a POST."""
    far = Far()
    session, _ = open_session(far, ARM)
    url = f"{ARM}{GRAPH_QUERY.upper()}?api-version=2021-03-01"
    assert session.post(url, json={"query": "resources"}).status_code == 200
    assert far.reached == [("POST", url)]


@pytest.mark.parametrize("target", ["https://example/steal", "http://management.azure.com/", f"{ARM}/other"])
def test_redirects_are_not_followed(target: str) -> None:
    """A redirect would carry the token to wherever it points."""
    far = Far(302, {"Location": target})
    session, _ = open_session(far, ARM)
    with pytest.raises(requests.TooManyRedirects):
        session.get(f"{ARM}/subscriptions")
    assert len(far.reached) == 1


def test_no_other_adapter_is_left() -> None:
    """There is no scheme by which a request gets round the guard."""
    session, guard = open_session(Far(), ARM)
    assert set(session.adapters) == {"https://", "http://"}
    assert all(a is guard for a in session.adapters.values())
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get("ftp://management.azure.com/subscriptions")


def test_the_environment_tells_proxy_and_certificates_and_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .netrc that names the host does not replace the token."""
    (tmp_path / "netrc").write_text("machine management.azure.com login somebody password secret\n")
    (tmp_path / "ca.pem").touch()
    environment = {"NETRC": "netrc", "REQUESTS_CA_BUNDLE": "ca.pem"}
    for name, file in environment.items():
        monkeypatch.setenv(name, str(tmp_path / file))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8080")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    far = Far()
    session, _ = open_session(far, ARM)
    session.get(f"{ARM}/subscriptions", headers={"Authorization": "Bearer token"})
    assert far.last is not None
    request, how = far.last
    assert request.headers["Authorization"] == "Bearer token"
    assert how["verify"] == str(tmp_path / "ca.pem")
    assert how["proxies"]["https"] == "http://proxy.example:8080"


def test_traffic_is_counted() -> None:
    """A request that is sent again counts as a retry, and a 429 as throttled."""
    session, guard = open_session(Far(429), ARM)
    for name in ("a", "a", "b"):
        session.get(f"{ARM}/subscriptions", headers={"x-ms-client-request-id": name})
    assert (guard.traffic.requests, guard.traffic.retries, guard.traffic.throttled) == (3, 1, 3)


def test_the_pool_is_as_wide_as_the_threads() -> None:
    """No connection is thrown away because the pool is too small."""
    assert HTTPSAdapter(Deadline(), 48).poolmanager.connection_pool_kw["maxsize"] >= 48
    assert HTTPSAdapter(Deadline(), 48).max_retries.total == 0


def test_the_sdk_cannot_register_a_provider() -> None:
    """A list that is answered 409 would make their usual pipeline POST a registration: here it becomes a gap."""

    def unregistered(request: requests.PreparedRequest) -> requests.Response | None:
        if request.method == "GET" and "microsoft.keyvault/vaults" in str(request.url).lower():
            error = {"code": "MissingSubscriptionRegistration", "message": "'Microsoft.KeyVault' is not registered."}
            return respond(request, 409, {"error": error})
        return None

    adapter = ArmAdapter(scenarios.secure(), fault=unregistered)
    snapshot = snapshot_of(adapter.estate, adapter)
    assert {method for method, _ in adapter.requests} == {"GET"}
    gap = snapshot.unlisted(f"/subscriptions/{snapshot.subscriptions[0].id}", VAULTS)
    assert gap is not None
    report = report_on(snapshot)
    assert {r.status for r in results(report, "KV-001")} == {Status.UNKNOWN}
    assert any(g.operation == f"list {VAULTS}" for g in report.gaps)


@pytest.mark.parametrize("build", [scenarios.secure, scenarios.hbi, scenarios.hub_and_spoke, scenarios.large])
def test_only_reads_of_resource_manager_leave(build: Any) -> None:
    """A whole audit consists of GETs to one host."""
    adapter = ArmAdapter(build())
    snapshot_of(adapter.estate, adapter)
    assert {(m, urlsplit(u).netloc) for m, u in adapter.requests} == {("GET", "management.azure.com")}


ASTRAY = [
    ("/privateendpoints", "https://example/next"),
    ("/computes", "https://management.azure.com.example/next"),
    ("/roleassignments", "https://example/next"),
]


@pytest.mark.parametrize(("part", "link"), ASTRAY)
def test_a_next_page_elsewhere_is_not_asked_for(part: str, link: str) -> None:
    """A nextLink to another host is never followed, and its list counts as incomplete."""

    def astray(request: requests.PreparedRequest) -> requests.Response | None:
        url = urlsplit(str(request.url))
        if not url.path.lower().endswith(part):
            return None
        return respond(request, 200, {"value": [], "nextLink": link})

    adapter = ArmAdapter(scenarios.hbi(), fault=astray)
    snapshot = snapshot_of(adapter.estate, adapter)
    assert not [u for _, u in adapter.requests if not u.startswith(f"{ARM}/subscriptions")]
    gaps = [x for x in snapshot.listings if x.type.lower().endswith(part)]
    assert gaps
    assert all(x.failure is not None for x in gaps), gaps
    assert "refused to send a token" in str(gaps)


def test_a_refused_page_leaves_nothing_certain() -> None:
    """What the lost page of a list could have held is unknown, not absent."""

    def astray(request: requests.PreparedRequest) -> requests.Response | None:
        if urlsplit(str(request.url)).path.lower().endswith("/datastores"):
            return respond(request, 200, {"value": [], "nextLink": "https://example/next"})
        return None

    estate = scenarios.secure()
    report = report_on(snapshot_of(estate, ArmAdapter(estate, fault=astray)))
    assert {r.status for r in results(report, "STO-005")} == {Status.UNKNOWN}
    assert any(g.operation == f"list {DATASTORES}" for g in report.gaps)
