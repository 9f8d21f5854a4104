"""The HTML report of a thousand environments in a browser: ``python -m benchmarks.page``. Needs chromium."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import monotonic

from auditor.reports import html
from tests.browser import CHROMIUM, Browser
from tests.reports.test_html_browser import thousand

TIMES = 3


def main() -> None:
    if CHROMIUM is None:
        print("There is no chromium.")  # noqa: T201
        return
    found = []
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "thousand.html"
        size = file.write_text(html.render(thousand()), "utf-8") / 2**20
        with Browser(Path(name) / "profile") as browser:
            for _ in range(TIMES):
                began = monotonic()
                browser.open(file)
                browser.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
                found.append(monotonic() - began)
    print(f"A page of {size:.0f} MB is drawn after {min(found):.2f} s.")  # noqa: T201


if __name__ == "__main__":
    main()
