"""The HTML report: one file that needs nothing else, for somebody who opens it from a mail.

The top is written here; the environments are drawn in the browser, a page of them at a time, from data that stands in
the file once. Whatever comes from Azure gets there as text only, and a content security policy lets no other script,
style, image or address in. The data stays readable JSON: compressed, it would look like smuggling to a mail gateway.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from auditor.model.report import Report
from auditor.reports.html.document import document
from auditor.reports.summary import summary

PAGE: Final = Environment(
    loader=PackageLoader("auditor.reports.html"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

SCRIPTS: Final = ("shapes.js", "wide.js", "narrow.js", "data.js", "findings.js", "environments.js", "page.js")


def render(report: Report) -> str:
    """The page; the same report gives the same text."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """The same text in pieces."""
    style, script = _source("report.css"), "\n".join(map(_source, SCRIPTS))
    policy = (
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    # The template takes style, script and data as they are; everything else is escaped.
    yield from PAGE.get_template("report.html").generate(
        policy="; ".join(policy),
        style=style,
        script=script,
        data=document(report),
        summary=summary(report),
    )


def _source(name: str) -> str:
    loader = PAGE.loader
    assert loader is not None  # noqa: S101  (given above)
    return loader.get_source(PAGE, name)[0]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
