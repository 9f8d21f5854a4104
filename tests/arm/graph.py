"""Resource Graph over an estate: three of its tables, and as much of its query language as the collectors speak."""

import re
from collections.abc import Callable

from .estate import Estate, Json, type_of

Row = Json
Test = Callable[[Row], bool]
EXTENSIONS = "microsoft.kubernetesconfiguration/extensions"
_TOKEN = re.compile(r"\s*(?:'(?P<text>[^']*)'|(?P<sign>=~|!~|in~|[(),])|(?P<word>[\w.]+))")
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "=~": lambda a, b: a == b,
    "!~": lambda a, b: a != b,
    "contains": lambda a, b: b in a,
}


def answer(estate: Estate, asked: Json, page_size: int) -> Json:
    """A page of the rows that a query brings. Raises ValueError for a query that is not understood."""
    table, *stages = [part.strip() for part in asked["query"].split("|")]
    wanted = {s.lower() for s in asked["subscriptions"]}
    rows = [row for row in _table(estate, table) if row["subscriptionId"] in wanted]
    for stage in stages:
        verb, _, rest = stage.partition(" ")
        if verb == "where":
            test = _Condition(rest).whole()
            rows = [row for row in rows if test(row)]
        elif verb == "distinct":
            rows = [{rest: value} for value in dict.fromkeys(row[rest] for row in rows)]
        else:
            raise ValueError(f"{verb} is not known here")
    options = asked["options"]
    start = int(options.get("$skipToken", "at-0").removeprefix("at-"))
    end = start + min(options["$top"], page_size)
    page: Json = {"totalRecords": len(rows), "resultTruncated": "false", "data": rows[start:end]}
    page["count"] = len(page["data"])
    return page | ({"$skipToken": f"at-{end}"} if end < len(rows) else {})


def _table(estate: Estate, name: str) -> list[Row]:
    """What of a table the caller may see; the rest is left out without a word."""
    bodies: list[Json] = []
    if name == "resourcecontainers":
        bodies = [{"id": f"/subscriptions/{s['subscriptionId']}"} for s in estate.subscriptions]
    elif name in ("resources", "kubernetesconfigurationresources"):
        extensions = name != "resources"
        kinds = {key: type_of(key) for key in estate.resources}
        tracked = {k for k, kind in kinds.items() if kind == EXTENSIONS or kind.count("/") == 1}
        bodies = [estate.resources[k] for k in kinds if k in tracked and (kinds[k] == EXTENSIONS) == extensions]
    else:
        raise ValueError(f"there is no table {name}")
    seen = [body for body in bodies if not any(denial.covers(body["id"]) for denial in estate.denied)]
    own = {"resourcecontainers": "Microsoft.Resources/subscriptions"}
    return [
        {"type": own.get(name) or type_of(b["id"]), **b, "subscriptionId": b["id"].split("/")[2].lower()} for b in seen
    ]


class _Condition:
    """A condition: comparisons joined by ``and``, ``or`` and parentheses; ``and`` binds closer."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            if not (found := _TOKEN.match(text, at)):
                raise ValueError(f"at {text[at : at + 20]}")
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or ""]))
            at = found.end()

    def whole(self) -> Test:
        test = self._any()
        if self.tokens:
            raise ValueError(f"too much: {self.tokens[0][1]}")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._accept("or"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._accept("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._accept("("):
            test = self._any()
            self._expect(")")
            return test
        path, sign = self._path(), self._next()[1]
        if sign == "in~":
            self._expect("(")
            names = {self._text()}
            while self._accept(","):
                names.add(self._text())
            self._expect(")")
            return lambda row: _value(row, path) in names
        if sign not in _COMPARE:
            raise ValueError(f"{sign} compares nothing")
        text = self._text()
        return lambda row: _COMPARE[sign](_value(row, path), text)

    def _path(self) -> str:
        if self._accept("tostring"):
            self._expect("(")
            path = self._path()
            self._expect(")")
            return path
        return self._next()[1]

    def _text(self) -> str:
        kind, text = self._next()
        if kind != "text":
            raise ValueError(f"{text} is no text")
        return text.lower()

    def _next(self) -> tuple[str, str]:
        if not self.tokens:
            raise ValueError("it ends too early")
        return self.tokens.pop(0)

    def _accept(self, sign: str) -> bool:
        return bool(self.tokens and self.tokens[0][0] != "text" and self.tokens[0][1] == sign and self.tokens.pop(0))

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise ValueError(f"no {sign}")


def _value(row: Row, path: str) -> str:
    """What a row has at a path, as text in lower case."""
    value: object = row
    for name in path.split("."):
        value = value.get(name, "") if isinstance(value, dict) else ""
    return str(value).lower()
