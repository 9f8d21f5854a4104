"""The documents that are generated from the code: ``python -m tests.documents`` writes them, a test compares."""

from __future__ import annotations

from pathlib import Path

import rules as rule_package
from auditor.model.rule import load
from auditor.reports import rule_page

DOCS = Path(__file__).parents[1] / "docs"


def documents() -> dict[Path, str]:
    """Every generated document by its path."""
    rules = load(rule_package)
    pages = {DOCS / "rules" / f"{rule.id}.md": rule_page.markdown(rule) for rule in rules}
    return {DOCS / "rules" / "README.md": rule_page.index(rules), **pages}


def stale() -> list[Path]:
    """Pages of rules that are no more."""
    return sorted(set((DOCS / "rules").glob("*.md")) - set(documents()))


def main() -> None:
    for path in stale():
        path.unlink()
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
