"""The real command against a Resource Manager that misbehaves, over HTTPS: whatever goes wrong, it tells the truth.

``pytest -m chaos`` runs these alone. A schedule that failed is run again with ``-k`` and its number.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from tests.arm import scenarios
from tests.arm.estate import Estate
from tests.chaos.endpoint import Endpoint
from tests.chaos.schedules import KINDS, Fault, Kind, Schedule

pytestmark = pytest.mark.chaos

SCHEDULES = 210
SECONDS = 2
# The time to judge and to write, with others at work on the machine.
SLACK = 20.0
BUILDERS = (scenarios.secure, scenarios.everything_public, scenarios.hub_project, scenarios.service_endpoints)


class Outcome:
    """What a run left behind."""

    def __init__(self, code: int, folder: Path, said: str, seconds: float) -> None:
        self.code, self.said, self.seconds = code, said, seconds
        self.report: dict[str, Any] | None = None
        self.files = sorted(p.name for p in folder.iterdir())
        if (folder / "r.json").exists():
            self.report = json.loads((folder / "r.json").read_text("utf-8"))
            sarif = json.loads((folder / "r.sarif").read_text("utf-8"))
            assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] in (True, False)

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        return {r["fingerprint"]: r for r in (self.report or {"results": []})["results"]}


def audited(endpoint: Endpoint, estate: Estate, folder: Path, capsys: Any, *more: str) -> Outcome:
    """Run the command on an estate's first subscription."""
    folder.mkdir()
    home = str(estate.subscriptions[0]["subscriptionId"])
    outputs = [o for name in ("r.json", "r.sarif") for o in ("-o", str(folder / name))]
    began = time.monotonic()
    code = main(["--cloud", endpoint.url, "--subscription", home, *outputs, *more])
    seconds = time.monotonic() - began
    return Outcome(code, folder, capsys.readouterr().err, seconds)


Clean = tuple[Outcome, tuple[str, ...]]
_clean: dict[Callable[[], Estate], Clean] = {}


@pytest.fixture
def clean(endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Clean]:
    """What an undisturbed run gives for an estate, and every path that it asks for."""

    def of(build: Callable[[], Estate]) -> Clean:
        if build not in _clean:
            estate = build()
            endpoint.serve(estate)
            outcome = audited(endpoint, estate, tmp_path / "clean", capsys)
            assert outcome.report is not None, outcome.said
            asked = [target.partition("?")[0].lower() for target in endpoint.asked]
            _clean[build] = (outcome, ("/metadata/endpoints", "/msi/token", *sorted(set(asked))))
        return _clean[build]

    return of


def check(outcome: Outcome, before: Outcome, schedule: Schedule | None) -> None:
    """What holds for every run, whatever went wrong."""
    assert "Traceback" not in outcome.said
    assert outcome.seconds < SECONDS + SLACK
    if outcome.report is None:
        assert outcome.code == 2
        assert [line.split(":")[0] for line in outcome.said.splitlines()[-2:]] == ["error", "help"]
        assert outcome.files == []
        return
    report, results = outcome.report, outcome.results
    assert outcome.files == ["r.json", "r.sarif"]
    statuses = [r["status"] for r in report["results"]]
    assert sum(report["summary"]["by_status"].values()) == len(statuses)
    unread = not report["collection"]["complete"]
    for fingerprint, result in results.items():
        was = before.results.get(fingerprint, {}).get("status")
        told = f"{result['rule_id']} is {result['status']}, was {was}: {result['message']}"
        assert "the rule broke" not in result["message"], told
        if result["status"] == "unknown":
            assert result["missing"], told
        elif schedule is None or not schedule.changes:
            assert result["status"] == was, told
        else:
            assert result["status"] != "pass" or was == "pass", told
    lost = [f for f, r in before.results.items() if results.get(f, {}).get("status") != r["status"]]
    if lost and not (schedule and schedule.changes):
        assert unread, "something is lost, and no gap is listed"
    counting = {r["status"] for r in report["results"] if r["severity"] != "info"}
    code = 1 if "fail" in counting else 3 if "unknown" in counting else 0
    scope = any("could not be" in u["reason"] for u in report["unjudged"])
    assert outcome.code == (3 if code == 0 and scope else code), report["unjudged"]


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_a_schedule_of_faults(
    seed: int,
    endpoint: Endpoint,
    clean: Callable[..., Clean],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Never a pass that the undisturbed run does not give, never a traceback, always a report or a reason."""
    build = BUILDERS[seed // len(KINDS) % len(BUILDERS)]
    before, places = clean(build)
    schedule = Schedule(seed, places, endpoint.url)
    estate = build()
    endpoint.serve(estate, schedule.spoil, schedule.lifetime)
    more = ["--timeout", str(SECONDS)] if schedule.slow else []
    outcome = audited(endpoint, estate, tmp_path / "run", capsys, *more)
    endpoint.release.set()
    try:
        check(outcome, before, schedule)
        assert endpoint.strangers == []
    except AssertionError as error:
        raise AssertionError(f"{schedule}: {error}\n{outcome.said[-600:]}") from error


ZONES = "/providers/microsoft.network/privatednszones"


@pytest.mark.parametrize("kind", [k for k in KINDS if not (k.changes or k.slow)], ids=lambda k: k.name)
def test_a_fault_costs_no_more_than_it_hits(
    kind: Kind,
    endpoint: Endpoint,
    clean: Callable[..., Clean],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A list that never comes right is one gap. What rests on it is unknown and names it; all else is as it was."""
    before, places = clean(scenarios.secure)
    schedule = Schedule(0, places, endpoint.url)
    schedule.faults = [Fault(kind, ZONES, 0, 1000)]
    estate = scenarios.secure()
    endpoint.serve(estate, schedule.spoil)
    outcome = audited(endpoint, estate, tmp_path / "run", capsys)
    check(outcome, before, schedule)
    assert outcome.report is not None
    gaps = {gap["operation"] for gap in outcome.report["collection"]["gaps"]}
    changed = [r for f, r in outcome.results.items() if r["status"] != before.results[f]["status"]]
    if kind.name == "an item of no known kind":
        assert (gaps, changed) == (set(), [])
        return
    assert gaps == {"list Microsoft.Network/privateDnsZones"}
    # What stood on the first page is known: the rule that looks for a zone may have found it there.
    halfway = kind.later or kind.name.startswith(("a circle", "a link"))
    assert {r["rule_id"] for r in changed} == (set() if halfway else {"DNS-011"})
    assert outcome.results.keys() == before.results.keys()
    assert endpoint.strangers == []
