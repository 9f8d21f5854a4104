"""The commands and their options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.errors import AuditError
from auditor.cli.options import (
    AllSubscriptions,
    Anonymize,
    BaselineFile,
    CloudName,
    Concurrency,
    ConfigFile,
    EvidenceFolder,
    Fail,
    FailOn,
    Format,
    Include,
    Listing,
    ManagementGroup,
    Outputs,
    Proofs,
    Quiet,
    Record,
    ReplayFolder,
    ResourceGroups,
    RuleFolders,
    SaveSnapshot,
    Schema,
    ServiceTagsFile,
    SnapshotFile,
    Subscriptions,
    Tenant,
    Timeout,
    UriPrefix,
    Verbose,
    Version,
    Workspaces,
)
from auditor.cli.outputs import RENDERERS, check_stdout, parse, to_stdout
from auditor.model.rule import Tier
from auditor.model.verdict import Severity, Status

# What judges and what renders is imported by the commands that need it: help is there at once.
if TYPE_CHECKING:
    from auditor.auditing import Source
    from auditor.cli.running import Wish
    from auditor.reports.sarif import Options

app = typer.Typer(
    help="Audit secure AKS inference environments on Azure Machine Learning.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    subscription: Subscriptions = None,
    all_subscriptions: AllSubscriptions = False,
    management_group: ManagementGroup = None,
    snapshot: SnapshotFile = None,
    replay: ReplayFolder = None,
    workspace: Workspaces = None,
    resource_group: ResourceGroups = None,
    output: Outputs = None,
    format: Format = "table",  # noqa: A002  (the option's name)
    fail_on: Fail = FailOn.LOW,
    save_snapshot: SaveSnapshot = None,
    record: Record = None,
    anonymize: Anonymize = False,
    service_tags: ServiceTagsFile = None,
    cloud: CloudName = "AzureCloud",
    tenant: Tenant = None,
    timeout: Timeout = None,
    concurrency: Concurrency = 32,
    sarif_include: Include = None,
    rules: RuleFolders = None,
    config: ConfigFile = None,
    baseline: BaselineFile = None,
    sarif_uri_prefix: UriPrefix = None,
    evidence_dir: EvidenceFolder = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    version: Version = False,
) -> int | None:
    """Audit secure AKS inference environments on Azure Machine Learning, live or offline. Reads only."""
    if context.invoked_subcommand is not None:
        return None
    from auditor.auditing import Source
    from auditor.cli.running import run
    from auditor.model.snapshot import Scope

    source = Source(
        subscriptions=tuple(subscription or ()),
        everything=all_subscriptions,
        management_group=management_group,
        snapshot=snapshot,
        replay=replay,
        cloud=cloud,
        tenant=tenant,
        service_tags=service_tags,
        record=record,
        anonymize=anonymize,
        threads=concurrency,
        seconds=timeout,
    )
    _check_source(source)
    scope = Scope(workspaces=list(workspace or ()), resource_groups=list(resource_group or ()))
    sarif = _sarif(sarif_include, sarif_uri_prefix, evidence_dir)
    wish = _wish(output, format, fail_on, sarif, quiet, verbose, save_snapshot, rules)
    return run(source, scope, replace(wish, config=config, baseline=baseline, evidence=evidence_dir))


@app.command()
def demo(
    output: Outputs = None,
    format: Format = "table",  # noqa: A002
    fail_on: Fail = FailOn.LOW,
    sarif_include: Include = None,
    rules: RuleFolders = None,
    config: ConfigFile = None,
    baseline: BaselineFile = None,
    sarif_uri_prefix: UriPrefix = None,
    evidence_dir: EvidenceFolder = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> int:
    """Audit a recording that ships with the tool: no Azure account is needed."""
    from auditor.auditing import Source
    from auditor.cli.catalogue import demo_folder
    from auditor.cli.running import run
    from auditor.model.snapshot import Scope

    sarif = _sarif(sarif_include, sarif_uri_prefix, evidence_dir)
    wish = _wish(output, format, fail_on, sarif, quiet, verbose, None, rules)
    wish = replace(wish, config=config, baseline=baseline, evidence=evidence_dir)
    return run(Source(replay=demo_folder()), Scope(), wish)


@app.command(name="explain")
def explain_(
    environment: Annotated[
        str, typer.Argument(metavar="ENVIRONMENT", help="Its id, or the name of its workspace, compute or cluster.")
    ],
    rule_id: Annotated[str | None, typer.Argument(metavar="[RULE]", help="Only what this rule found.")] = None,
    subscription: Subscriptions = None,
    all_subscriptions: AllSubscriptions = False,
    management_group: ManagementGroup = None,
    snapshot: SnapshotFile = None,
    replay: ReplayFolder = None,
    demo: Annotated[bool, typer.Option("--demo", help="The recording that ships with the tool.")] = False,
    format: Annotated[  # noqa: A002
        Proofs, typer.Option("--format", "-f", metavar="NAME", help="table or json.")
    ] = Proofs.TABLE,
    cloud: CloudName = "AzureCloud",
    tenant: Tenant = None,
    timeout: Timeout = None,
    concurrency: Concurrency = 32,
    rules: RuleFolders = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> int:
    """Show how AKS reaches each thing it needs, hop by hop, and where a path is broken."""
    from auditor.auditing import Source
    from auditor.cli import explaining
    from auditor.cli.catalogue import demo_folder
    from auditor.cli.running import Wish

    source = Source(
        subscriptions=tuple(subscription or ()),
        everything=all_subscriptions,
        management_group=management_group,
        snapshot=snapshot,
        replay=replay,
        cloud=cloud,
        tenant=tenant,
        threads=concurrency,
        seconds=timeout,
    )
    if not demo:
        _check_source(source, "explain", "--demo")
    elif source.name != "live" or source.subscriptions or source.everything or source.management_group is not None:
        raise AuditError("--demo cannot be used with another source", "choose one")
    else:
        source = Source(replay=demo_folder())
    wish = Wish(stdout=format, quiet=quiet, verbose=bool(verbose), rules=tuple(rules or ()), config=config)
    return explaining.run(source, environment, rule_id, wish)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A snapshot, or a JSON report.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="A later one of the same kind.")],
    format: Annotated[  # noqa: A002
        Proofs, typer.Option("--format", "-f", metavar="NAME", help="table or json.")
    ] = Proofs.TABLE,
    fail_on: Fail = FailOn.LOW,
    rules: RuleFolders = None,
    quiet: Quiet = False,
) -> int:
    """Show what differs between two snapshots or two JSON reports: new, fixed, changed."""
    from auditor.cli import diffing

    return diffing.run(
        old, new, format, None if fail_on is FailOn.NEVER else Severity(fail_on), tuple(rules or ()), quiet
    )


@app.command(name="rules")
def rules_(
    rule_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One rule's page; or which to list: DNS, 'AKS-01*'.")
    ] = None,
    severity: Annotated[
        list[Severity] | None, typer.Option("--severity", help="Only rules of this severity; repeatable.")
    ] = None,
    tier: Annotated[
        Tier | None, typer.Option("--tier", help="Only those of the article (core), or only those beyond (extended).")
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="Only rules whose page or controls hold this.")
    ] = None,
    rules: RuleFolders = None,
    format: Annotated[  # noqa: A002
        Listing, typer.Option("--format", "-f", metavar="NAME", help="table, json or md.")
    ] = Listing.TABLE,
) -> None:
    """List the rules, or print one rule's page."""
    from auditor.cli import catalogue, rulebook

    catalogue.show(rulebook.rules(tuple(rules or ())), catalogue.Filter(rule_id, severity, tier, search), format)


