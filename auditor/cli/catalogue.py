"""``audit rules``, and where the demo's recording is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

import auditor
from auditor.cli.errors import AuditError
from auditor.cli.options import Listing
from auditor.model.rule import Rule, Tier
from auditor.model.verdict import Severity
from auditor.reports import rule_page
from auditor.reports.text import clean, clean_lines

# Wide enough that in a pipe each rule is one line.
PIPED = 250


@dataclass(frozen=True)
class Filter:
    """Which rules are shown: those that every given condition admits. ``ids``: an id, a service (``DNS``) or a pattern
    (``AKS-01*``), in any case."""

    ids: str | None = None
    severities: Sequence[Severity] | None = None
    tier: Tier | None = None
    search: str | None = None

    def admits(self, rule: Rule) -> bool:
        wanted = (self.ids or "*").strip().upper()
        held = "\n".join((rule.id, rule.title, rule.page, *rule.controls)).lower()
        return (
            (fnmatchcase(rule.id, wanted) or rule.id.partition("-")[0] == wanted)
            and (not self.severities or rule.severity in self.severities)
            and (self.tier is None or rule.tier is self.tier)
            and (self.search is None or self.search.lower() in " ".join(held.split()))
        )


def demo_folder() -> Path:
    """The recording that ships with the tool: in the package once installed, under fixtures/ in a checkout."""
    package = Path(auditor.__file__).parent
    for folder in (package / "demo", package.parent / "fixtures" / "demo"):
        if folder.is_dir():
            return folder
    raise AuditError("the demo's recording is missing from this installation", "install the tool again")


def show(rules: list[Rule], wanted: Filter, listing: Listing) -> None:
    """Print the catalogue, or the page of the one rule whose id is given.

    Raises:
        AuditError: no rule is wanted.
    """
    found = sorted(filter(wanted.admits, rules), key=lambda r: r.id)
    if not found:
        raise AuditError(*_nothing(rules, wanted))
    one = found[0] if wanted.ids and found[0].id == wanted.ids.strip().upper() else None
    if listing is Listing.JSON:
        shown = rule_page.document(one) if one else [rule_page.document(r) for r in found]
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    elif listing is Listing.MD:
        _write(rule_page.markdown(one) if one else rule_page.index(found))
    elif one:
        _write(rule_page.text(one))
    else:
        _list(found)


def _write(page: str) -> None:
    sys.stdout.write(clean_lines(page) + "\n")


def _nothing(rules: list[Rule], wanted: Filter) -> tuple[str, str]:
    ids = [r.id for r in rules]
    if wanted.ids is None or any(Filter(wanted.ids).admits(r) for r in rules):
        return "no rule is like that", "'audit rules' lists them all"
    near = get_close_matches(wanted.ids.strip().upper(), ids, n=3)
    return (
        f"there is no rule {wanted.ids}",
        f"did you mean {' or '.join(near)}?" if near else "'audit rules' lists them",
    )


def _list(found: list[Rule]) -> None:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("rule", "severity", "tier", "title"):
        table.add_column(name, no_wrap=name != "title")
    for rule in found:
        table.add_row(rule.id, rule.severity, rule.tier, Text(clean(rule.title)))
    Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPED).print(table)
