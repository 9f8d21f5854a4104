"""``--config``: an ``audit.toml`` with what was decided about rules and failures, and where reports go.

    outputs = ["reports/audit.html", "sarif=reports/audit.sarif"]  # beside this file; -o goes instead of them

    [rules]
    off = ["NET-005"]
    severity = { STO-009 = "low" }

    [[waivers]]
    rule = "STO-004"  # or several: ["STO-004", "STO-008"]
    resource = "/subscriptions/*/resourceGroups/rg-dev/*"  # the id of the thing to change, in any case
    environment = "*/workspaces/mlw-dev/*"  # only there; may be left out
    reason = "no data before the launch (ticket 4711)"
    expires = 2026-12-31  # its last day, in UTC

The file is read only where it is named: one that lies in some folder must not decide what counts. Rules are named one
by one, since a pattern would also reach rules of a later version, which nobody has thought about.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from fnmatch import filter as fitting
from pathlib import Path
from typing import Any

from auditor import files
from auditor.cli.errors import AuditError
from auditor.cli.outputs import Output, parse
from auditor.model.decisions import Decisions, Waiver
from auditor.model.rule import Rule
from auditor.model.verdict import Severity

LARGEST = 2**20
LONGEST = 10_000
TOP = ("outputs", "rules", "waivers")
IN_RULES = ("off", "severity")
NEEDED = ("rule", "resource", "reason", "expires")
IN_WAIVER = (*NEEDED, "environment")
WAIVER_HELP = "a waiver has rule, resource, reason and expires, and may have environment"
AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class Config:
    """A file that was checked from end to end."""

    decisions: Decisions
    outputs: tuple[Output, ...]


def read(path: Path, rules: Sequence[Rule]) -> Config:
    """The decisions in a file, about the rules that there are.

    Raises:
        AuditError: the file cannot be read, or something in it is wrong; it says in which line and key.
    """
    text = _text(path)
    try:
        top = _Value(path, text, (), tomllib.loads(text)).table(TOP)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(path, text, str(error)) from error
    except RecursionError as error:
        raise AuditError(f"{path} is nested too deeply", "audit.toml needs two levels") from error
    ids = [rule.id for rule in rules]
    chosen = top["rules"].table(IN_RULES) if "rules" in top else {}
    severities = _severities(chosen["severity"].table(), ids) if "severity" in chosen else {}
    decisions = Decisions(
        off=tuple(dict.fromkeys(_rule(v, ids) for v in chosen["off"].items())) if "off" in chosen else (),
        severities=severities,
        waivers=tuple(_waiver(v, ids) for v in top["waivers"].items()) if "waivers" in top else (),
    )
    outputs = tuple(_output(v, path.absolute().parent) for v in top["outputs"].items()) if "outputs" in top else ()
    return Config(decisions, outputs)


@dataclass(frozen=True)
class _Value:
    """A value in the file, that knows where it stands."""

    file: Path
    text: str
    place: tuple[str | int, ...]
    value: Any

    def wrong(self, what: str, help_: str) -> AuditError:
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place).lstrip(".")
        return AuditError(f"{self.file}:{_line(self.text, self.place)}: {name}{what}", help_)

    def below(self, step: str | int, value: Any) -> _Value:
        return _Value(self.file, self.text, (*self.place, step), value)

    def table(self, known: Collection[str] = ()) -> dict[str, _Value]:
        """The keys of a table; with ``known``, there may be no others."""
        if not isinstance(self.value, dict):
            raise self.wrong(" is no table", f"write it as {_example(self.place)}")
        found = {name: self.below(name, value) for name, value in self.value.items()}
        for name, value in found.items():
            if known and name not in known:
                raise value.wrong(" is not known", _meant(name, known, self.place))
        return found

    def items(self) -> list[_Value]:
        if not isinstance(self.value, list):
            raise self.wrong(" is no list", f"write it as {_example(self.place)}")
        return [self.below(number, value) for number, value in enumerate(self.value)]

    def words(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong(" is no text", "write a text in quotes")
        if not self.value.strip():
            raise self.wrong(" is empty", "write a text in quotes")
        return self.value.strip()


def _text(path: Path) -> str:
    help_ = "give --config an audit.toml"
    try:
        data = files.read(path, LARGEST)
    except files.UnreadableError as error:
        raise AuditError(f"cannot read the configuration {path}: {error}", help_) from error
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise AuditError(f"{path}:{line}: this is not UTF-8", "save the file as UTF-8") from error
    for number, written in enumerate(text.split("\n"), 1):
        if len(written) > LONGEST:  # a key of so many parts would keep the parser busy for minutes
            raise AuditError(f"{path}:{number}: the line is longer than any of a configuration", help_)
    return text


def _no_toml(path: Path, text: str, message: str) -> AuditError:
    found = AT_LINE.search(message)
    lines = text.split("\n")
    number = int(found[1]) if found else len(lines)
    what = AT_LINE.sub("", message).replace(" (at end of document)", ", and the file ends")
    if what.startswith("Cannot overwrite a value"):
        what = "this key has a value already"
    seen = lines[number - 1].strip() if number <= len(lines) else ""
    return AuditError(
        f"{path}:{number}: {what}" + (f", in: {seen[:80]}" if seen else ""),
        "the file is TOML: texts in quotes, dates as 2026-12-31, lists in [ ]",
    )


def _line(text: str, place: tuple[str | int, ...]) -> int:
    """The line where the statement begins that puts a value in its place: the first lines of a file up to there are
    TOML too, and hold it for the first time."""
    lines = text.split("\n")

    def start(count: int) -> tuple[int, dict[str, Any]]:
        """The most of the first ``count`` lines that is TOML by itself."""
        while True:
            try:
                return count, tomllib.loads("\n".join(lines[:count]))
            except tomllib.TOMLDecodeError:
                count -= 1

    first = bisect_left(range(len(lines) + 1), True, key=lambda count: _held(start(count)[1], place))
    return start(first - 1)[0] + 1 if first else 1


def _held(value: Any, place: tuple[str | int, ...]) -> bool:
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _example(place: tuple[str | int, ...]) -> str:
    examples: dict[tuple[str | int, ...], str] = {
        ("outputs",): 'outputs = ["report.html"], above the first [table]',
        ("rules",): "[rules]",
        ("rules", "off"): 'off = ["NET-005"]',
        ("rules", "severity"): 'severity = { NET-005 = "low" }',
    }
    return examples.get(place, "[[waivers]], with its keys below")


def _meant(name: str, known: Collection[str], place: tuple[str | int, ...]) -> str:
    near = get_close_matches(name.lower(), known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    if place and name in TOP:
        return f"{name} belongs to the top of the file, above the first [table]"
    return f"the keys here are {', '.join(known)}"


def _rule(at: _Value, ids: Sequence[str]) -> str:
    name = at.words().upper()
    if name in ids:
        return name
    named = fitting(ids, name)
    if named:
        raise at.wrong(f": {name} is a pattern", f"name the rules one by one: {', '.join(named)}")
    near = get_close_matches(name, ids, n=3)
    help_ = f"did you mean {' or '.join(near)}?" if near else "'audit rules' lists them"
    raise at.wrong(f": there is no rule {at.words()}", help_)


def _severities(keys: dict[str, _Value], ids: Sequence[str]) -> dict[str, Severity]:
    found: dict[str, Severity] = {}
    for name, at in keys.items():
        rule = _rule(replace(at, value=name), ids)
        if rule in found:  # in another case, which is another key to TOML
            raise at.wrong(" is the same rule twice", "name each rule once")
        found[rule] = _severity(at)
    return found


def _severity(at: _Value) -> Severity:
    try:
        return Severity(at.words().lower())
    except ValueError:
        raise at.wrong(f": there is no severity {at.value}", f"it is one of {', '.join(Severity)}") from None


def _waiver(at: _Value, ids: Sequence[str]) -> Waiver:
    keys = at.table(IN_WAIVER)
    for name in NEEDED:
        if name not in keys:
            raise at.wrong(f" has no {name}", WAIVER_HELP)
    named = keys["rule"].items() if isinstance(keys["rule"].value, list) else [keys["rule"]]
    if not named:
        raise keys["rule"].wrong(" is empty", WAIVER_HELP)
    return Waiver(
        rules=tuple(dict.fromkeys(_rule(v, ids) for v in named)),
        resource=_pattern(keys["resource"]),
        reason=keys["reason"].words(),
        expires=_day(keys["expires"]),
        environment=_pattern(keys["environment"]) if "environment" in keys else None,
    )


def _pattern(at: _Value) -> str:
    pattern = at.words()
    if not pattern.startswith(("/", "*")):
        help_ = f"ids begin with /subscriptions/; */{pattern} fits what is called so wherever it is"
        raise at.wrong(f": {pattern} can be no ARM id", help_)
    return pattern


def _day(at: _Value) -> date:
    day = at.value
    if isinstance(day, str):
        try:
            parsed = date.fromisoformat(day)
        except ValueError:
            parsed = None
        day = parsed if parsed is not None and parsed.isoformat() == day else None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise at.wrong(f": {at.value} is no day", "write the last day of the waiver: expires = 2026-12-31")
    return day


def _output(at: _Value, folder: Path) -> Output:
    try:
        output = parse(at.words())
    except AuditError as error:
        if str(error).startswith(str(at.file)):
            raise
        raise at.wrong(f": {error}", error.help) from error
    return output if output.path is None else replace(output, path=folder / output.path)
