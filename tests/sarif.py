"""What consumers of SARIF insist on: the OASIS schema, and what it and its validator let through."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

OASIS = Draft7Validator(
    json.loads((Path(__file__).parent / "reports" / "sarif-2.1.0.json").read_text("utf-8")),
    format_checker=FormatChecker(),
)
LEVELS = {"fail": ("error", "warning", "note"), "open": ("note",), "pass": ("none",)}
GROUPS = ("fail", "waived", "open", "pass")
SEVERITIES = ("critical", "high", "medium", "low", "info")
FINGERPRINTS = ("primaryLocationLineHash", "auditFingerprint/v1")
PATH = re.compile(r"azure(/([A-Za-z0-9._~-]|%[0-9A-F]{2})+)+\.json")


def complaints(document: Any, root: str = "") -> list[str]:
    """What a consumer would refuse, drop or misread in a file; nothing where all is well. ``root`` is what was asked to
    stand before every path."""
    wrong = [f"schema: {error.json_path}: {error.message[:200]}" for error in OASIS.iter_errors(document)]
    return wrong or [
        *_empty(document),
        *(said for run in document["runs"] for said in _run(run, root)),
        *_size(document),
    ]


def _size(document: Any) -> Iterator[str]:
    if len(document["runs"]) != 1:
        yield "not exactly one run"
    if len(zlib.compress(json.dumps(document).encode())) > 10_000_000:
        yield "larger than GitHub takes"


def _empty(value: Any, at: str = "$") -> Iterator[str]:
    """Texts that say nothing, wherever they stand."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("text", "markdown", "name", "id", "uri", "ruleId") and not str(item).strip():
                yield f"{at}.{name} is empty"
            yield from _empty(item, f"{at}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _empty(item, f"{at}[{number}]")


def _run(run: Any, root: str) -> Iterator[str]:
    driver, results = run["tool"]["driver"], run["results"]
    rules = driver.get("rules", [])
    if not rules:
        yield "no rules"
    if not re.fullmatch(r"\d+\.\d+\.\d+.*", driver.get("semanticVersion", "")):
        yield "no version"
    for rule in rules:
        yield from (f"{rule['id']}: {said}" for said in _rule(rule))
    for number, result in enumerate(results):
        yield from (f"results[{number}]: {said}" for said in _result(result, rules, root))
    for name in FINGERPRINTS:
        prints = [result.get("partialFingerprints", {}).get(name) for result in results]
        if len(set(prints)) < len(prints):
            yield f"two results share their {name}"
    ranks = [_rank(result) for result in results]
    if ranks != sorted(ranks):
        yield "the most severe do not come first"
    if len(results) > 25_000:
        yield "more results than GitHub takes"
    for invocation in run.get("invocations") or [{}]:
        bad = any(n["level"] == "error" for n in invocation.get("toolExecutionNotifications", []))
        if invocation.get("executionSuccessful") is not (not bad):
            yield "no word on whether it was successful, or an untrue one"


def _rule(rule: Any) -> Iterator[str]:
    for name in ("shortDescription", "fullDescription"):
        if not 0 < len(rule.get(name, {}).get("text", "")) <= 1024:
            yield f"{name} is absent or too long"
    for name in ("text", "markdown"):
        if not rule.get("help", {}).get(name):
            yield f"no help in {name}"
    if not re.fullmatch("[A-Z][A-Za-z0-9]{0,254}", rule.get("name", "")):
        yield "name is no PascalCase"
    if not rule.get("helpUri", "").startswith("https://"):
        yield "no helpUri"
    if rule.get("defaultConfiguration", {}).get("level") not in LEVELS["fail"]:
        yield "no default level"
    properties = rule.get("properties", {})
    score = properties.get("security-severity")
    if not isinstance(score, str) or not re.fullmatch(r"\d+\.\d", score) or float(score) > 10:
        yield "security-severity is no text between 0.0 and 10.0"
    if properties.get("precision") not in ("very-high", "high", "medium", "low"):
        yield "no precision"
    if not 0 < len(properties.get("tags", [])) <= 10:
        yield "no tags, or more than GitHub keeps"


def _result(result: Any, rules: list[Any], root: str) -> Iterator[str]:
    index = result.get("ruleIndex", -1)
    if not 0 <= index < len(rules) or rules[index]["id"] != result["ruleId"]:
        yield "ruleIndex and ruleId disagree"
    if result.get("level") not in LEVELS.get(result.get("kind"), ()):
        yield "kind and level disagree"
    if result.get("properties", {}).get("severity") not in SEVERITIES:
        yield "no severity"
    for name in FINGERPRINTS:
        if not result.get("partialFingerprints", {}).get(name):
            yield f"no {name}"
    if len(result.get("locations", [])) != 1:
        yield "not exactly one location"
    for place in [*result.get("locations", []), *result.get("relatedLocations", [])]:
        yield from _location(place, root)


def _location(place: Any, root: str) -> Iterator[str]:
    physical = place.get("physicalLocation", {})
    uri = physical.get("artifactLocation", {}).get("uri", "")
    path = uri.removeprefix(root)
    if not uri.startswith(root) or not PATH.fullmatch(path) or any(not part.strip(".") for part in path.split("/")):
        yield f"{uri!r} is no relative path"
    if physical.get("region", {}).get("startLine", 0) < 1:
        yield "no line"
    if not place.get("logicalLocations", [{}])[0].get("fullyQualifiedName", "").startswith("/"):
        yield "no ARM id"


def _rank(result: Any) -> tuple[int, int]:
    """Failures, then those that somebody accepted, then the rest; of each the most severe first."""
    group = "waived" if result.get("suppressions") else result.get("kind", "fail")
    severity = result.get("properties", {}).get("severity", "info")
    return GROUPS.index(group), SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
