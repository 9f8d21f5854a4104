"""The folder of evidence: a file for each resource, replaced as a whole from run to run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from auditor.cli.errors import AuditError

TOP = "azure"
OURS = ".written-by-audit"  # lies beside the files, so that no folder of somebody else is ever replaced


def check(folder: Path) -> None:
    """See before a long run that the evidence can be written.

    Raises:
        AuditError: the folder cannot be made or written to, or what would be replaced is not ours.
    """
    home = folder if folder.exists() else folder.absolute().parent
    if not home.is_dir():
        what = f"{folder} is a file" if folder.exists() else f"the folder {home} does not exist"
        raise AuditError(what, "give --evidence-dir a folder, or the name of one to make")
    if not os.access(home, os.W_OK):
        raise AuditError(f"cannot write to {home}: permission denied", "choose a folder that you may write to")
    if os.path.lexists(folder / TOP) and not (folder / TOP / OURS).is_file():
        raise AuditError(f"{folder / TOP} holds no evidence of an earlier run", "name a folder where nothing is lost")


@contextmanager
def written(folder: Path, files: Mapping[str, str]) -> Iterator[None]:
    """Write all files aside; they take the place of an earlier run's when what is done meanwhile ends well.

    Raises:
        AuditError: one could not be written; then what was there stays.
    """
    made, aside = not folder.exists(), None
    try:
        folder.mkdir(exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{TOP}.", dir=folder))
        for name, text in {**files, f"{TOP}/{OURS}": ""}.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        yield
        if (folder / TOP).exists():
            (folder / TOP).replace(aside / "before")
        (aside / TOP).replace(folder / TOP)
    except OSError as error:
        what = f"cannot write the evidence {error.filename or folder}: {error.strerror}"
        raise AuditError(what, "free space, or write elsewhere") from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
