"""The OCSF report: a JSON array of Compliance Findings (class 2003), for security lakes and SIEMs.

A finding of OCSF is an event: when it was made, what it is about, and what became of the check. Its lifecycle is said
by ``status_id``, the outcome of the check by ``compliance.status_id``. What has no result is a finding too, so that a
lake does not take what nobody could look at for sound.
https://schema.ocsf.io/1.5.0/classes/compliance_finding
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from auditor import __version__
from auditor.model.baseline import Standing
from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, key
from auditor.model.report import Report
from auditor.model.result import Result
from auditor.model.rule import ARTICLE, Rule
from auditor.model.snapshot import Failure
from auditor.model.verdict import Severity, Status
from auditor.reports.json_report import TOOL, timestamp
from auditor.reports.lines import TO_FIX, excuse, gap, links, obstacle, unique, worst_first
from auditor.reports.text import clean, clean_lines, fix_of, labels_of, sentence, shorten

VERSION: Final = "1.5.0"
CLASS: Final = 2003
CREATE: Final = (1, "Create")
UPDATE: Final = (2, "Update")
PATTERN: Final = "Secure AKS inferencing environment (Azure Machine Learning)"
PRODUCT: Final = {"name": TOOL, "vendor_name": TOOL, "version": __version__, "url_string": ARTICLE}
MAX_MESSAGE: Final = 2_000

# What each asks for: informational nothing, high and critical action at once.
SEVERITIES: Final = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
NOT_KNOWN: Final = (0, "Unknown")
# A warning is a check that came to no result for want of information. OCSF has no words for the last two; a waived
# failure is not called one, so that no count of failures holds it.
OUTCOMES: Final = {
    Status.PASS: (1, "Pass"),
    Status.UNKNOWN: (2, "Warning"),
    Status.FAIL: (3, "Fail"),
    Status.NOT_APPLICABLE: (99, "Not applicable"),
    Status.WAIVED: (99, "Waived"),
}
WARNING: Final = OUTCOMES[Status.UNKNOWN]
NOT_JUDGED: Final = (99, "Not judged")
NEW: Final = (1, "New")
SUPPRESSED: Final = (3, "Suppressed")
AZURE_SUBSCRIPTION: Final = (13, "Azure Subscription")
RULE: Final = (1, "Rule")

JSON: Final = json.JSONEncoder(ensure_ascii=False)

Json = dict[str, Any]


def render(report: Report) -> str:
    """The findings as a JSON array, each in a line of its own."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same text, finding by finding."""
    before = "[\n"
    for finding in _Findings(report).all():
        yield before + JSON.encode(finding)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


