"""Timestamps as Azure writes them: with seven decimals at times, and ``Z`` or an offset."""

from __future__ import annotations

import re
from datetime import datetime

from auditor.model.facts import Fact, Missing, Seen
from auditor.model.resource import Resource


def moment(text: str) -> datetime | None:
    """A timestamp with its offset; None when the text is not one."""
    try:
        when = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.strip()).replace("Z", "+00:00"))
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def time_of(resource: Resource, path: str) -> Fact[datetime]:
    """The timestamp at a path."""
    text = resource.text(path)
    if isinstance(text, Missing):
        return text
    when = moment(text.value)
    if when is None:
        return resource.missing(path, f"{text.value!r} is not a timestamp")
    return Seen(resource.id, path, when)
