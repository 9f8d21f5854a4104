"""Where reports go: which format each path gets, checked before the run and written all or nothing."""

from __future__ import annotations

import importlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.errors import AuditError

if TYPE_CHECKING:
    from auditor.model.report import Report
    from auditor.reports.sarif import Options

    Renderer = Callable[[Report, Options], Iterator[str]]

SECRETIVE = 0o600


@dataclass(frozen=True)
class Output:
    """One report to write; ``path`` is None for stdout."""

    format: str
    path: Path | None


@dataclass(frozen=True)
class Document:
    """A file to write, and the pieces of its text. ``private``: only its owner may read it."""

    path: Path
    pieces: Iterable[str]
    private: bool = False


def _renderer(name: str) -> Renderer:
    """What makes the text of one format, in pieces; its module is imported by those who want one."""

    def render(report: Report, options: Options) -> Iterator[str]:
        module = importlib.import_module(f"auditor.reports.{name}")
        yield from module.pieces(report, options) if name == "sarif" else module.pieces(report)

    return render


RENDERERS: dict[str, Renderer] = {
    "json": _renderer("json_report"),
    "sarif": _renderer("sarif"),
    "html": _renderer("html"),
    "md": _renderer("markdown"),
    "csv": _renderer("csv_report"),
    "junit": _renderer("junit"),
    "ocsf": _renderer("ocsf"),
}
ENDINGS = {".json": "json", ".sarif": "sarif", ".html": "html", ".md": "md", ".csv": "csv", ".xml": "junit"}


def parse(text: str) -> Output:
    """``report.json``, ``FORMAT=PATH``, or ``FORMAT=-`` for stdout.

    Raises:
        AuditError: the format is not known, or cannot be told from the path.
    """
    name, separator, rest = text.partition("=")
    if separator and name.lower() in RENDERERS:
        return Output(name.lower(), None if rest == "-" else _path(rest, text))
    known = ", ".join(RENDERERS)
    if separator and "/" not in name and "." not in name:
        raise AuditError(f"there is no report format {name}", f"the formats are {known}")
    if text == "-":
        raise AuditError("-o - does not say which format", f"write FORMAT=-, with one of {known}; or use -f")
    format_ = ENDINGS.get(Path(text).suffix.lower())
    if format_ is None:
        raise AuditError(
            f"the ending of {text} names no report format", f"end it in {', '.join(ENDINGS)}, or FORMAT=PATH"
        )
    return Output(format_, _path(text, text))


def _path(text: str, given: str) -> Path:
    if not text:
        raise AuditError(f"-o {given} names no file", "write FORMAT=PATH")
    if text.endswith("/"):
        raise AuditError(f"{text} is a folder", "name a file")
    return Path(text)


def check_stdout(outputs: Sequence[Output], format_: str) -> None:
    """See that one report at most goes to stdout; ``format_`` is what goes there by itself.

    Raises:
        AuditError: two would.
    """
    printed = sum(o.path is None for o in outputs)
    if printed > 1 or (printed and format_ != "table"):
        raise AuditError("two reports go to stdout", "send one of them to a file")


def check(paths: Sequence[Path], inputs: Iterable[Path | None] = ()) -> None:
    """See before a long run that every file can be written. ``inputs`` are files that the run reads and must not lose.

    Raises:
        AuditError: a folder is missing or not writable, a path is a folder, two outputs are one file, or an output is
            an input.
    """
    read = {os.path.realpath(path) for path in inputs if path is not None}  # which takes links in a circle as they are
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        folder = Path(real).parent
        if path.is_dir():
            raise AuditError(f"{path} is a folder", "name a file")
        if not _stays(path) and not folder.is_dir():
            raise AuditError(f"the folder {folder} does not exist", "make it first, or write elsewhere")
        if not (_stays(path) or os.access(folder, os.W_OK)) or (path.exists() and not os.access(path, os.W_OK)):
            raise AuditError(f"cannot write {path}: permission denied", "choose a path that you may write")
        if real in read:
            raise AuditError(f"{path} is what the audit reads", "write to another file")
        if real in seen:
            raise AuditError(f"two outputs go to {path}", "give each its own file")
        seen.add(real)


def write(documents: Sequence[Document]) -> None:
    """Write files atomically: all beside their places first, then each moved into it.

    A text is made while it is written, so that none is held whole; but for that of a device, which cannot give back
    half of one: it is written once all texts are made.

    Raises:
        AuditError: one could not be written; then none is.
    """
    made: list[tuple[str, Path]] = []
    held: list[tuple[list[bytes], Path]] = []
    try:
        for document in documents:
            if _stays(document.path):
                held.append((list(map(_encoded, document.pieces)), document.path))
                continue
            path = Path(os.path.realpath(document.path))
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            made.append((name, path))
            with os.fdopen(handle, "wb") as file:
                file.writelines(map(_encoded, document.pieces))
            Path(name).chmod(_mode(document))
        for pieces, path in held:
            stream = _stream(path)
            with path.open("wb") if stream is None else os.fdopen(os.dup(stream), "wb") as device:
                device.writelines(pieces)
        for name, path in made:
            Path(name).replace(path)
    except OSError as error:
        raise AuditError(
            f"cannot write {error.filename or 'the report'}: {error.strerror}", "free space, or write elsewhere"
        ) from error
    finally:  # after an interruption too
        for name, _ in made:
            Path(name).unlink(missing_ok=True)


def _stays(path: Path) -> bool:
    """Whether something is written to and not replaced: named pipes, other devices, and what is open here already."""
    try:
        return not stat.S_ISREG(path.stat().st_mode) or _stream(path) is not None
    except OSError:
        return False


def _stream(path: Path) -> int | None:
    """The number of stdout or stderr where a path leads there, as /dev/stdout does; they may well be files."""
    there = path.stat()
    return next((number for number in (1, 2) if _is_open(number) and os.path.samestat(there, os.fstat(number))), None)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _mode(document: Document) -> int:
    if document.private:
        return SECRETIVE
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def to_stdout(*pieces: str) -> None:
    """Print a text, of which every piece is made before the first is printed: half a report may look like a whole."""
    sys.stdout.writelines(pieces)
    sys.stdout.flush()
