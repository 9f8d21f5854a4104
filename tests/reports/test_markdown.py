"""The Markdown report: what a reader of GitHub's summary sees, whatever was written into Azure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from auditor.model.baseline import Standing
from auditor.model.environment import Access
from auditor.model.report import Report
from auditor.model.snapshot import Failure, Listing
from auditor.model.verdict import Severity
from auditor.reports import markdown
from auditor.reports.markdown_text import block, code, row, table, text
from auditor.reports.text import clean, clean_lines
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited

from . import hostile, sample

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OUR_TAGS = {"<details>", "</details>", "<summary>", "</summary>", "<span>", "</span>"}
# What GitHub makes links, mentions and references of, in text that is not code.
LINKING = re.compile(r"@\w|#\d|https?:|ftp:|mailto:|www\.|\bgh-\d|\$", re.IGNORECASE)


def read(of: Report) -> list[Token]:
    return READER.parse(markdown.render(of))


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def shown(markdown_text: str) -> str:
    """The text that a reader sees of a piece of Markdown, which must be one paragraph of nothing but text."""
    tokens = READER.parse(markdown_text)
    assert [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"] or not tokens
    inline = tokens[1].children or [] if tokens else []
    assert all(t.type in ("text", "text_special") or t.content in OUR_TAGS for t in inline), inline
    return "".join(t.content for t in inline if t.type != "html_inline")


def sections(of: Report) -> dict[str, str]:
    parts = re.split(r"^## (.*)\n", markdown.render(of), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


# -- what it says --------------------------------------------------------------------------------------------------


def test_the_verdict_stands_on_top_with_the_counts() -> None:
    top = sections(sample.everything())[""]

    assert top.startswith("# AKS inference audit: deviates\n\n**The environment deviates from")
    assert "**2** failed (1 critical, 1 low) · **1** unknown · **1** waived · **1** passed" in top
    assert "Subscription: Harbour" in top


def test_parts_come_in_the_order_of_their_weight() -> None:
    of = sample.everything()
    of.snapshot.add_listing(Listing(scope=sample.GROUP, type="Microsoft.X/y", failure=Failure(reason="time is up")))

    assert list(sections(of)) == [
        *("", "Environments", "Rules that failed", "Failed", "Unknown, by what is missing", "Waived"),
        *("Passed, taking for granted", "Not judged", "Also not read"),
    ]


def test_an_environment_shows_how_each_part_is_reached() -> None:
    env = sample.environment(workspace=Access.PUBLIC, storage=Access.NONE)
    of = sample.report(sample.result(sample.unlinked(), environment=env), environments=[env])
    part = sections(of)["Environments"]

    assert (
        "| Environment | Verdict | Scenario | Workspace | Storage | Key Vault | Registry | Cluster | Region |" in part
    )
    assert (
        "| mlw-harbour × k8s-harbour | **deviates** | mixed: none of the documented scenarios "
        "| public | out of reach | service endpoint | none yet | private | northeurope |" in part
    )


def test_a_failure_has_its_place_fix_evidence_and_references() -> None:
    part = sections(sample.everything())["Failed"]

    assert part.index("### Critical: DNS-002") < part.index("### Low: STO-004")
    assert "<https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns> · MCSB NS-2 · MCSB NS-1" in part
    assert "**On** `privatelink.api.azureml.ms`: privatelink.api.azureml.ms is not linked where" in part
    assert "```sh\naz network private-dns link vnet create" in part
    assert f"- `{sample.ZONE}` `virtualNetworkLinks`: `[]`\n" in part
    assert f"- `{sample.VNET}` `properties.dhcpOptions.dnsServers`: `absent`\n" in part


def test_of_several_environments_each_failure_names_its_own() -> None:
    envs = [sample.environment("one"), sample.environment("two")]
    part = sections(sample.report(*(sample.result(sample.unlinked(), environment=e) for e in envs), environments=envs))

    assert part["Failed"].count("### ") == 1
    assert "**On** `stharbour` of `mlw-two × k8s-two`:" in part["Failed"]


def test_what_was_not_seen_names_the_permission() -> None:
    part = sections(sample.everything())["Unknown, by what is missing"]

    assert part.strip() == f"- **permission {sample.ENDPOINT_READ}** on resource group rg-harbour: STO-001"


def test_a_waived_failure_is_apart_and_not_lost() -> None:
    parts = sections(sample.everything())

    said = f"**On** `stharbour`: {sample.WAIVER.reason} (until 2026-12-31). privatelink"
    assert f"- **DNS-001** (critical) {said}" in parts["Waived"]
    assert "DNS-001" not in parts["Failed"]
    assert "DNS-001" not in parts["Rules that failed"]


def test_assumptions_gaps_and_what_was_not_judged_are_said() -> None:
    parts = sections(sample.everything())

    assert "- x (KV-002)" in parts["Passed, taking for granted"]
    assert "- **no AKS attached** on mlw-empty" in parts["Not judged"]
    unexplained = sections(sample.report(gaps=[sample.DENIED]))["Also not read"]
    assert f"- **permission {sample.ENDPOINT_READ}** on subscription Harbour" in unexplained


def test_a_report_without_environments_says_so() -> None:
    page = markdown.render(sample.report())

    assert page.startswith("# AKS inference audit: undetermined\n\n**No environment was found")
    assert "No result." in page
    assert "##" not in page.replace("# AKS", "", 1)


def test_an_audit_that_was_cut_short_says_so() -> None:
    of = sample.everything()
    of.snapshot.cut_short = "the 60 seconds of --timeout were over"

    assert "**The audit was cut short:** the 60 seconds of --timeout were over" in markdown.render(of)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_failure_of_a_real_report_is_in_it(name: str) -> None:
    of = audited(SCENARIOS[name]())
    parts = sections(of)

    failed = [r for r in of.results if r.status == "fail"]
    assert parts.get("Failed", "").count("**On** ") == len(failed)
    for result in failed:
        assert f"{result.rule.id} " in parts["Failed"]
    tables = [t for t in read(of) if t.type == "table_open"]
    assert len(tables) == 2 + bool(failed)


def test_what_is_new_since_the_baseline_is_marked() -> None:
    of = sample.everything()
    page = markdown.render(replace(of, results=(replace(of.results[0], baseline=Standing.NEW), *of.results[1:])))

    assert page.count("**New.** **On** `privatelink.api.azureml.ms`") == 1


# -- what GitHub takes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: hostile.many(100, 60), id="many failures"),
        pytest.param(lambda: hostile.many(3_000, 1), id="many environments"),
        pytest.param(lambda: hostile.hostile("é|" * 300_000), id="long names"),
        pytest.param(lambda: hostile.hostile("|<@" * 3_000, 200), id="names that grow"),
    ],
)
def test_a_summary_is_never_larger_than_github_takes(build: Callable[[], Report]) -> None:
    page = markdown.render(build())

    assert len(page.encode()) <= markdown.MAX_BYTES < 1024 * 1024


def test_what_is_left_out_is_counted_and_everything_else_is_there() -> None:
    of = hostile.many(100, 60)
    parts = sections(of)
    (more,) = re.findall(
        r"^\*… ([\d,]+) more failures left out here: the JSON report holds all\.\*$", parts["Failed"], re.M
    )

    assert parts["Failed"].count("**On** ") + int(more.replace(",", "")) == 6_000
    assert "left out" not in parts["Environments"]
    assert len(markdown.render(of)) > 900_000
    assert "Unknown, by what is missing" in parts


def test_the_worst_failures_are_the_ones_that_stay() -> None:
    of = hostile.many(100, 60)
    worst = sample.result(sample.unlinked(), sample.rule("ZZZ-001", Severity.CRITICAL), subject="z")
    lower = [replace(r, rule=replace(r.rule, severity=Severity.LOW)) for r in of.results]

    assert "Critical: ZZZ-001" in sections(replace(of, results=(*lower, worst)))["Failed"]


# -- whatever Azure's users wrote ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [hostile.EVERYTHING, *hostile.LINES, hostile.LINKS, hostile.MARKDOWN, hostile.MARKUP])
def test_hostile_text_adds_nothing_to_the_page(words: str) -> None:
    """The page has the structure that it has with a plain word."""
    plain, found = read(hostile.hostile("word")), read(hostile.hostile(words))

    assert [t.type for t in found] == [t.type for t in plain]
    for token in flat(found):
        assert token.type not in ("image", "s_open", "softbreak", "hardbreak")
        if token.type in ("html_inline", "html_block"):
            assert set(re.findall(r"<[^>]*>", token.content)) <= OUR_TAGS, token.content
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith("https://learn.microsoft.com/")
    links = [t for t in flat(found) if t.type == "link_open"]
    assert len(links) == len([t for t in flat(plain) if t.type == "link_open"])


@pytest.mark.parametrize("words", [hostile.EVERYTHING, hostile.LINKS])
def test_no_text_is_left_that_github_makes_a_link_of(words: str) -> None:
    for inline in (t for t in read(hostile.hostile(words)) if t.type == "inline"):
        in_link = False
        together = ""
        for token in inline.children or []:
            in_link = token.type == "link_open" or (in_link and token.type != "link_close")
            if token.type in ("text", "text_special") and not in_link:
                together += token.content
            else:
                together += "\n"
        for piece in together.split("\n"):
            assert piece == "$" or not LINKING.search(piece), piece


def test_nothing_hidden_gets_into_the_page() -> None:
    page = markdown.render(hostile.hostile(hostile.EVERYTHING))

    assert all(line.isprintable() for line in page.split("\n"))
    assert page.encode()


@settings(max_examples=400)
@given(st.one_of(st.text(st.characters()), st.text("`*_~[]()<>&|\\#@$:!+-=.1a \n'\"{}^")))
def test_any_text_is_shown_as_it_is(words: str) -> None:
    assert shown(text(words)) == clean(words)


@settings(max_examples=200)
@given(st.text("`|\\a *_<\n"))
def test_any_text_is_one_cell(words: str) -> None:
    tokens = READER.parse(f"{table('a', 'b')}\n{row(text(words), 'end')}\n")
    cells = [t for t in flat(tokens) if t.type == "td_open"]
    assert len(cells) == 2


@settings(max_examples=200)
@given(st.text("` ab|\\\n"))
def test_any_text_is_code(words: str) -> None:
    if not clean(words):
        assert code(words) == ""
        return
    (span,) = [t for t in flat(READER.parseInline(f"x {code(words)}")) if t.type == "code_inline"]
    assert span.content == clean(words)


@settings(max_examples=200)
@given(st.text("`~ ab\n"))
def test_any_text_is_a_block(words: str) -> None:
    (fence,) = READER.parse(block(words, "sh"))
    assert fence.content.removesuffix("\n") == clean_lines(words)