class _Findings:
    """The findings of a report. What many of them say of one rule or one resource is made once, and not changed."""

    def __init__(self, report: Report) -> None:
        self._report, snapshot = report, report.snapshot
        self._run, self._tenant = clean(report.run.id), clean(snapshot.tenant_id or "")
        self._judged, self._taken, self._finished = map(
            _milliseconds, (report.run.finished_at, snapshot.taken_at, snapshot.finished_at)
        )
        self._said, self._where, self._what = cache(_said), cache(self._cloud), cache(self._resource)
        self._verdict = str(report.conclusion())
        labels = labels_of(report.environments)
        self._environments = {e.id: self._environment(e, labels[e.id]) for e in report.environments}
        self._subscriptions = {s.id.lower(): clean(s.name) for s in report.snapshot.in_scope}
        self._seen: Counter[str] = Counter()

    def all(self) -> Iterator[Json]:
        report = self._report
        for result in worst_first(report.results):
            yield self._result(result)
        for item in report.unjudged:
            outcome = WARNING if item.failure else NOT_JUDGED
            yield self._unseen("not-judged", item.resource_id, sentence(item.reason), outcome, item.failure)
        for found in report.gaps:
            what = f"not-read {found.operation}"
            yield self._unseen(what, found.resource_id, sentence(gap(found)), WARNING, found.failure)

    def _result(self, result: Result) -> Json:
        rule, status = result.rule, result.status
        said = self._said(rule)
        title = said.title
        message = shorten(sentence(result.verdict.message) or sentence(title), MAX_MESSAGE)
        uid = self._unique(result.fingerprint)
        asks = result.severity if status not in (Status.PASS, Status.NOT_APPLICABLE) else Severity.INFO
        check = {
            "uid": rule.id,
            "name": title,
            **_pair("severity", SEVERITIES[result.severity]),
            **_pair("status", OUTCOMES[status]),
        }
        finding = self._finding(rule.id, uid, title, message, result.resource_id, SEVERITIES[asks])
        finding |= _pair("status", SUPPRESSED if status is Status.WAIVED else NEW)
        finding["status_code"] = str(status)
        if result.baseline is Standing.UNCHANGED:
            finding |= _activity(UPDATE)
        finding["finding_info"]["desc"] = said.description
        finding["finding_info"]["analytic"] = {"uid": rule.id, "name": title, **_pair("type", RULE)}
        finding["compliance"] = {
            "standards": said.standards,
            "requirements": said.requirements,
            "control": rule.id,
            "desc": title,
            "checks": [check],
            **_pair("status", OUTCOMES[status]),
            "status_code": str(status),
            "status_details": [message],
        }
        if status in TO_FIX:
            finding["remediation"] = {"desc": fix_of(result), "references": said.links}
        if result.verdict.evidence:
            finding["evidences"] = [self._evidence(e) for e in unique(result.verdict.evidence)]
        finding["unmapped"] |= _filled(
            tier=str(rule.tier),
            baseline=str(result.baseline or ""),
            waiver=excuse(result),
            severity=str(result.severity),
            environment=self._environments.get(result.environment_id or "") or clean(result.environment_id or ""),
            assumptions=[clean(a) for a in dict.fromkeys(result.verdict.assumptions)],
            missing=[_missing(m) for m in result.verdict.missing],
            references=said.links,
        )
        return finding

    def _unseen(
        self, what: str, resource_id: str, message: str, outcome: tuple[int, str], failure: Failure | None
    ) -> Json:
        """What was not judged or not read. How severe it is depends on what would have been seen there."""
        code = what.partition(" ")[0]
        digest = hashlib.sha256(f"{what}\n{key(resource_id)}".encode(errors="replace")).hexdigest()[:32]
        title = "Not judged" if code == "not-judged" else "Not read"
        if failure and code == "not-judged":
            message = f"{message} {sentence(obstacle(failure))}"
        message = shorten(message, MAX_MESSAGE) or title
        severity = NOT_KNOWN if failure else SEVERITIES[Severity.INFO]
        finding = self._finding(code, self._unique(digest), title, message, resource_id, severity)
        finding |= _pair("status", NEW)
        finding["status_code"] = code
        finding["compliance"] = {
            "standards": [PATTERN],
            **_pair("status", outcome),
            "status_code": code,
            "status_details": [message],
        }
        if failure:
            finding["unmapped"]["missing"] = [_missing(failure.missing(resource_id, ""))]
        return finding

    def _finding(
        self, code: str, uid: str, title: str, message: str, resource_id: str, severity: tuple[int, str]
    ) -> Json:
        """What every finding has."""
        return {
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": CLASS,
            "class_name": "Compliance Finding",
            **_activity(CREATE),
            "time": self._judged,
            "start_time": self._taken,
            "end_time": self._finished,
            "message": message,
            **_pair("severity", severity),
            "status_detail": message,
            "metadata": _filled(
                version=VERSION,
                profiles=["cloud"],
                product=PRODUCT,
                uid=f"{self._run}/{uid}",
                correlation_uid=self._run,
                event_code=code,
                tenant_uid=self._tenant,
            ),
            "finding_info": {
                "uid": uid,
                "title": title,
                "last_seen_time": self._finished,
                "data_sources": ["Azure Resource Manager"],
            },
            "cloud": self._where(resource_id),
            "resources": [self._what(resource_id)],
            "unmapped": {"audit_verdict": self._verdict, "source": self._report.run.source},
        }

    def _unique(self, uid: str) -> str:
        """Findings that share a fingerprint are told apart, so that no lake merges them."""
        self._seen[uid] += 1
        return uid if self._seen[uid] == 1 else f"{uid}-{self._seen[uid]}"

    def _cloud(self, resource_id: str) -> Json:
        snapshot, subscription = self._report.snapshot, clean(ArmId.parse(resource_id).subscription)
        account = {
            "uid": subscription,
            "name": self._subscriptions.get(subscription.lower()) or subscription,
            **_pair("type", AZURE_SUBSCRIPTION),
        }
        return _filled(
            provider="Azure",
            cloud_partition=clean(snapshot.cloud.name),
            account=account if subscription else None,
            org={"uid": clean(snapshot.tenant_id)} if snapshot.tenant_id else None,
            region=self._region(resource_id),
        )

    def _resource(self, resource_id: str) -> Json:
        arm = ArmId.parse(resource_id)
        return _filled(
            uid=clean(resource_id) or "/",
            name=clean(arm.name) or "tenant",
            type=clean(arm.type),
            group={"name": clean(arm.resource_group)} if arm.resource_group else None,
            region=self._region(resource_id),
            cloud_partition=clean(self._report.snapshot.cloud.name),
        )

    def _region(self, resource_id: str) -> str:
        """Where the resource was seen to be; nothing stands in for it where it was not read."""
        resource = self._report.snapshot.get(resource_id)
        return clean(resource.raw("location") or "") if resource else ""

    def _evidence(self, evidence: Evidence) -> Json:
        data = {"path": clean(evidence.path), "observed": _harmless(evidence.observed)}
        if evidence.note:
            data["note"] = clean(evidence.note)
        return _filled(
            name=clean(evidence.path),
            data=data,
            resources=[self._what(evidence.resource_id)] if evidence.resource_id else None,
        )

    def _environment(self, environment: Environment, label: str) -> Json:
        return {
            "id": clean(environment.id),
            "name": label,
            "verdict": str(self._report.conclusion(environment)),
            "scenario": str(environment.scenario),
            "access": {part: str(way) if way else None for part, way in environment.access.items()},
        }


