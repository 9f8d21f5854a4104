"""Writes the recordings under fixtures/: ``python -m tests.arm.record`` runs the collectors over each scenario.

A recording is what ``audit --record`` keeps of a live run; here the far side is `ArmAdapter` instead of Azure.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from auditor.model.clouds import CLOUDS
from auditor.model.ids import ArmId
from auditor.model.types import WORKSPACES
from collectors import recording
from collectors.collect import Request, collect
from collectors.login import ReplayCredential

from .adapter import ArmAdapter
from .estate import NOW, Estate
from .scenarios import SCENARIOS

FIXTURES = Path(__file__).parents[2] / "fixtures"
PAGE_SIZES = {"large": 40}


def record(estate: Estate, folder: Path, page_size: int = 100) -> None:
    """Keep the exchange of one collection in a new folder."""
    homes = dict.fromkeys(ArmId.parse(w["id"]).subscription for w in estate.find_all(WORKSPACES))
    cloud = CLOUDS["AzureCloud"]
    manifest = recording.Manifest(recorded_at=NOW, cloud=cloud, tenant_id=estate.tenant_id, subscriptions=list(homes))
    recording.start(folder, manifest)
    adapter = recording.RecordingAdapter(ArmAdapter(estate, page_size=page_size), folder)
    collect(Request(tuple(homes), threads=4), cloud, ReplayCredential(), adapter, NOW)


def main() -> None:
    for name, build in SCENARIOS.items():
        folder = FIXTURES / name
        shutil.rmtree(folder, ignore_errors=True)
        record(build(), folder, PAGE_SIZES.get(name, 100))


if __name__ == "__main__":
    main()
