"""The commands of a rule's fix, filled in with the names of one finding."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import lru_cache


def fill_in(template: str, *known: Mapping[str, str]) -> str:
    """The commands, with each name as the first of ``known`` that has it says. Of several commands, those whose names
    the finding gives are what mends it."""
    commands = []
    for command in template.split(" && "):
        names = _Names(known)
        commands.append((command.format_map(names), names.unknown))
    filled = [text for text, unknown in commands if not unknown]
    return " && ".join(filled or [text for text, _ in commands])


# Every rule asks for some of the same names.
_quoted = lru_cache(maxsize=1024)(shlex.quote)


class _Names:
    """Names for a fix, quoted for a shell since Azure's users choose them. What is not known stays a placeholder."""

    def __init__(self, known: Sequence[Mapping[str, str]]) -> None:
        self.known = known
        self.unknown = False

    def __getitem__(self, name: str) -> str:
        for names in self.known:
            if name in names:
                return _quoted(names[name])
        self.unknown = True
        return f"<{name.replace('_', '-')}>"
