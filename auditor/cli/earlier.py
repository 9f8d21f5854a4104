"""``--baseline``: an earlier JSON report, read for what it can be compared by."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from auditor import files
from auditor.cli.errors import AuditError
from auditor.model.baseline import Baseline, Finding
from auditor.model.report import Conclusion
from auditor.model.verdict import Severity, Status

LARGEST = 2**28
MAJOR = "1"


class _Run(BaseModel):
    id: str
    finished_at: AwareDatetime


class _Result(BaseModel):
    rule_id: str = Field(min_length=1)
    title: str
    status: Status
    severity: Severity
    environment_id: str | None
    resource_id: str
    message: str
    fingerprint: str = Field(min_length=1)


class _Environment(BaseModel):
    id: str
    verdict: Conclusion


class EarlierReport(BaseModel):
    """The part of a JSON report that a comparison needs."""

    run: _Run
    environments: list[_Environment]
    results: list[_Result]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(Finding(**dict(result)) for result in self.results)

    @property
    def baseline(self) -> Baseline:
        return Baseline(self.run.id, self.finished_at, self.findings)

    @property
    def finished_at(self) -> datetime:
        return self.run.finished_at


def read(path: Path, data: Any = None) -> EarlierReport:
    """A report that ``-o report.json`` wrote.

    Raises:
        AuditError: the file cannot be read, or is something else, or of a newer version.
    """
    help_ = "give a file that 'audit … -o report.json' wrote"
    data = load(path, help_) if data is None else data
    what = kind(data)
    if what != "report":
        raise AuditError(f"{path} is {f'a {what}, ' if what else ''}no JSON report of audit", help_)
    version = str(data["schema_version"])
    if version.partition(".")[0] != MAJOR:
        raise AuditError(
            f"{path} is a report of version {version}, which this version of audit does not know",
            "use the version of audit that wrote it, or a newer one",
        )
    try:
        return EarlierReport.model_validate(data)
    except ValidationError as error:
        raise AuditError(f"{path} is no whole JSON report ({files.first_wrong(error)})", help_) from error


def load(path: Path, help_: str) -> Any:
    """The JSON in a file."""
    try:
        return files.parse(files.read(path, LARGEST))
    except files.UnreadableError as error:
        raise AuditError(f"cannot read {path}: {error}", help_) from error
    except ValueError as error:
        raise AuditError(f"{path} is not whole JSON", help_) from error


def kind(data: Any) -> str:
    """What a JSON document is, by the keys that no other has; empty when it is nothing of ours."""
    keys = set(data) if isinstance(data, dict) else set()
    if {"schema_version", "run", "results", "collection"} <= keys:
        return "report"
    if {"schema_version", "taken_at", "resources"} <= keys:
        return "snapshot"
    return "SARIF file" if {"version", "runs"} <= keys else ""
