"""JSON as Azure may send it, strictly: what is not JSON is refused, and every text can be written again."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> Any:
    """The value of a JSON text, with lone surrogates replaced.

    Raises:
        ValueError: not JSON, or one of the constants that JSON does not have (NaN, Infinity).
        RecursionError: nested too deeply.
    """
    value = json.loads(text, parse_constant=_refuse)
    return _writable(value) if "\\ud" in text.lower() else value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _writable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(k): _writable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_writable(v) for v in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
