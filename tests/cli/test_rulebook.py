"""Rules of other people: found, judged and reported like ours; broken ones cost nothing but themselves."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from auditor.cli.outputs import RENDERERS
from auditor.cli.rulebook import rules
from tests.audits import RULES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "rules"
FIXTURES = ROOT / "fixtures"

SOUND = '''"""A workspace has a name.

What it checks: that.
"""

from auditor.model.environment import Environment
from auditor.model.rule import Tier, rule
from auditor.model.verdict import Severity, Verdict, ok


@rule(id="ORG-{n}", title="A workspace has a name {n}", severity=Severity.LOW, tier=Tier.EXTENDED, about=Environment,
      resource="workspace", fix="az ml workspace show -n {{workspace}}")
def named(env: Environment) -> Verdict:
    {body}
'''
PASSES = 'return ok(f"it is called {env.workspace.name}")'


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def sound(n: int = 100, body: str = PASSES) -> str:
    return SOUND.format(n=n, body=body)


def judged(
    capsys: pytest.CaptureFixture[str], *folders: Path, replay: str = "secure"
) -> tuple[dict[str, Any], str, int]:
    """The JSON report over a fixture with folders of rules, what went to stderr, and the exit code."""
    options = [part for folder in folders for part in ("--rules", str(folder))]
    code = main(["--replay", str(FIXTURES / replay), "-f", "json", *options])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return json.loads(out), err, code


def of(report: dict[str, Any], rule_id: str) -> list[dict[str, Any]]:
    return [r for r in report["results"] if r["rule_id"] == rule_id]


@pytest.mark.parametrize(
    ("replay", "status", "code"), [("secure", "pass", 0), ("service-endpoints", "fail", 1), ("demo", "fail", 1)]
)
def test_the_worked_example(capsys: pytest.CaptureFixture[str], replay: str, status: str, code: int) -> None:
    """It passes where all is private, fails where the article would accept a service endpoint, and says which part."""
    report, _, reached = judged(capsys, EXAMPLES, replay=replay)
    found = of(report, "ORG-001")
    assert status in {r["status"] for r in found}
    assert reached == code
    for result in found:
        assert result["evidence"][0]["path"] == "access"
        assert result["status"] == "pass" or "storage" in result["message"]


def test_ours_come_first_and_unchanged(tmp_path: Path) -> None:
    found = rules([written(tmp_path, org=sound())])
    assert [r.id for r in found] == [*(r.id for r in RULES), "ORG-100"]


def test_files_may_share_helpers_and_stand_in_packages(tmp_path: Path) -> None:
    """A file that begins with _ is a helper; a folder with an __init__.py is looked into."""
    written(tmp_path, _words='NAME = "shared"', one=sound().replace("named(", "named_(") + "\n\nfrom . import _words\n")
    below = tmp_path / "below"
    below.mkdir()
    written(below, __init__="", two=sound(200))
    assert [r.id for r in rules([tmp_path])][-2:] == ["ORG-200", "ORG-100"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Two runs in one process do not share what they loaded."""
    assert rules([written(tmp_path, org=sound(100))])[-1].id == "ORG-100"
    assert rules([written(tmp_path, org=sound(2000) + "\n")])[-1].id == "ORG-2000"


