"""Real answers of Resource Manager, given as a folder of JSON files, are taken in without a crash.

They are not part of the project; ``AUDIT_RECORDED_BODIES`` names the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.model.ids import ArmId
from auditor.model.paths import keep
from auditor.model.types import CLUSTERS, COMPUTES, WORKSPACES
from auditor.model.verdict import Status
from auditor.reports import json_report, sarif
from collectors.crawl import READERS
from tests.arm.adapter import ArmAdapter
from tests.arm.estate import Estate, Json
from tests.audits import report_on, snapshot_of
from tests.schemas import read

FOLDER = os.environ.get("AUDIT_RECORDED_BODIES", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="AUDIT_RECORDED_BODIES names no folder of recorded bodies")


def bodies(value: Any) -> list[Json]:
    """The resources in a file: a body, a list of them, or an exchange around either."""
    if isinstance(value, list):
        return [body for item in value for body in bodies(item)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("response"), dict):
        return bodies(value["response"].get("body"))
    if isinstance(value.get("value"), list) and "id" not in value:
        return bodies(value["value"])
    is_resource = all(isinstance(value.get(k), str) for k in ("id", "type", "name"))
    return [value] if is_resource and "/providers/" in value["id"].lower() else []


def worlds() -> list[list[Json]]:
    """All bodies; where several have one id, each stands in a world of its own."""
    found: list[dict[str, Json]] = []
    for path in sorted(Path(FOLDER).rglob("*.json")):
        for body in bodies(json.loads(path.read_text("utf-8-sig"))):
            free = next((world for world in found if body["id"].lower() not in world), None)
            if free is None:
                found.append(free := {})
            free[body["id"].lower()] = body
    return [list(world.values()) for world in found]


def estate_of(found: list[Json]) -> Estate:
    """An estate that holds the bodies, with the groups and subscriptions that their ids name."""
    estate = Estate()
    for body in found:
        arm = ArmId.parse(body["id"])
        row = {"subscriptionId": arm.subscription, "displayName": arm.subscription}
        if arm.subscription and row not in estate.subscriptions:
            estate.subscriptions.append(row)
        group = f"/subscriptions/{arm.subscription}/resourceGroups/{arm.resource_group}"
        if arm.resource_group and group.lower() not in estate.resources:
            estate.add({"id": group, "name": arm.resource_group, "type": "Microsoft.Resources/resourceGroups"})
    for body in found:
        estate.add(body)
    return estate


def attached(estate: Estate) -> Estate:
    """The estate with one of its clusters attached to each of its workspaces, so that there is something to judge."""
    clusters = estate.find_all(CLUSTERS)
    for number, workspace in enumerate(estate.find_all(WORKSPACES) if clusters else []):
        cluster = clusters[number % len(clusters)]
        estate.add(
            {
                "id": f"{workspace['id']}/computes/k8s-{number}",
                "name": f"k8s-{number}",
                "type": COMPUTES,
                "location": workspace.get("location"),
                "properties": {"computeType": "Kubernetes", "resourceId": cluster["id"], "properties": {}},
            }
        )
    return estate


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("prepare", [estate_of, lambda b: attached(estate_of(b))], ids=["as they are", "attached"])
def test_recorded_bodies_as_estates(prepare: Callable[[list[Json]], Estate], size: int) -> None:
    """The collectors, topology, rules and reports take them in, and nothing is invented."""
    found = worlds()
    assert found
    for number, world in enumerate(found):
        estate = prepare(world)
        if not estate.find_all(WORKSPACES):
            continue
        report = report_on(snapshot_of(estate, ArmAdapter(estate, page_size=size)))
        broken = [(r.rule.id, r.verdict.message) for r in report.results if "the rule broke" in r.verdict.message]
        assert not broken, number
        read(json_report.render(report))
        json.loads(sarif.render(report, sarif.Options(frozenset({Status.UNKNOWN, Status.PASS}))))
        for resource in report.snapshot.resources:
            if (original := estate.resources.get(resource.id.lower())) is not None:
                same(resource.body, original, resource.id)


def test_nothing_is_invented_when_a_body_is_cut_down() -> None:
    """What the allow-list keeps of any body stands in the body, at the same place."""
    for world in worlds():
        for body in world:
            reader = next((r for t, r in READERS.items() if t.lower() == body["type"].lower()), None)
            if reader is not None:
                same(keep(body, reader.wanted), body, body["id"])


def same(kept: Any, original: Any, where: str) -> None:
    """Everything that was kept stands in the original; an object that nobody named in full is left empty."""
    if isinstance(kept, dict):
        for name, value in kept.items():
            assert name in original, f"{where}: {name}"
            same(value, original[name], f"{where}.{name}")
    elif isinstance(kept, list):
        assert not kept or len(kept) == len(original), where
        for one, two in zip(kept, original, strict=False):
            same(one, two, where)
    else:
        assert kept == original, where
