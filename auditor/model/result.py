"""A result: one rule on one subject, as every report takes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.model.baseline import Finding, Standing
from auditor.model.decisions import Waiver
from auditor.model.fix import fill_in
from auditor.model.ids import key
from auditor.model.rule import Rule
from auditor.model.verdict import Severity, Status, Verdict


@dataclass(frozen=True)
class Result:
    """``subject`` is what makes the finding the same from run to run, beside the rule and the environment. ``names``
    fill in the fix where the verdict gives none.

    ``waiver`` is set on a failure that somebody accepts, ``baseline`` where there is an earlier report to compare with.
    """

    rule: Rule
    verdict: Verdict
    environment_id: str | None
    resource_id: str
    subject: str
    names: Mapping[str, str]
    waiver: Waiver | None = None
    baseline: Standing | None = None

    @property
    def status(self) -> Status:
        return self.verdict.status if self.waiver is None else Status.WAIVED

    @property
    def severity(self) -> Severity:
        """The result's own severity: what the check gave it, else the rule's; never above one that was decided."""
        own = self.verdict.severity or self.rule.severity
        return max(own, self.rule.severity, key=lambda severity: severity.rank) if self.rule.capped else own

    @property
    def fix(self) -> str:
        """The commands that mend it; most reports show those of failures only."""
        return fill_in(self.rule.fix, dict(self.verdict.names), self.names)

    @property
    def fingerprint(self) -> str:
        """Depends on rule and subject only, never on what was seen of it."""
        parts = (self.rule.id, key(self.environment_id or ""), key(self.subject))
        return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()[:32]

    @property
    def finding(self) -> Finding:
        """What is compared with another run's."""
        return Finding(
            self.fingerprint,
            self.rule.id,
            self.rule.title,
            self.status,
            self.severity,
            self.environment_id,
            self.resource_id,
            self.verdict.message,
        )
