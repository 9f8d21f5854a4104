"""The recordings under fixtures/ are what their scenarios are, and hold nothing that does not belong there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auditor.model.report import Report
from auditor.model.snapshot import Snapshot
from collectors.collect import Request, replay
from collectors.recording import MANIFEST
from tests.arm.record import FIXTURES
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited, report_on

CONCLUSIONS = {
    "secure": ("secure", {"secured"}),
    "default-cluster": ("secure", {"secured"}),
    "hub-and-spoke": ("secure", {"secured"}),
    "service-endpoints": ("deviates", {"public-workspace"}),
    "everything-public": ("deviates", {"no-virtual-network"}),
    "hbi": ("secure", {"secured"}),
    "restarted": ("deviates", {"secured"}),
    "partial-permissions": ("undetermined", {"undetermined"}),
    "hub-project": ("secure", {"secured"}),
    "large": ("secure", {"secured"}),
    "demo": ("deviates", {"secured", "mixed"}),
}


def judged(report: Report) -> list[tuple[str, str, str, str]]:
    return [(r.fingerprint, r.rule.id, str(r.status), r.verdict.message) for r in report.results]


def test_every_scenario_is_recorded() -> None:
    """There is a recording of each scenario, and no other."""
    assert {f.name for f in FIXTURES.iterdir() if f.is_dir()} == set(SCENARIOS) == set(CONCLUSIONS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_recording_is_its_scenario(name: str) -> None:
    """Replayed, and saved and judged once more, a recording gives exactly the verdicts of its scenario."""
    snapshot = replay(Request(threads=4), FIXTURES / name)
    report = report_on(snapshot)
    assert judged(report) == judged(audited(SCENARIOS[name]()))
    assert judged(report) == judged(report_on(Snapshot.model_validate_json(snapshot.model_dump_json())))
    assert "NotRecorded" not in str(report.gaps)
    verdict, rows = CONCLUSIONS[name]
    assert (str(report.conclusion()), {str(e.scenario) for e in report.environments}) == (verdict, rows)


def test_a_paged_estate_is_among_them() -> None:
    """The large recording has lists of several pages."""
    more = [f for f in (FIXTURES / "large").iterdir() if '"nextLink"' in f.read_text("utf-8")]
    assert len(more) > 2


FILES = sorted(FIXTURES.rglob("*.json"))


def test_a_recording_is_readable_json_without_secrets() -> None:
    """Each file is an exchange with Resource Manager, short-named, and neither token nor real address is in it."""
    for path in FILES:
        text = path.read_text("utf-8")
        assert len(path.name) < 160, path
        assert not re.search(r"eyJ[A-Za-z0-9_-]{20,}\.|AccountKey=(?!REDACTED)|[?&]sig=(?!REDACTED)", text), path
        assert not re.search(r"[\w.]+@(?!northwharf\.example)[\w-]+\.\w+", text), path
        if path.name != MANIFEST:
            request = json.loads(text)["request"]
            assert request["method"] == "GET"
            assert request["url"].startswith("https://management.azure.com/subscriptions/")


def test_the_demo_shows_what_is_found(tmp_path: Path) -> None:
    """The demo holds a sound environment and one with failures of several severities."""
    report = report_on(replay(Request(), FIXTURES / "demo"))
    assert sorted(str(report.conclusion(e)) for e in report.environments) == ["deviates", "secure"]
    assert len({r.severity for r in report.results if r.verdict.failed}) > 1
