"""Who may import whom, how large a module may be, and what offline commands must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"
OURS = ("auditor", "collectors", "rules")
LONGEST_MODULE = 400

# The longest prefix of a module's name that stands here says what of ours it may import, beside its own package.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "auditor": ("auditor.errors", "auditor.auditing", "auditor.model"),
    "auditor.errors": (),
    "auditor.files": (),
    "auditor.service_tags": ("auditor.errors", "auditor.files", "auditor.model"),
    "auditor.auditing": (
        *("auditor.errors", "auditor.files", "auditor.model", "auditor.engine", "auditor.service_tags"),
        *("collectors", "rules"),
    ),
    "auditor.__main__": ("auditor.cli",),
    "auditor.model": (),
    "auditor.topology": ("auditor.model",),
    "auditor.waiving": ("auditor.model",),
    "auditor.comparing": ("auditor.model",),
    "auditor.changes": ("auditor.model", "auditor.comparing"),
    "auditor.engine": ("auditor.model", "auditor.topology", "auditor.waiving"),
    "auditor.reports": ("auditor.model", "auditor.__version__"),
    "auditor.cli": ("auditor", "collectors", "rules"),
    "rules": ("auditor.model",),
    "collectors": ("auditor.model", "auditor.files", "auditor.__version__"),
}
# Packages that reach the network: of ours, only the collectors may.
NETWORK = ("azure", "requests", "urllib3", "msal", "http", "socket", "ssl", "urllib.request")
SEES_THE_WORLD = ("os", "sys", "time", "random", "uuid", "subprocess", "socket", "tempfile")
PURE = (
    *("auditor.model", "auditor.topology", "auditor.engine", "auditor.waiving", "auditor.comparing", "auditor.changes"),
    *("auditor.reports", "rules"),
)


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(path: Path) -> Iterator[str]:
    """Every name that a module imports, wherever in it: ``package.name`` for ``from package import name``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    """A module imports only its own package and the ones below it."""
    home = max((p for p in MAY_IMPORT if within(module, p)), key=len)
    allowed = MAY_IMPORT[home]
    own = () if home == "auditor" else (home,)
    for name in imported(MODULES[module]):
        if any(within(name, package) for package in OURS):
            assert any(within(name, a) for a in (*allowed, *own)), f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_only_collectors_reach_the_network(module: str) -> None:
    """No SDK and no HTTP library is imported outside the collectors."""
    if within(module, "collectors"):
        return
    for name in imported(MODULES[module]):
        assert not any(within(name, package) for package in NETWORK), f"{module} imports {name}"


@pytest.mark.parametrize("module", [m for m in MODULES if any(within(m, p) for p in PURE)])
def test_what_judges_is_pure(module: str) -> None:
    """Nothing that judges or reports looks at the process, the clock, the disk or chance."""
    for name in imported(MODULES[module]):
        assert not any(within(name, package) for package in SEES_THE_WORLD), f"{module} imports {name}"
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in ("now", "utcnow", "today", "read_text", "write_text"), f"{module} is not pure"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_short_and_says_what_it_is(module: str) -> None:
    """A module fits in one reading and begins with a docstring."""
    text = MODULES[module].read_text("utf-8")
    assert len(text.splitlines()) < LONGEST_MODULE, module
    assert ast.get_docstring(ast.parse(text)), module


OFFLINE = """
import sys
from auditor.cli import main
code = main({argv!r})
loaded = sorted(m for m in sys.modules if m.split(".")[0] in ("azure", "requests", "msal", "collectors"))
print("loaded:", loaded, "code:", code, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("snapshot", ["--snapshot", "SNAPSHOT", "-f", "json"]),
        ("a baseline", ["--snapshot", "SNAPSHOT", "--baseline", "REPORT", "-f", "json"]),
        ("diff", ["diff", "SNAPSHOT", "SNAPSHOT"]),
        ("diff of reports", ["diff", "REPORT", "REPORT", "-f", "json"]),
        ("rules", ["rules"]),
        ("one rule", ["rules", "DNS-002"]),
        ("a schema", ["schema", "report"]),
        ("permissions", ["permissions"]),
        ("help", ["--help"]),
        ("version", ["--version"]),
        ("a mistake", ["--snapshot", "not-there.json"]),
    ],
)
def test_offline_commands_load_no_sdk(name: str, argv: list[str], saved: Path) -> None:
    """A command that needs no Azure does not pay for importing it."""
    files = {"SNAPSHOT": saved, "REPORT": saved.with_name("report.json")}
    argv = [str(files.get(a, a)) for a in argv]
    done = subprocess.run(  # noqa: S603  (our own interpreter and code)
        [sys.executable, "-c", OFFLINE.format(argv=argv)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "loaded: [] code:" in done.stderr, f"{name}: {done.stderr[-400:]}"


HELP = """
import sys
from auditor.cli import main
main(["--help"])
slow = ("auditor.engine", "auditor.topology", "rules", "pydantic", "rich", "jinja2")
print("loaded:", sorted(m for m in sys.modules if m.startswith(slow)), file=sys.stderr)
"""


def test_help_loads_neither_what_judges_nor_what_validates() -> None:
    """Help is there at once."""
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, cwd=ROOT, check=True)  # noqa: S603
    assert "Usage: audit" in done.stdout
    assert done.stderr.endswith("loaded: []\n"), done.stderr[-400:]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the secure recording, its report beside it."""
    from auditor.cli import main

    path = tmp_path_factory.mktemp("saved") / "snapshot.json"
    report = str(path.with_name("report.json"))
    assert main(["--replay", str(FIXTURES / "secure"), "--save-snapshot", str(path), "-q", "-o", report]) == 0
    return path
