"""Rules × subjects → results. Pure: no network, no clock, no SDK.

A rule that raises anything but its own outcomes becomes an *unknown* result that names the error, and never costs the
run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from auditor.model.decisions import Decisions
from auditor.model.environment import Attachment, ClusterEndpoint, Environment, ExtendedCluster, OtherStorage
from auditor.model.facts import Evidence, Missing, Undecided
from auditor.model.ids import ArmId, key
from auditor.model.report import Report, Run, Unjudged
from auditor.model.result import Result
from auditor.model.rule import Rule
from auditor.model.snapshot import Failure, Snapshot
from auditor.model.types import WORKSPACES
from auditor.model.verdict import NotApplicable, Severity, Status, Verdict, not_applicable, undecided, unknown
from auditor.topology.build import Estate, build
from auditor.waiving import use, waived

SUBJECTS = (Attachment, Environment, OtherStorage, ClusterEndpoint, ExtendedCluster)
LEFT_OUT = "not read: Azure Resource Graph, which may lag behind, shows this identity nothing to audit there"
NO_STORAGE = "no datastore uses another storage account"
NO_ENDPOINT = "nobody made a private endpoint to the cluster"
DECIDED = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE)
ORDER = [Status.FAIL, Status.UNKNOWN, Status.WAIVED, Status.PASS, Status.NOT_APPLICABLE]


@dataclass(frozen=True)
class Case:
    """One subject of a rule; ``settled`` stands where there is no subject to judge, but a result all the same."""

    subject: Any
    id: str
    environment_id: str | None
    resources: dict[str, str]
    names: dict[str, str]
    settled: Verdict | None = None


def audit(snapshot: Snapshot, rules: Sequence[Rule], run: Run, decisions: Decisions | None = None) -> Report:
    """Judge a snapshot by rules; what was decided about them holds on the day the run started."""
    estate, decided = build(snapshot), decisions or Decisions()
    on = decided.applied_to(rules)
    for rule in on:
        if rule.about not in SUBJECTS:
            raise LookupError(f"{rule.id} is about {rule.about.__name__}, which the engine does not know")
    seen = [judge(rule, case) for about in cases(estate) for rule in on for case in about.get(rule.about, ())]
    today = run.started_at.astimezone(UTC).date()
    uses = tuple(use(waiver, seen, decided, today) for waiver in decided.waivers)
    results = sorted(waived(seen, decided.waivers, today), key=_report_order)
    return Report(
        run=run,
        snapshot=snapshot,
        environments=tuple(estate.environments),
        unjudged=(*_unread_scope(snapshot), *estate.unjudged),
        rules=tuple(on),
        results=tuple(results),
        decisions=decisions,
        waivers=uses,
    )


def judge(rule: Rule, case: Case) -> Result:
    """One rule on one subject."""
    verdict = case.settled or _check(rule, case.subject)
    if verdict.unknown and not verdict.missing:
        # An unknown without a reason would be useless; the reason is then the verdict's own sentence.
        missing = Missing(case.id, "", verdict.message)
        verdict = unknown(verdict.message, missing, seen=verdict.evidence)
    return Result(
        rule=rule,
        verdict=_saying_what_it_needs(verdict),
        environment_id=case.environment_id,
        resource_id=case.resources.get(rule.resource) or case.resources.get("home", case.id),
        subject=case.id,
        names=case.names,
    )


def _saying_what_it_needs(verdict: Verdict) -> Verdict:
    """The verdict, with every permission that would have decided it named in its message."""
    if not verdict.missing:
        return verdict
    needed = dict.fromkeys(m.needs_action for m in verdict.missing if m.needs_action)
    unsaid = [action for action in needed if action.lower() not in verdict.message.lower()]
    return verdict._replace(message=f"{verdict.message}; needs {', '.join(unsaid)}") if unsaid else verdict


def _check(rule: Rule, subject: Any) -> Verdict:
    try:
        verdict = rule.check(subject)
        return verdict if _is_verdict(verdict) else _broken(rule, f"it answered {verdict!r:.100}, not a verdict")
    except Undecided as error:
        return undecided(error)
    except NotApplicable as error:
        return not_applicable(str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a broken rule is a result, not a lost run)
        return _broken(rule, f"{type(error).__name__}: {error}")


def _broken(rule: Rule, why: str) -> Verdict:
    reason = f"the rule broke: {why}"
    return unknown(reason, Missing("", rule.id, reason))


def _is_verdict(verdict: object) -> bool:
    """Whether a check kept to its part: rules of other people may answer anything."""
    if not (isinstance(verdict, Verdict) and isinstance(verdict.status, Status) and isinstance(verdict.message, str)):
        return False
    parts = (
        (verdict.evidence, Evidence),
        (verdict.missing, Missing),
        (verdict.assumptions, str),
        (verdict.names, tuple),
    )
    return (
        verdict.status in DECIDED
        and all(isinstance(part, kind) for found, kind in parts for part in found)
        and all(len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str) for pair in verdict.names)
        and (verdict.severity is None or isinstance(verdict.severity, Severity))
    )


def cases(estate: Estate) -> Iterator[dict[type[Any], list[Case]]]:
    """The cases of each environment by what a rule is about, and after them those that belong to none. An environment
    is judged by all rules before the next one: what that looks at is then still at hand."""
    for env in estate.environments:
        attachment = Attachment(env.id, env.attached, env.resources, env.names)
        yield {
            Attachment: [Case(attachment, env.id, env.id, env.resources, env.names)],
            Environment: [Case(env, env.id, env.id, env.resources, env.names)],
            OtherStorage: [*_parts(env, env.other_storage, env.unlisted_storage, NO_STORAGE)],
            ClusterEndpoint: [*_parts(env, env.cluster_endpoints, env.unlisted_cluster_endpoints, NO_ENDPOINT)],
        }
    yield {
        Attachment: [_unlisted_computes(item) for item in estate.unjudged if item.failure is not None],
        ExtendedCluster: [Case(part, part.id, None, part.resources, part.names) for part in estate.clusters],
    }


def _parts(
    env: Environment,
    parts: Sequence[OtherStorage | ClusterEndpoint],
    gaps: Sequence[Missing],
    none: str,
) -> Iterator[Case]:
    """One case for each part; one without a subject where parts may be missing, or where there is none."""
    for part in parts:
        yield Case(
            part, f"{env.id}|{key(part.id)}", env.id, {**env.resources, **part.resources}, {**env.names, **part.names}
        )
    if gaps:
        reason = "; ".join(dict.fromkeys(g.reason for g in gaps))
        yield Case(None, env.id, env.id, env.resources, env.names, unknown(reason, *gaps))
    elif not parts:
        yield Case(None, env.id, env.id, env.resources, env.names, not_applicable(none))


def _unlisted_computes(item: Unjudged) -> Case:
    assert item.failure is not None  # noqa: S101  (the caller looked)
    arm = ArmId.parse(item.resource_id)
    names = {"workspace": arm.name, "workspace_group": arm.resource_group}
    attached = unknown(item.reason, item.failure.missing(item.resource_id, "computes"))
    resources = {"workspace": item.resource_id, "compute": item.resource_id}
    return Case(Attachment(None, attached, resources, names), item.resource_id, None, resources, names)


def _unread_scope(snapshot: Snapshot) -> Iterator[Unjudged]:
    for subscription in snapshot.subscriptions:
        at = f"/subscriptions/{subscription.id}"
        if subscription.failure is not None:
            reason = f"the subscription could not be read: {subscription.failure.reason}"
            yield Unjudged(at, reason, subscription.failure)
            continue
        listing = snapshot.listing(at, WORKSPACES)
        failure = listing.failure if listing else Failure(reason=snapshot.cut_short or "nobody asked for them")
        if failure is not None:
            yield Unjudged(at, f"workspaces could not be listed: {failure.reason}", failure)
    for subscription in snapshot.left_out:
        yield Unjudged(f"/subscriptions/{subscription.id}", LEFT_OUT)


def _report_order(result: Result) -> tuple[str, int, int, str, str]:
    return (
        key(result.environment_id or ""),
        ORDER.index(result.status),
        result.severity.rank,
        result.rule.id,
        key(result.subject),
    )
