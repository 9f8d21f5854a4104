"""Nothing waits for ever: requests, bodies, sign-in and runs end in time, and so does a run that is interrupted."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from auditor.cli import main
from collectors.deadline import Deadline
from collectors.https import LARGEST_ANSWER, HTTPSAdapter
from tests.arm import scenarios
from tests.arm.estate import Estate
from tests.arm.record import FIXTURES
from tests.chaos.endpoint import Endpoint, Reply, Spoil

ROOT = FIXTURES.parent


def at(part: str, change: Callable[[Reply], Reply]) -> Spoil:
    """The answers to paths with an ending change."""
    return lambda target, reply: change(reply) if target.partition("?")[0].lower().endswith(part) else reply


def how(name: str) -> Callable[[Reply], Reply]:
    return lambda reply: replace(reply, how=name)


def home(estate: Estate) -> str:
    return str(estate.subscriptions[0]["subscriptionId"])


# -- one request -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hang", "drip"])
def test_an_answer_has_a_time_to_be_there(endpoint: Endpoint, name: str) -> None:
    """Neither silence nor a byte now and then, of header or body, keeps a request longer than it may take."""
    endpoint.serve(scenarios.secure(), at("endpoints", how(name)))
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout, match="no whole answer within 1 s"):
        get(HTTPSAdapter(Deadline(), seconds=1), endpoint)
    assert time.monotonic() - began < 3


def test_a_run_that_is_over_waits_for_nothing(endpoint: Endpoint) -> None:
    """The end of the run ends a request in the middle of its answer, and none begins after it."""
    endpoint.serve(scenarios.secure(), at("endpoints", how("drip")))
    adapter = HTTPSAdapter(Deadline(1))
    for most in (3, 0.5):
        began = time.monotonic()
        with pytest.raises(Exception, match="the run is over"):
            get(adapter, endpoint)
        assert time.monotonic() - began < most


def test_an_answer_has_a_size(endpoint: Endpoint) -> None:
    """One that unpacks to more than any page of Azure's is refused before it is held."""
    bomb = gzip.compress(bytes(LARGEST_ANSWER + 1))
    packed = {"Content-Encoding": "gzip"}
    endpoint.serve(scenarios.secure(), at("endpoints", lambda reply: replace(reply, body=bomb, headers=packed)))
    with pytest.raises(requests.RequestException, match="larger"):
        get(HTTPSAdapter(Deadline()), endpoint)


def test_a_packed_answer_is_unpacked(endpoint: Endpoint) -> None:
    """Whatever way the body travels, what comes back is the whole of it."""
    packed = {"Content-Encoding": "gzip"}
    body = gzip.compress(b'{"a": 1}')
    endpoint.serve(scenarios.secure(), at("endpoints", lambda reply: replace(reply, body=body, headers=packed)))
    assert get(HTTPSAdapter(Deadline()), endpoint).json() == {"a": 1}


def get(adapter: HTTPSAdapter, endpoint: Endpoint) -> requests.Response:
    with requests.Session() as session:
        session.mount("https://", adapter)
        return session.get(f"{endpoint.url}/metadata/endpoints")


# -- a run -------------------------------------------------------------------------------------------------------------

STAGES = [
    ("finding the cloud", "/metadata/endpoints", 2),
    ("signing in", "/msi/token", 2),
    ("finding the subscription", f"/subscriptions/{home(scenarios.secure())}", 3),
    ("reading", "/privatednszonegroups", 3),
]


