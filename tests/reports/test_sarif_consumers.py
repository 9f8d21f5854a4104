"""SARIF of every scenario is one that consumers take; and the checks that say so notice what is broken."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.model.verdict import Status
from auditor.reports import sarif
from auditor.reports.sarif import Options
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited
from tests.sarif import complaints

from . import sample

ALL = frozenset({Status.UNKNOWN, Status.PASS})
GOOD = json.loads(sarif.render(sample.everything(), Options(ALL)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_taken(name: str) -> None:
    report = audited(SCENARIOS[name]())
    assert complaints(json.loads(sarif.render(report))) == []
    text = sarif.render(report, Options(ALL, "/an audit", evidence=True))
    assert complaints(json.loads(text), "/an%20audit/") == []


def test_what_the_bad_ones_are_made_of_is_good() -> None:
    assert complaints(GOOD) == []


def place(run: Any) -> Any:
    return run["results"][0]["locations"][0]["physicalLocation"]


def rule(run: Any) -> Any:
    return run["tool"]["driver"]["rules"][0]


BAD: list[tuple[str, Callable[[Any], object]]] = [
    ("an ARM id as uri", lambda r: place(r)["artifactLocation"].update(uri=sample.STORAGE)),
    ("a scheme of its own", lambda r: place(r)["artifactLocation"].update(uri="azure://s/rg/st.json")),
    ("a uri that climbs", lambda r: place(r)["artifactLocation"].update(uri="azure/../st.json")),
    ("a uri that is not encoded", lambda r: place(r)["artifactLocation"].update(uri="azure/a b.json")),
    ("a uri with a backslash", lambda r: place(r)["artifactLocation"].update(uri="azure\\b.json")),
    ("an empty uri", lambda r: place(r)["artifactLocation"].update(uri="")),
    ("an empty message", lambda r: r["results"][0]["message"].update(text=" ")),
    ("an empty note", lambda r: r["results"][0]["relatedLocations"][0]["message"].update(text="")),
    ("an id that is no guid", lambda r: r["results"][0].update(guid="7")),
    ("a level that is none", lambda r: r["results"][0].update(level="high")),
    ("only a logical location", lambda r: r["results"][0]["locations"][0].pop("physicalLocation")),
    ("no logical location", lambda r: r["results"][0]["locations"][0].pop("logicalLocations")),
    ("no fingerprint", lambda r: r["results"][0].pop("partialFingerprints")),
    ("the same fingerprint", lambda r: r["results"][1].update(partialFingerprints=prints(r))),
    ("no help", lambda r: rule(r).pop("help")),
    ("no markdown", lambda r: rule(r)["help"].pop("markdown")),
    ("no location", lambda r: r["results"][0].pop("locations")),
    ("two locations", lambda r: r["results"][0]["locations"].append(r["results"][0]["locations"][0])),
    ("no region", lambda r: place(r).pop("region")),
    ("line 0", lambda r: place(r)["region"].update(startLine=0)),
    ("no rules", lambda r: r["tool"]["driver"].update(rules=[])),
    ("no version", lambda r: r["tool"]["driver"].pop("semanticVersion")),
    ("a pass with a level", lambda r: r["results"][-1].update(level="error")),
    ("an unknown that reads as an error", lambda r: r["results"][-2].update(level="error")),
    ("a failure without a level", lambda r: r["results"][0].update(level="none")),
    ("an index of no rule", lambda r: r["results"][0].update(ruleIndex=99)),
    ("an index of another rule", lambda r: r["results"][0].update(ruleIndex=1)),
    ("a score as a number", lambda r: rule(r)["properties"].update({"security-severity": 9.5})),
    ("a score as a word", lambda r: rule(r)["properties"].update({"security-severity": "critical"})),
    ("a score out of range", lambda r: rule(r)["properties"].update({"security-severity": "10.1"})),
    ("a long description", lambda r: rule(r)["fullDescription"].update(text="x" * 1025)),
    ("too many tags", lambda r: rule(r)["properties"].update(tags=[f"t{n}" for n in range(11)])),
    ("the mildest first", lambda r: r["results"].reverse()),
    ("a success with gaps", lambda r: r["invocations"][0].update(executionSuccessful=True)),
]


def prints(run: Any) -> Any:
    return run["results"][0]["partialFingerprints"]


@pytest.mark.parametrize(("name", "spoil"), BAD, ids=[name for name, _ in BAD])
def test_a_broken_one_is_noticed(name: str, spoil: Callable[[Any], object]) -> None:
    document = copy.deepcopy(GOOD)
    spoil(document["runs"][0])
    assert complaints(document), name
