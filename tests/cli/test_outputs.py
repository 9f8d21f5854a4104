"""Where reports go: several at once, each in its format, all or nothing."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.cli.errors import AuditError
from auditor.cli.options import Schema
from auditor.cli.outputs import RENDERERS, Document, Output, parse, write
from tests.arm.record import FIXTURES
from tests.schemas import read

ROOT = FIXTURES.parent
SECURE = ["--replay", str(FIXTURES / "secure")]

PARSED = [
    ("report.json", Output("json", Path("report.json"))),
    ("REPORT.SARIF", Output("sarif", Path("REPORT.SARIF"))),
    ("a/b.c/report.json", Output("json", Path("a/b.c/report.json"))),
    ("Report.HTML", Output("html", Path("Report.HTML"))),
    ("summary.md", Output("md", Path("summary.md"))),
    ("report.csv", Output("csv", Path("report.csv"))),
    ("report.xml", Output("junit", Path("report.xml"))),
    ("ocsf=findings.json", Output("ocsf", Path("findings.json"))),
    ("md=-", Output("md", None)),
    ("sarif=report.json", Output("sarif", Path("report.json"))),
    ("json=report", Output("json", Path("report"))),
    ("JSON=-", Output("json", None)),
    ("json=a=b", Output("json", Path("a=b"))),
    ("./odd=name.json", Output("json", Path("./odd=name.json"))),
]


@pytest.mark.parametrize(("text", "output"), PARSED)
def test_the_format_follows_the_ending_or_is_named(text: str, output: Output) -> None:
    """``PATH.json`` and ``FORMAT=PATH`` say the format; ``-`` is stdout."""
    assert parse(text) == output


def test_several_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files in three formats, a snapshot, and a table on stdout, from one run."""
    one, two, page, kept = (tmp_path / name for name in ("r.json", "r.sarif", "r.html", "s.json"))
    assert main([*SECURE, "-o", str(one), "-o", str(two), "-o", str(page), "--save-snapshot", str(kept)]) == 0
    assert read(one.read_text("utf-8"))["schema_version"] == "1.0"
    assert json.loads(two.read_text("utf-8"))["version"] == "2.1.0"
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert read(kept.read_bytes(), Schema.SNAPSHOT)["resources"]
    assert "mlw-tidal" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.html", "r.json", "r.sarif", "s.json"]


def test_every_format_from_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All formats into files and one of them on stdout, where it is the same text."""
    paths = {name: tmp_path / f"report-{name}" for name in RENDERERS}
    files = [part for name, path in paths.items() for part in ("-o", f"{name}={path}")]
    assert main([*SECURE, "-q", *files, "-o", "md=-"]) == 0
    starts = {"json": "{", "sarif": "{", "html": "<!doctype html>", "md": "# AKS", "csv": "\ufeffenvironment,"}
    for name, start in {**starts, "junit": "<?xml ", "ocsf": "[\n{"}.items():
        assert paths.pop(name).read_bytes().decode("utf-8").startswith(start)
    assert not paths
    assert capsys.readouterr().out.encode() == (tmp_path / "report-md").read_bytes()


def test_a_file_beside_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-o json=- puts the report in place of the table; a file gets the same report."""
    assert main([*SECURE, "-q", "-o", "json=-", "-o", str(tmp_path / "r.json")]) == 0
    printed = read(capsys.readouterr().out)
    written = read((tmp_path / "r.json").read_text("utf-8"))
    assert printed == written


def test_an_earlier_report_is_replaced_whole(tmp_path: Path) -> None:
    """A report replaces the one before it in one step, and keeps to the file's folder."""
    path = tmp_path / "r.json"
    path.write_text("x" * 9_000_000)
    before = path.stat().st_ino
    assert main([*SECURE, "-q", "-o", str(path)]) == 0
    assert read(path.read_text("utf-8"))
    assert path.stat().st_ino != before
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_snapshot_is_for_its_owner_only(tmp_path: Path) -> None:
    """The snapshot holds a network's layout, so nobody else may read it; a report follows the umask."""
    before = os.umask(0o022)
    try:
        kept, report = tmp_path / "s.json", tmp_path / "r.json"
        kept.touch(mode=0o644)
        assert main([*SECURE, "-q", "--save-snapshot", str(kept), "-o", str(report)]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.stat().st_mode) == 0o644


