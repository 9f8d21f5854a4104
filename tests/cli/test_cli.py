"""The command from outside: exit codes, what goes to stdout and what to stderr."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from auditor import __version__
from auditor.cli import main
from auditor.model.clouds import CLOUDS
from collectors.collect import Request, collect
from collectors.login import ReplayCredential
from collectors.recording import Manifest, RecordingAdapter, start
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter
from tests.arm.estate import NOW, Denial, Estate
from tests.arm.record import FIXTURES
from tests.audits import RULES
from tests.schemas import read

ROOT = FIXTURES.parent


def fixture(name: str) -> list[str]:
    return ["--replay", str(FIXTURES / name)]


def kept(estate: Estate, folder: Path) -> list[str]:
    """An estate as a recording of its first subscription, and the options that replay it."""
    home = str(estate.subscriptions[0]["subscriptionId"])
    start(folder, Manifest(recorded_at=NOW, cloud=CLOUDS["AzureCloud"], subscriptions=[home]))
    adapter = RecordingAdapter(ArmAdapter(estate), folder)
    collect(Request((home,), threads=4), CLOUDS["AzureCloud"], ReplayCredential(), adapter, NOW)
    return ["--replay", str(folder)]


CODES = [
    ("everything in order", ["--replay", "secure"], 0),
    ("something failed", ["--replay", "everything-public"], 1),
    ("something failed, and more is unknown", ["--replay", "demo"], 1),
    ("nothing failed, something unknown", ["--replay", "partial-permissions"], 3),
    ("failed below the level", ["--replay", "restarted", "--fail-on", "critical"], 0),
    ("failed at the level", ["--replay", "restarted", "--fail-on", "high"], 1),
    ("failed above the level", ["--replay", "restarted", "--fail-on", "info"], 1),
    ("failed, but never counts", ["--replay", "everything-public", "--fail-on", "never"], 0),
    ("unknown, but never counts", ["--replay", "partial-permissions", "--fail-on", "never"], 0),
]


@pytest.mark.parametrize(("name", "argv", "code"), CODES, ids=[name for name, _, _ in CODES])
def test_exit_codes(name: str, argv: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code follows from results at or above --fail-on, and the last line says why."""
    assert main([argv[0], str(FIXTURES / argv[1]), *argv[2:]]) == code, name
    out, err = capsys.readouterr()
    assert out
    assert err.splitlines()[-1].startswith(f"exit {code}: ")


def test_a_scope_without_environments_is_clean_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A subscription that was read and holds no attached cluster ends with 0, named as what it is."""
    estate = Estate()
    estate.subscription("empty")
    assert main([*kept(estate, tmp_path / "kept"), "-f", "json"]) == 0
    out, err = capsys.readouterr()
    assert "no workspace with an attached AKS cluster" in err.splitlines()[-1]
    assert read(out)["summary"] | {"by_status": 0, "failed_by_severity": 0} == {
        "verdict": "undetermined",
        "environments": 0,
        "by_status": 0,
        "failed_by_severity": 0,
    }


UNREADABLE = [
    Denial(type="Microsoft.MachineLearningServices/workspaces"),
    Denial(type="Microsoft.MachineLearningServices/workspaces/computes"),
    Denial(type="Microsoft.Resources/subscriptions"),
]


@pytest.mark.parametrize("denied", UNREADABLE, ids=lambda d: d.type.rpartition("/")[2])
@pytest.mark.parametrize(("level", "code"), [("low", 3), ("critical", 3), ("never", 0)])
def test_a_scope_that_could_not_be_read_is_not_clean(
    denied: Denial, level: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the subscription, its workspaces or their computes nothing failed, but nothing is known either."""
    estate = scenarios.secure()
    estate.denied.append(denied)
    assert main([*kept(estate, tmp_path / "kept"), "-f", "json", "--fail-on", level]) == code
    document = read(capsys.readouterr().out)
    assert document["unjudged"]
    assert not document["collection"]["complete"]


FAIL_ON = ["critical", "high", "medium", "low", "info"]


