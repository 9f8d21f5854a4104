"""An earlier report to compare with: what is new since then, and what was fixed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.model.verdict import Severity, Status


class Standing(StrEnum):
    """How a result stands to the baseline."""

    NEW = "new"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Finding:
    """A result as a JSON report keeps it: what two runs are compared by."""

    fingerprint: str
    rule_id: str
    title: str
    status: Status
    severity: Severity
    environment_id: str | None
    resource_id: str
    message: str

    @property
    def deviates(self) -> bool:
        """Whether the rule does not hold, waived or not: a waiver changes what counts, not what is."""
        return self.status in (Status.FAIL, Status.WAIVED)


@dataclass(frozen=True)
class Settled:
    """A failure of earlier that fails no more, and what became of it."""

    finding: Finding
    now: str


@dataclass(frozen=True)
class Baseline:
    """An earlier report."""

    run_id: str
    finished_at: datetime
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Comparison:
    """A report beside an earlier one. ``fixed``: failures of then that pass now, or whose subject is gone;
    ``unsettled``: those that this run can say nothing sure about, which is not the same."""

    baseline: Baseline
    fixed: tuple[Settled, ...]
    unsettled: tuple[Settled, ...]
