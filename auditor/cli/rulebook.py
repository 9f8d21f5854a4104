"""Every rule of a run: ours, those that installed packages bring, and those of folders that the user names.

What a source brings is code of its own and may be broken in any way. One that cannot be loaded still gets its results,
unknown for every environment, since a rule that somebody relies on must not fall silent.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path
from types import ModuleType
from zlib import crc32

import rules as rule_package
from auditor.cli.errors import AuditError, Interrupted
from auditor.engine import SUBJECTS
from auditor.model.environment import Environment
from auditor.model.rule import Rule, Tier, declared, load
from auditor.model.verdict import Severity, Verdict
from auditor.reports.text import clean

# The group of entry points in which packages name their rules.
GROUP = "auditor.rules"
OWN_RULES = "https://packaging.python.org/specifications/entry-points/"
BROKEN = "BROKEN"


class RuleError(Exception):
    """Why something that should hold rules holds none that can be used."""


@dataclass(frozen=True)
class Part:
    """One module of rules, not yet imported; ``name`` is what its user knows it by."""

    name: str
    load: Callable[[], ModuleType]


def rules(folders: Sequence[Path] = ()) -> list[Rule]:
    """Our rules, then those of installed packages and of folders; a part that is broken becomes a rule that says so.

    Raises:
        AuditError: a folder does not exist, or holds no Python file.
    """
    _check(folders)
    found = {r.id: r for r in load(rule_package)}
    broken: list[Rule] = []
    for part in chain(_installed(), *map(_held, folders)):
        try:
            new = _load(part, found)
        except Interrupted:
            raise
        # An import runs any code there is: it may even end the process.
        except BaseException as error:  # noqa: BLE001
            why = str(error) if isinstance(error, RuleError) else f"{type(error).__name__}: {error}"
            broken.append(_stand_in(part.name, why, len(broken) + 1))
            sys.stderr.write(clean(f"warning: the rules of {part.name} cannot be used: {why}") + "\n")
            continue
        found |= {r.id: r for r in new}
    return [*found.values(), *broken]


def _load(part: Part, known: dict[str, Rule]) -> list[Rule]:
    """The rules of a part, all or none."""
    with contextlib.redirect_stdout(sys.stderr):  # stdout belongs to the report
        module = part.load()
    new = declared(module)
    for rule in new:
        if rule.about not in SUBJECTS:
            names = ", ".join(s.__name__ for s in SUBJECTS)
            raise RuleError(f"{rule.id} is about {rule.about!r}, and a rule is about one of {names}")
        if rule.id in known and known[rule.id] is not rule:
            raise RuleError(f"there is another rule {rule.id}")
    return new


def _installed() -> Iterator[Part]:
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        name = f"{point.dist.name} ({point.value})" if point.dist else point.value
        yield Part(name, partial(importlib.import_module, point.module))
        package = sys.modules.get(point.module)
        for module in _below(package) if package is not None and hasattr(package, "__path__") else ():
            yield Part(f"{name}: {module}", partial(importlib.import_module, module))


def _held(folder: Path) -> Iterator[Part]:
    """The modules of a folder, which is made a package, so that they may share helpers: ``from . import _helper``."""
    package = f"{re.sub(r'[^A-Za-z0-9]', '_', folder.name)}_{crc32(os.fsencode(folder.resolve())):08x}"
    for name in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
        del sys.modules[name]  # what an earlier run in this process loaded may have changed
    importlib.invalidate_caches()
    home = ModuleType(package)
    home.__path__ = [str(folder.resolve())]
    sys.modules[package] = home
    for name in _below(home):
        shown = str(folder / name.removeprefix(f"{package}.").replace(".", "/"))
        yield Part(shown, partial(importlib.import_module, name))


def _below(package: ModuleType) -> Iterator[str]:
    """The names of a package's modules, in order; those that begin with ``_`` are helpers of theirs. Whoever asks
    imports each before the next: a sub-package that could not be imported is not looked into."""
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if info.name.rpartition(".")[2].startswith("_"):
            continue
        yield info.name
        if info.ispkg and info.name in sys.modules:
            yield from _below(sys.modules[info.name])


def _check(folders: Sequence[Path]) -> None:
    for folder in folders:
        help_ = "give --rules a folder with rules in it, one Python file each"
        if not folder.is_dir():
            raise AuditError(f"there is no folder of rules {folder}", help_)
        if not any(pkgutil.iter_modules([str(folder)])):
            raise AuditError(f"the folder {folder} holds no rules", help_)


def _stand_in(name: str, why: str, number: int) -> Rule:
    """A rule for those that a broken part would have brought: unknown wherever it is asked."""
    title = clean(f"The rules of {name} can be used")

    def check(environment: Environment) -> Verdict:
        raise RuleError(f"{name}: {why}")

    return Rule(
        id=f"{BROKEN}-{number:03}",
        title=title,
        severity=Severity.MEDIUM,
        tier=Tier.EXTENDED,
        about=Environment,
        resource="workspace",
        check=check,
        page=f"{title}.\n\nWhat it checks: nothing. It stands for rules that are not there: {clean(why)}.",
        fix="audit rules",
        url=OWN_RULES,
        references=(),
        controls=(),
    )
