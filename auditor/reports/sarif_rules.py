"""What SARIF says of a rule: its descriptor, with what GitHub and DefectDojo read of it."""

from __future__ import annotations

import re
from typing import Any, Final

from auditor.model.rule import Rule, Tier
from auditor.model.verdict import Severity
from auditor.reports.rule_page import links
from auditor.reports.text import clean, clean_lines, fix_template, sentence, shorten

LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# Within the bounds at which GitHub calls a score critical (9.0), high (7.0), medium (4.0) and low (0.1).
SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
MAX_DESCRIPTION: Final = 1024
MAX_NAME: Final = 255
MAX_TAGS: Final = 10


def descriptor(rule: Rule) -> dict[str, Any]:
    title = sentence(rule.title) or rule.id
    return {
        "id": rule.id,
        "name": pascal_case(rule.title) or pascal_case(rule.id),
        "shortDescription": {"text": shorten(title, MAX_DESCRIPTION)},
        "fullDescription": {"text": shorten(_summary(rule) or title, MAX_DESCRIPTION)},
        "help": {"text": _help(rule), "markdown": _help_markdown(rule)},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": _tags(rule),
            "precision": "very-high" if rule.tier is Tier.CORE else "high",
            "security-severity": SCORES[rule.severity],
        },
    }


def pascal_case(text: str) -> str:
    """``AKS cluster is running`` → ``AksClusterIsRunning``."""
    return "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", text))[:MAX_NAME]


def _summary(rule: Rule) -> str:
    """What the rule requires, checks and is for: the first paragraphs of the page, as many as fit."""
    text = ""
    for paragraph in rule.page.split("\n\n")[:3]:
        longer = f"{text} {sentence(paragraph)}".strip()
        if text and len(longer) > MAX_DESCRIPTION:
            break
        text = longer
    return text


def _help(rule: Rule) -> str:
    parts = [rule.page or rule.title, f"Fix:\n{fix_template(rule)}", "\n".join(["References:", *links(rule)])]
    return clean_lines("\n\n".join(parts))


def _help_markdown(rule: Rule) -> str:
    parts = [
        rule.page or rule.title,
        f"### Fix\n\n```sh\n{fix_template(rule)}\n```",
        "### References\n\n" + "\n".join(f"- <{link}>" for link in links(rule)),
    ]
    return clean_lines("\n\n".join(parts))


def _tags(rule: Rule) -> list[str]:
    family = rule.id.split("-")[0].lower()
    tags = ["security", "azure", "azure-machine-learning", "aks", family, str(rule.tier), *rule.controls]
    return list(dict.fromkeys(map(clean, tags)))[:MAX_TAGS]
