"""`auditor.run`: the example of its page, the same verdicts as the command's, and several threads at once."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.cli import main
from auditor.model.report import Report
from auditor.reports import json_report
from tests.arm.record import FIXTURES

PAGE = FIXTURES.parent / "docs" / "library.md"


def example() -> dict[str, Any]:
    """What the page's program defines."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(compile(found.group(1), str(PAGE), "exec"), names)  # noqa: S102  (our own page)
    return names


def subscription(recording: str) -> str:
    return str(json.loads((FIXTURES / recording / "recording.json").read_text("utf-8"))["subscriptions"][0])


def verdicts(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(r["fingerprint"], r["status"]) for r in report["results"]]


def test_the_example_of_the_page() -> None:
    """It lists what failed, says why there is no audit, and finds nothing where all is well."""
    nightly: Callable[..., list[str]] = example()["nightly"]
    home = subscription("everything-public")
    failed = nightly(home, replay=FIXTURES / "everything-public")
    assert failed
    assert all(re.match(r"(fail|unknown) [A-Z]+-\d{3} (critical|high|medium|low|info): .", line) for line in failed)
    assert nightly(subscription("secure"), replay=FIXTURES / "secure") == []
    assert nightly(home, replay=FIXTURES / "nowhere")[0].startswith("no audit: cannot read the recording ")


def test_the_function_and_the_command_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Narrowed or not, a recording gives the verdicts that the command gives; the function says nothing."""
    recording, path = FIXTURES / "partial-permissions", tmp_path / "report.json"
    main(["--replay", str(recording), "-o", str(path), "-q", "-f", "json"])
    capsys.readouterr()
    report = auditor.run(replay=recording)
    assert capsys.readouterr() == ("", "")
    assert verdicts(json.loads(json_report.render(report))) == verdicts(json.loads(path.read_text("utf-8")))
    with pytest.raises(auditor.AuditError, match="there is no workspace nowhere") as caught:
        auditor.run(replay=recording, workspaces=["nowhere"])
    assert caught.value.help.startswith("the workspaces there: ")


WRONG: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((), {"snapshot": "x", "replay": "y"}, "snapshot and replay"),
    (("x",), {"snapshot": "x"}, "subscriptions and snapshot"),
    (("x",), {"management_group": "mg"}, "subscriptions and management_group"),
    ((), {"management_group": " "}, "management_group must be"),
    ((b"x",), {}, "a subscription must be"),
    (("x", None), {}, "a subscription must be"),
    (([],), {}, "a subscription must be"),
    (("",), {}, "a subscription must be"),
    ((), {"cloud": None}, "cloud must be"),
    ((), {"tenant": 5}, "tenant must be"),
    ((), {"anonymize": True}, "anonymize needs record"),
    ((), {"replay": "x", "record": "y"}, "record needs a live audit, not replay"),
    *(((), {"concurrency": number}, "concurrency must be") for number in (0, -1, "16", 1.5)),
    *(((), {"timeout": number}, "timeout must be") for number in (0, -1, "5", float("nan"), float("inf"))),
]


@pytest.mark.parametrize(("subscriptions", "options", "says"), WRONG)
def test_what_makes_no_sense_is_said(subscriptions: tuple[Any, ...], options: dict[str, Any], says: str) -> None:
    """Before anything is read: with no threads to read, for one, a run would wait for ever."""
    with pytest.raises(auditor.AuditError, match=says) as caught:
        auditor.run(*subscriptions, **options)
    assert caught.value.help


def test_paths_and_names_may_be_plain_texts() -> None:
    """Of one workspace, the letters are not taken for names."""
    recording = FIXTURES / "demo"
    report = auditor.run(replay=str(recording), workspaces="mlw-salvage")
    assert {environment.workspace.name for environment in report.environments} == {"mlw-salvage"}


def test_the_sdk_keeps_nothing_of_an_audit() -> None:
    """azure-ai-ml gives its logger one more handler with each client."""
    for _ in range(2):
        auditor.run(replay=FIXTURES / "secure")
    assert len(logging.getLogger("azure.ai.ml._telemetry").handlers) == 1


def test_several_threads_at_once() -> None:
    """Audits of several recordings in as many threads are those that each gives alone."""
    names = ["secure", "everything-public", "hub-project", "service-endpoints"]
    alone = {name: auditor.run(replay=FIXTURES / name) for name in names}
    found: list[tuple[str, Report]] = []
    before = threading.active_count()

    def audit(name: str) -> None:
        found.append((name, auditor.run(replay=FIXTURES / name)))

    threads = [threading.Thread(target=audit, args=(name,)) for name in names * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(threads)
    for name, report in found:
        assert report.results == alone[name].results
        assert report.gaps == alone[name].gaps
    assert threading.active_count() == before