@pytest.mark.parametrize("level", FAIL_ON)
def test_fail_on_counts_the_results_own_severity(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The levels agree with the results of the report."""
    code = main([*fixture("demo"), "-f", "json", "--fail-on", level])
    results = read(capsys.readouterr().out)["results"]
    counting = [r for r in results if FAIL_ON.index(r["severity"]) <= FAIL_ON.index(level)]
    assert code == (1 if any(r["status"] == "fail" for r in counting) else 0)


def test_stdout_is_pure(capsys: pytest.CaptureFixture[str]) -> None:
    """With -f json, stdout is one JSON document even when everything else is said."""
    assert main(["demo", "-f", "json", "-v"]) == 1
    out, err = capsys.readouterr()
    assert read(out)["schema_version"] == "1.0"
    assert len(err.splitlines()) > 20


@pytest.mark.parametrize("argv", [["demo", "-q"], ["demo", "-q", "-v", "-f", "sarif"], [*fixture("secure"), "--quiet"]])
def test_quiet_is_silent_on_stderr(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """-q leaves stderr empty; the report is the same."""
    main(argv)
    out, err = capsys.readouterr()
    assert err == ""
    assert out


def test_quiet_still_tells_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """-q does not hide why no audit was possible."""
    assert main(["--snapshot", "not-there.json", "-q"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """They go to stdout, and end with 0."""
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert main(["--help"]) == 0
    help_ = capsys.readouterr().out
    for option in ("--subscription", "--all-subscriptions", "--snapshot", "--replay", "--output", "--format"):
        assert option in help_
    for option in ("--workspace", "--resource-group", "--fail-on", "--save-snapshot", "--record", "--cloud"):
        assert option in help_
    for option in ("--tenant", "--sarif-include", "--timeout", "--concurrency", "--version"):
        assert option in help_


def test_the_catalogue_lists_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule stands on a line of its own with id, severity and title."""
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= len(RULES)
    for rule in RULES:
        line = next(x for x in lines if x.startswith(rule.id))
        assert re.match(rf"{rule.id}\s+{rule.severity}\s+\S", line)


@pytest.mark.parametrize("rule_id", ["DNS-002", "dns-002"])
def test_a_rules_page(rule_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule's page holds its documentation, fix and references."""
    assert main(["rules", rule_id]) == 0
    page = capsys.readouterr().out
    for part in ("DNS-002", "What it checks", "Why it matters", "How to fix it", "When it is unknown", "https://"):
        assert part in page


def audit(argv: list[str], **extra: str) -> subprocess.Popen[str]:
    """The command in a process of its own, with more in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE")}
    return subprocess.Popen(  # noqa: S603  (our own interpreter and code)
        [sys.executable, "-m", "auditor", *argv],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept | extra,
        # A shell's background job is started with Ctrl-C switched off, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def test_the_installed_command_pipes_into_json() -> None:
    """``audit demo -f json | json.tool`` works, and a reader that goes away is no error."""
    with audit(["demo", "-f", "json"]) as process:
        out, err = process.communicate(timeout=60)
    assert read(out)["run"]["source"] == "replay"
    assert process.returncode == 1
    assert "Traceback" not in err
    with audit(["demo", "-f", "json"]) as gone:
        assert gone.stdout is not None
        gone.stdout.close()
        assert gone.stderr is not None
        assert "Traceback" not in gone.stderr.read()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """A signal ends the run with its own code, two lines and no half-written file."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes a connection, and says nothing
        cloud = f"https://127.0.0.1:{silent.getsockname()[1]}"
        argv = ["--subscription", "x", "--cloud", cloud, "-o", str(tmp_path / "r.json")]
        with audit(argv) as process, silent.accept()[0]:
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (code, "")
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "help"]
    assert not list(tmp_path.iterdir())


def test_a_signal_is_heeded_from_the_start() -> None:
    """Until the command heeds signals, Ctrl-C makes a traceback: nothing that takes long is imported before."""
    heavy = "typer click rich pydantic auditor.cli.app collectors azure requests"
    code = f"import sys, auditor.cli; print([m for m in '{heavy}'.split() if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert found.stdout == "[]\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("AZUREML_CURRENT_CLOUD", "SomeCloud"), ("ARM_CLOUD_METADATA_URL", "https://127.0.0.1:9/metadata/endpoints")],
)
def test_the_environment_of_other_tools_changes_nothing(name: str, value: str) -> None:
    """Variables that azure-ai-ml reads for itself neither break a run nor send requests past the guard."""
    with audit(["demo", "-f", "json"], **{name: value}) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert read(out)["collection"]["complete"]
