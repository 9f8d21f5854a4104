"""Reports built by hand: no rules, no collection, only what a report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

from auditor.model.clouds import Cloud
from auditor.model.decisions import Waiver
from auditor.model.environment import Access, Environment, Network, Scenario
from auditor.model.facts import Evidence
from auditor.model.report import Report, Run, Unjudged
from auditor.model.resource import Resource
from auditor.model.result import Result
from auditor.model.rule import Rule, Tier
from auditor.model.snapshot import Failure, Listing, Scope, Snapshot, Subscription
from auditor.model.types import CLUSTERS, COMPUTES, PRIVATE_ENDPOINTS, WORKSPACES
from auditor.model.verdict import Severity, Verdict, fail, ok, unknown

SUBSCRIPTION = "6f1c2d3e-4b5a-4697-8f80-112233445566"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-harbour"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stharbour"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-harbour"
ZONE = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-aks"
ENDPOINT_READ = "Microsoft.Network/privateEndpoints/read"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLOUD = Cloud(
    name="AzureCloud",
    family="AzureCloud",
    resource_manager="https://management.azure.com",
    authority="https://login.microsoftonline.com",
    audience="https://management.azure.com",
)
DENIED = Failure(
    reason=f"AuthorizationFailed: not permitted to {ENDPOINT_READ}", http_status=403, needs_action=ENDPOINT_READ
)
DNS_FIX = (
    "az network private-dns link vnet create -g {workspace_group} -n {vnet} --zone-name privatelink.api.azureml.ms "
    "--virtual-network {vnet_id} --registration-enabled false  # then wait a few minutes"
)


def _check(_: object) -> Verdict:
    return ok("sound")


def rule(
    id: str = "DNS-002",
    severity: Severity = Severity.CRITICAL,
    title: str = "Workspace zones resolve from the AKS VNet",
    fix: str = DNS_FIX,
    **other: Any,
) -> Rule:
    page = f"{title}.\n\nWhat it checks: every zone.\n\nWhy it matters: names must resolve to private addresses."
    url = "https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns"
    made = Rule(
        id, title, severity, Tier.CORE, Environment, "home", _check, page, fix, url, (url,), ("MCSB NS-2", "MCSB NS-1")
    )
    return replace(made, **other)


def unlinked(at: Severity | None = None) -> Verdict:
    """A failure with a chain of evidence."""
    return fail(
        "privatelink.api.azureml.ms is not linked where vnet-aks resolves names",
        Evidence(ZONE, "virtualNetworkLinks", []),
        Evidence(VNET, "properties.dhcpOptions.dnsServers", None, "absent"),
        Evidence(VNET.upper(), "properties.dhcpOptions.dnsServers", None, "absent"),
        at=at,
    )


def unseen(reason: Failure = DENIED, resource_id: str = GROUP) -> Verdict:
    return unknown(reason.reason, reason.missing(resource_id, "properties"))


WAIVER = Waiver(("DNS-001",), "*", "accepted until the zones are merged", date(2026, 12, 31))


def waived(failed: Result) -> Result:
    return replace(failed, waiver=WAIVER)


def result(
    verdict: Verdict,
    of: Rule | None = None,
    resource_id: str = STORAGE,
    environment: Environment | None = None,
    subject: str | None = None,
    fix: str = "",
    names: Mapping[str, str] | None = None,
) -> Result:
    of = of or rule()
    if fix:
        of = replace(of, fix=fix)
    environment_id = environment.id if environment else None
    return Result(of, verdict, environment_id, resource_id, subject or environment_id or resource_id, names or {})


def environment(
    name: str = "harbour", scenario: Scenario = Scenario.MIXED, group: str = GROUP, **access: Access | None
) -> Environment:
    workspace = Resource(
        id=f"{group}/providers/{WORKSPACES}/mlw-{name}", type=WORKSPACES, body={"location": "northeurope"}
    )
    compute = Resource(id=f"{workspace.id}/computes/k8s-{name}", type=COMPUTES, body={})
    cluster = Resource(id=f"{group}/providers/{CLUSTERS}/aks-{name}", type=CLUSTERS, body={})
    parts: dict[str, Access | None] = {
        "workspace": Access.PRIVATE_ENDPOINT,
        "storage": Access.PRIVATE_ENDPOINT,
        "key_vault": Access.SERVICE_ENDPOINT,
        "container_registry": None,
        "cluster": Access.PRIVATE,
    }
    known: dict[str, Any] = {
        "id": compute.id,
        "cloud": CLOUD,
        "workspace": workspace,
        "compute": compute,
        "cluster": cluster,
        "network": Network(ok("located"), VNET),
        "access": {**parts, **access},
        "scenario": scenario,
    }
    # No report reads the rest, which changes with what rules ask.
    made = Environment(**{**{f.name: None for f in fields(Environment)}, **known})
    vars(made)["proofs"] = ()  # as if they had been asked for
    return made


def report(
    *results: Result,
    environments: Sequence[Environment] = (),
    unjudged: Sequence[Unjudged] = (),
    gaps: Sequence[Failure] = (),
    subscriptions: Sequence[str] = (SUBSCRIPTION,),
    scope: Scope | None = None,
    run_id: str = "run-1",
) -> Report:
    """A report; each gap is a failed list of private endpoints."""
    snapshot = Snapshot(
        taken_at=NOON,
        finished_at=NOON,
        cloud=CLOUD,
        tenant_id="0a1b2c3d-0000-4000-8000-00000000beef",
        subscriptions=[Subscription(id=s, name="Harbour", audited=True) for s in subscriptions],
        scope=scope or Scope(),
        listings=[
            Listing(scope=f"/subscriptions/{SUBSCRIPTION}", type=PRIVATE_ENDPOINTS, failure=gap, query=str(number))
            for number, gap in enumerate(gaps)
        ],
    )
    rules = {r.rule.id: r.rule for r in results} or {"DNS-002": rule()}
    run = Run(run_id, NOON, NOON.replace(minute=1), "live")
    return Report(run, snapshot, tuple(environments), tuple(unjudged), tuple(rules.values()), results)


def everything() -> Report:
    """A report with one of each kind of result, and everything else that can stand in one."""
    env = environment(workspace=Access.PUBLIC, storage=Access.UNKNOWN)
    storage = rule(
        "STO-004", Severity.HIGH, "Default storage is closed to public networks", "az storage account update"
    )
    vault = rule("KV-002", Severity.MEDIUM, "Key Vault closed to public networks", "az keyvault update")
    passed = ok("the vault is closed", Evidence(VAULT, "properties.publicNetworkAccess", "Disabled"), assuming=["x"])
    return report(
        result(unlinked(), environment=env, resource_id=ZONE),
        result(fail("publicNetworkAccess is Enabled", at=Severity.LOW), storage, environment=env),
        result(unseen(), rule("STO-001"), environment=env),
        waived(result(unlinked(), rule("DNS-001"), environment=env)),
        result(passed, vault, VAULT, env),
        environments=[env],
        unjudged=[Unjudged(f"{GROUP}/providers/{WORKSPACES}/mlw-empty", "no AKS attached")],
        gaps=[DENIED],
    )
