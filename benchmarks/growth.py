"""How time grows with a tenant: ``python -m benchmarks.growth [ENVIRONMENTS]``, by default 500 and twice as many.

Both sizes take turns in one process, three times, and of each stage the least counts: what else runs on a machine only
adds to a time. 2 is linear. Memory is not measured here; `benchmarks.scale` does that, in single runs.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from auditor.auditing import read_snapshot
from auditor.cli.outputs import RENDERERS
from auditor.cli.rulebook import rules
from auditor.engine import audit
from auditor.model.report import Report, Run
from auditor.reports.sarif import Options
from benchmarks.measure import ROOT
from benchmarks.scale import RESOURCES, SHAPES

TURNS = 3
T = TypeVar("T")


def turn(file: Path, least: dict[str, float]) -> None:
    """One audit with every report; ``least`` is the least that each stage has taken so far, in seconds."""

    def timed(stage: str, work: Callable[[], T]) -> T:
        began = time.process_time()
        made = work()
        least[stage] = min(time.process_time() - began, least.get(stage, float("inf")))
        return made

    on, now = rules(), datetime.now(UTC)
    snapshot = timed("read", lambda: read_snapshot(file))
    report = timed("judge", lambda: audit(snapshot, on, Run("-", now, now, "snapshot")))
    for name, render in RENDERERS.items():
        timed(name, partial(_drain, render, report))


def _drain(render: Callable[[Report, Options], Iterable[str]], report: Report) -> None:
    for _ in render(report, Options()):
        pass


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    gc.disable()  # as the command does
    print(f"| shape | stage | {size} | {2 * size} | × |\n|---|---|--:|--:|--:|")  # noqa: T201
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{many}.json" for many in (size, 2 * size)]
            for file in files:
                many = file.stem
                made = [sys.executable, "-m", "benchmarks.fleet", shape, many, str(int(many) * RESOURCES), str(file)]
                subprocess.run(made, cwd=ROOT, check=True)  # noqa: S603  (our own module)
            found: list[dict[str, float]] = [{}, {}]
            for _ in range(TURNS):
                for file, least in zip(files, found, strict=True):
                    turn(file, least)
                    gc.collect()
        for stage, once in found[0].items():
            twice = found[1][stage]
            print(f"| {shape} | {stage} | {once:.2f} | {twice:.2f} | {twice / once:.2f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
