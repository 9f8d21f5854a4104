"""The OCSF report: Compliance Findings by the published classes, and by what their library lets through."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.objects.organization import Organization

from auditor.model.baseline import Standing
from auditor.model.report import Report, Unjudged
from auditor.model.resource import Resource
from auditor.model.types import STORAGE_ACCOUNTS
from auditor.model.verdict import Severity
from auditor.reports import ocsf
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited

from . import hostile, sample

CAPTIONS = {
    "severity": {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"},
    "status": {1: "New", 3: "Suppressed"},
    "compliance": {1: "Pass", 2: "Warning", 3: "Fail"},
}
# The attributes of the class and the profile in use; `validate` of schema.ocsf.io refuses any other.
KNOWN = {
    *(
        "activity_id",
        "activity_name",
        "category_name",
        "category_uid",
        "class_name",
        "class_uid",
        "cloud",
        "compliance",
    ),
    *("end_time", "evidences", "finding_info", "message", "metadata", "remediation", "resources", "severity"),
    *(
        "severity_id",
        "start_time",
        "status",
        "status_code",
        "status_detail",
        "status_id",
        "time",
        "type_name",
        "type_uid",
    ),
    "unmapped",
}
KNOWN_COMPLIANCE = {
    *("checks", "control", "desc", "requirements", "standards", "status", "status_code", "status_details", "status_id"),
}


def findings(of: Report) -> list[dict[str, Any]]:
    """The array, each finding held against the class."""
    found: list[dict[str, Any]] = json.loads(ocsf.render(of))
    for finding in found:
        ComplianceFinding.model_validate(finding)
        check(finding)
    uids = Counter(f["finding_info"]["uid"] for f in found)
    assert not [uid for uid, times in uids.items() if times > 1]
    assert len({f["metadata"]["uid"] for f in found}) == len(found)
    return found


def check(finding: dict[str, Any]) -> None:
    """What the library lets through: unknown names, numbers that disagree with their captions, seconds for
    milliseconds, and the cloud, which its class does not have."""
    assert set(finding) <= KNOWN
    compliance, info, cloud = finding["compliance"], finding["finding_info"], finding["cloud"]
    assert set(compliance) <= KNOWN_COMPLIANCE
    assert (finding["class_uid"], finding["category_uid"], finding["activity_id"] in (1, 2)) == (2003, 2, True)
    assert finding["type_uid"] == finding["class_uid"] * 100 + finding["activity_id"]
    assert finding["severity"] == CAPTIONS["severity"][finding["severity_id"]]
    assert finding["status"] == CAPTIONS["status"][finding["status_id"]]
    assert compliance["status_id"] in (1, 2, 3, 99)
    assert compliance["status"] == CAPTIONS["compliance"].get(compliance["status_id"], compliance["status"])
    assert compliance["standards"]
    for time in (finding["time"], finding["start_time"], finding["end_time"], info["last_seen_time"]):
        assert isinstance(time, int)
        assert 10**12 < time < 10**13
    assert info["uid"]
    assert info["title"]
    assert finding["message"]
    assert finding["metadata"]["version"] == "1.5.0"
    assert finding["metadata"]["profiles"] == ["cloud"]
    assert cloud["provider"] == "Azure"
    if "account" in cloud:
        # The library knows no subscriptions; the schema has had them since 1.4.
        assert (cloud["account"]["type_id"], cloud["account"]["type"]) == (13, "Azure Subscription")
        assert cloud["account"]["uid"]
        assert cloud["account"]["name"]
    if "org" in cloud:
        Organization.model_validate(cloud["org"])
    assert len(finding["resources"]) == 1
    assert finding["resources"][0]["uid"]
    assert all(e["data"].keys() >= {"path", "observed"} for e in finding.get("evidences", ()))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_result_of_a_real_report_is_a_valid_finding(name: str) -> None:
    of = audited(SCENARIOS[name]())
    found = {f["finding_info"]["uid"]: f for f in findings(of)}

    for result in of.results:
        finding = found[result.fingerprint]
        assert finding["status_code"] == result.status
        assert finding["metadata"]["event_code"] == result.rule.id
        assert finding["resources"][0]["uid"] == result.resource_id
        assert len(found) >= len(of.results)


@pytest.mark.parametrize(
    ("rule_id", "outcome", "status", "severity"),
    [
        ("DNS-002", (3, "Fail"), "New", "Critical"),
        ("STO-004", (3, "Fail"), "New", "Low"),
        ("STO-001", (2, "Warning"), "New", "Critical"),
        ("DNS-001", (99, "Waived"), "Suppressed", "Critical"),
        ("KV-002", (1, "Pass"), "New", "Informational"),
    ],
)
def test_the_outcome_is_that_of_the_check_and_the_status_that_of_the_finding(
    rule_id: str, outcome: tuple[int, str], status: str, severity: str
) -> None:
    (finding,) = [f for f in findings(sample.everything()) if f["metadata"]["event_code"] == rule_id]
    compliance = finding["compliance"]

    assert (compliance["status_id"], compliance["status"]) == outcome
    assert (finding["status"], finding["severity"]) == (status, severity)
    assert (compliance["checks"][0]["status_id"], compliance["checks"][0]["status"]) == outcome


def test_a_finding_of_the_baseline_is_told_again() -> None:
    of = sample.everything()
    (finding, *_) = findings(replace(of, results=(replace(of.results[0], baseline=Standing.UNCHANGED),)))
    waived = next(f for f in findings(of) if f["status"] == "Suppressed")

    assert (finding["activity_name"], finding["type_uid"]) == ("Update", 200302)
    assert sample.WAIVER.reason in waived["unmapped"]["waiver"]


def test_each_severity_has_its_number() -> None:
    results = [sample.result(sample.unlinked(), sample.rule(f"A-{s.rank}", s), subject=s) for s in Severity]

    assert [f["severity_id"] for f in findings(sample.report(*results))] == [5, 4, 3, 2, 1]


def test_a_failure_says_what_was_seen_and_how_to_fix_it() -> None:
    finding = findings(sample.everything())[0]

    assert finding["finding_info"]["uid"] == sample.everything().results[0].fingerprint
    assert finding["remediation"]["desc"].startswith("az network private-dns link vnet create")
    assert all(link.startswith("https://") for link in finding["remediation"]["references"])
    assert finding["evidences"][0]["data"] == {"path": "virtualNetworkLinks", "observed": []}
    assert finding["evidences"][0]["resources"][0]["uid"] == sample.ZONE
    assert finding["compliance"]["requirements"] == ["MCSB NS-2", "MCSB NS-1"]
    assert finding["compliance"]["standards"][1:] == ["MCSB"]
    assert finding["cloud"]["account"]["name"] == "Harbour"
    environment = finding["unmapped"]["environment"]
    assert (environment["verdict"], environment["scenario"]) == ("deviates", "mixed")
    assert environment["access"]["container_registry"] is None
    assert finding["unmapped"]["audit_verdict"] == "deviates"


def test_the_region_is_the_one_that_was_seen_and_no_other() -> None:
    of = sample.everything()
    assert not any("region" in f["cloud"] or "region" in f["resources"][0] for f in findings(of))

    body = {"location": "northeurope"}
    of.snapshot.add(Resource(id=sample.STORAGE.upper(), type=STORAGE_ACCOUNTS, body=body))
    seen = [f["cloud"]["region"] for f in findings(of) if f["resources"][0]["uid"] == sample.STORAGE]
    assert seen == ["northeurope"] * 3


def test_what_nobody_could_look_at_is_a_warning_and_not_silent() -> None:
    unread = Unjudged(f"{sample.GROUP}/x", "the computes could not be listed", sample.DENIED)
    found = findings(sample.report(unjudged=[unread, Unjudged(sample.VAULT, "no AKS attached")], gaps=[sample.DENIED]))

    assert [(f["status_code"], f["compliance"]["status"], f["severity"]) for f in found] == [
        ("not-judged", "Warning", "Unknown"),
        ("not-judged", "Not judged", "Informational"),
        ("not-read", "Warning", "Unknown"),
    ]
    assert [f["unmapped"]["missing"][0]["needs_action"] for f in (found[0], found[2])] == [sample.ENDPOINT_READ] * 2
    assert sample.ENDPOINT_READ in found[0]["message"]


def test_an_empty_report_is_an_empty_array() -> None:
    assert findings(sample.report()) == []


def test_a_finding_keeps_its_name_from_run_to_run() -> None:
    one, two = (findings(sample.report(*sample.everything().results, run_id=r, gaps=[sample.DENIED])) for r in "ab")

    assert [f["finding_info"]["uid"] for f in one] == [f["finding_info"]["uid"] for f in two]
    assert not {f["metadata"]["uid"] for f in one} & {f["metadata"]["uid"] for f in two}


def test_nothing_hidden_gets_into_a_finding() -> None:
    of = hostile.hostile(hostile.EVERYTHING)
    found = findings(of)

    assert all(line.isprintable() for line in ocsf.render(of).splitlines())
    assert all(line.isprintable() for text in texts(found) for line in text.split("\n"))
    assert any("<script>alert(1)</script>" in text for text in texts(found))


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters()))
def test_any_text_stays_within_the_class(words: str) -> None:
    findings(hostile.hostile(words))
    ocsf.render(hostile.hostile(words)).encode()


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [t for name, item in value.items() for t in (name, *texts(item))]
    if isinstance(value, list):
        return [t for item in value for t in texts(item)]
    return [value] if isinstance(value, str) else []


def test_a_large_estate_is_whole_and_a_finding_is_a_line() -> None:
    text = ocsf.render(hostile.many(50, 20))

    assert len(json.loads(text)) == 3_000
    assert len(text.splitlines()) == 3_002