def test_all_or_nothing(tmp_path: Path) -> None:
    """When one file cannot be written, none is, and earlier ones stay as they were."""
    good, bad = tmp_path / "a.json", tmp_path / ("n" * 300 + ".json")
    good.write_text("before")
    with pytest.raises(AuditError):
        write([Document(good, ["after"]), Document(bad, ["after"])])
    assert good.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_an_error_while_a_text_is_made_leaves_nothing(tmp_path: Path) -> None:
    """A text is made while it is written: one that cannot be made leaves no file, and gives no device a part."""

    def broken() -> Iterator[str]:
        yield "half"
        raise ZeroDivisionError

    pipe, good = tmp_path / "pipe", tmp_path / "a.json"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)  # so that the reader sees an empty pipe, not its end
    good.write_text("before")
    try:
        for unmade in (pipe, tmp_path / "b.json"):
            with pytest.raises(ZeroDivisionError):
                write([Document(pipe, ["whole"]), Document(good, ["after"]), Document(unmade, broken())])
            with pytest.raises(BlockingIOError):
                os.read(reader, 1)
        assert good.read_text() == "before"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "pipe"]
        write([Document(pipe, ["whole", "\n"]), Document(good, ["af", "ter"])])
        assert os.read(reader, 100) == b"whole\n"
        assert good.read_text() == "after"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What a link leads to is written, there or not yet, and the link stays."""
    for name in ("there.json", "yet.json"):
        (tmp_path / f"to-{name}").symlink_to(tmp_path / name)
    (tmp_path / "there.json").write_text("before")
    write([Document(tmp_path / f"to-{name}", ["after"]) for name in ("there.json", "yet.json")])
    assert all((tmp_path / f"to-{name}").is_symlink() for name in ("there.json", "yet.json"))
    assert all((tmp_path / name).read_text() == "after" for name in ("there.json", "yet.json"))
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no way to name what is open")
@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_stream_that_is_a_file_is_written_to(tmp_path: Path, stream: str) -> None:
    """What leads to stdout, as /dev/stdout does, stays where that is a file, and what else is printed comes after."""
    link, file = tmp_path / "stream", tmp_path / "file.txt"
    link.symlink_to(f"/proc/self/fd/{stream}")
    command = [sys.executable, "-B", "-m", "auditor", *SECURE, "-q", "-o", f"json={link}"]
    with file.open("wb") as open_file:
        streams = {"stdout": open_file} if stream == "1" else {"stderr": open_file, "stdout": subprocess.DEVNULL}
        done = subprocess.run(command, cwd=ROOT, check=False, **streams)  # noqa: S603
    assert done.returncode == 0
    assert link.is_symlink()
    text = file.read_text()
    report, end = json.JSONDecoder().raw_decode(text)
    assert report["summary"]["verdict"] == "secure"
    assert ("SECURE" in text[end:]) is (stream == "1")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.txt", "stream"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """Where there is room for one report and not for the next, neither is left, and an earlier one stays."""
    first, second = tmp_path / "a.md", tmp_path / "b.json"
    first.write_text("before")
    command = [sys.executable, "-B", "-m", "auditor", *SECURE, "-q", "-o", str(first), "-o", str(second)]
    bounded = ["sh", "-c", 'ulimit -f 80; exec "$@"', "sh", *command]  # blocks of 512 or 1024 bytes
    done = subprocess.run(bounded, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  (our own)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write the report: File too large" in done.stderr
    assert first.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]


def test_text_that_no_encoding_knows(tmp_path: Path) -> None:
    """Half a surrogate pair in a name does not stop a report."""
    write([Document(tmp_path / "a.json", ["caf\u00e9 \ud83d"])])
    assert (tmp_path / "a.json").read_bytes().startswith("café".encode())


def test_a_saved_snapshot_gives_the_same_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replay, its snapshot, and the snapshot's snapshot differ in nothing but the run."""
    for name in ("hbi", "demo", "partial-permissions"):
        reports = []
        source = ["--replay", str(FIXTURES / name)]
        for number in range(3):
            kept = tmp_path / f"{name}{number}.json"
            main([*source, "-q", "-f", "json", "--save-snapshot", str(kept)])
            document = read(capsys.readouterr().out)
            assert document["run"].pop("source") == ("replay" if number == 0 else "snapshot")
            for part in ("id", "started_at", "finished_at"):
                document["run"].pop(part)
            reports.append(document)
            source = ["--snapshot", str(kept)]
        assert reports[0] == reports[1] == reports[2]
        assert (tmp_path / f"{name}1.json").read_text() == (tmp_path / f"{name}2.json").read_text()
