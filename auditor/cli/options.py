"""What the commands take: each option once, with its help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor import __version__
from auditor.cli.outputs import RENDERERS


class FailOn(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    NEVER = "never"


class Listing(StrEnum):
    """The forms of the catalogue."""

    TABLE = "table"
    JSON = "json"
    MD = "md"


class Schema(StrEnum):
    """What there is a schema of."""

    REPORT = "report"
    SNAPSHOT = "snapshot"


class Proofs(StrEnum):
    """The forms of a proof."""

    TABLE = "table"
    JSON = "json"


Subscriptions = Annotated[
    list[str] | None, typer.Option("--subscription", metavar="ID|NAME", help="A subscription to audit; repeatable.")
]
AllSubscriptions = Annotated[bool, typer.Option("--all-subscriptions", help="Every subscription that you can read.")]
ManagementGroup = Annotated[
    str | None, typer.Option("--management-group", metavar="ID", help="Every subscription in a management group.")
]
SnapshotFile = Annotated[
    Path | None, typer.Option("--snapshot", metavar="FILE", help="Judge a saved snapshot again, offline.")
]
ReplayFolder = Annotated[
    Path | None, typer.Option("--replay", metavar="DIR", help="Run the collectors over a recording, offline.")
]
CloudName = Annotated[
    str,
    typer.Option(
        "--cloud", metavar="NAME|URL", help="AzureCloud, AzureUSGovernment, AzureChinaCloud, or a Resource Manager URL."
    ),
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", metavar="ID", help="The tenant to sign in to, if you have several.")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", metavar="SECONDS", min=1, max=604800, help="Bound on the run; what was read by then is judged."
    ),
]
Concurrency = Annotated[int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="Reads at a time.")]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="Write a report: PATH.json, .sarif, .html, .md, .csv, .xml (JUnit), or FORMAT=PATH; - is stdout.",
    ),
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help=f"What stdout gets: table, {', '.join(RENDERERS)}.")
]
Fail = Annotated[FailOn, typer.Option("--fail-on", help="Lowest severity of a failed rule that makes the exit code 1.")]
Include = Annotated[
    str | None, typer.Option("--sarif-include", metavar="LIST", help="Also put unknown and/or pass results into SARIF.")
]
RuleFolders = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="DIR", help="A folder of rules of your own, Python that is run; repeatable."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="An audit.toml: rules off, severities, waivers, outputs."),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="An earlier JSON report: marks what is new, lists what was fixed."),
]
UriPrefix = Annotated[
    str | None,
    typer.Option(
        "--sarif-uri-prefix", metavar="PREFIX", help="Put a folder before the paths in SARIF; / for Azure DevOps."
    ),
]
EvidenceFolder = Annotated[
    Path | None,
    typer.Option(
        "--evidence-dir", metavar="DIR", help="Write what was seen of each resource, in files where SARIF points."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no closing line.")]
Verbose = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Name every read on stderr.")]


Workspaces = Annotated[
    list[str] | None, typer.Option("--workspace", metavar="NAME|ID", help="Only this workspace; repeatable.")
]
ResourceGroups = Annotated[
    list[str] | None,
    typer.Option("--resource-group", metavar="NAME", help="Only workspaces in this resource group; repeatable."),
]
SaveSnapshot = Annotated[
    Path | None, typer.Option("--save-snapshot", metavar="FILE", help="Keep the normalised snapshot.")
]
Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="DIR", help="Keep the raw exchange with Azure, without secrets, for --replay."),
]
Anonymize = Annotated[
    bool, typer.Option("--anonymize", help="Give the names and ids in a recording other ones, to share it.")
]
ServiceTagsFile = Annotated[
    Path | None,
    typer.Option(
        "--service-tags", metavar="FILE", help="Microsoft's ServiceTags_Public_<date>.json: where Azure ML calls from."
    ),
]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"audit {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")]
