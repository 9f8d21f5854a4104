"""The strings of the page's data: each stands in it once, and none gets in without being made harmless."""

from __future__ import annotations

from auditor.reports.text import clean, clean_lines

IN_GROUP = "/providers/"


class Pool:
    """Numbers for strings, in the order in which they came. Most strings of a report recur: ids, paths, messages."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.strings: list[str | tuple[int, str]] = []

    def add(self, text: object) -> int:
        """A string of one line."""
        return self._number(clean(text))

    def add_lines(self, text: object) -> int:
        """A string that may have several lines."""
        return self._number(clean_lines(text))

    def _number(self, text: str) -> int:
        if text not in self._numbers:
            stored = self._stored(text)
            self._numbers[text] = len(self.strings)
            self.strings.append(stored)
        return self._numbers[text]

    def _stored(self, text: str) -> str | tuple[int, str]:
        """The string; that of an id as the number of its resource group, which many ids share, and the rest."""
        scope, found, rest = text.partition(IN_GROUP)
        return (self._number(scope), found + rest) if found and text.startswith("/subscriptions/") else text
