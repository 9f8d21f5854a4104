"""A list whose further pages could not be read: what was not seen of it is known to be missing, and fails nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from auditor.model.types import CLUSTER_CONNECTIONS
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.aks import CLUSTER
from tests.arm.estate import Estate
from tests.audits import report_on, snapshot_of

NEXT = "page=2"


class BreaksOff(ArmAdapter):
    """Answers one list with an empty first page, whose next page is refused; or tells which lists there are."""

    def __init__(self, estate: Estate, path: str = "") -> None:
        super().__init__(estate)
        self.path, self.lists = path, set[str]()

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        url, answer = request.url or "", super().send(request)
        path = urlsplit(url).path
        if not isinstance(answer.json(), dict) or "value" not in answer.json():
            return answer
        self.lists.add(path)
        if path != self.path:
            return answer
        if NEXT in url:
            return respond(request, 403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
        return respond(request, 200, {"value": [], "nextLink": f"{url}&{NEXT}"})


def test_a_list_that_breaks_off() -> None:
    whole = BreaksOff(scenarios.secure())
    snapshot_of(whole.estate, whole)
    for path in sorted(whole.lists):
        estate = scenarios.secure()
        report = report_on(snapshot_of(estate, BreaksOff(estate, path)))
        assert report.gaps, f"nobody is told of {path}"
        failed = [(r.rule.id, r.verdict.message) for r in report.results if r.status == "fail"]
        assert failed == [], path


def test_the_pages_that_the_sdk_leaves_out_are_read() -> None:
    """It takes the first page of a cluster's connections for all of them."""
    estate = scenarios.secure()
    snapshot = snapshot_of(estate, ArmAdapter(estate, page_size=1))
    cluster = estate.find(CLUSTER)["id"]
    assert len(snapshot.children(cluster, CLUSTER_CONNECTIONS)) == 2
    assert snapshot.unlisted(cluster, CLUSTER_CONNECTIONS) is None