@pytest.mark.parametrize(("stage", "part", "code"), STAGES, ids=[s[0] for s in STAGES])
@pytest.mark.parametrize("name", ["hang", "drip"])
def test_the_timeout_bounds_a_run(
    stage: str, part: str, code: int, name: str, endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever hangs, the run ends soon after its time is up; once there is something to judge, with a report."""
    estate = scenarios.secure()
    endpoint.serve(estate, at(part, how(name)))
    report = tmp_path / "r.json"
    began = time.monotonic()
    argv = ["--cloud", endpoint.url, "--subscription", home(estate), "--timeout", "2", "-o", str(report)]
    assert main(argv) == code, capsys.readouterr().err
    assert time.monotonic() - began < 12
    assert report.exists() == (code == 3)
    if code == 3:
        assert not json.loads(report.read_text())["collection"]["complete"]


def test_a_retry_ends_with_the_run(endpoint: Endpoint, tmp_path: Path) -> None:
    """A wait that Azure asks for does not outlast the run."""
    busy = Reply(429, b'{"error": {"code": "TooManyRequests", "message": "Slow down."}}', {"Retry-After": "45"})
    estate = scenarios.secure()
    endpoint.serve(estate, at("/privatednszonegroups", lambda reply: replace(busy)))
    began = time.monotonic()
    argv = ["--cloud", endpoint.url, "--subscription", home(estate), "--timeout", "3", "-o", str(tmp_path / "r.json")]
    assert main(argv) == 3
    assert time.monotonic() - began < 12


# -- an interruption ---------------------------------------------------------------------------------------------------

SIGNALS = [
    (signal.SIGINT, 130, "/metadata/endpoints", "interrupted while signing in", 1),
    (signal.SIGTERM, 143, "/msi/token", "terminated while signing in", 1),
    (signal.SIGINT, 130, "/privatednszonegroups", "reads made", 1),
    (signal.SIGTERM, 143, "/privatednszonegroups", "reads made", 1),
    (signal.SIGINT, 130, "/privatednszonegroups", "reads made", 3),
]


@pytest.mark.parametrize(("number", "code", "part", "says", "times"), SIGNALS)
def test_a_signal_ends_a_run(
    number: signal.Signals, code: int, part: str, says: str, times: int, endpoint: Endpoint, tmp_path: Path
) -> None:
    """Within seconds, with a word on what had been done, and nothing half-written: neither report, snapshot nor
    recording. Impatience makes no difference."""
    estate = scenarios.secure()
    hung: list[str] = []

    def spoil(target: str, reply: Reply) -> Reply:
        if target.partition("?")[0].lower().endswith(part):
            hung.append(target)
            return replace(reply, how="hang")
        return reply

    endpoint.serve(estate, spoil)
    argv = ["--cloud", endpoint.url, "--subscription", home(estate), "-o", str(tmp_path / "r.json")]
    argv += ["--save-snapshot", str(tmp_path / "s.json"), "--record", str(tmp_path / "kept")]
    with subprocess.Popen(  # noqa: S603  (our own interpreter and code)
        [sys.executable, "-m", "auditor", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
    ) as process:
        until = time.monotonic() + 60
        while not hung and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1)
        began = time.monotonic()
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.1)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 6
    assert (process.returncode, out) == (code, ""), err
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "help"], err
    assert says in err
    assert "no report was written" in err
    assert not list(tmp_path.iterdir())


# -- again and again ---------------------------------------------------------------------------------------------------

AGAIN = """
import auditor, json, gc, os, sys, threading, tracemalloc
assert not [m for m in sys.modules if m.split(".")[0] in ("azure", "requests", "pydantic")], "importing is not cheap"
url, home, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
kept = []
for number in range(rounds):
    if number == 3:
        tracemalloc.start()
    report = auditor.run(home, cloud=url, timeout=2 if number % 4 == 3 else None)
    statuses = len({r.status for r in report.results})
    del report
    gc.collect()
    kept.append({
        "threads": sorted(t.name for t in threading.enumerate()),
        "files": len(os.listdir("/proc/self/fd")),
        "bytes": tracemalloc.get_traced_memory()[0],
        "statuses": statuses,
    })
print(json.dumps(kept))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted where Linux lists them")
def test_the_function_leaves_nothing_behind(endpoint: Endpoint) -> None:
    """Run again and again in one process, every fourth time against what hangs: no thread, file or memory stays."""
    estate = scenarios.secure()
    asked = [0]

    def spoil(target: str, reply: Reply) -> Reply:
        asked[0] += target.startswith("/metadata/")
        slow = asked[0] % 4 == 0 and "/privatednszonegroups" in target.lower()
        return replace(reply, how="hang") if slow else reply

    endpoint.serve(estate, spoil)
    done = subprocess.run(  # noqa: S603  (our own interpreter and code)
        [sys.executable, "-c", AGAIN, endpoint.url, home(estate), "12"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr[-800:]
    rounds = json.loads(done.stdout)  # nothing else was printed
    assert done.stderr == ""
    assert all(r["threads"] == ["MainThread"] for r in rounds), rounds
    files = [r["files"] for r in rounds[2:]]
    assert max(files) - min(files) <= 1, files
    early, late = rounds[7]["bytes"], rounds[11]["bytes"]
    assert late - early < 300_000, (early, late)
    assert [r["statuses"] for r in rounds[3::4]] != [r["statuses"] for r in rounds[::4]], "nothing hung"
