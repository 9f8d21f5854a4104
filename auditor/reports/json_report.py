"""The JSON report. Its names and shapes are a contract with other programs: additions only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, cast

from pydantic_core import PydanticSerializationError, to_json

from auditor import __version__
from auditor.model.access import Hop, Proof
from auditor.model.baseline import Settled
from auditor.model.decisions import Decisions, WaiverUse
from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Missing
from auditor.model.ids import ArmId, equal
from auditor.model.report import Gap, Report
from auditor.model.result import Result
from auditor.model.verdict import Severity, Status
from auditor.reports import json_shapes as shapes

SCHEMA_VERSION: Final = "1.0"
TOOL = "aks-inference-auditor"


def render(report: Report) -> str:
    """The report as indented JSON text that ends in a newline."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same text in pieces, one for each environment and each result: what those of a large tenant are made of,
    all at once, would take several times what their text does."""
    before = "{\n"
    for name, value in document(report, iter).items():
        if isinstance(value, Iterator):
            yield f"{before}  {_text(name)}: ["
            yield from _items(value)
        else:
            yield before + _text({name: value}).removeprefix("{\n").removesuffix("\n}")
        before = ",\n"
    yield "\n}\n"


def _items(values: Iterator[Any]) -> Iterator[str]:
    """The items of a list that is a member of the whole, and its end; each is indented as it is in such a list."""
    before, end = "\n", "]"
    for value in values:
        yield before + _text({"": [value]}).removeprefix('{\n  "": [\n').removesuffix("\n  ]\n}")
        before, end = ",\n", "\n  ]"
    yield end


def _text(value: object) -> str:
    try:
        text = to_json(value, indent=2, fallback=str, ensure_ascii=True).decode()
    except PydanticSerializationError:  # half a surrogate pair, which the escapes of JSON can hold
        text = json.dumps(value, indent=2, default=str)
    return commandless(text)


def document(report: Report, each: Callable[[Iterable[Any]], Iterable[Any]] = list) -> shapes.Report:
    """The report as JSON values; ``each`` says how its environments and results are held."""
    snapshot = report.snapshot
    gaps = report.gaps
    shown: shapes.Report = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": TOOL, "version": __version__},
        "run": {
            "id": report.run.id,
            "started_at": timestamp(report.run.started_at),
            "finished_at": timestamp(report.run.finished_at),
            "source": report.run.source,
            "cloud": snapshot.cloud.name,
            "tenant_id": snapshot.tenant_id,
            "subscriptions": [{"id": s.id, "name": s.name, "audited": s.audited} for s in snapshot.in_scope],
        },
        "summary": {
            "verdict": report.conclusion(),
            "environments": len(report.environments),
            "by_status": {status: report.count(status) for status in Status},
            "failed_by_severity": {severity: report.failed(severity) for severity in Severity},
        },
        "environments": cast("list[shapes.Environment]", each(_environment(report, e) for e in report.environments)),
        "unjudged": [{"resource_id": u.resource_id, "reason": u.reason} for u in report.unjudged],
        "results": cast("list[shapes.Result]", each(_result(r) for r in report.results)),
        "collection": {
            "complete": not gaps,
            "requests": snapshot.traffic.requests,
            "retries": snapshot.traffic.retries,
            "throttled": snapshot.traffic.throttled,
            "gaps": [_gap(g) for g in gaps],
        },
    }
    if report.decisions is not None:
        shown["config"] = _decisions(report.decisions, report.waivers)
    if report.comparison is not None:
        baseline = report.comparison.baseline
        shown["baseline"] = {"run_id": baseline.run_id, "finished_at": timestamp(baseline.finished_at)}
        # The failures that were fixed since, and those of then that this run says nothing sure about.
        shown["fixed"] = [_settled(s) for s in report.comparison.fixed]
        shown["unsettled"] = [_settled(s) for s in report.comparison.unsettled]
    return shown


def render_proof(report: Report, environment: Environment, results: Sequence[Result] | None) -> str:
    """One environment as it stands in the report; with ``results``, those of one rule beside it."""
    shown: dict[str, Any] = {"environment": _environment(report, environment)}
    if results is not None:
        shown["results"] = [_result(r) for r in results]
    return commandless(json.dumps(shown, indent=2, default=str)) + "\n"


def commandless(text: str) -> str:
    """The same JSON, in which nothing is a command to a pipeline that prints it; see `auditor.reports.text`."""
    return text.replace("##", "#\\u0023")


def timestamp(when: datetime) -> str:
    """UTC to the second, with ``Z``."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _environment(report: Report, environment: Environment) -> shapes.Environment:
    region = environment.workspace.raw("location")
    return {
        "id": environment.id,
        "workspace_id": environment.workspace.id,
        "compute_type": "AKS" if equal(environment.compute.raw("properties.computeType"), "AKS") else "Kubernetes",
        "cluster_id": environment.cluster_id,
        "region": region if isinstance(region, str) and region else "unknown",  # a text, like the ways in `access`
        "vnet_ids": [environment.network.vnet_id] if environment.network.vnet_id else [],
        "scenario": environment.scenario,
        "access": cast("shapes.Access", environment.access),
        "verdict": report.conclusion(environment),
        "compute": ArmId.parse(environment.compute.id).name,
        "paths": [_path(p) for p in environment.proofs],
    }