@app.command(name="schema")
def schema_(
    of: Annotated[Schema, typer.Argument(metavar="report|snapshot", help="Which file it describes.")],
) -> None:
    """Print the JSON Schema of the JSON report, or of a saved snapshot."""
    from auditor.reports import schemas

    to_stdout(schemas.render(of))


@app.command(name="permissions")
def permissions_(
    subscription: Annotated[
        list[str] | None,
        typer.Option("--subscription", metavar="ID", help="Where the role may be assigned; repeatable."),
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Say what each permission is for, instead.")] = False,
) -> None:
    """Print the smallest custom role that a full audit needs, as Azure role JSON. The role Reader does as well."""
    from auditor.cli import permissions

    if why:
        permissions.explain()
    else:
        permissions.show(subscription or [])


def _check_source(source: Source, doing: str = "audit", instead: str = "'audit demo'") -> None:
    given = [
        name
        for name, value in (
            ("--subscription", source.subscriptions),
            ("--all-subscriptions", source.everything),
            ("--management-group", source.management_group is not None),
            ("--snapshot", source.snapshot),
            ("--replay", source.replay),
        )
        if value
    ]
    if not given:
        raise AuditError(
            f"nothing to {doing}", f"give --subscription ID, or try {instead}; 'audit --help' lists the options"
        )
    if len(given) > 1:
        raise AuditError(f"{' and '.join(given)} cannot be used together", "choose one")
    if source.anonymize and not source.record:
        raise AuditError("--anonymize needs --record", "it changes the names in a recording: add --record DIR")
    if source.record and (source.snapshot or source.replay):
        raise AuditError(f"--record needs a live run, not {given[0]}", "use --subscription or --all-subscriptions")
    if any(not s.strip() for s in source.subscriptions):
        raise AuditError("--subscription is empty", "give it the id or the name of a subscription")
    if source.management_group is not None and not source.management_group.strip("/ "):
        raise AuditError("--management-group is empty", "give it the id of a management group")


def _wish(
    output: list[str] | None,
    format_: str,
    fail_on: FailOn,
    sarif: Options,
    quiet: bool,
    verbose: int,
    save_snapshot: Path | None,
    rules: list[Path] | None,
) -> Wish:
    from auditor.cli.running import Wish

    if format_ != "table" and format_ not in RENDERERS:
        raise AuditError(f"there is no report format {format_}", f"the formats are table, {', '.join(RENDERERS)}")
    outputs = tuple(parse(text) for text in output or ())
    check_stdout(outputs, format_)
    return Wish(
        outputs=outputs,
        stdout=format_,
        save_snapshot=save_snapshot,
        fail_on=None if fail_on is FailOn.NEVER else Severity(fail_on),
        sarif=sarif,
        quiet=quiet,
        verbose=bool(verbose),
        rules=tuple(rules or ()),
    )


def _sarif(include: str | None, prefix: str | None, evidence: Path | None) -> Options:
    from auditor.reports.sarif import Options

    root = prefix or ""
    climbs = any(part in (".", "..") for part in root.split("/"))
    if climbs or root.startswith("//") or set(root) & set(":\\") or not root.isprintable():
        raise AuditError(
            f"--sarif-uri-prefix {root} is no plain folder", "give it a path inside the repository, or / for a slash"
        )
    return Options(_included(include), root, evidence is not None)


def _included(text: str | None) -> frozenset[Status]:
    names = [name.strip().lower() for name in (text or "").split(",") if name.strip()]
    allowed = {"unknown": Status.UNKNOWN, "pass": Status.PASS}
    for name in names:
        if name not in allowed:
            raise AuditError(f"--sarif-include does not know {name}", "it takes unknown, pass, or both with a comma")
    return frozenset(allowed[name] for name in names)
