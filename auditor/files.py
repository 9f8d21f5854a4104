"""Files that somebody else may have written: read without waiting, within bounds, and as strict JSON."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any

from pydantic_core import ValidationError, from_json


class UnreadableError(Exception):
    """A file that cannot be read, with the reason in a few words."""


def read(path: Path, most: int) -> bytes:
    """The content of a regular file of at most so many bytes.

    A pipe would keep the run waiting and a device might never end, so that neither is read.

    Raises:
        UnreadableError: there is no such file, it may not be read, it is of another kind, or it is too large.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("it is not a regular file")
            data = b"" if status.st_size > most else file.read(most + 1)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    if status.st_size > most or len(data) > most:
        raise UnreadableError("it is larger than any such file")
    return data


def parse(data: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: not JSON (NaN and Infinity are not), nested too deeply, or a number that nothing can hold.
    """
    value = from_json(data, allow_inf_nan=False)
    if not _finite([value]):
        raise ValueError("a number is out of range")
    return value


def first_wrong(error: ValidationError) -> str:
    """Where a file that was validated is wrong first, and what is wrong there."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")  # how pydantic begins the words of our own
    return f"{where}: {what}" if where else what


def _finite(body: Any) -> bool:
    """Whether no number in an object or list is infinite: what a float cannot hold becomes that, and JSON cannot say it
    again. Each value of a large file is looked at, so that its kind is asked for in the cheapest way."""
    for value in body.values() if type(body) is dict else body:
        kind = type(value)
        if kind is dict or kind is list:
            if not _finite(value):
                return False
        elif kind is float and not math.isfinite(value):
            return False
    return True