BROKEN = {
    "does not parse": ("def", "SyntaxError"),
    "does not import": ("import no_such_module_at_all", "ModuleNotFoundError"),
    "raises": ("raise RuntimeError('out of order')", "out of order"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises what few would catch": ("raise BaseException('far out')", "far out"),
    "an id that is taken": (sound().replace("ORG-100", "DNS-002"), "there is another rule DNS-002"),
    "an id that is none": (sound().replace("ORG-100", "my rule"), "no id of a rule"),
    "a severity that is none": (sound().replace("Severity.LOW", "'terrible'"), "terrible"),
    "no title": (sound().replace("A workspace has a name 100", " "), "no title"),
    "about nothing": (sound().replace("about=Environment", "about=dict"), "about"),
    "a fix with a lone brace": (sound().replace("-n {workspace}", "-n {"), "ORG-100|brace|'{'"),
    "a fix with no name": (sound().replace("-n {workspace}", "-n {0.x}"), "braces"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_is_an_unknown_result(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, says: str
) -> None:
    """It is named, with the reason; the other rules, ours and those of other files, stand; the exit code tells."""
    whole, _, clean = judged(capsys)
    report, err, code = judged(capsys, written(tmp_path, a_broken=text, b_sound=sound(300)))
    (stand_in,) = of(report, "BROKEN-001")
    assert stand_in["status"] == "unknown"
    assert "a_broken" in stand_in["message"]
    assert any(word in stand_in["message"] for word in says.split("|"))
    assert "a_broken" in err
    assert [r["status"] for r in of(report, "ORG-300")] == ["pass"]
    ours = {r["fingerprint"]: r["status"] for r in whole["results"]}
    assert ours.items() <= {r["fingerprint"]: r["status"] for r in report["results"]}.items()
    assert (clean, code) == (0, 3)


ANSWERS = {
    "raises": "raise KeyError('lost')",
    "exits": "raise SystemExit(3)",
    "answers nothing": "pass",
    "answers a word": "return 'pass'",
    "answers a message that is none": "return ok(None)",
    "waives itself": "from auditor.model.verdict import Status\n    return ok('x')._replace(status=Status.WAIVED)",
    "fails by a word": "return ok('x')._replace(status='fail')",
    "loops over what was not seen": "return ok(''.join(env.workspace.items('properties.absent')))",
    "looks into what was not seen": "return ok('x' if 'x' in env.workspace.text('properties.absent') else 'y')",
    "takes what was not seen apart": "return ok(env.workspace.text('properties.absent')[0])",
    "compares what was seen": "return ok(max(env.workspace.text('properties.workspaceId'), ('', '')))",
    "takes for granted what is no text": "return ok('x', assuming=[3])",
    "shows what is no evidence": "return ok('x')._replace(evidence=('y',))",
    "names what is no text": "return ok('x')._replace(names=(('a', 1),))",
}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=list(ANSWERS))
def test_a_check_that_answers_no_verdict_is_unknown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, body: str
) -> None:
    report, _, code = judged(capsys, written(tmp_path, org=sound(body=body)))
    (result,) = of(report, "ORG-100")
    assert result["status"] == "unknown"
    assert "the rule broke" in result["message"]
    assert code == 3


def test_lists_do_where_tuples_are_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A rule that gives its controls and references as lists is treated like ours, in every format."""
    given = sound().replace(
        "severity=", "controls=['MCSB NS-2'], references=['https://learn.microsoft.com'], severity="
    )
    outputs = [part for f in RENDERERS for part in ("-o", f"{f}={tmp_path / f}.txt")]
    folder = written(tmp_path / "rules", org=given)
    assert main(["--replay", str(FIXTURES / "secure"), "-q", "--rules", str(folder), *outputs]) == 0
    assert all("ORG-100" in (tmp_path / f"{f}.txt").read_text() for f in ("json", "html", "csv", "ocsf"))
    capsys.readouterr()


@pytest.mark.parametrize("listing", ["table", "md"])
def test_a_page_drives_no_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path, listing: str) -> None:
    written(tmp_path, org=sound().replace("A workspace has a name", "A \x1b]0;workspace\x07 has a \u202ename"))
    assert main(["rules", "ORG-100", "-f", listing, "--rules", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "workspace" in out
    assert all(line.isprintable() for line in out.splitlines())
    assert out.rstrip("\n") == out.removesuffix("\n")


def test_what_a_rule_prints_does_not_stand_in_the_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    chatty = "print('loaded')\n" + sound(body=f"print('asked'); {PASSES}")
    _, err, _ = judged(capsys, written(tmp_path, org=chatty))
    assert "loaded" in err
    assert "asked" in err


@pytest.mark.parametrize(("name", "says"), [("absent", "there is no folder"), ("empty", "holds no rules")])
def test_a_folder_without_rules_is_a_mistake(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["demo", "--rules", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err.splitlines()[0]
    assert err.splitlines()[1].startswith("help: ")


def test_an_installed_package_brings_its_rules(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry points of what is on the path are found; one that is broken is named by its package."""
    installed(tmp_path, "tidal", "tidal_rules")
    package = tmp_path / "tidal_rules"
    package.mkdir()
    written(package, __init__="", first=sound(400), second="import no_such_module_at_all")
    installed(tmp_path, "gone", "gone_rules")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        report, err, code = judged(capsys)
    finally:
        for name in [m for m in sys.modules if m.startswith(("tidal_rules", "gone_rules"))]:
            del sys.modules[name]
    assert [r["status"] for r in of(report, "ORG-400")] == ["pass"]
    assert [line.partition(" (")[0] for line in err.splitlines() if line.startswith("warning")] == [
        "warning: the rules of gone",
        "warning: the rules of tidal",
    ]
    assert "tidal_rules.second" in err
    assert code == 3


def installed(site: Path, name: str, module: str) -> None:
    """The metadata that an installer leaves beside a package."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[auditor.rules]\n{name} = {module}\n")
