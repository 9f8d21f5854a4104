"""Reports in which everything that comes from Azure was written to be shown."""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Evidence
from auditor.model.report import Report, Unjudged
from auditor.model.snapshot import Failure
from auditor.model.verdict import Verdict, fail, ok, unknown

from .sample import SUBSCRIPTION, environment, report, result, rule

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)> --> ]]> &lt;b&gt; \"'"
MARKDOWN = "| a | b ` `` ``` **bold** _it_ ~~s~~ [x](javascript:alert(1)) ![i](https://evil.example/i.png) \\| \\"
LINKS = "@octocat #123 org/repo#1 GH-7 https://evil.example www.evil.example a@evil.example :skull: $x^2$ <https://e.example>"
HIDDEN = "\x00\x07\x1b[31m\x9b1m\u202egnp\u2066\u200b\udcff\ufeff\ufffe\r\n\tnext"
FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    '"=1',
    "' =1",
    "＝1+1",
    "x;=1",
    'y, "@x',
    ";=1",
)
LINES = (
    "# heading",
    "- item",
    "1. first",
    "1) first",
    "> quote",
    "+ plus",
    "=== ",
    "---",
    "    code",
    "- [ ] task",
    "[a]: /b",
)
EVERYTHING = f"{MARKUP} {MARKDOWN} {LINKS} {HIDDEN}"

FIX = "az fix -n {words}"


def hostile(words: str, times: int = 1) -> Report:
    """Each name, message, reason, note, value and fix is ``words``, so many times over."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg{words}"
    env = environment(words, group=group)
    place = f"{group}/providers/Microsoft.Storage/storageAccounts/{words}"
    refused = Failure(reason=words, http_status=403, needs_action=words)
    verdicts: list[Verdict] = [
        fail(words, Evidence(place, words, {words: [words, 1]}, words), Evidence(place, "x", None, words)),
        unknown(words, refused.missing(place, words)),
        ok(words, Evidence(place, words, words), assuming=[words]),
    ]
    results = [
        result(verdict, rule(f"STO-{n:03}"), place, env, subject=f"{n}/{time}", fix=FIX, names={"words": words})
        for time in range(times)
        for n, verdict in enumerate(verdicts)
    ]
    outside = result(verdicts[0], rule("ENV-007"), place, subject="outside", fix=FIX, names={"words": words})
    return report(
        *results,
        outside,
        environments=[env],
        unjudged=[Unjudged(place, words, refused), Unjudged(env.workspace.id, words)],
        gaps=[refused],
    )


def many(environments: int, failing: int) -> Report:
    """An estate with so many failures, unknown results and passes in each environment."""
    envs: list[Environment] = [environment(f"e{n}") for n in range(environments)]
    broken = fail("the name is not resolved " * 8, Evidence("/x", "properties.y", ["z"] * 20))
    closed = unknown("not read", Failure(reason="refused").missing("/x", "y"))
    verdicts = [broken, closed, ok("sound")]
    results = [
        result(v, rule(f"NET-{n:03}"), e.workspace.id, e, fix="az fix")
        for e in envs
        for n in range(failing)
        for v in verdicts
    ]
    return report(*results, environments=envs)
