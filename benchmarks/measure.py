"""What one run of a command costs, as the operating system counts it."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of processor time, and the peak of memory in MB; ``code`` is the exit code."""

    wall: float
    cpu: float
    memory: float
    code: int


def run(argv: Sequence[str], env: Mapping[str, str] | None = None, errors: Path | None = None) -> Cost:
    """Run a command once; what it prints is thrown away, what it complains of goes to ``errors``."""
    _compiled()
    with Path(errors or os.devnull).open("wb") as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  (our own commands)
            argv, stdout=subprocess.DEVNULL, stderr=complaints, cwd=ROOT, env={**os.environ, **(env or {})}
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / scale, process.returncode)


@cache
def _compiled() -> None:
    """What is installed is compiled; a checkout in which ``PYTHONDONTWRITEBYTECODE`` is set compiles at every run."""
    for package in ("auditor", "collectors", "rules"):
        compileall.compile_dir(ROOT / package, quiet=1)


def audit(*arguments: str) -> list[str]:
    """The command line of an audit by this very code."""
    return [sys.executable, "-c", "from auditor.cli import run; run()", *arguments]
