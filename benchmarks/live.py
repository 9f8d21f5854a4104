"""Audits of a Resource Manager that answers after 50 ms: ``python -m benchmarks.live [--budget] [ENVIRONMENTS …]``.

By default 1, 10 and 50 environments among 480 resources that have nothing to do with them. Beside each stand what the
least costs (`benchmarks.floor`), and what it costs to import the SDKs alone. With ``--budget`` the endpoint answers 429
as Resource Manager does: 250 reads at once, then 25 a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endpoint import Counts, Endpoint, serving
from benchmarks.measure import ROOT, Cost, audit, run
from tests.arm.scenarios import large

SIZES = (1, 10, 50)
OTHERS = 120  # accounts, each with a VNet, an endpoint and a vault
LATENCY = 0.05
TIMES = 5
BUCKET, REFILL = 250, 25.0
SDKS = (
    *("azure.identity", "azure.ai.ml", "azure.mgmt.authorization", "azure.mgmt.containerregistry"),
    *("azure.mgmt.containerservice", "azure.mgmt.dnsresolver", "azure.mgmt.keyvault"),
    *("azure.mgmt.kubernetesconfiguration.extensions", "azure.mgmt.monitor", "azure.mgmt.network"),
    *("azure.mgmt.privatedns", "azure.mgmt.resource.resources", "azure.mgmt.resource.subscriptions"),
    "azure.mgmt.storage",
)
HEAD = """| environments | | wall s | CPU s | peak MB | requests | twice | at once |
|--:|---|--:|--:|--:|--:|--:|--:|"""


@dataclass(frozen=True)
class Floor:
    """What the bare script needed."""

    requests: int
    seconds: float


def importing() -> Cost:
    """The cost of the SDKs alone, imported one after the other."""
    return run([sys.executable, "-c", f"import {', '.join(SDKS)}"])


def floor(endpoint: Endpoint, subscription: str) -> Floor:
    """One walk of the bare script."""
    command = [sys.executable, "-m", "benchmarks.floor", endpoint.url, subscription]
    done = subprocess.run(command, env={**os.environ, **endpoint.env}, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
    endpoint.counts()
    return Floor(**json.loads(done.stdout))


def audited(endpoint: Endpoint, *scope: str) -> tuple[Cost, Counts]:
    """One audit of a scope, such as ``--subscription ID``, and what it asked."""
    command = audit("--cloud", endpoint.url, *scope, "-q", "-f", "json", "--fail-on", "never")
    cost = run(command, endpoint.env)
    if cost.code:
        raise SystemExit(f"the audit ended with {cost.code}: {' '.join(command)}")
    return cost, endpoint.counts()


@dataclass(frozen=True)
class Turn:
    """Import, floor and audit, one right after the other: a machine is not equally quick all the time."""

    imports: Cost
    floor: Floor
    cost: Cost
    asked: Counts

    @property
    def ratio(self) -> float:
        return (self.cost.wall - 0.5) / max(self.imports.wall, self.floor.seconds)


def compare(environments: int) -> None:
    """Of several turns, the one in the middle."""
    estate = large(environments, OTHERS)
    (subscription,) = [s["subscriptionId"] for s in estate.subscriptions]
    with tempfile.TemporaryDirectory() as folder, serving(estate, LATENCY, Path(folder)) as endpoint:
        turns = [
            Turn(importing(), floor(endpoint, subscription), *audited(endpoint, "--subscription", subscription))
            for _ in range(TIMES)
        ]
    turn = sorted(turns, key=lambda one: one.ratio)[TIMES // 2]
    imports, least, cost, asked = turn.imports, turn.floor, turn.cost, turn.asked
    rows = [
        f"import of the SDKs | {_figures(imports)} | | | |",
        f"bare script | {least.seconds:.2f} | | | {least.requests} | 0 | |",
        f"audit | {_figures(cost)} | {asked.requests} | {asked.repeated} | {asked.in_flight} |",
        f"(wall − 0.5) / max(import, bare) | {turn.ratio:.2f} × | {cost.cpu / imports.cpu:.2f} × import | | "
        f"{asked.requests / least.requests:.3f} × | | |",
    ]
    for row in rows:
        print(f"| {environments} | {row}", flush=True)  # noqa: T201


def under_budget(environments: int) -> None:
    """The same with a Resource Manager that allows so much and no more."""
    estate = large(environments, OTHERS)
    (subscription,) = [s["subscriptionId"] for s in estate.subscriptions]
    with tempfile.TemporaryDirectory() as folder, serving(estate, LATENCY, Path(folder), (BUCKET, REFILL)) as endpoint:
        cost, asked = audited(endpoint, "--subscription", subscription)
    answered = asked.requests - asked.refused
    necessary = max(0.0, (answered - BUCKET) / REFILL)
    print(  # noqa: T201
        f"Under the budget, {environments} environments: {cost.wall:.1f} s for {answered} requests and {asked.refused}"
        f" refusals, where {necessary:.1f} s are necessary."
    )


def main() -> None:
    words = sys.argv[1:]
    sizes = [int(word) for word in words if word != "--budget"] or SIZES
    if "--budget" in words:
        for environments in sizes:
            under_budget(environments)
        return
    print(HEAD)  # noqa: T201
    for environments in sizes:
        compare(environments)


def _figures(cost: Cost) -> str:
    return f"{cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:.0f}"


if __name__ == "__main__":
    main()
