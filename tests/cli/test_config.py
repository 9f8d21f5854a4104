"""``--config``: what an audit.toml does, and how a mistake in it is told."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

import rules as rule_package
from auditor.cli import main
from auditor.cli.config import read
from auditor.cli.errors import AuditError
from auditor.model.rule import load
from auditor.model.verdict import Severity
from tests.arm.record import FIXTURES

RULES = load(rule_package)
WHOLE = """
outputs = ["audit.json", "html=pages/audit.html", "sarif=-"]  # beside this file

[rules]
off = ["NET-005", "net-006", "NET-005"]

[rules.severity]
STO-009 = "low"
dns-002 = "HIGH"

[[waivers]]
rule = "STO-004"
resource = "/subscriptions/*/resourceGroups/rg-dev/*"
reason = "no data before the launch"
expires = 2026-12-31

[[waivers]]
rule = ["KV-002", "acr-004"]
resource = "*"
environment = "*/workspaces/mlw-dev/*"
reason = " a trial "
expires = "2027-01-31"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "audit.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot of the demo, in which five rules fail."""
    path = tmp_path_factory.mktemp("saved") / "demo.json"
    assert main(["--replay", str(FIXTURES / "demo"), "--save-snapshot", str(path), "-q", "-f", "json"]) == 1
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    config = read(written(tmp_path, WHOLE), RULES)
    assert config.decisions.off == ("NET-005", "NET-006")
    assert config.decisions.severities == {"STO-009": Severity.LOW, "DNS-002": Severity.HIGH}
    first, second = config.decisions.waivers
    assert (first.rules, first.expires, first.environment) == (("STO-004",), date(2026, 12, 31), None)
    assert (second.rules, second.reason, second.expires) == (("KV-002", "ACR-004"), "a trial", date(2027, 1, 31))
    assert [(o.format, o.path) for o in config.outputs] == [
        ("json", tmp_path / "audit.json"),
        ("html", tmp_path / "pages" / "audit.html"),
        ("sarif", None),
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\ufeffoutputs = []\r\n", "[rules]\noff = []\n"])
def test_a_file_that_decides_nothing(text: str, tmp_path: Path) -> None:
    config = read(written(tmp_path, text), RULES)
    assert (config.decisions.off, config.decisions.waivers, config.outputs) == ((), (), ())


def waiver(**other: str) -> str:
    """A waiver of five lines, of which some are others; an empty one is left out."""
    keys = {"rule": '"STO-004"', "resource": '"*"', "reason": '"x"', "expires": "2026-12-31", **other}
    return "\n".join(["[[waivers]]", *(f"{name} = {value}" for name, value in keys.items() if value)])


# What is wrong, the file, the line that is named, words of the error, words of the help.
MISTAKES: list[tuple[str, str, int, str, str]] = [
    ("no TOML", "outputs = [\n\n[rules]\noff = 1", 3, "", "TOML"),
    ("a text without an end", 'outputs = []\n[rules]\noff = ["DNS-001]', 3, "DNS-001", "TOML"),
    ("a key twice", "[rules]\noff = []\noff = []", 3, "this key has a value already, in: off", "TOML"),
    ("a day that is none", waiver(expires="2026-02-30"), 5, "expires = 2026-02-30", "2026-12-31"),
    ("a day as a text that is none", waiver(expires='"31.12.2026"'), 5, "waivers[0].expires", "expires = 2026-12-31"),
    ("a week as a day", waiver(expires='"2026-W53-4"'), 5, "waivers[0].expires", "expires ="),
    ("a time", waiver(expires="2026-12-31T10:00:00Z"), 5, "waivers[0].expires", "expires ="),
    ("a year", waiver(expires="2026"), 5, "waivers[0].expires", "expires ="),
    ("for ever", waiver(expires='"never"'), 5, "waivers[0].expires", "expires ="),
    ("an unknown key", "outputs = []\nwaiver = []", 2, "waiver is not known", "did you mean waivers?"),
    ("an unknown table", "\n[rule]\noff = []", 2, "rule is not known", "did you mean rules?"),
    ("an unknown key of a table", '[rules]\noff = []\nseverities = { A = "low" }', 3, "rules.severities", "severity?"),
    ("rules for rule", waiver() + '\nrules = ["STO-004"]', 6, "waivers[0].rules is not known", "did you mean rule?"),
    ("an unknown key of a waiver", waiver() + "\nexpiry = 2026-01-01", 6, "waivers[0].expiry", "did you mean expires?"),
    ("nothing like a key", "[zzz]", 1, "zzz is not known", "outputs, rules, waivers"),
    ("outputs in a table", '[rules]\noutputs = ["a.json"]', 2, "rules.outputs", "above the first [table]"),
    (
        "a rule that is not there",
        '[rules]\noff = ["DNS-001",\n  "DNS-0002"]',
        2,
        "rules.off[1]",
        "did you mean DNS-002",
    ),
    ("nothing like a rule", '[rules]\noff = ["xyz"]', 2, "rules.off[0]: there is no rule xyz", "audit rules"),
    ("a pattern of rules", '[rules]\noff = ["rbac-00*"]', 2, "is a pattern", "RBAC-001, RBAC-002"),
    ("a pattern in a waiver", waiver(rule='"*"'), 2, "waivers[0].rule: * is a pattern", "one by one"),
    ("a waiver of a rule that is not there", waiver(rule='["STO-004", "STO-994"]'), 2, "waivers[0].rule[1]", "STO-"),
    ("a waiver of no rule", waiver(rule="[]"), 2, "waivers[0].rule is empty", "a waiver has rule"),
    ("a severity that is not there", '[rules.severity]\nDNS-001 = "severe"', 2, "severe", "critical, high"),
    ("a severity as a number", "[rules.severity]\nDNS-001 = 3", 2, "rules.severity.DNS-001 is no text", "in quotes"),
    ("a severity of no rule", '[rules.severity]\nDNS-999 = "low"', 2, "there is no rule DNS-999", "DNS-"),
    ("severities as a text", '[rules]\nseverity = "low"', 2, "rules.severity is no table", "severity = {"),
    ("a text for a list", '[rules]\noff = "DNS-001"', 2, "rules.off is no list", 'off = ["NET-005"]'),
    ("a list of numbers", "outputs = [1]", 1, "outputs[0] is no text", "in quotes"),
    ("waivers as a table", "[waivers]\nrule = 'x'", 1, "waivers is no list", "[[waivers]]"),
    ("rules as a list", "[[rules]]\noff = []", 1, "rules is no table", "[rules]"),
    ("an output of no format", 'outputs = [\n "a.json",\n "b.docx",\n]', 1, "outputs[1]", "FORMAT=PATH"),
    ("a waiver without an end", waiver(expires=""), 1, "waivers[0] has no expires", "a waiver has rule"),
    ("a waiver without a reason", "\n\n" + waiver(reason=""), 3, "waivers[0] has no reason", "a waiver has rule"),
    ("a second waiver without a rule", waiver() + "\n" + waiver(rule=""), 6, "waivers[1] has no rule", "a waiver has"),
    ("an empty reason", waiver(reason='"  "'), 4, "waivers[0].reason is empty", "in quotes"),
    ("a rule twice", '[rules.severity]\nDNS-001 = "low"\ndns-001 = "high"', 3, "is the same rule twice", "once"),
    ("a reason over lines, then a mistake", waiver(reason='"""a\n[b]\nc"""', expires="1"), 7, "expires", "expires ="),
    ("a resource that is only a name", waiver(resource='"stdev"'), 3, "stdev can be no ARM id", "*/stdev"),
    ("an environment that is only a name", waiver() + '\nenvironment = "dev"', 6, "waivers[0].environment", "*/dev"),
]


@pytest.mark.parametrize(("name", "text", "line", "says", "helps"), MISTAKES, ids=[name for name, *_ in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_key(
    name: str, text: str, line: int, says: str, helps: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AuditError) as caught:
        read(path, RULES)
    found = re.match(rf"{re.escape(str(path))}:(\d+): ", str(caught.value))
    assert found, caught.value
    assert int(found[1]) == line, caught.value
    assert says in str(caught.value)
    assert helps in caught.value.help


def test_a_mistake_in_a_large_file_is_found_at_once(tmp_path: Path) -> None:
    text = "\n".join([waiver()] * 2_000) + "\n" + waiver(expires="1")
    with pytest.raises(AuditError, match=rf":{2_000 * 5 + 5}: waivers\[2000\]\.expires"):
        read(written(tmp_path, text), RULES)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("not UTF-8", b"outputs = []\n# \xff\xfe", "audit.toml:2: this is not UTF-8"),
        ("nested without end", b"a = " + b"[" * 9_000, "nested too deeply"),
        ("very large", b"#" * 2_000_000, "larger than any such file"),
    ],
)
def test_a_file_that_is_no_configuration(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "audit.toml"
    path.write_bytes(data)
    with pytest.raises(AuditError, match=says):
        read(path, RULES)


def test_a_mistake_ends_the_run_before_it_begins(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, 'outputs = ["a.json"]\n[rules]\noff = ["DNS-00"]')
    for argv in (["--snapshot", str(saved)], ["demo"], ["explain", "mlw-salvage", "--snapshot", str(saved)]):
        capsys.readouterr()
        assert main([*argv, "--config", str(path)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(r"error: \S+audit\.toml:3: rules\.off\[0\]: .*\nhelp: .*\n", err), err
    assert [p.name for p in tmp_path.iterdir()] == ["audit.toml"]


def test_a_waived_run_is_clean_and_says_so(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = json.loads(_json(["--snapshot", str(saved)], capsys, 1))
    failed = sorted({r["rule_id"] for r in before["results"] if r["status"] == "fail"})
    text = "\n".join(waiver(rule=json.dumps(rule), expires="2999-12-31", reason='"a trial"') for rule in failed)
    path = written(tmp_path, text)
    report = json.loads(_json(["--snapshot", str(saved), "--config", str(path)], capsys, 0))
    assert report["summary"]["verdict"] == "secure"
    assert report["summary"]["by_status"]["waived"] == len([r for r in before["results"] if r["status"] == "fail"])
    assert sum(report["summary"]["failed_by_severity"].values()) == 0
    waived = [r for r in report["results"] if r["status"] == "waived"]
    assert all(r["waiver"] == {"reason": "a trial", "expires": "2999-12-31"} for r in waived)
    assert {w["use"] for w in report["config"]["waivers"]} == {"applied"}
    assert main(["--snapshot", str(saved), "--config", str(path)]) == 0
    out, err = capsys.readouterr()
    assert f"Waived ({len(waived)})" in out
    assert f"SECURE, {len(waived)} waived" in out
    assert err.splitlines()[-1].endswith(f"at or above low, {len(waived)} waived")


def _json(argv: list[str], capsys: pytest.CaptureFixture[str], code: int) -> str:
    capsys.readouterr()
    assert main([*argv, "-f", "json", "-q"]) == code
    return capsys.readouterr().out


def test_outputs_are_written_beside_the_file_whatever_the_folder(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "elsewhere").mkdir()
    path = written(tmp_path / "ci", 'outputs = ["a.json", "sarif=b.txt"]')
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["--snapshot", str(saved), "--config", str(path), "-q"]) == 1
    assert sorted(p.name for p in (tmp_path / "ci").iterdir()) == ["a.json", "audit.toml", "b.txt"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_outputs_on_the_command_line_go_instead(saved: Path, tmp_path: Path) -> None:
    path = written(tmp_path, 'outputs = ["a.json"]')
    argv = ["--snapshot", str(saved), "--config", str(path), "-q", "-o", str(tmp_path / "b.sarif")]
    assert main(argv) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["audit.toml", "b.sarif"]


@pytest.mark.parametrize(
    ("outputs", "argv", "says"),
    [
        ('["json=-"]', ["-f", "sarif"], "two reports go to stdout"),
        ('["json=-", "sarif=-"]', [], "two reports go to stdout"),
        ('["none/a.json"]', [], "does not exist"),
        ('["a.json", "json=./a.json"]', [], "two outputs go to"),
    ],
)
def test_outputs_are_checked_like_those_of_the_command_line(
    outputs: str, argv: list[str], says: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, f"outputs = {outputs}")
    capsys.readouterr()
    assert main(["--snapshot", str(saved), "--config", str(path), *argv]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_lies_in_the_folder_decides_nothing(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who audits in a folder that somebody else writes to is not audited by his rules."""
    written(tmp_path, '[rules]\noff = ["STO-004"]')
    monkeypatch.chdir(tmp_path)
    report = json.loads(_json(["--snapshot", str(saved)], capsys, 1))
    assert "config" not in report
    assert "STO-004" in {r["rule_id"] for r in report["results"]}


def test_a_waiver_that_did_nothing_is_told_once(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the table, or on stderr where stdout holds another report."""
    path = written(tmp_path, waiver(expires="2020-01-01") + "\n" + waiver(rule='"DNS-001"', resource='"*/none\\u001b"'))
    argv = ["--snapshot", str(saved), "--config", str(path)]
    said = ["STO-004 on * expired on 2020-01-01; 1 that it covered counts", "DNS-001 on */none"]
    for more, on_stderr in ([], False), (["-f", "json"], True), (["-o", "sarif=-"], True):
        capsys.readouterr()
        assert main([*argv, *more]) == 1
        out, err = capsys.readouterr()
        assert [f"warning: waiver of {words}" in err for words in said] == [on_stderr, on_stderr]
        assert "\x1b" not in err
        if not more:
            assert all(f"waiver of {words}" in " ".join(out.split()) for words in said)
    capsys.readouterr()
    main([*argv, "-f", "json", "-q"])
    assert capsys.readouterr().err == ""
