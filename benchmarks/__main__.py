"""Every measurement, one after the other: ``python -m benchmarks``, or ``make bench``."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measure import ROOT

ALL = (
    ["offline"],
    ["live"],
    ["live", "--budget", "50"],
    ["resources"],
    ["subscriptions"],
    ["scale"],
    ["growth"],
    ["page"],
)


def main() -> None:
    for name, *arguments in ALL:
        print(f"\n## python -m benchmarks.{' '.join([name, *arguments])}\n", flush=True)  # noqa: T201
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], cwd=ROOT, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
