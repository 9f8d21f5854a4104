"""One environment among many resources that have nothing to do with it: ``python -m benchmarks.resources [RESOURCES]``.

By default 20,000. What an audit of them costs over one among 500, in processor time, beside what an SDK needs to read
the same pages without making models of them (`benchmarks.raw`), and what it takes to parse them alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endpoint import Endpoint, serving
from benchmarks.live import audited, importing
from benchmarks.measure import ROOT, Cost
from tests.arm.scenarios import large

FEW, MANY = 500, 20_000
EACH = 5  # an account, its VNet, endpoint and interface, and a vault
TIMES = 3


@dataclass(frozen=True)
class Raw:
    """What the bare script found, and the seconds of processor time that it needed."""

    pages: int
    resources: int
    bytes: int
    reading: float
    parsing: float


@dataclass(frozen=True)
class Turn:
    """One right after the other: a machine is not equally quick all the time."""

    imports: Cost
    few: Cost
    many: Cost
    raw: Raw

    @property
    def over(self) -> float:
        return self.many.cpu - self.few.cpu


@contextmanager
def _serving(resources: int) -> Iterator[tuple[Endpoint, str]]:
    estate = large(environments=1, others=resources // EACH)
    (subscription,) = [s["subscriptionId"] for s in estate.subscriptions]
    with tempfile.TemporaryDirectory() as folder, serving(estate, 0.01, Path(folder)) as endpoint:
        yield endpoint, subscription


def _raw(endpoint: Endpoint, subscription: str) -> Raw:
    command = [sys.executable, "-m", "benchmarks.raw", endpoint.url, subscription]
    done = subprocess.run(command, env={**os.environ, **endpoint.env}, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
    return Raw(**json.loads(done.stdout))


def main() -> None:
    wanted = int(sys.argv[1]) if sys.argv[1:] else MANY
    with _serving(FEW) as (few, subscription), _serving(wanted) as (many, same):
        turns = []
        for _ in range(TIMES):
            little, much = audited(few, "--subscription", subscription)[0], audited(many, "--subscription", same)[0]
            turns.append(Turn(importing(), little, much, _raw(many, same)))
    turn = sorted(turns, key=lambda one: one.over / one.raw.reading)[TIMES // 2]
    raw, over = turn.raw, turn.over
    rows = [
        ("import of the SDKs", turn.imports.cpu, ""),
        (f"audit among {FEW}", turn.few.cpu, ""),
        (f"audit among {wanted:,}", turn.many.cpu, f"{turn.many.memory:.0f} MB at most"),
        ("what the others cost", over, ""),
        ("the same pages, `send_request().json()`", raw.reading, f"{over / raw.reading:.2f} × of it"),
        ("the same pages, `json.loads`", raw.parsing, f"{over / raw.parsing:.2f} × of it"),
    ]
    print(f"{raw.resources:,} resources in {raw.pages} pages, {raw.bytes / 1e6:.0f} MB\n")  # noqa: T201
    print("| | CPU s | |\n|---|--:|---|")  # noqa: T201
    for name, seconds, note in rows:
        print(f"| {name} | {seconds:.2f} | {note} |")  # noqa: T201


if __name__ == "__main__":
    main()
