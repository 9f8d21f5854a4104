"""What a user may get wrong: exit code 2, two lines, nothing written, no traceback."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli import main
from tests.arm.record import FIXTURES

ROOT = FIXTURES.parent
SECURE = str(FIXTURES / "secure")
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole snapshot."""
    path = tmp_path_factory.mktemp("saved") / "snapshot.json"
    assert main(["--replay", SECURE, "--save-snapshot", str(path), "-q", "-f", "json"]) == 0
    return path


def refused(argv: list[str], capsys: pytest.CaptureFixture[str], folder: Path) -> list[str]:
    """Run a command line that must not work; return its two lines."""
    before = sorted(p.name for p in folder.iterdir())
    capsys.readouterr()
    code = main(argv)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert (code, out) == (2, ""), (argv, code, out[:200], err)
    assert len(lines) == 2, (argv, err)
    assert re.fullmatch(r"error: \S.*", lines[0]), err
    assert re.fullmatch(r"help: \S.*", lines[1]), err
    assert "Traceback" not in err
    assert sorted(p.name for p in folder.iterdir()) == before, "something was written"
    return lines


OPTIONS: list[tuple[str, list[str], str]] = [
    ("no source", [], "nothing to audit"),
    ("an unknown option", ["--snapshto", "x"], "--snapshto"),
    ("an option that is not built", ["--snapshot", "SAVED", "--teleport"], "--teleport"),
    ("an unknown command", ["audti"], "audti"),
    ("a stray argument", ["demo", "now"], "now"),
    ("an option without its value", ["--snapshot"], "--snapshot"),
    ("two sources", ["--snapshot", "SAVED", "--replay", SECURE], "together"),
    ("two other sources", ["--subscription", "x", "--all-subscriptions"], "together"),
    ("two more sources", ["--management-group", "mg", "--all-subscriptions"], "together"),
    ("an empty management group", ["--management-group", " "], "empty"),
    ("a management group without its id", ["--management-group"], "--management-group"),
    ("an empty subscription", ["--subscription", ""], "empty"),
    ("a blank subscription", ["--subscription", "  "], "empty"),
    ("an unknown format", ["--snapshot", "SAVED", "-f", "docx"], "docx"),
    ("an ending without a format", ["--snapshot", "SAVED", "-o", "HERE/report.docx"], "report.docx"),
    ("a path without an ending", ["--snapshot", "SAVED", "-o", "HERE/report"], "report"),
    ("an unknown FORMAT=PATH", ["--snapshot", "SAVED", "-o", "docx=HERE/report"], "docx"),
    ("FORMAT= without a path", ["--snapshot", "SAVED", "-o", "json="], "json="),
    ("- without a format", ["--snapshot", "SAVED", "-o", "-"], "format"),
    ("an unknown rule", ["rules", "DNS-999"], "DNS-999"),
    ("an unknown severity", ["--snapshot", "SAVED", "--fail-on", "severe"], "severe"),
    ("no time", ["--snapshot", "SAVED", "--timeout", "0"], "--timeout"),
    ("negative time", ["--replay", SECURE, "--timeout", "-5"], "--timeout"),
    ("time that is no number", ["--replay", SECURE, "--timeout", "soon"], "--timeout"),
    ("time that is not a number", ["--replay", SECURE, "--timeout", "nan"], "--timeout"),
    ("no threads", ["--replay", SECURE, "--concurrency", "0"], "--concurrency"),
    ("an unknown cloud", ["--subscription", SUBSCRIPTION, "--cloud", "AzureMoon"], "AzureMoon"),
    ("a cloud over plain http", ["--subscription", SUBSCRIPTION, "--cloud", "http://localhost"], "http://localhost"),
    ("a SARIF list with an unknown status", ["--snapshot", "SAVED", "--sarif-include", "maybe"], "maybe"),
    ("a workspace that is not there", ["--snapshot", "SAVED", "--workspace", "mlw-nowhere"], "mlw-nowhere"),
    ("a workspace that is not in the replay", ["--replay", SECURE, "--workspace", "mlw-nowhere"], "mlw-nowhere"),
    ("a group that is not there", ["--replay", SECURE, "--resource-group", "rg-nowhere"], "rg-nowhere"),
    ("recording a replay", ["--replay", SECURE, "--record", "HERE/kept"], "--record"),
    ("a snapshot that is not there", ["--snapshot", "HERE/none.json"], "none.json"),
    ("a folder as snapshot", ["--snapshot", "HERE"], "snapshot"),
    ("a recording that is not there", ["--replay", "HERE/none"], "none"),
    ("a file as recording", ["--replay", "SAVED"], "recording"),
    ("a folder that is no recording", ["--replay", "HERE"], "recording"),
    ("a folder as output", ["--snapshot", "SAVED", "-o", "json=HERE"], "folder"),
    ("a folder to be as output", ["--snapshot", "SAVED", "-o", "json=HERE/new/"], "new/ is a folder"),
    ("the report over its snapshot", ["--snapshot", "SAVED", "-o", "json=SAVED"], "is what the audit reads"),
    ("the snapshot over itself", ["--snapshot", "SAVED", "--save-snapshot", "SAVED"], "is what the audit reads"),
    (
        "an output that the system takes no name for",
        ["--snapshot", "SAVED", "-o", f"HERE/{'x' * 300}.json"],
        "x.json: ",
    ),
    ("an output in a folder that is not there", ["--snapshot", "SAVED", "-o", "HERE/none/r.json"], "does not exist"),
    ("one good output and one bad", ["--snapshot", "SAVED", "-o", "HERE/a.json", "-o", "HERE/n/b.json"], "exist"),
    ("one file for two outputs", ["--snapshot", "SAVED", "-o", "HERE/a.json", "-o", "sarif=HERE/a.json"], "two"),
    ("the snapshot over the report", ["--replay", SECURE, "-o", "HERE/a.json", "--save-snapshot", "HERE/a.json"], ""),
    ("a folder to save to", ["--replay", SECURE, "--save-snapshot", "HERE"], "folder"),
]


