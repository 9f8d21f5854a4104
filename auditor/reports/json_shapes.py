"""The shapes of the JSON report, a contract with other programs: `audit schema report` prints them as JSON Schema.

The builder is typed with them, and they cost nothing when a report is written. They are open: a reader passes over keys
that it does not know, so that keys can be added.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # what pydantic asks for before Python 3.12

from auditor.model.baseline import Standing
from auditor.model.decisions import Use
from auditor.model.environment import Scenario
from auditor.model.report import Conclusion
from auditor.model.rule import Tier
from auditor.model.verdict import Severity, Status

Count = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(description="An ARM id, in the case that Azure answered; compare without case.")]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", json_schema_extra={"format": "date-time"})]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", json_schema_extra={"format": "date"})]
HttpStatus = Annotated[int, Field(ge=100, le=999)]
Reached = Literal["public", "service-endpoint", "private-endpoint", "none", "unknown"]


class Tool(TypedDict):
    name: Name
    version: Name


class Subscription(TypedDict):
    id: str
    name: str
    audited: bool


class Run(TypedDict):
    """When, and over what."""

    id: Name
    started_at: Time
    finished_at: Time
    source: Literal["live", "replay", "snapshot"]
    cloud: str
    tenant_id: str | None
    subscriptions: list[Subscription]


class Summary(TypedDict):
    """Counts over all results, and the verdict over all environments."""

    verdict: Conclusion
    environments: Count
    by_status: Annotated[dict[Status, Count], Field(json_schema_extra={"required": list(Status)})]
    failed_by_severity: Annotated[dict[Severity, Count], Field(json_schema_extra={"required": list(Severity)})]


class Evidence(TypedDict):
    """One observation: what stood at a REST property path, as Azure answered it."""

    resource_id: str
    path: str
    observed: Any
    note: NotRequired[str]


class Missing(TypedDict):
    """What was not seen, why, and the permission that would have shown it."""

    resource_id: str
    path: str
    reason: str
    http_status: HttpStatus | None
    needs_action: str | None


class Hop(TypedDict):
    """One step of an access path."""

    name: str
    resource_id: str
    status: Status
    message: str
    assumptions: list[str]
    evidence: list[Evidence]
    missing: list[Missing]


class Path(TypedDict):
    """How AKS reaches one target, hop by hop."""

    name: str
    group: Annotated[str, Field(description="The private link group.")]
    target_id: str
    broken: Annotated[Count | None, Field(description="The position of the first hop that fails.")]
    hops: list[Hop]


class Access(TypedDict):
    """How AKS reaches each part."""

    workspace: Reached
    storage: Reached
    key_vault: Reached
    container_registry: Annotated[Reached | None, Field(description="Null: the workspace names none yet.")]
    cluster: Literal["public", "private", "unknown"]


class Environment(TypedDict):
    """One workspace with one attached cluster."""

    id: Annotated[Name, Field(description="<workspace ARM id>/computes/<compute>")]
    workspace_id: Id
    compute_type: Literal["Kubernetes", "AKS"]
    cluster_id: Id | None
    region: Annotated[str, Field(description="``unknown`` where Azure's answer does not hold it.")]
    vnet_ids: list[Id]
    scenario: Scenario
    access: Access
    verdict: Conclusion
    compute: str
    paths: list[Path]


class Unjudged(TypedDict):
    """A subscription, workspace, compute or cluster that makes no environment."""

    resource_id: Id
    reason: str


class Remediation(TypedDict):
    cli: str
    url: str


class Waiver(TypedDict):
    """Who accepted a failure says why, and until when."""

    reason: str
    expires: Date


class Result(TypedDict):
    """One rule on one subject."""

    rule_id: Name
    title: Name
    status: Status
    severity: Severity
    tier: Tier
    environment_id: str | None
    resource_id: Annotated[str, Field(description="The ARM id of what has to change.")]
    message: Annotated[str, Field(description="What was seen, in one sentence.")]
    assumptions: Annotated[list[str], Field(description="What a pass takes for granted.")]
    evidence: list[Evidence]
    missing: list[Missing]
    remediation: Remediation
    references: list[str]
    controls: list[str]
    fingerprint: Annotated[Name, Field(description="The same from run to run: it depends on rule and subject only.")]
    baseline: NotRequired[Annotated[Standing, Field(description="Absent without a baseline.")]]
    waiver: NotRequired[Waiver]


class Gap(TypedDict):
    """Something that collection asked for and did not get."""

    resource_id: str
    operation: str
    reason: str
    http_status: HttpStatus | None
    needs_action: str | None


class Collection(TypedDict):
    """What the collection cost, and what it could not read."""

    complete: bool
    requests: Count
    retries: Count
    throttled: Count
    gaps: list[Gap]


class WaiverUse(TypedDict):
    """A waiver that was configured, and what became of it."""

    rules: list[str]
    resource: str
    environment: str | None
    reason: str
    expires: Date
    use: Use
    results: Count
    message: str


class Decisions(TypedDict):
    """What was configured."""

    rules_off: list[str]
    severities: dict[str, Severity]
    waivers: list[WaiverUse]


class Baseline(TypedDict):
    """The earlier report that results are compared with."""

    run_id: str
    finished_at: Time


class Settled(TypedDict):
    """A failure of the baseline that fails no more, and what became of it."""

    fingerprint: Name
    rule_id: Name
    title: str
    status: Status
    severity: Severity
    environment_id: str | None
    resource_id: str
    message: str
    now: str


class Report(TypedDict):
    """The JSON report of ``audit``."""

    schema_version: Literal["1.0"]
    tool: Tool
    run: Run
    summary: Summary
    environments: list[Environment]
    unjudged: list[Unjudged]
    results: list[Result]
    collection: Collection
    config: NotRequired[Annotated[Decisions, Field(description="Absent without a configuration.")]]
    baseline: NotRequired[Annotated[Baseline, Field(description="Absent without a baseline, as are the next two.")]]
    fixed: NotRequired[list[Settled]]
    unsettled: NotRequired[Annotated[list[Settled], Field(description="What this run says nothing sure about.")]]
