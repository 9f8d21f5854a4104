"""Snapshots and recordings of somebody else: judged, or refused in two lines, and never a traceback or a hang."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor import files
from auditor.auditing import LARGEST_SNAPSHOT
from auditor.cli import main
from collectors.recording import LARGEST_FILE, MANIFEST
from tests.arm.record import FIXTURES

FEW = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole snapshot, of the smallest estate with everything in it."""
    path = tmp_path_factory.mktemp("saved") / "snapshot.json"
    main(["--replay", str(FIXTURES / "default-cluster"), "--save-snapshot", str(path), "-q", "-f", "json"])
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest recording."""
    folder = tmp_path_factory.mktemp("small") / "kept"
    shutil.copytree(FIXTURES / "everything-public", folder)
    return folder


def judged_or_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """An audit with a valid report, or two lines on stderr."""
    capsys.readouterr()
    began = time.monotonic()
    code = main([*argv, "-q", "-f", "json"])
    out, err = capsys.readouterr()
    assert time.monotonic() - began < 20
    assert "Traceback" not in out + err
    assert not err.startswith("error: unexpected"), err
    if code == 2:
        assert (out, [line.split(":")[0] for line in err.splitlines()]) == ("", ["error", "help"]), err
    else:
        assert code in (0, 1, 3)
        json.loads(out, parse_constant=_no)
    return code


def _no(name: str) -> None:
    raise AssertionError(f"{name} in a report")


def refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    began = time.monotonic()
    code = main(argv)
    out, err = capsys.readouterr()
    assert time.monotonic() - began < 10
    assert (code, out, [line.split(":")[0] for line in err.splitlines()]) == (2, "", ["error", "help"]), (code, err)
    return err


def huge(path: Path, size: int) -> None:
    """A file of a size that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)


# What stands where a file should: made at a path.
NO_FILES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/null"),
    "a link to nowhere": lambda path: path.symlink_to(path.parent / "none"),
    "a link to itself": lambda path: path.symlink_to(path),
    "nothing in it": lambda path: path.write_bytes(b""),
    "larger than any": lambda path: huge(path, LARGEST_SNAPSHOT + 1),
    "as large as may be, of zeros": lambda path: huge(path, LARGEST_FILE - 1),
}
TEXTS: dict[str, bytes] = {
    "no text": b"\x80\xff\x00",
    "cut in a letter": '{"a": "é"}'.encode()[:-3],
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "nested without end": b"[" * 300_000,
    "nested objects": b'{"a":' * 300_000,
    "NaN": b"NaN",
    "a number of a million digits": b"9" * 1_000_000,
    "a lone surrogate": b'"\\ud800"',
    "an unfinished string": b'"' + b"a" * 1000,
    "two documents": b"{} {}",
    "a comment": b"// {}\n{}",
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "a page": b"<!doctype html><html></html>",
    "packed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\x00" * 100,
}


# The command lines that take a file; SAVED is a good snapshot.
TAKES: dict[str, list[str]] = {
    "snapshot": ["--snapshot", "FILE"],
    "baseline": ["--snapshot", "SAVED", "--baseline", "FILE"],
    "config": ["--snapshot", "SAVED", "--config", "FILE"],
    "earlier": ["diff", "FILE", "SAVED"],
    "later": ["diff", "SAVED", "FILE"],
    "service tags": ["--replay", str(FIXTURES / "everything-public"), "--service-tags", "FILE"],
}


def line(what: str, file: Path, saved: Path) -> list[str]:
    return [{"FILE": str(file), "SAVED": str(saved)}.get(word, word) for word in TAKES[what]]


