"""A rule: documentation first, then a check of one typed subject. Found by walking the package, not registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, TypeVar

from auditor.model.verdict import Severity, Verdict

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
    """Make a rule of a check. The title states the requirement, so that it reads true for a pass."""

    def declare(check: Callable[[S], Verdict]) -> Rule:
        page = importlib.import_module(check.__module__).__doc__ or ""
        return Rule(
            id=id,
            title=title,
            severity=severity,
            tier=tier,
            about=about,
            resource=resource,
            check=check,
            page=page.strip(),
            fix=fix,
            url=url,
            references=(ARTICLE, *references),
            controls=controls,
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
        module = importlib.import_module(info.name)
        for item in vars(module).values():
            if isinstance(item, Rule):
                if item.id in found and found[item.id] is not item:
                    raise ValueError(f"two rules are called {item.id}")
                found[item.id] = item
    return list(found.values())
