"""The JSON report: its shape is a contract with other programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from auditor import __version__
from auditor.model.types import STORAGE_ACCOUNTS
from auditor.reports import json_report
from tests.arm import scenarios
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited
from tests.reports.hostile import EVERYTHING, hostile
from tests.schemas import read

# A dict holds exactly these keys; a list says what each item is; a key that ends in ? may be absent.
TEXT, NULLABLE, COUNT, ANY = "text", "text or null", "count", "anything"
STATUSES = ("pass", "fail", "unknown", "not-applicable", "waived")
SEVERITIES = ("critical", "high", "medium", "low", "info")
VERDICTS = ("secure", "deviates", "undetermined")
ACCESSES = ("public", "service-endpoint", "private-endpoint", "none", "unknown")
EVIDENCE = {"resource_id": TEXT, "path": TEXT, "observed": ANY, "note?": TEXT}
MISSING = {"resource_id": TEXT, "path": TEXT, "reason": TEXT, "http_status": ANY, "needs_action": NULLABLE}
SHAPE: dict[str, Any] = {
    "schema_version": ("1.0",),
    "tool": {"name": TEXT, "version": TEXT},
    "run": {
        "id": TEXT,
        "started_at": TEXT,
        "finished_at": TEXT,
        "source": ("live", "replay", "snapshot"),
        "cloud": TEXT,
        "tenant_id": NULLABLE,
        "subscriptions": [{"id": TEXT, "name": TEXT, "audited": (True, False)}],
    },
    "summary": {
        "verdict": VERDICTS,
        "environments": COUNT,
        "by_status": dict.fromkeys(STATUSES, COUNT),
        "failed_by_severity": dict.fromkeys(SEVERITIES, COUNT),
    },
    "environments": [
        {
            "id": TEXT,
            "workspace_id": TEXT,
            "compute_type": ("Kubernetes", "AKS"),
            "cluster_id": NULLABLE,
            "region": TEXT,
            "vnet_ids": [TEXT],
            "scenario": ("no-virtual-network", "public-workspace", "secured", "mixed", "undetermined"),
            "access": {
                "workspace": ACCESSES,
                "storage": ACCESSES,
                "key_vault": ACCESSES,
                "container_registry": (*ACCESSES, None),
                "cluster": ("public", "private", "unknown"),
            },
            "verdict": VERDICTS,
            "compute?": TEXT,
            "paths?": [
                {
                    "name": TEXT,
                    "group": TEXT,
                    "target_id": TEXT,
                    "broken": ANY,
                    "hops": [
                        {
                            "name": TEXT,
                            "resource_id": TEXT,
                            "status": STATUSES,
                            "message": TEXT,
                            "assumptions": [TEXT],
                            "evidence": [EVIDENCE],
                            "missing": [MISSING],
                        }
                    ],
                }
            ],
        }
    ],
    "unjudged": [{"resource_id": TEXT, "reason": TEXT}],
    "results": [
        {
            "rule_id": TEXT,
            "title": TEXT,
            "status": STATUSES,
            "severity": SEVERITIES,
            "tier": ("core", "extended"),
            "environment_id": NULLABLE,
            "resource_id": TEXT,
            "message": TEXT,
            "assumptions": [TEXT],
            "evidence": [EVIDENCE],
            "missing": [MISSING],
            "remediation": {"cli": TEXT, "url": TEXT},
            "references": [TEXT],
            "controls": [TEXT],
            "fingerprint": TEXT,
        }
    ],
    "collection": {
        "complete": (True, False),
        "requests": COUNT,
        "retries": COUNT,
        "throttled": COUNT,
        "gaps": [
            {
                "resource_id": TEXT,
                "operation": TEXT,
                "reason": TEXT,
                "http_status": ANY,
                "needs_action": NULLABLE,
            }
        ],
    },
}


def compare(value: Any, shape: Any, at: str = "report") -> None:
    """Hold a value against its shape, and name the place where they differ."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), at
        known = {name.rstrip("?") for name in shape}
        needed = {name for name in shape if not name.endswith("?")}
        assert needed <= set(value) <= known, f"{at}: {set(value) ^ known}"
        for name, below in shape.items():
            if name.rstrip("?") in value:
                compare(value[name.rstrip("?")], below, f"{at}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        for number, item in enumerate(value):
            compare(item, shape[0], f"{at}[{number}]")
    elif isinstance(shape, tuple):
        assert value in shape, f"{at} is {value!r}"
    elif shape == COUNT:
        assert isinstance(value, int), at
        assert not isinstance(value, bool), at
        assert value >= 0, at
    elif shape in (TEXT, NULLABLE):
        assert isinstance(value, str) or (shape == NULLABLE and value is None), f"{at} is {value!r}"


def document(build: Callable[[], Estate]) -> Any:
    return read(json_report.render(audited(build())))


@pytest.fixture(scope="module", params=SCENARIOS)
def report(request: pytest.FixtureRequest) -> Any:
    """The JSON report of each scenario, as a reader gets it."""
    return document(SCENARIOS[request.param])


def test_it_has_exactly_the_keys_of_the_contract(report: Any) -> None:
    """No key is missing, none is unknown, and each holds what the contract says."""
    compare(report, SHAPE)


def test_each_path_names_its_first_broken_hop(report: Any) -> None:
    """A path has hops from the AKS subnets to the target, and ``broken`` is the first of them that fails."""
    for environment in report["environments"]:
        assert {p["group"] for p in environment["paths"]} >= {"amlworkspace", "blob", "file", "vault"}
        for path in environment["paths"]:
            failing = [i for i, hop in enumerate(path["hops"]) if hop["status"] == "fail"]
            assert path["broken"] == (failing[0] if failing else None)
            assert path["hops"][0]["name"] == "AKS subnets"
            assert all(hop["resource_id"].startswith("/") for hop in path["hops"])
            assert all(hop["missing"] for hop in path["hops"] if hop["status"] == "unknown")


def test_the_summary_agrees_with_the_results(report: Any) -> None:
    """Counts are those of the results, and the verdict follows from them."""
    results, summary = report["results"], report["summary"]
    assert summary["by_status"] == {s: sum(r["status"] == s for r in results) for s in STATUSES}
    failed = Counter(r["severity"] for r in results if r["status"] == "fail")
    assert summary["failed_by_severity"] == {s: failed[s] for s in SEVERITIES}
    assert summary["environments"] == len(report["environments"])
    counting = [r for r in results if r["tier"] == "core" and r["severity"] in SEVERITIES[:3]]
    assert summary["verdict"] == conclude(counting)
    for environment in report["environments"]:
        own = [r for r in counting if r["environment_id"] == environment["id"]]
        assert own
        assert environment["verdict"] == conclude(own)


def conclude(results: list[Any]) -> str:
    statuses = {r["status"] for r in results}
    return "deviates" if "fail" in statuses else "undetermined" if "unknown" in statuses else "secure"


def test_ids_and_times_are_whole(report: Any) -> None:
    """Environments are named by workspace and compute, fingerprints tell results apart, times are UTC."""
    for environment in report["environments"]:
        assert environment["id"] == f"{environment['workspace_id']}/computes/{environment['compute']}"
    prints = [r["fingerprint"] for r in report["results"]]
    assert len(set(prints)) == len(prints)
    assert all(re.fullmatch("[0-9a-f]{32}", p) for p in prints)
    for name in ("started_at", "finished_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["run"][name])
    assert report["tool"]["version"] == __version__


def test_results_say_why(report: Any) -> None:
    """A failure has evidence, an unknown has what is missing, and both have a sentence and a fix."""
    for result in report["results"]:
        assert result["message"].strip()
        assert "\n" not in result["message"]
        assert result["remediation"]["cli"].strip()
        assert result["remediation"]["url"].startswith("https://")
        if result["status"] == "unknown":
            assert result["missing"]
        if result["status"] == "fail":
            assert result["evidence"], result["rule_id"]


def test_gaps_make_a_collection_incomplete() -> None:
    """What was denied is listed with the permission that would have shown it."""
    partial = document(scenarios.partial_permissions)
    assert not partial["collection"]["complete"]
    assert {g["needs_action"] for g in partial["collection"]["gaps"]} >= {f"{STORAGE_ACCOUNTS}/read"}
    assert document(scenarios.secure)["collection"] | {"requests": 0} == {
        "complete": True,
        "requests": 0,
        "retries": 0,
        "throttled": 0,
        "gaps": [],
    }


def test_unread_scope_is_unjudged() -> None:
    """Workspaces that could not be listed stand under ``unjudged``, and nothing is called secure."""
    estate = scenarios.secure()
    estate.denied.append(Denial(type="Microsoft.MachineLearningServices/workspaces"))
    report = read(json_report.render(audited(estate)))
    compare(report, SHAPE)
    assert report["summary"]["verdict"] == "undetermined"
    assert report["unjudged"]


@pytest.mark.parametrize("words", [EVERYTHING, EVERYTHING.replace("\udcff", "")], ids=["half a pair", "whole"])
def test_text_is_escaped(words: str) -> None:
    """Nothing of what Azure answered reaches a terminal as it is, and all of it can be read back."""
    text = json_report.render(hostile(words))
    assert text.isascii()
    assert "\x1b" not in text
    assert words in read(text)["results"][0]["message"]


def test_nothing_in_it_commands_a_pipeline_that_prints_it() -> None:
    """Azure Pipelines looks for its commands anywhere in a line; the value is the same after reading."""
    words = "st##vso[task.complete result=Succeeded]##[error]\\##[x] ###"
    text = json_report.render(hostile(words))
    assert "##" not in text
    assert any(r["message"] == words for r in read(text)["results"])
