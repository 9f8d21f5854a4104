"""--evidence-dir and --sarif-uri-prefix: links in SARIF open on what was seen."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from auditor.cli import main
from auditor.cli.errors import AuditError
from auditor.cli.evidence import OURS, check, written
from auditor.model.facts import Evidence
from auditor.model.resource import Resource
from auditor.model.snapshot import Snapshot
from auditor.model.verdict import fail
from auditor.reports import evidence
from auditor.reports.pseudo_path import LONGEST, pseudo_path
from tests.arm.record import FIXTURES
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited
from tests.reports.sample import GROUP, report, result
from tests.sarif import complaints

DEMO = ["--replay", str(FIXTURES / "demo"), "-q", "--sarif-include", "unknown,pass"]


def places(document: Any) -> Iterator[tuple[str, int]]:
    for found in document["runs"][0]["results"]:
        for place in (*found["locations"], *found.get("relatedLocations", ())):
            physical = place["physicalLocation"]
            yield physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def seen(folder: Path) -> dict[str, str]:
    """The files of a folder with what is in them."""
    return {str(p.relative_to(folder)): p.read_text("utf-8") for p in folder.rglob("*") if p.is_file()}


def test_every_place_in_sarif_is_a_line_of_a_file(tmp_path: Path) -> None:
    """A file for each resource of the snapshot and each place of a result, holding what the snapshot kept."""
    folder, found, kept = tmp_path / "evidence", tmp_path / "r.sarif", tmp_path / "s.json"
    assert main([*DEMO, "--evidence-dir", str(folder), "-o", str(found), "--save-snapshot", str(kept)]) == 1
    files = seen(folder)
    document = json.loads(found.read_text("utf-8"))
    assert complaints(document) == []
    for uri, line in places(document):
        assert 1 <= line <= len(files[unquote(uri)].splitlines())
    assert any(line > 1 for _, line in places(document))
    for resource in Snapshot.model_validate_json(kept.read_bytes()).resources:
        body = json.loads(files[unquote(pseudo_path(resource.id))])
        assert body["id"] == resource.id
        assert resource.body.items() <= body.items()
    assert all(text == json.dumps(json.loads(text), indent=2) + "\n" for n, text in files.items() if OURS not in n)


def test_without_the_folder_every_line_is_the_first(tmp_path: Path) -> None:
    found = tmp_path / "r.sarif"
    assert main([*DEMO, "-o", str(found)]) == 1
    assert {line for _, line in places(json.loads(found.read_text("utf-8")))} == {1}


def test_the_line_is_that_of_the_property() -> None:
    """Wherever a property stands in a body, its line is the one that names it."""
    demo = audited(SCENARIOS["demo"]())
    snapshot, files, checked = demo.snapshot, evidence.files(demo), 0
    for resource in snapshot.resources:
        lines = files[unquote(pseudo_path(resource.id))].splitlines()
        for path, value in leaves(resource.body):
            text = lines[evidence.line(snapshot, resource.id, [path]) - 1].strip().rstrip(",")
            assert text.endswith(json.dumps(value)), path
            checked += 1
    assert checked > 500


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            step = f"['{name}']" if set(name) & set(".[]") else f".{name}"
            yield from leaves(item, f"{at}{step}")
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, f"{at}[{number}]")
    else:
        yield at.removeprefix("."), value


def test_what_is_absent_is_near_what_is_there() -> None:
    """The first property that the body holds; else the nearest thing around an absent one; else the first line."""
    body = {"location": "x", "properties": {"a": 1, "acls": {"rules": []}}}
    snapshot = report().snapshot
    snapshot.add(Resource(id=f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st", type="T", body=body))
    arm_id = snapshot.resources[0].id.upper()
    assert evidence.line(snapshot, arm_id, ["properties.acls.rules", "properties.a"]) == 8
    assert evidence.line(snapshot, arm_id, ["properties.gone", "properties.a"]) == 6
    assert evidence.line(snapshot, arm_id, ["virtualNetworkLinks[].id", "properties.acls.gone"]) == 7
    assert evidence.line(snapshot, arm_id, ["gone"]) == 1
    assert evidence.line(snapshot, arm_id, []) == 1
    assert evidence.line(snapshot, f"{GROUP}/providers/a/b/c", ["properties.a"]) == 1


HOSTILE = ["..", ".", "a/../../..", "con", "nul.txt", "a\\..\\b", "c:", "x\x00y", "x\ny", "a%2e%2e%2fb", "~root", "-rf"]
HOSTILE += [
    "日本語",
    "ﬁ",
    "fi",
    "e\u0301",
    "é",
    "\udcff",
    "\udcfe",
    "w",
    "w.json",
    "W.JSON",
    "x" * 300,
    "ü" * 300,
    "a b",
    "a ",
]


def test_no_name_leaves_the_folder_or_meets_another(tmp_path: Path) -> None:
    """Names that climb, that some system reserves or folds, that are too long, or that are a file and a folder."""
    ids = [f"{GROUP}/providers/Microsoft.Compute/disks/{name}{child}" for name in HOSTILE for child in ("", "/parts/p")]
    made = report(*(result(fail("open", Evidence(i, "properties", 1)), resource_id=i) for i in ids))
    files = evidence.files(made)
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in files}
    assert len(folded) == len(files) == len({i.strip().lower() for i in ids})
    with written(tmp_path / "e", files):
        pass
    there = seen(tmp_path / "e")
    assert there == {**files, f"azure/{OURS}": ""}
    assert [p.name for p in tmp_path.iterdir()] == ["e"]
    assert all(len(part.encode()) <= LONGEST + 20 for name in files for part in name.split("/"))


def test_an_earlier_run_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing stale stays, nothing aside is left over, and what else is in the folder is untouched."""
    (tmp_path / "README.md").write_text("mine")
    assert main([*DEMO, "--evidence-dir", str(tmp_path)]) == 1
    first = seen(tmp_path)
    (tmp_path / "azure" / "stale.json").write_text("{}")
    assert main([*DEMO, "--evidence-dir", str(tmp_path)]) == 1
    assert seen(tmp_path) == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "azure"]