@pytest.mark.parametrize(("name", "argv", "says"), OPTIONS, ids=[name for name, _, _ in OPTIONS])
def test_a_mistake(
    name: str, argv: list[str], says: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named in one line, with one line that says what to do."""
    argv = [a.replace("SAVED", str(saved)).replace("HERE", str(tmp_path)) for a in argv]
    assert says in refused(argv, capsys, tmp_path)[0]


SPOILT: list[tuple[str, Callable[[str], str | bytes]]] = [
    ("empty", lambda text: ""),
    ("cut off", lambda text: text[: len(text) // 2]),
    ("cut off by one", lambda text: text.rstrip()[:-1]),
    ("of a newer version", lambda text: re.sub(r'"schema_version": ?"[^"]*"', '"schema_version": "99.0"', text)),
    ("null", lambda text: "null"),
    ("a list", lambda text: "[]"),
    ("another document", lambda text: '{"hello": "world"}'),
    ("no JSON", lambda text: "hello"),
    ("not text", lambda text: b"\x00\xff\xfe\x80"),
    ("nested without end", lambda text: "[" * 200_000),
    ("with a resource that is none", lambda text: json.dumps(json.loads(text) | {"resources": [7]})),
    ("with an id that is none", lambda text: json.dumps(json.loads(text) | {"taken_at": "yesterday"})),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILT, ids=[name for name, _ in SPOILT])
def test_a_spoilt_snapshot(
    name: str,
    spoil: Callable[[str], str | bytes],
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file that is not a whole snapshot of this version is refused, and the report is not begun."""
    spoilt = spoil(saved.read_text("utf-8"))
    path = tmp_path / "spoilt.json"
    path.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    lines = refused(["--snapshot", str(path), "-o", str(tmp_path / "r.json")], capsys, tmp_path)
    assert "spoilt.json" in lines[0]


def test_links_in_a_circle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They lead to nothing, whatever they are given as."""
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    for option in ("--snapshot", "--replay", "--config", "--baseline", "--rules", "--service-tags"):
        source = [] if option in ("--snapshot", "--replay") else ["--replay", SECURE]
        said = refused([*source, option, str(circle)], capsys, tmp_path)[0]
        assert "circle" in said
        assert "unexpected" not in said


def test_a_report_is_no_snapshot(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Our own JSON report given as a snapshot is refused."""
    report = tmp_path / "report.json"
    assert main(["--snapshot", str(saved), "-o", str(report), "-q"]) == 0
    assert "report.json" in refused(["--snapshot", str(report)], capsys, tmp_path)[0]


@pytest.mark.parametrize("path", ["/none/ca.pem", "x" * 300])
def test_a_private_ca_that_cannot_be_read(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said which file, before anything is asked."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    assert f"the certificate file {path}" in refused(["--subscription", "x"], capsys, tmp_path)[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output that cannot be written is said before the run, not after it."""
    (tmp_path / "closed").mkdir(mode=0o500)
    lines = refused(["--snapshot", str(saved), "-o", str(tmp_path / "closed" / "r.json")], capsys, tmp_path)
    assert "permission" in lines[0]


def test_recording_into_a_full_folder(tmp_path: Path) -> None:
    """--record leaves a folder alone that holds something, whether or not one can sign in."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    done = audit(["--subscription", SUBSCRIPTION, "--record", str(folder)], tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2, done.stderr
    assert [p.name for p in folder.iterdir()] == ["mine.txt"]


def audit(argv: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """The command in a clean environment, in which there is nothing to sign in with."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    return subprocess.run(  # noqa: S603  (our own interpreter and code)
        [sys.executable, "-m", "auditor", *argv],
        env={**kept, "HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_no_credentials(tmp_path: Path) -> None:
    """Without credentials the answer comes within fifteen seconds, in two lines."""
    started = time.monotonic()
    done = audit(["--subscription", SUBSCRIPTION, "-o", "r.json"], tmp_path)
    assert time.monotonic() - started < 15
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", "help"], done.stderr
    assert not (ROOT / "r.json").exists()


def test_a_device_as_output(saved: Path) -> None:
    """A device is written to, and not replaced by a file."""
    assert main(["--snapshot", str(saved), "-o", "json=/dev/null", "-q"]) == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
