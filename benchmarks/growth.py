"""How time grows with a tenant: ``python -m benchmarks.growth [ENVIRONMENTS]``, by default 500 and twice as many.

Both sizes take turns in one process, three times, and of each stage the least counts: what else runs on a machine only
adds to a time. 2 is linear. Memory is not measured here; `benchmarks.scale` does that, in single runs.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from auditor.auditing import read_snapshot
from auditor.cli.outputs import RENDERERS
from auditor.cli.rulebook import rules
from auditor.engine import audit
from auditor.model.report import Report, Run
from auditor.reports.sarif import Options
from benchmarks.scale import SHAPES, make, timed

TURNS = 3


def turn(file: Path) -> Iterator[tuple[str, float]]:
    """What each stage of one audit takes, in seconds of processor time; reports are made, and not written."""
    on, now = rules(), datetime.now(UTC)
    snapshot, seconds, _ = timed(lambda: read_snapshot(file))
    yield "read", seconds
    report, seconds, _ = timed(lambda: audit(snapshot, on, Run("-", now, now, "snapshot")))
    yield "judge", seconds
    for name, render in RENDERERS.items():
        _, seconds, _ = timed(partial(_drain, render, report))
        yield name, seconds


def _drain(render: Callable[[Report, Options], Iterable[str]], report: Report) -> None:
    for _ in render(report, Options()):
        pass


def growth(shape: str, sizes: tuple[int, int]) -> Iterator[tuple[str, float, float]]:
    """The least that each stage has taken, at either size."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{size}.json" for size in sizes]
        for size, file in zip(sizes, files, strict=True):
            make(shape, size, file)
        once: dict[str, float] = {}
        twice: dict[str, float] = {}
        for _ in range(TURNS):
            for file, least in zip(files, (once, twice), strict=True):
                for stage, seconds in turn(file):
                    least[stage] = min(seconds, least.get(stage, seconds))
                gc.collect()
    yield from ((stage, once[stage], twice[stage]) for stage in once)


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    gc.disable()  # as the command does
    print(f"| shape | stage | {size} | {2 * size} | × |\n|---|---|--:|--:|--:|")  # noqa: T201
    for shape in SHAPES:
        for stage, once, twice in growth(shape, (size, 2 * size)):
            print(f"| {shape} | {stage} | {once:.2f} | {twice:.2f} | {twice / once:.2f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