@pytest.mark.parametrize("what", TAKES)
@pytest.mark.parametrize("name", NO_FILES)
def test_no_file_there(name: str, what: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if what == "config" and name in ("nothing in it", "a terminal"):
        return  # nothing configured
    NO_FILES[name](tmp_path / "given.json")
    assert "given.json" in refused(line(what, tmp_path / "given.json", saved), capsys)


@pytest.mark.parametrize("where", [MANIFEST, "a.json"])
@pytest.mark.parametrize("name", NO_FILES)
def test_no_recording_there(
    name: str, where: str, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(small, kept)
    (kept / where).unlink(missing_ok=True)
    NO_FILES[name](kept / where)
    refused(["--replay", str(kept)], capsys)


@pytest.mark.parametrize("what", TAKES)
@pytest.mark.parametrize("name", TEXTS)
def test_nothing_that_is_meant(
    name: str, what: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given.json").write_bytes(TEXTS[name])
    assert "given.json" in refused(line(what, tmp_path / "given.json", saved), capsys)


TOMLS: dict[str, str] = {
    "nested without end": "a = " + "[" * 100_000,
    "nested and closed": "a = " + "[" * 5000 + "]" * 5000,
    "tables without end": "[" + "a." * 100_000 + "a]",
    "many lines, and a mistake in the last": "# a line\n" * 60_000 + "rules = 1",
    "many tables, and a mistake in the last": '[[waivers]]\nrule = "X"\n' * 20_000 + "nonsense = 1",
    "not a number": "[rules]\nDNS-001 = nan",
    "a key twice": "[rules]\n[rules]",
    "a date that is none": "[[waivers]]\nexpires = 2026-02-31",
}


@pytest.mark.parametrize("name", TOMLS)
def test_a_hostile_configuration(name: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "audit.toml"
    path.write_text(TOMLS[name])
    assert "audit.toml" in refused(["--snapshot", str(saved), "--config", str(path)], capsys)


@pytest.mark.parametrize("name", TEXTS)
def test_no_json_there(name: str, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the head of a recording, and as a recorded exchange."""
    for where in (MANIFEST, "a.json"):
        kept = tmp_path / f"kept-{where}"
        shutil.copytree(small, kept)
        (kept / where).write_bytes(TEXTS[name])
        refused(["--replay", str(kept)], capsys)


def test_a_link_in_a_recording_is_not_followed(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even to what could have been recorded."""
    kept = tmp_path / "kept"
    shutil.copytree(small, kept)
    one = next(p for p in kept.iterdir() if p.name != MANIFEST)
    one.rename(tmp_path / "elsewhere.json")
    one.symlink_to(tmp_path / "elsewhere.json")
    assert "link" in refused(["--replay", str(kept)], capsys)


@pytest.mark.parametrize("size", [2**26, 2**26 + 1])
def test_many_large_files_are_too_much(
    size: int, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is too large alone, or in sum, is not read."""
    kept = tmp_path / "kept"
    shutil.copytree(small, kept)
    for number in range(9):
        huge(kept / f"{number}.json", size)
    refused(["--replay", str(kept)], capsys)


VALUES = ["1e999", "-1e999", "9" * 400, "NaN", "Infinity", "-Infinity", '"\\ud800"']


@pytest.mark.parametrize("value", VALUES)
def test_values_that_no_report_could_say(
    value: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that is none, wherever it stands, makes the file no snapshot; a long one is a number."""
    text = saved.read_text("utf-8").replace('"adminUserEnabled": false', f'"adminUserEnabled": {value}')
    assert value in text
    path = tmp_path / "snapshot.json"
    path.write_text(text)
    assert (judged_or_refused(["--snapshot", str(path)], capsys) == 2) == (not value.isdigit())


@pytest.mark.parametrize("twin", [{}, {"type": "Microsoft.Network/virtualNetworks"}, {"body": {}}])
def test_a_resource_twice(
    twin: dict[str, Any], saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two that have one id, in whatever case, neither can be left out: the other may be what fails."""
    held = json.loads(saved.read_text("utf-8"))
    first = held["resources"][0]
    held["resources"].append(first | {"id": first["id"].upper()} | twin)
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(held))
    assert "is there twice" in refused(["--snapshot", str(path)], capsys)


def test_what_a_file_says_in_an_error(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that quotes a file neither steers a terminal nor is a command of a pipeline."""
    held = json.loads(saved.read_text("utf-8"))
    stranger = held["resources"][0] | {"id": "/a\n::error::b\x1b[31m##vso[task.complete]##[error]c"}
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(held | {"resources": [stranger, stranger]}))
    said = refused(["--snapshot", str(path)], capsys)
    assert "is there twice" in said
    assert not any(sign in said for sign in ("::error::", "\x1b", "##vso[", "##["))


def test_a_key_twice(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last of them counts, as in every JSON that is read this way."""
    path = tmp_path / "snapshot.json"
    path.write_text(saved.read_text("utf-8").rstrip()[:-1] + ', "schema_version": "9.0"}')
    assert "version" in refused(["--snapshot", str(path)], capsys)


def test_a_newer_recording(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(small, kept)
    manifest = json.loads((kept / MANIFEST).read_text("utf-8")) | {"version": "2"}
    (kept / MANIFEST).write_text(json.dumps(manifest))
    assert "version" in refused(["--replay", str(kept)], capsys)


HEADS: list[dict[str, Any]] = [
    {"recorded_at": "0001-01-01T00:00:00Z"},
    {"recorded_at": "9999-12-31T23:59:59Z"},
    {"recorded_at": "2026-01-01T00:00:00"},
    {"recorded_at": 1e300},
    {"subscriptions": []},
    {"subscriptions": ["../../etc/passwd"]},
    {"subscriptions": ["\x00", "x" * 100_000]},
    {"subscriptions": ["11111111-2222-3333-4444-555555555555/../x"]},
    {"scope": {"workspaces": ["/"], "resource_groups": ["*"]}},
    {"tenant_id": "\n\x1b[31m"},
    *({"cloud": {"resource_manager": url}} for url in ("", "x", "http://a", "https://[", "https://a:b", "file:///etc")),
    *({"cloud": {"authority": url, "audience": url}} for url in ("", "x", "https://[")),
    {"cloud": {"name": "\x1b[31m" * 1000, "family": "AzureMoon"}},
]


@pytest.mark.parametrize("head", HEADS, ids=[str(h)[:60] for h in HEADS])
def test_a_hostile_head(head: dict[str, Any], small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a recording says of itself is no more trusted than the rest."""
    kept = tmp_path / "kept"
    shutil.copytree(small, kept)
    manifest = json.loads((kept / MANIFEST).read_text("utf-8"))
    cloud = manifest["cloud"] | head.get("cloud", {})
    (kept / MANIFEST).write_text(json.dumps(manifest | head | {"cloud": cloud}))
    judged_or_refused(["--replay", str(kept)], capsys)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["/", "/subscriptions/", "0.0.0.0/0", "::/0", "10.0.0.0/99", "0001-01-01T00:00:00Z", "*", "a/b"])
    | st.sampled_from(["9999-12-31T23:59:59Z", "https://[", "\x1b[31m", "{x}", "<b>", "'; rm -rf /", "e" * 3000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "properties"]), inner),
    max_leaves=6,
)


def spoil(document: Any, data: st.DataObject) -> None:
    """Replace or take away one thing somewhere in a document."""
    at = document
    while True:
        keys: list[Any] = list(at) if isinstance(at, dict) else list(range(len(at)))
        chosen = data.draw(st.sampled_from(keys))
        below = at[chosen]
        if isinstance(below, dict | list) and below and data.draw(st.integers(0, 9)) > 0:
            at = below
        elif data.draw(st.booleans()):
            at[chosen] = data.draw(JSON)
            return
        else:
            del at[chosen]
            return


@FEW
@given(data=st.data())
def test_any_change_of_a_snapshot(
    data: st.DataObject, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(saved.read_text("utf-8"))
    for _ in range(data.draw(st.integers(1, 12))):
        spoil(document, data)
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(document))
    judged_or_refused(["--snapshot", str(path)], capsys)


@settings(FEW, max_examples=25)
@given(data=st.data())
def test_any_change_of_a_recording(
    data: st.DataObject, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(small, kept)
    names = sorted(p.name for p in kept.iterdir())
    for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True)):
        document = json.loads((kept / name).read_text("utf-8"))
        spoil(document, data)
        (kept / name).write_text(json.dumps(document))
    judged_or_refused(["--replay", str(kept)], capsys)


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    try:
        value = files.parse(data)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)
