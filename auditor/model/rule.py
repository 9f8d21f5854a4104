"""A rule: documentation first, then a check of one typed subject. Found by walking the package, not registered."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, TypeVar

from auditor.model.verdict import Severity, Verdict

ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
LEARN = "https://learn.microsoft.com/azure"
ARTICLE = f"{LEARN}/machine-learning/how-to-secure-kubernetes-inferencing-environment"

S = TypeVar("S")


class Tier(StrEnum):
    CORE = "core"
    EXTENDED = "extended"


@dataclass(frozen=True)
class Rule:
    """One rule. ``page`` is its module's docstring; ``resource`` names the subject's part that has to change (a key of
    the subject's ``resources``); ``fix`` is a command whose ``{names}`` the finding fills in; ``bicep`` and
    ``terraform`` show the property to set, where one property is enough."""

    id: str
    title: str
    severity: Severity
    tier: Tier
    about: type[Any]
    resource: str
    check: Callable[[Any], Verdict]
    page: str
    fix: str
    url: str
    references: tuple[str, ...]
    controls: tuple[str, ...]
    bicep: str = ""
    terraform: str = ""
    # Whether a configuration decided the severity: no result of the rule is then above it.
    capped: bool = False

    @property
    def summary(self) -> str:
        """The page's first sentence: what holds where the rule passes."""
        return " ".join(self.page.partition("\n\n")[0].split())

    @property
    def paragraphs(self) -> list[tuple[str, str]]:
        """The rest of the page: a heading, such as *What it checks*, and its text; no heading where there is none."""
        found = []
        for block in self.page.split("\n\n")[1:]:
            heading, colon, text = block.strip().partition(":")
            found.append((heading, text.strip()) if colon and "\n" not in heading else ("", block.strip()))
        return [(heading, text) for heading, text in found if heading or text]


def rule(
    *,
    id: str,  # noqa: A002  (the field's own word)
    title: str,
    severity: Severity,
    about: type[S],
    resource: str,
    fix: str,
    tier: Tier = Tier.CORE,
    url: str = ARTICLE,
    references: tuple[str, ...] = (),
    controls: tuple[str, ...] = (),
    bicep: str = "",
    terraform: str = "",
) -> Callable[[Callable[[S], Verdict]], Rule]:
    """Make a rule of a check. The title states the requirement, so that it reads true for a pass.

    Raises:
        ValueError: the id is not like ``ORG-001``, the title is empty, severity or tier is none, or the fix is no
            template of names.
    """
    if not ID.fullmatch(id):
        raise ValueError(f"{id!r} is no id of a rule: it is like ORG-001")
    if not title.strip():
        raise ValueError(f"{id} has no title")
    named = [(name, spec, form) for _, name, spec, form in string.Formatter().parse(fix) if name is not None]
    if any(spec or form or not name.isidentifier() for name, spec, form in named):
        raise ValueError(f"the fix of {id} has braces that are not around a {{name}}")

    def declare(check: Callable[[S], Verdict]) -> Rule:
        page = importlib.import_module(check.__module__).__doc__ or ""
        return Rule(
            id=id,
            title=title,
            severity=Severity(severity),
            tier=Tier(tier),
            about=about,
            resource=resource,
            check=check,
            page=page.strip(),
            fix=fix,
            url=url,
            references=(url, *references),
            controls=tuple(controls),
            bicep=bicep.strip(),
            terraform=terraform.strip(),
        )

    return declare


def load(package: ModuleType) -> list[Rule]:
    """Every rule in a package, in the order of its modules' names.

    Raises:
        ValueError: two rules share an id.
    """
    found: dict[str, Rule] = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        for item in declared(importlib.import_module(info.name)):
            if item.id in found and found[item.id] is not item:
                raise ValueError(f"two rules are called {item.id}")
            found[item.id] = item
    return list(found.values())


def declared(module: ModuleType) -> list[Rule]:
    """The rules that a module holds, in the order in which it declares them."""
    return [item for item in vars(module).values() if isinstance(item, Rule)]
