"""Lines for a terminal of any width: wrapped, never cut, and commands that can still be copied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

MIN_WIDTH: Final = 40
MAX_PROSE: Final = 120
OPTION: Final = re.compile(r"\s+(?=-{1,2}[A-Za-z]|&& )")
COMMENT: Final = re.compile(r"\s+#\s+")


class Page:
    """Prints lines; each has its indentation, and what wraps is indented with it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.width = max(console.width, MIN_WIDTH)

    def blank(self) -> None:
        self._print(Text())

    def heading(self, text: str) -> None:
        self.blank()
        self.line(Text(text, style="bold"))

    def line(self, text: Text | str, indent: int = 0, first: Text | str = "") -> None:
        """A paragraph; ``first`` stands before it, in its indentation."""
        paragraph = text.copy() if isinstance(text, Text) else Text(text)
        lead = Text.assemble(first if isinstance(first, Text) else (first, "dim"))
        lead.pad_right(max(indent - lead.cell_len, 0))
        room = max(min(self.width, MAX_PROSE) - lead.cell_len, MIN_WIDTH // 2)
        for wrapped in paragraph.wrap(self._console, room) or [Text()]:
            wrapped.rstrip()
            self._print(lead + wrapped)
            lead = Text(" " * lead.cell_len)

    def items(self, items: Sequence[Text], indent: int, first: Text | str = "") -> None:
        """Items in a row, separated by dots, that breaks only between them."""
        room = min(self.width, MAX_PROSE) - indent
        rows: list[Text] = []
        for item in items:
            if rows and rows[-1].cell_len + 3 + item.cell_len <= room:
                rows[-1] = Text.assemble(rows[-1], (" · ", "dim"), item)
            else:
                rows.append(item)
        for row in rows:
            self.line(row, indent, first)
            first = ""

    def command(self, command: str, indent: int, first: str = "") -> None:
        """A command over several lines that a shell reads as one, its comments as lines of their own."""
        for row in command.splitlines():
            code, *comments = COMMENT.split(row.strip())
            for piece in continued(code, self.width - indent):
                self._print(Text.assemble((first.ljust(indent), "dim"), (piece, "cyan")))
                first = ""
            for comment in comments:
                self.line(Text(f"# {comment}", style="dim"), indent)

    def whole(self, text: str, indent: int) -> None:
        """A line that is never broken, so that it can be copied: an id."""
        self._print(Text.assemble(" " * indent, (text, "dim")))

    def more(self, hidden: int, noun: str, indent: int = 0, see: str = "-o report.html or -o report.json") -> None:
        if hidden > 0:
            self.line(Text(f"… and {hidden:,} more {noun} (see {see})", style="dim"), indent)

    def _print(self, line: Text) -> None:
        # soft_wrap: what could not be wrapped, such as a long id in a command, is for the terminal to wrap.
        self._console.print(line, soft_wrap=True, highlight=False)


def continued(command: str, width: int) -> list[str]:
    """A command broken before its options, each line but the last ending in a backslash; prose is wrapped as prose."""
    if cell_len(command) <= width:
        return [command]
    if not OPTION.search(command):
        return [line.plain.rstrip() for line in Text(command).wrap(Console(width=width), width)]
    rows: list[str] = []
    for piece in _unquoted(OPTION.split(command)):
        if rows and not piece.startswith("&&") and cell_len(rows[-1]) + cell_len(piece) + 3 <= width:
            rows[-1] += f" {piece}"
        else:
            rows.append(piece if not rows or piece.startswith("&&") else f"    {piece}")
    return [f"{row} \\" for row in rows[:-1]] + rows[-1:]


def _unquoted(pieces: Iterable[str]) -> list[str]:
    """Pieces joined again where a quotation would be torn apart."""
    whole: list[str] = []
    for piece in pieces:
        if whole and any(whole[-1].count(quote) % 2 for quote in "'\""):
            whole[-1] += f" {piece}"
        else:
            whole.append(piece)
    return whole
