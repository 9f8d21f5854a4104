"""The HTML report as a person has it: opened from disk in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.model.report import Report
from auditor.model.verdict import Status
from auditor.reports import html
from tests.browser import CHROMIUM, Browser

from .test_html import drawn, hostile, report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

WIDE, PHONE = 1280, 390
NAMES = (
    "demo",
    "everything-public",
    "hub-and-spoke",
    "partial-permissions",
    "service-endpoints",
    "hostile",
    "thousand",
)


def thousand() -> Report:
    """The environments of the demo five hundred times, each with an id of its own."""
    of = report("demo")
    environments, results = [], []
    for number in range(500):
        for env in of.environments:
            workspace = replace(env.workspace, id=f"{env.workspace.id}-{number:03}")
            name = f"{workspace.id}/computes/{env.compute.name}"
            environments.append(replace(env, id=name, workspace=workspace))
            results += [replace(r, environment_id=name) for r in of.of(env)]
    return replace(of, environments=tuple(environments), results=tuple(results))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports on disk."""
    folder = tmp_path_factory.mktemp("reports")
    odd: dict[str, Callable[[], Report]] = {"hostile": hostile, "thousand": thousand}
    for name in NAMES:
        of = odd[name]() if name in odd else report(name)
        (folder / f"{name}.html").write_text(html.render(of), "utf-8")
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def count(browser: Browser, selector: str) -> int:
    """How many elements that can be seen match."""
    found = browser.run(f"[...document.querySelectorAll({selector!r})].filter((e) => e.checkVisibility()).length")
    return int(found)


def choose(browser: Browser, legend: str, word: str) -> None:
    """Click the box of a filter."""
    browser.run(
        f"[...document.querySelectorAll('fieldset')].find((f) => f.firstChild.textContent === {legend!r})"
        f".querySelector('input[value={word}]').click()"
    )


def said(browser: Browser) -> str:
    return str(browser.run("document.querySelector('.bar [role=status]').textContent"))


def failed(words: str = "") -> int:
    """How much failed in the demo, of whatever rules there are; by a severity or an id."""
    found = (r for r in report("demo").results if r.status is Status.FAIL)
    return sum(words in ("", r.severity, r.rule.id) for r in found)


def search(browser: Browser, words: str) -> None:
    browser.run("document.getElementById('words').focus()")
    browser.send("Input.insertText", text=words)
    browser.run("new Promise((done) => setTimeout(done, 250))")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (WIDE, True), (PHONE, False), (PHONE, True)])