def test_what_is_not_ours_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure" / "main.bicep").write_text("mine")
    assert main([*DEMO, "--evidence-dir", str(tmp_path)]) == 2
    assert "holds no evidence of an earlier run" in capsys.readouterr().err
    assert seen(tmp_path) == {"azure/main.bicep": "mine"}


@pytest.mark.parametrize("name", ["a-file", "no/where"])
def test_a_folder_that_cannot_be_is_said_before_the_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(AuditError, match=r"is a file|does not exist"):
        check(tmp_path / name)


def test_a_report_that_cannot_be_written_leaves_the_evidence_as_it_was(tmp_path: Path) -> None:
    """All or nothing: reports and evidence belong together."""
    folder = tmp_path / "e"
    with written(folder, {"azure/a.json": "before"}):
        pass
    with pytest.raises(AuditError), written(folder, {"azure/a.json": "after"}):
        raise AuditError("no space", "free some")
    with pytest.raises(AuditError, match="cannot write the evidence"), written(folder, {f"azure/{'x' * 300}": ""}):
        pytest.fail("it was not written")
    assert seen(folder) == {"azure/a.json": "before", f"azure/{OURS}": ""}
    with pytest.raises(AuditError), written(tmp_path / "new", {}):
        raise AuditError("no space", "free some")
    assert [p.name for p in tmp_path.iterdir()] == ["e"]


@pytest.mark.parametrize(
    ("prefix", "start"), [("/", "/azure/"), ("evidence", "evidence/azure/"), ("/out/ä b/", "/out/%C3%A4%20b/azure/")]
)
def test_a_prefix_stands_before_every_path(prefix: str, start: str, tmp_path: Path) -> None:
    found = tmp_path / "r.sarif"
    assert main([*DEMO, "-o", str(found), "--sarif-uri-prefix", prefix]) == 1
    document = json.loads(found.read_text("utf-8"))
    assert complaints(document, start.removesuffix("azure/")) == []


@pytest.mark.parametrize("prefix", ["..", "/a/../b", "./a", "//host", "https://x", "c:\\x", "a\x1b"])
def test_a_prefix_that_is_no_plain_folder_is_refused(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEMO, "--sarif-uri-prefix", prefix]) == 2
    out, err = capsys.readouterr()
    assert "is no plain folder" in err
    assert not out
