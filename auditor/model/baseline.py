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
class Earlier:
    """A result of an earlier report. ``now`` says what became of a failure of that time, once it is compared."""

    fingerprint: str
    rule_id: str
    title: str
    status: Status
    severity: Severity
    environment_id: str | None
    resource_id: str
    message: str
    now: str = ""


@dataclass(frozen=True)
class Baseline:
    """An earlier report; ``fixed`` and ``unsettled`` are empty until a report is compared with it.

    ``fixed`` are its failures that pass now, or whose subject is gone; ``unsettled`` those that this run can say
    nothing sure about, which is not the same.
    """

    run_id: str
    finished_at: datetime
    results: tuple[Earlier, ...]
    fixed: tuple[Earlier, ...] = ()
    unsettled: tuple[Earlier, ...] = ()
