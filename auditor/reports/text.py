"""Text for readers: names from Azure made harmless, ids made short, codes made words.

Names, tags and error messages come from whoever may write to the subscription, so nothing of them may steer a terminal
or a pipeline, reorder what is read, or break an encoder.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from auditor.model.environment import Access, Environment, Scenario
from auditor.model.ids import ArmId, key
from auditor.model.report import Conclusion, Report
from auditor.model.result import Result
from auditor.model.rule import Rule

SCENARIOS = {
    Scenario.SECURED: "everything in a virtual network",
    Scenario.PUBLIC_WORKSPACE: "public workspace, everything else in a virtual network",
    Scenario.NO_VIRTUAL_NETWORK: "no virtual network, everything public",
    Scenario.MIXED: "mixed: none of the documented scenarios",
    Scenario.UNDETERMINED: "undetermined: not everything it depends on could be read",
}
PARTS = {
    "workspace": "workspace",
    "storage": "storage",
    "key_vault": "Key Vault",
    "container_registry": "registry",
    "cluster": "cluster",
}
ACCESSES = {
    Access.PUBLIC: "public",
    Access.SERVICE_ENDPOINT: "service endpoint",
    Access.PRIVATE_ENDPOINT: "private endpoint",
    Access.PRIVATE: "private",
    Access.NONE: "out of reach",
    Access.UNKNOWN: "unknown",
    None: "none yet",
}
# What Azure Pipelines and GitHub Actions carry out in whatever a step prints: ``##vso[``, ``##[``, ``::name::``.
# https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands and
# https://docs.github.com/actions/writing-workflows/choosing-what-your-workflow-does/workflow-commands-for-github-actions
COMMANDS: Final = re.compile(r"#(?=#(?:vso)?\[)|:(?=:[a-z-]{4,}(?: |::))", re.IGNORECASE)
WORST_FIRST = (Conclusion.DEVIATES, Conclusion.UNDETERMINED, Conclusion.SECURE)


def clean(text: object) -> str:
    """One line, in which what controls, reorders or hides is seen as ``\N{REPLACEMENT CHARACTER}``."""
    return _clean(str(text))


@lru_cache(4096)
def _clean(text: str) -> str:
    return " ".join(_visible(text).split())


def clean_lines(text: object) -> str:
    """The same, with the line breaks kept."""
    return "\n".join(_visible(line).rstrip() for line in str(text).splitlines())


def _visible(text: str) -> str:
    shown = text if text.isprintable() else "".join(map(_seen, text))
    return COMMANDS.sub("\N{REPLACEMENT CHARACTER}", shown) if "##" in shown or "::" in shown else shown


def _seen(char: str) -> str:
    if char.isspace():
        return " "
    return char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"


def shorten(text: str, limit: int) -> str:
    """At most so many characters; a cut shows as ``…``."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def sentence(text: object) -> str:
    """One clean line that ends like a sentence."""
    line = clean(text)
    return line if not line or line[-1] in ".!?…" else line + "."


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def short(arm_id: str) -> str:
    """The names of an id without its scope and types: ``workspace/compute``; what is no id stays as it is."""
    parts = arm_id.strip().strip("/").split("/")
    low = [p.lower() for p in parts]
    if "providers" in low:
        last = len(low) - 1 - low[::-1].index("providers")
        parts = parts[last + 3 :: 2] or parts[-1:]
    elif low[0] == "subscriptions":
        parts = parts[-1:]
    return clean("/".join(parts)) or "(no id)"


class Names:
    """Short names for ids; only those that could be mistaken for another carry their group, type or whole id."""

    def __init__(self, arm_ids: Iterable[str], subscriptions: Mapping[str, str]) -> None:
        """``subscriptions`` maps the ids of subscriptions, without ``/subscriptions/``, to their names."""
        self._subscriptions = {i.lower(): clean(name) for i, name in subscriptions.items() if clean(name)}
        self._bearers: dict[str, set[str]] = defaultdict(set)
        self._chosen: dict[str, str] = {}
        for arm_id in set(arm_ids):
            for form in self._forms(arm_id):
                self._bearers[form.lower()].add(key(arm_id))

    def of(self, arm_id: str) -> str:
        if arm_id not in self._chosen:  # results are about the same few things
            plain = (form for form in self._forms(arm_id) if len(self._bearers.get(form.lower(), ())) < 2)
            self._chosen[arm_id] = next(plain, clean(arm_id))
        return self._chosen[arm_id]

    def _forms(self, arm_id: str) -> list[str]:
        name, arm = short(arm_id), ArmId.parse(arm_id)
        if arm.type == "Microsoft.Resources/subscriptions":
            known = self._subscriptions.get(arm.subscription.lower())
            return [f"subscription {known}", f"subscription {known} ({name})"] if known else [f"subscription {name}"]
        if arm.type == "Microsoft.Resources/resourceGroups":
            return [f"resource group {name}"]
        if not arm.resource_group:
            return [name]
        group, kind = clean(arm.resource_group), clean(arm.type.split("/")[-1])
        return [name, f"{name} in {group}", f"{name} in {group} ({kind})"]


def names_of(report: Report) -> Names:
    """The names of what findings, gaps and unjudged things are about."""
    return Names(_ids(report), {s.id: s.name for s in report.snapshot.in_scope})


def _ids(report: Report) -> Iterator[str]:
    for result in report.results:
        yield result.resource_id
        yield from (m.resource_id for m in result.verdict.missing if m.resource_id)
    yield from (u.resource_id for u in report.unjudged)
    yield from (g.resource_id for g in report.gaps)


def labels_of(environments: Collection[Environment]) -> dict[str, str]:
    """What to call each environment, by its id: with its resource group where two have the same name."""
    shared = Counter(clean(e.label).lower() for e in environments)
    return {
        e.id: clean(e.label if shared[clean(e.label).lower()] < 2 else f"{e.label} in {e.workspace.arm.resource_group}")
        for e in environments
    }


def fix_of(result: Result) -> str:
    """A result's fix; a name from Azure cannot add a line to a command that somebody will paste."""
    return clean_lines(result.fix) if "\n" in result.rule.fix else clean(result.fix)


def fix_template(rule: Rule) -> str:
    """A rule's fix with its ``{names}`` as the ``<names>`` that a reader fills in."""
    return clean_lines(rule.fix.format_map(_Placeholders()))


class _Placeholders(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"<{name.replace('_', '-')}>"
