"""REST property paths: ``properties.networkAcls.ipRules[0].value``; a name with dots in it is quoted: ``tags['a.b']``.

A *pattern* has ``[]`` for "each item" and ``{}`` for "each value of this object"; `keep` cuts a body down to the
patterns a collector names, with list positions intact so that evidence paths stay Azure's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


# ['a.b'] is one name, [3] an index, [] each item; anything else between dots a name.
_STEP: Final = re.compile(r"\['([^']+)'\]|\[(\d+)\]|([^.\[\]]+)|\[\]")


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str | int, ...]:
    found = _STEP.findall(path)
    return tuple(int(index) if index else quoted or name or "[]" for quoted, index, name in found)


def at(body: Any, path: str) -> Any:
    """The value at a path, or `ABSENT`."""
    for step in steps(path):
        if isinstance(body, dict):
            body = body.get(step, ABSENT)
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return ABSENT
    return body


Tree = dict[str, "Tree"]


def tree(patterns: Iterable[str]) -> Tree:
    """The patterns as one nested mapping, for `keep`."""
    root: Tree = {}
    for pattern in patterns:
        node = root
        for step in steps(pattern):
            node = node.setdefault(str(step), {})
    return root


def keep(body: Any, wanted: Tree, text: Callable[[str], str] = str) -> Any:
    """The part of a body that the patterns name, with ``text`` applied to each text in it. A leaf pattern keeps scalars
    and lists of scalars; of anything else only an empty object stays, which reads as "not of the kind asked for": what
    nobody named stays out."""
    if isinstance(body, dict):
        if "{}" in wanted:
            return {name: keep(value, wanted["{}"], text) for name, value in body.items()}
        kept = {}
        for name, below in wanted.items():
            if name in body:
                value = body[name]  # most are texts, which need no call of their own
                kept[name] = text(value) if isinstance(value, str) else keep(value, below, text)
        return kept
    if isinstance(body, list):
        if not wanted:
            return [keep(item, wanted, text) for item in body] if all(map(_scalar, body)) else {}
        each = wanted.get("[]")
        return [] if each is None else [keep(item, each, text) for item in body]
    return text(body) if isinstance(body, str) else body


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
