"""Judging large snapshots: ``python -m benchmarks.scale [ENVIRONMENTS …]``, by default 500, 1000 and 2000.

For every shape of a tenant and every report it prints processor time and peak memory of the whole command, and how many
times that of half the size each is: 2 is linear.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import fleet
from benchmarks.measure import Cost, audit, best

SIZES = (500, 1000, 2000)
RESOURCES = 100  # for each environment
REPORTS = ("table", "json", "sarif", "html")
TIMES = 2


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    nothing = best(5, [sys.executable, "-c", "pass"])
    print(f"python -c pass: {nothing.wall:.3f} s")  # noqa: T201
    print("| shape | report | environments | resources | CPU s | × | peak MB |\n|---|---|--:|--:|--:|--:|--:|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        for shape in fleet.SHAPES:
            before: dict[str, Cost] = {}
            for size in sizes:
                file = Path(folder) / "snapshot.json"
                file.write_text(fleet.snapshot(shape, size, size * RESOURCES))
                for report in REPORTS:
                    command = audit("--snapshot", str(file), "-f", report, "-q", "--fail-on", "never")
                    cost = best(TIMES, command)
                    growth = f"{cost.cpu / before[report].cpu:.2f}" if report in before else ""
                    print(  # noqa: T201
                        f"| {shape} | {report} | {size} | {size * RESOURCES} | {cost.cpu:.1f} | {growth} |"
                        f" {cost.memory:.0f} |",
                        flush=True,
                    )
                    before[report] = cost


if __name__ == "__main__":
    main()
