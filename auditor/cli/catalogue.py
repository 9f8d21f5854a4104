"""``audit rules``, and where the demo's recording is."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

import auditor
import rules as rule_package
from auditor.cli.errors import AuditError
from auditor.model.rule import Rule, load


def demo_folder() -> Path:
    """The recording that ships with the tool: in the package once installed, under fixtures/ in a checkout."""
    package = Path(auditor.__file__).parent
    for folder in (package / "demo", package.parent / "fixtures" / "demo"):
        if folder.is_dir():
            return folder
    raise AuditError("the demo's recording is missing from this installation", "install the tool again")


def show(rule_id: str | None) -> None:
    """Print the catalogue, or one rule's page."""
    found = load(rule_package)
    if rule_id is None:
        _list(found)
        return
    rule = next((r for r in found if r.id.lower() == rule_id.lower()), None)
    if rule is None:
        raise AuditError(f"there is no rule {rule_id}", "'audit rules' lists them")
    sys.stdout.write(page(rule))


def page(rule: Rule) -> str:
    """A rule's page as text."""
    lines = [
        f"{rule.id}: {rule.title}",
        f"severity {rule.severity}, {rule.tier}",
        "",
        rule.page,
        "",
        "Fix:",
        f"  {rule.fix}",
        "",
    ]
    if rule.controls:
        lines += ["Controls: " + ", ".join(rule.controls), ""]
    return "\n".join([*lines, "References:", *(f"  {r}" for r in rule.references)]) + "\n"


def _list(found: list[Rule]) -> None:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("rule", "severity", "title"):
        table.add_column(name, no_wrap=name != "title")
    for rule in sorted(found, key=lambda r: r.id):
        table.add_row(rule.id, rule.severity, rule.title)
    Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 120).print(table)
