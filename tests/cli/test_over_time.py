"""``--baseline`` and ``audit diff``, on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from tests.arm.record import FIXTURES

HOSTILE = "\x1b\u202e\x07"  # what steers a terminal, and what reorders a line


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Snapshots and reports: ``sound`` as the demo's sound environment would be, ``worse`` with an open account."""
    folder = tmp_path_factory.mktemp("home")
    argv = ["--replay", str(FIXTURES / "secure"), "--save-snapshot", str(folder / "sound.json"), "-q"]
    assert main([*argv, "-o", str(folder / "sound-report.json")]) == 0
    worse = json.loads((folder / "sound.json").read_text("utf-8"))
    for resource in worse["resources"]:
        if resource["id"].endswith("/sttidalmain") and "storageAccounts" in resource["type"]:
            resource["body"]["properties"]["networkAcls"]["defaultAction"] = "Allow"
            resource["body"]["properties"]["publicNetworkAccess"] = "Enabled"
    (folder / "worse.json").write_text(json.dumps(worse), "utf-8")
    argv = ["--snapshot", str(folder / "worse.json"), "-q"]
    assert main([*argv, "-o", str(folder / "worse-report.json")]) == 1
    return folder


def run(argv: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    capsys.readouterr()
    assert main(argv) == code
    out, err = capsys.readouterr()
    return out, err


def report(home: Path, snapshot: str, baseline: str, code: int, capsys: pytest.CaptureFixture[str]) -> Any:
    argv = ["--snapshot", str(home / snapshot), "--baseline", str(home / baseline), "-f", "json", "-q"]
    return json.loads(run(argv, code, capsys)[0])


def test_what_failed_since_the_baseline_is_new(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(home, "worse.json", "sound-report.json", 1, capsys)
    failed = {r["rule_id"]: r["baseline"] for r in found["results"] if r["status"] == "fail"}
    assert failed["STO-004"] == "new"
    assert set(failed.values()) == {"new"}
    assert {r["baseline"] for r in found["results"] if r["status"] == "pass"} == {"unchanged"}
    assert (found["fixed"], found["unsettled"]) == ([], [])
    assert found["baseline"]["run_id"]


def test_what_still_fails_is_unchanged_and_counts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(home, "worse.json", "worse-report.json", 1, capsys)
    assert {r["baseline"] for r in found["results"]} == {"unchanged"}


def test_what_was_fixed_is_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(home, "sound.json", "worse-report.json", 0, capsys)
    assert "STO-004" in {f["rule_id"] for f in found["fixed"]}
    assert {f["now"] for f in found["fixed"]} == {"it passes"}
    argv = ["--snapshot", str(home / "sound.json"), "--baseline", str(home / "worse-report.json")]
    out, _ = run(argv, 0, capsys)
    assert re.search(r"^  fixed +STO-004  sttidalmain  it passes$", out, re.MULTILINE)


def test_without_a_baseline_nothing_is_marked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--snapshot", str(home / "worse.json"), "-f", "json", "-q"]
    found = json.loads(run(argv, 1, capsys)[0])
    assert not any("baseline" in r for r in found["results"])
    assert not {"baseline", "fixed", "unsettled", "config"} & set(found)


def test_the_baseline_may_be_the_file_that_is_written(home: Path, tmp_path: Path) -> None:
    """A scheduled run compares with the one before, and leaves its own for the next."""
    rolling = tmp_path / "report.json"
    rolling.write_bytes((home / "sound-report.json").read_bytes())
    argv = ["--snapshot", str(home / "worse.json"), "--baseline", str(rolling), "-o", str(rolling), "-q", "-f", "json"]
    for standing in ("new", "unchanged"):
        assert main(argv) == 1
        failed = [r for r in json.loads(rolling.read_text("utf-8"))["results"] if r["status"] == "fail"]
        assert {r["baseline"] for r in failed} == {standing}


NO_REPORTS: list[tuple[str, Callable[[str], str], str]] = [
    ("empty", lambda text: "", "not whole JSON"),
    ("cut off", lambda text: text[:-200], "not whole JSON"),
    ("no JSON", lambda text: "hello", "not whole JSON"),
    ("nested without end", lambda text: "[" * 200_000, "not whole JSON"),
    ("a list", lambda text: "[]", "no JSON report"),
    ("null", lambda text: "null", "no JSON report"),
    ("another document", lambda text: '{"schema_version": "1.0"}', "no JSON report"),
    ("SARIF", lambda text: '{"version": "2.1.0", "runs": []}', "is a SARIF file, no JSON report"),
    ("newer", lambda text: text.replace('"schema_version": "1.0"', '"schema_version": "2.0"'), "version 2.0"),
    ("of no version", lambda text: text.replace('"schema_version": "1.0"', '"schema_version": null'), "version None"),
    ("without a run", lambda text: json.dumps(json.loads(text) | {"run": {}}), "run.id"),
    ("of no time", lambda text: re.sub(r'"finished_at": "[^"]*"', '"finished_at": "soon"', text), "run.finished_at"),
    ("with a result that is none", lambda text: json.dumps(json.loads(text) | {"results": [7]}), "results.0"),
    ("of another status", lambda text: text.replace('"status": "fail"', '"status": "odd"'), "status"),
    ("without a fingerprint", lambda text: re.sub(r'"fingerprint": "[^"]*"', '"fingerprint": ""', text), "fingerprint"),
]


@pytest.mark.parametrize(("name", "spoil", "says"), NO_REPORTS, ids=[name for name, *_ in NO_REPORTS])
def test_a_baseline_that_is_no_report(
    name: str,
    spoil: Callable[[str], str],
    says: str,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "spoilt.json"
    path.write_text(spoil((home / "worse-report.json").read_text("utf-8")), "utf-8")
    kept = str(tmp_path / "kept.json")
    out, err = run(["--snapshot", str(home / "sound.json"), "--baseline", str(path), "-o", kept], 2, capsys)
    assert out == ""
    assert re.fullmatch(r"error: .*\nhelp: .*\n", err), err
    assert says in err
    assert [p.name for p in tmp_path.iterdir()] == ["spoilt.json"]


def test_a_snapshot_is_no_baseline(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(["--snapshot", str(home / "sound.json"), "--baseline", str(home / "sound.json")], 2, capsys)
    assert "is a snapshot, no JSON report" in err
    assert "-o report.json" in err


def test_keys_of_a_later_minor_version_are_passed_over(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = json.loads((home / "sound-report.json").read_text("utf-8")) | {"schema_version": "1.7", "more": [1]}
    (tmp_path / "later.json").write_text(json.dumps(later), "utf-8")
    run(["--snapshot", str(home / "sound.json"), "--baseline", str(tmp_path / "later.json"), "-q"], 0, capsys)


def test_a_hostile_baseline_steers_no_terminal(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = json.loads((home / "worse-report.json").read_text("utf-8"))
    for result in hostile["results"]:
        result["status"] = "fail"
        for name in ("rule_id", "title", "message", "resource_id"):
            result[name] = f"{HOSTILE}{result[name]}\nexit 0"
        result["fingerprint"] += "x"
    (tmp_path / "hostile.json").write_text(json.dumps(hostile), "utf-8")
    path = str(tmp_path / "hostile.json")
    out, _ = run(["--snapshot", str(home / "sound.json"), "--baseline", path, "-q"], 0, capsys)
    assert "not judged again" in out
    assert not re.search(f"[{HOSTILE}]|^exit 0", out, re.MULTILINE)
    out, _ = run(["diff", path, str(home / "sound-report.json"), "-q"], 0, capsys)
    assert "not judged again" in out
    assert not re.search(f"[{HOSTILE}]|^exit 0", out, re.MULTILINE)


@pytest.mark.parametrize("kind", [".json", "-report.json"])
def test_diff_of_what_got_worse(kind: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["diff", str(home / f"sound{kind}"), str(home / f"worse{kind}")]
    out, err = run(argv, 1, capsys)
    assert "secure → deviates" in out
    assert re.search(r"^high +STO-004  sttidalmain ", out, re.MULTILINE)
    assert re.fullmatch(r"exit 1: \d+ failed at or above low that did not before\n", err)
    found = json.loads(run([*argv, "-f", "json", "-q"], 1, capsys)[0])
    assert "STO-004" in {f["rule_id"] for f in found["results"]["new"]}
    assert found["environments"][0]["after"] == "deviates"
    assert ("resources" in found) is (kind == ".json")


def test_diff_of_snapshots_tells_the_cause_beside_the_answer(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["diff", str(home / "sound.json"), str(home / "worse.json"), "-f", "json", "-q"]
    found = json.loads(run(argv, 1, capsys)[0])
    opened = next(c for c in found["resources"] if c["path"] == "properties.publicNetworkAccess")
    assert (opened["before"], opened["after"], opened["telling"]) == ("Disabled", "Enabled", True)
    assert "STO-004 pass → fail" in opened["rules"]


@pytest.mark.parametrize("kind", [".json", "-report.json"])
def test_diff_of_what_got_better(kind: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(["diff", str(home / f"worse{kind}"), str(home / f"sound{kind}")], 0, capsys)
    assert "Fixed (" in out
    assert err == "exit 0: nothing new failed and nothing new is unknown at or above low\n"


def test_diff_counts_from_fail_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["diff", str(home / "sound.json"), str(home / "worse.json"), "-q", "--fail-on"]
    run([*argv, "high"], 1, capsys)
    run([*argv, "critical"], 0, capsys)
    run([*argv, "never"], 0, capsys)


def test_diff_of_what_is_newly_unknown(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A permission that was lost is no good news."""
    lost = json.loads((home / "sound-report.json").read_text("utf-8"))
    for result in lost["results"]:
        if result["rule_id"] == "STO-004":
            result["status"] = "unknown"
    (tmp_path / "lost.json").write_text(json.dumps(lost), "utf-8")
    out, err = run(["diff", str(home / "sound-report.json"), str(tmp_path / "lost.json")], 3, capsys)
    assert "pass → unknown" in out
    assert err == "exit 3: 1 unknown at or above low that was not before\n"
    out, _ = run(["diff", str(home / "worse-report.json"), str(tmp_path / "lost.json")], 3, capsys)
    assert "fail → unknown" in out
    assert "STO-004" not in out.partition("Fixed (")[2].partition("Changed")[0]


def test_diff_of_two_kinds(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(["diff", str(home / "sound.json"), str(home / "sound-report.json")], 2, capsys)
    assert re.search(r"error: \S+sound\.json is a snapshot and \S+sound-report\.json is a report\nhelp: ", err)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("none.json", "sound.json", "cannot read"),
        ("sound.json", "none.json", "cannot read"),
        ("sarif", "sound.json", "is neither a snapshot nor a JSON report"),
        ("sound.json", "cut", "is not whole JSON"),
        ("newer", "newer", "version 9.0"),
        ("newer-snapshot", "newer-snapshot", "is not a whole snapshot of this version"),
    ],
)
def test_diff_of_files_that_are_neither(
    old: str, new: str, says: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sarif").write_text('{"version": "2.1.0", "runs": []}', "utf-8")
    (home / "cut").write_text((home / "sound.json").read_text("utf-8")[:-100], "utf-8")
    for name, whole in (("newer", "sound-report.json"), ("newer-snapshot", "sound.json")):
        text = (home / whole).read_text("utf-8")
        (home / name).write_text(re.sub(r'"schema_version": ?"1.0"', '"schema_version": "9.0"', text), "utf-8")
    out, err = run(["diff", str(home / old), str(home / new)], 2, capsys)
    assert out == ""
    assert re.fullmatch(r"error: .*\nhelp: .*\n", err), err
    assert says in err
