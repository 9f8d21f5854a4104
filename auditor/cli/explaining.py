"""``audit explain``: the proof of one environment, or of one rule's finding on it."""

from __future__ import annotations

import sys
import uuid
from contextlib import redirect_stdout
from datetime import UTC, datetime
from difflib import get_close_matches

from rich.console import Console

from auditor.auditing import Source, collect
from auditor.cli import config, rulebook
from auditor.cli.errors import AuditError
from auditor.cli.progress import Progress
from auditor.cli.running import Wish
from auditor.engine import audit
from auditor.model.environment import Environment
from auditor.model.ids import ArmId, key
from auditor.model.report import Report, Run
from auditor.model.result import Result
from auditor.model.rule import Rule
from auditor.model.snapshot import Scope
from auditor.model.types import WORKSPACES
from auditor.reports import explain, json_report
from auditor.reports.text import clean

SHOWN = 8


def run(source: Source, environment: str, rule_id: str | None, wish: Wish) -> int:
    """Print the proof.

    Raises:
        AuditError: no such environment or rule, or no audit was possible.
    """
    rules = rulebook.rules(wish.rules)
    decisions = config.read(wish.config, rules).decisions if wish.config else None
    if rule_id is not None:
        rule_id = _rule(rule_id, rules).id
    started = datetime.now(UTC)
    with Progress(wish.quiet, wish.verbose) as progress:
        snapshot = collect(source, _scope(environment), progress, started)
    with redirect_stdout(sys.stderr):
        report = audit(snapshot, rules, Run(str(uuid.uuid4()), started, datetime.now(UTC), source.name), decisions)
    chosen = _find(report, environment)
    results = None if rule_id is None else _results(report, chosen, rule_id)
    if wish.stdout == "json":
        sys.stdout.write(json_report.render_proof(report, chosen, results))
    else:
        width = None if sys.stdout.isatty() else 120
        explain.render(report, chosen, results, Console(file=sys.stdout, highlight=False, width=width))
    return 0


def _scope(environment: str) -> Scope:
    """An environment that is given by its id needs only its workspace."""
    arm = ArmId.parse(environment)
    if not environment.startswith("/") or not arm.type.lower().startswith(WORKSPACES.lower()):
        return Scope()
    return Scope(workspaces=[arm.parent if arm.type.count("/") > 1 else environment])


def _rule(rule_id: str, rules: list[Rule]) -> Rule:
    known = {r.id: r for r in rules}
    if rule_id.upper() in known:
        return known[rule_id.upper()]
    near = get_close_matches(rule_id.upper(), known, n=3)
    help_ = f"did you mean {' or '.join(near)}?" if near else "'audit rules' lists them"
    raise AuditError(f"there is no rule {rule_id}", help_)


def _find(report: Report, wanted: str) -> Environment:
    """The environment of an id, or of a name that fits only one: of its workspace, compute or cluster."""
    environments = list(report.environments)
    if not environments:
        raise AuditError("there is no environment to explain", "run the audit itself: it says what was found")
    low = wanted.strip().lower()
    for fits in (_is_id, _is_name, _has_name):
        found = [e for e in environments if fits(e, low)]
        if len(found) == 1:
            return found[0]
        if found:
            raise AuditError(f"{wanted} fits {len(found)} environments", f"say which: {_listed(found)}")
    raise AuditError(f"there is no environment {wanted}", f"there is {_listed(environments)}")


def _is_id(environment: Environment, low: str) -> bool:
    return key(environment.id) == key(low) or key(environment.workspace.id) == key(low)


def _is_name(environment: Environment, low: str) -> bool:
    return low in [name.lower() for name in _names(environment)]


def _has_name(environment: Environment, low: str) -> bool:
    return bool(low) and any(low in name.lower() for name in _names(environment))


def _names(environment: Environment) -> list[str]:
    workspace, compute = environment.workspace.name, environment.compute.name
    cluster = ArmId.parse(environment.cluster_id or "").name
    return [workspace, compute, f"{workspace}/{compute}", environment.label, *([cluster] if cluster else [])]


def _listed(environments: list[Environment]) -> str:
    names = [f"{e.workspace.name}/{e.compute.name}" for e in environments]
    texts = names if len({n.lower() for n in names}) == len(names) else [e.id for e in environments]
    shown = ", ".join(clean(text) for text in texts[:SHOWN])
    more = len(environments) - SHOWN
    return f"{shown}, and {more} more" if more > 0 else shown


def _results(report: Report, environment: Environment, rule_id: str) -> list[Result]:
    """The results of a rule on an environment, or on its cluster."""
    cluster = key(environment.cluster_id or "")
    return [
        r
        for r in report.results
        if r.rule.id == rule_id
        and (r.environment_id == environment.id or (r.environment_id is None and key(r.resource_id) == cluster))
    ]
