"""Commands that need no Azure: ``python -m benchmarks.offline``. The best of a few runs of each, in seconds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, audit, run

TIMES = 7


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved = str(Path(folder) / "snapshot.json")
        kept = run(audit("--replay", str(ROOT / "fixtures" / "secure"), "--save-snapshot", saved, "-q"))
        if kept.code > 1:
            raise SystemExit(f"no snapshot could be made: exit code {kept.code}")
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "audit --help": audit("--help"),
            "audit --snapshot, one environment": audit("--snapshot", saved, "--fail-on", "never"),
            "the same, as JSON": audit("--snapshot", saved, "-f", "json", "--fail-on", "never"),
        }
        print("| command | wall s | CPU s | peak MB |\n|---|--:|--:|--:|")  # noqa: T201
        for name, command in commands.items():
            cost = min((run(command) for _ in range(TIMES)), key=lambda one: one.wall)
            print(f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:.0f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