def test_it_opens_without_a_complaint_and_fits(
    browser: Browser, folder: Path, name: str, width: int, dark: bool
) -> None:
    """Nothing but the file is asked for, nothing is refused, and the page does not scroll sideways."""
    browser.open(folder / f"{name}.html", width, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [(folder / f"{name}.html").as_uri()]
    assert browser.run("document.documentElement.dataset.ready") == "yes"
    assert browser.run("document.documentElement.scrollWidth") <= width
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(17, 21, 26)" if dark else "rgb(244, 246, 249)")


def test_of_a_thousand_environments_twenty_are_drawn(browser: Browser, folder: Path) -> None:
    """A page of twenty at a time: fewer elements than ten times those of the demo, which has two."""
    browser.open(folder / "demo.html")
    two = browser.run("document.querySelectorAll('*').length")
    browser.open(folder / "thousand.html")
    assert browser.run("document.querySelectorAll('*').length") < 10 * two
    assert count(browser, ".environment") == 20
    assert said(browser).startswith("1,000 environments (1 to 20 on this page)")
    browser.run("document.querySelector('nav button:last-child').click()")
    assert "(21 to 40 on this page)" in said(browser)
    assert browser.run("document.querySelector('nav').textContent").split("Next")[0].endswith("Page 2 of 50 ")
    search(browser, "mlw-salvage-007")
    assert said(browser) == f"1 environment, {failed()} findings shown"


def test_the_picture_shows_each_path_and_the_broken_step(browser: Browser, folder: Path) -> None:
    """A cross and a thick line where a path breaks, and words that say why; the same in both layouts."""
    paths = drawn(report("everything-public")).paths
    broken = [p for p in paths if p.proof.broken]
    open_ = [p for p in paths if p.firewall is Status.FAIL]
    assert [p.kind for p in open_ if p not in broken] == ["API server"]
    for width, layout in ((WIDE, ".wide"), (PHONE, ".narrow")):
        browser.open(folder / "everything-public.html", width)
        assert count(browser, "figure svg") == 1
        assert count(browser, f"{layout} .box.fail") == len(broken)
        assert count(browser, f"{layout} .band.fail") == len(broken)
        assert count(browser, f"{layout} .edge.fail") == len(open_)  # the public network comes in
        assert browser.run(f"getComputedStyle(document.querySelector('{layout} .box.fail')).strokeWidth") == "3.5px"
        words = browser.run(f"document.querySelector('{layout} .says-fail').textContent")
        assert words.startswith("✕ Broken: private endpoint")
        assert count(browser, f"{layout} .sign.fail") == len(broken) + len(open_)
    label = browser.run("document.querySelector('svg').getAttribute('aria-label')")
    assert "6 access paths: 1 sound, 5 broken, 0 unknown" in label


def test_an_unread_step_is_dashed_and_has_a_question_mark(browser: Browser, folder: Path) -> None:
    browser.open(folder / "partial-permissions.html")
    assert count(browser, ".wide .edge.unknown") > 0
    assert browser.run("getComputedStyle(document.querySelector('.wide .edge.unknown')).strokeDasharray") == "6px, 4px"
    assert browser.run("document.querySelector('.wide .on-unknown').textContent") == "?"


def test_nothing_in_the_picture_lies_outside_it(browser: Browser, folder: Path) -> None:
    """Names of any length are cut to their boxes, with the whole as a tooltip."""
    for name in ("hostile", "hub-and-spoke"):
        for width, layout in ((WIDE, ".wide"), (PHONE, ".narrow")):
            browser.open(folder / f"{name}.html", width)
            outside = browser.run(
                f"[...document.querySelectorAll('{layout} text, {layout} rect')].filter((e) => {{"
                "const own = e.getBBox(), all = e.ownerSVGElement.viewBox.baseVal;"
                "return own.x < 0 || own.x + own.width > all.width + .5 || own.y + own.height > all.height + .5"
                "}).map((e) => e.outerHTML)"
            )
            assert outside == []


def test_the_steps_are_there_in_words(browser: Browser, folder: Path) -> None:
    """Every step of every path, and beside a broken one the findings that rest on it, which open from there."""
    browser.open(folder / "demo.html")
    steps = browser.run("document.querySelectorAll('.environment')[0].querySelectorAll('.hops li').length")
    (salvage,) = (e for e in report("demo").environments if "salvage" in e.label)
    assert steps == sum(len(proof.hops) for proof in salvage.proofs)
    browser.run("[...document.querySelectorAll('.hops .fail a')].find((a) => a.textContent === 'DNS-005').click()")
    assert "DNS-005" in browser.run("document.activeElement.textContent")
    assert browser.run("document.activeElement.parentNode.open")
    assert count(browser, ".finding[open] pre") == 1


def test_filters(browser: Browser, folder: Path) -> None:
    """By severity, status, environment and text, together; one button brings everything back."""
    browser.open(folder / "demo.html")
    at_first = said(browser)
    assert at_first == f"2 environments, {failed()} findings shown"
    choose(browser, "Severity", "critical")
    assert said(browser) == f"1 environment, {failed() - failed('critical')} findings shown"
    choose(browser, "Status", "pass")
    assert count(browser, ".finding.pass") > 40
    search(browser, "key vault")
    assert 0 < count(browser, ".finding") < 20
    browser.run("which.value = '1'; which.dispatchEvent(new Event('change'))")
    assert count(browser, ".environment") == 1
    search(browser, " no such words")
    assert said(browser) == "Nothing matches the filters."
    browser.run("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Reset').click()")
    assert said(browser) == at_first


def test_a_rule_in_the_list_of_what_failed_filters_for_it(browser: Browser, folder: Path) -> None:
    browser.open(folder / "demo.html")
    browser.run("document.querySelector('[data-find=\"STO-004\"]').click()")
    assert said(browser) == "1 environment, 1 finding shown"
    assert browser.run("document.getElementById('words').value") == "STO-004"


def test_hostile_text_does_nothing(browser: Browser, folder: Path) -> None:
    """No dialog, no element of theirs, no address to go to; not in what opens later either."""
    browser.open(folder / "hostile.html")
    browser.run(
        "unfoldAll(true); list.querySelectorAll('.finding, .path').forEach((e) => (e.unfold || (() => 0))(true))"
    )
    assert not [e for e in browser.events if e.get("method") == "Page.javascriptDialogOpening"]
    assert browser.complaints() == []
    assert count(browser, "img, iframe, form[action]") == 0
    assert browser.run("document.scripts.length") == 2
    links = browser.run("[...document.links].map((a) => a.getAttribute('href'))")
    assert all(link.startswith(("#", "https://")) for link in links)
    assert "<script>alert(1)" in browser.run("document.querySelector('.environment h3').textContent")


def test_the_policy_holds(browser: Browser, folder: Path) -> None:
    """What would run if text ever became markup does not."""
    browser.open(folder / "demo.html")
    browser.run(
        "const s = document.createElement('script'); try { s.textContent = 'bad = 1' } catch {}document.body.append(s)"
    )
    assert browser.run("typeof bad") == "undefined"
    assert browser.run("try { document.body.innerHTML = '<p>'; 'set' } catch { 'refused' }") == "refused"


def test_the_keyboard_is_enough(browser: Browser, folder: Path) -> None:
    """The first stop skips to the environments; a finding opens with Enter, and its fix is copied with Enter."""
    browser.open(folder / "demo.html")
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.textContent") == "Skip to the environments"
    browser.press("Enter", 13, "\r")
    assert browser.run("document.activeElement.id") == "environments"
    browser.run("document.querySelector('.finding summary').focus()")
    browser.press("Enter", 13, "\r")
    browser.run("new Promise((done) => setTimeout(done, 50))")
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.getAttribute('aria-label')") == "Copy the fix of DNS-005"
    browser.press("Enter", 13, "\r")
    browser.run("new Promise((done) => setTimeout(done, 100))")
    assert browser.run("document.activeElement.textContent") == "Copied"
    assert browser.run("document.querySelector('.spoken[role=status]').textContent") == "Copied."
    browser.send("Browser.grantPermissions", permissions=["clipboardReadWrite"])
    copied = browser.run("navigator.clipboard.readText()")
    assert copied.startswith("az network private-dns link vnet create ")
    assert copied == browser.run("document.querySelector('.finding[open] pre').textContent")


def test_the_theme_can_be_turned(browser: Browser, folder: Path) -> None:
    browser.open(folder / "demo.html")
    browser.run("document.querySelector('.side button').click()")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(17, 21, 26)"
    assert browser.run("document.querySelector('.side button').textContent") == "Light theme"


def test_what_was_opened_stays_open(browser: Browser, folder: Path) -> None:
    """Filtering draws the page again, and leaves what somebody reads as it is."""
    browser.open(folder / "demo.html")
    browser.run("document.querySelector('.finding summary').click()")
    browser.run("new Promise((done) => setTimeout(done, 50))")
    choose(browser, "Severity", "low")
    assert count(browser, ".finding[open]") == 1


def test_paper_has_everything_opened(browser: Browser, folder: Path) -> None:
    """All findings and no controls, the wide picture from a phone too; afterwards the page is as it was."""
    browser.open(folder / "demo.html", PHONE)
    browser.run(
        "addEventListener('beforeprint', () => { printed = document.querySelectorAll('.finding:not([open])').length })"
    )
    paper = browser.paper()
    assert paper.startswith(b"%PDF")
    assert browser.run("printed") == 0
    browser.run("new Promise((done) => setTimeout(done, 50))")
    assert count(browser, ".finding[open]") == 0
    browser.send("Emulation.setEmulatedMedia", media="print")
    assert count(browser, "button, input, select") == 0
    assert count(browser, "figure .wide svg") == 2
    breaks = "[...document.querySelectorAll('.environment')].map((e) => getComputedStyle(e).breakBefore)"
    assert browser.run(breaks) == ["auto", "page"], "the first stands below the heading that opens its page"
    browser.send("Emulation.setEmulatedMedia", media="")


def test_without_scripts_the_summary_and_a_notice_stand(browser: Browser, folder: Path) -> None:
    browser.open(folder / "everything-public.html", scripts=False)
    seen = browser.run("document.body.innerText")
    for words in ("Deviates", "No virtual network", "What failed", "drawn by JavaScript, which is off here"):
        assert words in seen
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