def _path(path: Proof) -> shapes.Path:
    """An access path, hop by hop; ``broken`` is the position of the first hop that fails."""
    broken = next((i for i, hop in enumerate(path.hops) if hop.verdict.failed), None)
    hops = [_hop(hop) for hop in path.hops]
    return {"name": path.name, "group": path.group, "target_id": path.target_id, "broken": broken, "hops": hops}


def _hop(hop: Hop) -> shapes.Hop:
    verdict = hop.verdict
    return {
        "name": hop.name,
        "resource_id": hop.resource_id,
        "status": verdict.status,
        "message": verdict.message,
        "assumptions": list(verdict.assumptions),
        "evidence": [_evidence(e) for e in _unique(verdict.evidence)],
        "missing": [_missing(m) for m in verdict.missing],
    }


def _result(result: Result) -> shapes.Result:
    rule, verdict = result.rule, result.verdict
    shown: shapes.Result = {
        "rule_id": rule.id,
        "title": rule.title,
        "status": result.status,
        "severity": result.severity,
        "tier": rule.tier,
        "environment_id": result.environment_id,
        "resource_id": result.resource_id,
        "message": verdict.message,
        "assumptions": list(verdict.assumptions),
        "evidence": [_evidence(e) for e in _unique(verdict.evidence)],
        "missing": [_missing(m) for m in verdict.missing],
        "remediation": {"cli": result.fix, "url": rule.url},
        "references": list(rule.references),
        "controls": list(rule.controls),
        "fingerprint": result.fingerprint,
    }
    if result.baseline is not None:
        shown["baseline"] = result.baseline
    if result.waiver is not None:
        shown["waiver"] = {"reason": result.waiver.reason, "expires": result.waiver.expires.isoformat()}
    return shown


def _decisions(decisions: Decisions, uses: Sequence[WaiverUse]) -> shapes.Decisions:
    """What was configured, and what became of each waiver: applied, expired, or unmatched."""
    return {
        "rules_off": list(decisions.off),
        "severities": dict(decisions.severities),
        "waivers": [
            {
                "rules": list(u.waiver.rules),
                "resource": u.waiver.resource,
                "environment": u.waiver.environment,
                "reason": u.waiver.reason,
                "expires": u.waiver.expires.isoformat(),
                "use": u.use,
                "results": u.results,
                "message": u.message,
            }
            for u in uses
        ],
    }


def _settled(settled: Settled) -> shapes.Settled:
    return cast("shapes.Settled", {**asdict(settled.finding), "now": settled.now})


def _unique(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    """The same property is shown once."""
    return list({(e.resource_id, e.path, e.note): e for e in evidence}.values())


def _evidence(evidence: Evidence) -> shapes.Evidence:
    observed = evidence.observed
    shown: shapes.Evidence = {
        "resource_id": evidence.resource_id,
        "path": evidence.path,
        # Timestamps are the one thing in our evidence that JSON does not know.
        "observed": timestamp(observed) if isinstance(observed, datetime) else observed,
    }
    if evidence.note:
        shown["note"] = evidence.note
    return shown


def _missing(missing: Missing) -> shapes.Missing:
    return {
        "resource_id": missing.resource_id,
        "path": missing.path,
        "reason": missing.reason,
        "http_status": missing.http_status,
        "needs_action": missing.needs_action,
    }


def _gap(gap: Gap) -> shapes.Gap:
    return {
        "resource_id": gap.resource_id,
        "operation": gap.operation,
        "reason": gap.failure.reason,
        "http_status": gap.failure.http_status,
        "needs_action": gap.failure.needs_action,
    }
