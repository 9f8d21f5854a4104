"""A result: one rule on one subject, as every report takes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from auditor.model.ids import key
from auditor.model.rule import Rule
from auditor.model.verdict import Severity, Status, Verdict


@dataclass(frozen=True)
class Result:
    """``subject`` is what makes the finding the same from run to run, beside the rule and the environment."""

    rule: Rule
    verdict: Verdict
    environment_id: str | None
    resource_id: str
    subject: str
    fix: str

    @property
    def status(self) -> Status:
        return self.verdict.status

    @property
    def severity(self) -> Severity:
        """The result's own severity: the rule's, unless the rule downgraded itself."""
        return self.verdict.severity or self.rule.severity

    @property
    def fingerprint(self) -> str:
        """Depends on rule and subject only, never on what was seen of it."""
        parts = (self.rule.id, key(self.environment_id or ""), key(self.subject))
        return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()[:32]
