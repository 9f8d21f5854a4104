"""Judging large snapshots: ``python -m benchmarks.scale [ENVIRONMENTS …]``, by default 500, 1000 and 2000.

For every shape of a tenant it prints the processor time of reading the snapshot, of judging it, and of making every
report and writing it to a file, and how many times that of half the size each is: 2 is linear. Memory is the most that
was held up to there.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.measure import ROOT

SIZES = (500, 1000, 2000)
RESOURCES = 100  # for each environment
SHAPES = ("apart", "spokes", "flawed")
CHILD = "--child"
T = TypeVar("T")


def stages(file: Path) -> Iterator[tuple[str, float, float]]:
    """What each stage of one audit costs: its name, seconds of processor time, and the peak of memory in MB."""
    from rich.console import Console

    from auditor.auditing import read_snapshot
    from auditor.cli.outputs import RENDERERS, Document, write
    from auditor.cli.rulebook import rules
    from auditor.engine import audit
    from auditor.model.report import Run
    from auditor.reports import table
    from auditor.reports.sarif import Options

    gc.disable()  # as the command does
    on, now = rules(), datetime.now(UTC)
    snapshot, seconds, peak = timed(lambda: read_snapshot(file))
    yield "read", seconds, peak
    report, seconds, peak = timed(lambda: audit(snapshot, on, Run("-", now, now, "snapshot")))
    yield "judge", seconds, peak
    with Path(os.devnull).open("w") as nowhere:
        _, seconds, peak = timed(partial(table.render, report, Console(file=nowhere, width=100)))
    yield "table", seconds, peak
    for name, render in RENDERERS.items():
        with tempfile.TemporaryDirectory() as folder:
            document = Document(Path(folder) / name, render(report, Options()))
            _, seconds, peak = timed(partial(write, [document]))
        yield name, seconds, peak


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What some work makes, the seconds of processor time it took, and the peak of memory so far in MB."""
    began = time.process_time()
    made = work()
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return made, time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def make(shape: str, size: int, file: Path) -> None:
    """Write the snapshot of a tenant."""
    command = [sys.executable, "-m", "benchmarks.fleet", shape, str(size), str(size * RESOURCES), str(file)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  (our own module)


def measured(shape: str, size: int, file: Path) -> list[tuple[str, float, float]]:
    """The stages, and what makes the snapshot, each in a process of its own: a child starts with its parent's peak."""
    make(shape, size, file)
    command = [sys.executable, "-m", "benchmarks.scale", CHILD, str(file)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603  (this very module)
    return [(str(name), float(seconds), float(peak)) for name, seconds, peak in json.loads(done.stdout)]


def main() -> None:
    if CHILD in sys.argv:
        print(json.dumps(list(stages(Path(sys.argv[-1])))))  # noqa: T201
        return
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print("| shape | environments | stage | CPU s | × | peak MB |\n|---|--:|---|--:|--:|--:|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            before: dict[str, float] = {}
            for size in sizes:
                for stage, seconds, peak in measured(shape, size, Path(folder) / "snapshot.json"):
                    growth = f"{seconds / before[stage]:.2f}" if before.get(stage) else ""
                    print(  # noqa: T201
                        f"| {shape} | {size} | {stage} | {seconds:.2f} | {growth} | {peak:.0f} |", flush=True
                    )
                    before[stage] = seconds


if __name__ == "__main__":
    main()
