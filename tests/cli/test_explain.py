"""``audit explain`` from outside: how an environment is named, what is printed, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import main
from tests.arm.record import FIXTURES

SECURE = ["--replay", str(FIXTURES / "secure")]


def printed(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["explain", *argv, "-q"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["mlw-tidal", "K8S-TIDAL", "aks-tidal", "mlw-tidal/k8s-tidal", "mlw-tidal × k8s-tidal", "tidal"]
)
def test_an_environment_is_found_by_any_of_its_names(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Workspace, compute, cluster, both, or a part of one that fits no other."""
    out = printed([name, *SECURE], capsys)
    assert out.startswith("mlw-tidal × k8s-tidal\n")
    assert "Key Vault  →  kv-tidal" in out


def test_an_environment_is_found_by_its_id_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(printed(["tidal", *SECURE, "-f", "json"], capsys))
    for arm_id in (shown["environment"]["id"], shown["environment"]["workspace_id"]):
        again = json.loads(printed([arm_id.upper(), *SECURE, "-f", "json"], capsys))
        assert again["environment"]["id"] == shown["environment"]["id"]


def test_the_json_is_that_of_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same environment object, and with a rule the same results."""
    snapshot = str(tmp_path / "snapshot.json")
    assert main([*SECURE, "-q", "-f", "json", "--save-snapshot", snapshot]) == 0
    report = json.loads(capsys.readouterr().out)
    shown = json.loads(printed(["tidal", "--snapshot", snapshot, "-f", "json"], capsys))
    assert shown == {"environment": report["environments"][0]}
    shown = json.loads(printed(["tidal", "dns-003", "--snapshot", snapshot, "-f", "json"], capsys))
    assert shown["results"] == [r for r in report["results"] if r["rule_id"] == "DNS-003"]


def test_the_demo_marks_a_broken_hop(capsys: pytest.CaptureFixture[str]) -> None:
    assert "BROKEN" in printed(["salvage", "--demo"], capsys)
    assert "BROKEN" not in printed(["pilotage", "--demo"], capsys)


REFUSED = [
    (["tidal"], "nothing to explain", "--demo"),
    (["nowhere", *SECURE], "there is no environment nowhere", "mlw-tidal/k8s-tidal"),
    (["", *SECURE], "there is no environment", "mlw-tidal/k8s-tidal"),
    (["mlw", "--demo"], "mlw fits 2 environments", "mlw-pilotage/k8s-pilotage"),
    (["tidal", "DNS-099", *SECURE], "there is no rule DNS-099", "DNS-0"),
    (["tidal", "--demo", *SECURE], "--demo cannot be used", "choose one"),
    (["tidal", *SECURE, "-f", "sarif"], "sarif", "audit --help"),
    (["tidal", "--snapshot", "nowhere.json"], "cannot read the snapshot", "--save-snapshot"),
    ([*SECURE], "Missing argument", "audit --help"),
]


@pytest.mark.parametrize(("argv", "error", "help_"), REFUSED)
def test_mistakes_are_two_lines(argv: list[str], error: str, help_: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An error, a help line, exit code 2, and nothing on stdout."""
    assert main(["explain", *argv, "-q"]) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert not out
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("help: ")
    assert help_ in second


def test_a_subscription_without_an_environment_has_nothing_to_explain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = tmp_path / "snapshot.json"
    assert main([*SECURE, "-q", "-f", "json", "--save-snapshot", str(snapshot)]) == 0
    body = json.loads(snapshot.read_text("utf-8"))
    body["resources"], body["listings"] = [], []
    snapshot.write_text(json.dumps(body), "utf-8")
    capsys.readouterr()
    assert main(["explain", "tidal", "--snapshot", str(snapshot), "-q"]) == 2
    assert "there is no environment to explain" in capsys.readouterr().err
