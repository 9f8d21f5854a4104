"""A tenant of many subscriptions: ``python -m benchmarks.subscriptions [SUBSCRIPTIONS]``.

By default 200, ten of which hold an environment each. Audited once as Resource Graph tells which of them matter, and
once with each of them named, so that each is read. That both find the same is for tests/collectors/test_discovery.py.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.endpoint import serving
from benchmarks.live import LATENCY, audited
from tests.arm.estate import Estate
from tests.arm.scenarios import REGION, _estate, _secure
from tests.arm.tenants import other

SUBSCRIPTIONS, HOLDING = 200, 10


def tenant(subscriptions: int) -> Estate:
    """Ten subscriptions with an environment each, and others that hold what other teams have."""
    estate, holding = _estate(*(f"fleet-{number}" for number in range(HOLDING)))
    for number, subscription in enumerate(holding):
        _secure(estate, subscription, f"vessel{number:02}", 100 + number)
    for number in range(subscriptions - HOLDING):
        other(estate.group("rg-app", REGION, estate.subscription(f"idle-{number}")))
    return estate


def main() -> None:
    estate = tenant(int(sys.argv[1]) if sys.argv[1:] else SUBSCRIPTIONS)
    named = [word for s in estate.subscriptions for word in ("--subscription", s["subscriptionId"])]
    print("| | requests | wall s | CPU s |\n|---|--:|--:|--:|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder, serving(estate, LATENCY, Path(folder)) as endpoint:
        for name, scope in (("every subscription read", named), ("chosen by Resource Graph", ["--all-subscriptions"])):
            cost, asked = audited(endpoint, *scope)
            print(f"| {name} | {asked.requests} | {cost.wall:.1f} | {cost.cpu:.1f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
