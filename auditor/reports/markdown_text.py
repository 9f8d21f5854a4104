"""Text that stays text in Markdown: nothing in it becomes markup, a link, a mention or a reference.

GitHub makes links of ``@name``, ``#1`` and web addresses after it has undone every escape, so the character that makes
one stands in an element of its own; ``$`` is what its documentation wants there, where formulas are read.
https://github.github.com/gfm/ and https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting
"""

from __future__ import annotations

import re
from typing import Final

from auditor.reports.text import clean, clean_lines

# Entities without a number sign, and for what splits table cells no backslash: parsers differ on those.
ESCAPES: Final = str.maketrans(
    {char: f"\\{char}" for char in "`*_~[]"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&vert;", "\\": "&bsol;"}
)
LINKING: Final = re.compile(r"[@#$]|(?<!\d):(?=\S)|(?<=www)\.|(?<=gh)-(?=\d)", re.IGNORECASE)
LEADING: Final = re.compile(r"^(?=[-+=])|^(\d+)(?=[.)])")
BACKTICKS: Final = re.compile(r"`+")


def text(words: object) -> str:
    """One line of Markdown that shows the words as they are, also in a table cell."""
    line = LINKING.sub(r"<span>\g<0></span>", clean(words).translate(ESCAPES))
    return LEADING.sub(r"\g<1>\\", line)


def code(words: object) -> str:
    """A code span; not for table cells, which a ``|`` in it would split."""
    line = clean(words)
    if not line:
        return ""
    ticks = _longer_than_any(line, 1)
    room = " " if "`" in (line[0], line[-1]) else ""
    return f"{ticks}{room}{line}{room}{ticks}"


def block(words: object, language: str = "") -> str:
    """A fenced code block."""
    lines = clean_lines(words)
    ticks = _longer_than_any(lines, 3)
    return f"{ticks}{language}\n{lines}\n{ticks}"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def table(*titles: str) -> str:
    """The head of a table, for rows to follow."""
    return f"{row(*titles)}\n{row(*('---' for _ in titles))}"


def _longer_than_any(words: str, least: int) -> str:
    return "`" * max(least, 1 + max(map(len, BACKTICKS.findall(words)), default=0))
