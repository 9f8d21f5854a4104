"""A rule's page, and the catalogue, for people: as Markdown for the docs, as text for a terminal, as JSON for tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from auditor.model.environment import Attachment, ClusterEndpoint, Environment, ExtendedCluster, OtherStorage
from auditor.model.rule import Rule
from auditor.reports.text import fix_template

SUBJECTS: dict[type[Any], str] = {
    Attachment: "compute that attaches a cluster",
    Environment: "environment",
    OtherStorage: "storage account behind datastores, beside the default one",
    ClusterEndpoint: "private endpoint that somebody made to the cluster",
    ExtendedCluster: "cluster with the AzureML extension",
}
SERVICES = {
    "ACR": "Container registry",
    "AKS": "Cluster",
    "AML": "Workspace and computes",
    "DNS": "Names",
    "ENV": "Environment as a whole",
    "KV": "Key Vault",
    "NET": "Network",
    "RBAC": "Roles",
    "STO": "Storage",
}
CORE = "core, stated in the article, and part of an environment's verdict from severity medium up"
EXTENDED = "extended, beyond the article, listed and counted for the exit code, never part of an environment's verdict"


def markdown(rule: Rule) -> str:
    """The page as it stands in ``docs/rules/``."""
    facts = [
        ("Severity", str(rule.severity)),
        ("Tier", CORE if rule.tier == "core" else EXTENDED),
        ("One result per", SUBJECTS[rule.about]),
        ("Controls", ", ".join(rule.controls)),
    ]
    parts = [f"# {rule.id}: {rule.title}", _prose(rule.summary)]
    parts.append("\n".join(f"- **{name}**: {text}" for name, text in facts if text))
    parts += [f"## {heading}\n\n{_prose(text)}" if heading else _prose(text) for heading, text in rule.paragraphs]
    parts.append(f"## Commands\n\n{_fenced('sh', _one_a_line(rule))}")
    for name, language, text in (("Bicep", "bicep", rule.bicep), ("Terraform", "hcl", rule.terraform)):
        if text:
            parts.append(f"## {name}\n\n{_fenced(language, text)}")
    parts.append("## References\n\n" + "\n".join(f"- <{link}>" for link in links(rule)))
    return "\n\n".join(parts) + "\n"


def index(rules: Sequence[Rule]) -> str:
    """The catalogue as it stands in ``docs/rules/README.md``, a table for each service."""
    parts = [
        "# Rules",
        f"{len(rules)} rules. `audit rules` lists them, `audit rules DNS-002` prints one.",
        f"- {CORE}\n- {EXTENDED}",
    ]
    for service, held in groupby(sorted(rules, key=lambda r: r.id), key=_service):
        rows = [f"| [{r.id}]({r.id}.md) | {r.title} | {r.severity} | {r.tier} |" for r in held]
        parts.append(f"## {SERVICES.get(service, service)}")
        parts.append("\n".join(["| rule | what holds | severity | tier |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def text(rule: Rule) -> str:
    """The page for a terminal."""
    blocks = [
        f"{rule.id}: {rule.title}\nseverity {rule.severity}, {rule.tier}, one result per {SUBJECTS[rule.about]}",
        rule.page,
        f"Commands:\n{_indented(_one_a_line(rule))}",
    ]
    for name, shown in (("Bicep", rule.bicep), ("Terraform", rule.terraform)):
        if shown:
            blocks.append(f"{name}:\n{_indented(shown)}")
    if rule.controls:
        blocks.append("Controls: " + ", ".join(rule.controls))
    blocks.append("References:\n" + _indented("\n".join(links(rule))))
    return "\n\n".join(blocks) + "\n"


def document(rule: Rule) -> dict[str, Any]:
    """The rule as JSON."""
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "tier": rule.tier,
        "subject": SUBJECTS[rule.about],
        "summary": rule.summary,
        "page": rule.page,
        "fix": {"cli": fix_template(rule), "bicep": rule.bicep or None, "terraform": rule.terraform or None},
        "references": links(rule),
        "controls": list(rule.controls),
    }


def links(rule: Rule) -> list[str]:
    return list(dict.fromkeys([rule.url, *rule.references]))


def _service(rule: Rule) -> str:
    return rule.id.partition("-")[0]


def _prose(text: str) -> str:
    """A paragraph of a docstring as Markdown: on one line, with a capital, and ``code`` as Markdown writes it."""
    line = " ".join(text.split()).replace("``", "`")
    return line[:1].upper() + line[1:]


def _one_a_line(rule: Rule) -> str:
    """The commands of a fix, each on its own line: of several, a finding shows those that mend it."""
    return fix_template(rule).replace(" && ", "\n")


def _fenced(language: str, shown: str) -> str:
    """A code block; its fence is longer than any run of backticks in it."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", shown)), 3)
    return f"{fence}{language}\n{shown}\n{fence}"


def _indented(shown: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in shown.splitlines())
