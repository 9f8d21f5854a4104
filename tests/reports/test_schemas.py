"""The JSON Schemas: what the tool writes keeps to them, and what is broken does not."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from auditor.cli import main
from auditor.cli.options import Schema
from auditor.model.types import COMPUTES, WORKSPACES
from auditor.reports import json_report, json_shapes
from auditor.reports.schemas import schema
from tests.arm import scenarios
from tests.audits import audited, snapshot_of
from tests.schemas import mistakes, read

from . import sample

Place = tuple[str | int, ...]
WHOLE = read(json_report.render(sample.everything()))
PARTIAL = read(json_report.render(audited(scenarios.partial_permissions())))
SNAPSHOT = read(snapshot_of(scenarios.partial_permissions()).model_dump_json(), Schema.SNAPSHOT)
MAY_BE_ABSENT = {"note", "waiver", "baseline", "expires"}
ANYTHING = {"observed", "body"}


def cut(value: Any) -> Any:
    """A document with no more than two items in a list."""
    if isinstance(value, dict):
        return {name: cut(item) for name, item in value.items()}
    return [cut(item) for item in value[:2]] if isinstance(value, list) else value


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document but those below where anything may stand."""
    if at:
        yield at
    if at and at[-1] in ANYTHING:
        return
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in below:
        yield from places(item, (*at, name))


def changed(document: Any, at: Place, *value: Any) -> Any:
    """A copy with another value at a place, or with none there."""
    document = copy.deepcopy(document)
    holder = document
    for step in at[:-1]:
        holder = holder[step]
    if value:
        holder[at[-1]] = value[0]
    else:
        del holder[at[-1]]
    return document


@pytest.mark.parametrize("which", Schema)
def test_a_schema_is_one_and_says_so(which: Schema, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", str(which)]) == 0
    printed = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(printed)
    assert printed == schema(which)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("which", Schema)
def test_its_text_is_always_the_same(which: Schema) -> None:
    """Whatever order sets come in: somebody may compare it with an earlier one."""
    root = Path(__file__).parents[2]
    texts = {
        subprocess.run(  # noqa: S603  (our own interpreter and code)
            [sys.executable, "-m", "auditor", "schema", which],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("which", "document"), [(Schema.REPORT, WHOLE), (Schema.REPORT, PARTIAL), (Schema.SNAPSHOT, SNAPSHOT)]
)
def test_nothing_is_left_out_and_nothing_has_another_type(which: Schema, document: Any) -> None:
    """Each key that is taken away, and each value that becomes one of no type in use, is a mistake."""
    document = cut(document)
    for at in places(document):
        if at[-1] not in ANYTHING:
            assert mistakes(changed(document, at, 3.5), which), at
        free = at[-1] in MAY_BE_ABSENT or at[-2:-1] == ("created",)
        if isinstance(at[-1], str) and not free:
            assert mistakes(changed(document, at), which), at


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("schema_version",), "2.0"),
        (("run", "source"), "dreamt"),
        (("run", "started_at"), "2026-11-20 08:00"),
        (("summary", "verdict"), "fine"),
        (("summary", "by_status", "skipped"), 1),
        (("summary", "environments"), -1),
        (("environments", 0, "scenario"), "none"),
        (("environments", 0, "access", "storage"), "private"),
        (("environments", 0, "access", "storage"), None),
        (("environments", 0, "access", "cluster"), "service-endpoint"),
        (("environments", 0, "compute_type"), "kubernetes"),
        (("results", 0, "status"), "failed"),
        (("results", 0, "severity"), "urgent"),
        (("results", 0, "tier"), "basic"),
        (("results", 0, "fingerprint"), ""),
        (("results", 0, "baseline"), "fixed"),
        (("results", 0, "waiver"), "accepted"),
        (("results", 0, "waiver"), {"expires": "2027-01-01"}),
        (("collection", "gaps", 0, "http_status"), "403"),
    ],
)
def test_a_value_that_the_contract_does_not_know_is_a_mistake(at: Place, value: Any) -> None:
    assert mistakes(changed(WHOLE, at, value)), at


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("results", 0, "baseline"), "new"),
        (("results", 0, "waiver"), {"reason": "until the new hub is there", "expires": "2027-01-01"}),
        (("results", 0, "later"), ["an addition"]),
        (("results", 0, "evidence", 0, "observed"), {"a": [None, 1.5]}),
        (("environments", 0, "access", "container_registry"), None),
    ],
)
def test_what_the_contract_allows_is_none(at: Place, value: Any) -> None:
    assert mistakes(changed(WHOLE, at, value)) == []


def test_a_reader_in_python_has_the_same_shapes() -> None:
    """The shapes read back what was written, whole."""
    for document in (WHOLE, PARTIAL):
        assert TypeAdapter(json_shapes.Report).validate_python(document) == document


def test_text_from_azure_keeps_to_the_shapes() -> None:
    """An answer in another case, or of another kind, is put in the contract's words or left out."""
    estate = scenarios.secure()
    for compute in estate.find_all(COMPUTES):
        kind = compute["properties"]["computeType"]
        compute["properties"]["computeType"] = kind.lower()
    (workspace,) = estate.find_all(WORKSPACES)
    workspace["location"] = 7
    (environment,) = read(json_report.render(audited(estate)))["environments"]
    assert environment["compute_type"] == "Kubernetes"
    assert environment["region"] == "unknown"


def test_every_place_is_described_by_a_definition_in_use() -> None:
    """No definition is left over from a shape that no report has any more."""
    for which in Schema:
        text = json.dumps(schema(which))
        for name in schema(which)["$defs"]:
            assert f'"#/$defs/{name}"' in text, name
