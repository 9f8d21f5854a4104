"""The generated documents are those that the code writes, and read as Markdown the way they are meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.reports import rule_page
from tests.audits import RULES
from tests.documents import DOCS, documents, stale

EXAMPLE = DOCS / "examples" / "rules" / "org_001_private_endpoints_only.py"


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_a_document_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == documents()[path], "run: make docs"


def test_no_page_outlives_its_rule() -> None:
    assert stale() == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_has_every_part_and_no_accidental_markup(rule: object) -> None:
    """Outside code nothing reads as HTML, emphasis or a link that nobody wrote; headings come in the page's order."""
    page = rule_page.markdown(rule)  # type: ignore[arg-type]
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    told = ["What it checks", "When it applies", "Why it matters", "How to fix it", "When it is unknown"]
    assert headings[:5] == told
    assert [h for h in headings if h in ("Commands", "References")] == ["Commands", "References"]
    assert page.count("```") % 2 == 0
    prose = re.sub(r"```.*?```|`[^`\n]+`|<https://[^>\s]+>|\*\*[A-Z][a-z ]+\*\*", "", page, flags=re.DOTALL)
    assert not re.search(r"[<>*`\[\]|]|(?<!\w)_|_(?!\w)|\{", prose), re.findall(r".*[<>*`\[\]|{].*", prose)


def test_the_index_lists_every_rule() -> None:
    index = rule_page.index(RULES)
    assert re.findall(r"^\| \[([A-Z]+-\d+)\]\(\1\.md\)", index, re.MULTILINE) == sorted(r.id for r in RULES)


def test_the_worked_example_is_the_one_that_runs() -> None:
    """The listing in the guide is the file beside it."""
    assert f"```python\n{EXAMPLE.read_text('utf-8').rstrip()}\n```" in (DOCS / "your-own-rules.md").read_text("utf-8")


@pytest.mark.parametrize("path", [*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")], ids=lambda path: path.stem)
def test_the_rows_of_a_table_are_as_wide_as_its_head(path: Path) -> None:
    """Markdown drops what goes beyond, in silence."""
    for table in re.findall(r"(?:^\|.*\n)+", path.read_text("utf-8") + "\n", re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", row))) for row in table.splitlines()}
        assert len(widths) == 1, table.splitlines()[0]