class _Said(NamedTuple):
    """What every finding says of its rule."""

    title: str
    description: str
    standards: list[str]
    requirements: list[str]
    links: list[str]


def _said(rule: Rule) -> _Said:
    title, requirements = clean(rule.title) or rule.id, [clean(c) for c in rule.controls]
    standards = dict.fromkeys([PATTERN, *(requirement.rpartition(" ")[0] for requirement in requirements)])
    description = shorten(clean(rule.page) or title, MAX_MESSAGE)
    return _Said(title, description, [s for s in standards if s], requirements, links(rule))


def _activity(value: tuple[int, str]) -> Json:
    """Whether the finding is new: one that stood in the baseline is told again."""
    number, caption = value
    return {
        "activity_id": number,
        "activity_name": caption,
        "type_uid": CLASS * 100 + number,
        "type_name": f"Compliance Finding: {caption}",
    }


def _pair(name: str, value: tuple[int, str]) -> Json:
    """An enumerated attribute: its number, and its caption beside it."""
    return {f"{name}_id": value[0], name: value[1]}


def _filled(**attributes: Any) -> Json:
    """The attributes that say something."""
    return {name: value for name, value in attributes.items() if value not in (None, "", [])}


def _missing(missing: Missing) -> Json:
    return _filled(
        resource_id=clean(missing.resource_id),
        path=clean(missing.path),
        reason=clean(missing.reason),
        http_status=missing.http_status,
        needs_action=clean(missing.needs_action or ""),
    )


def _harmless(value: object) -> object:
    """The same value with every text in it cleaned."""
    if isinstance(value, Mapping):
        return {clean(name): _harmless(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(item) for item in value]
    if isinstance(value, datetime):
        return timestamp(value)
    return value if value is None or isinstance(value, bool | int | float) else clean_lines(value)


def _milliseconds(when: datetime) -> int:
    """OCSF's ``timestamp_t``: milliseconds since 1970."""
    return int(when.timestamp() * 1000)
