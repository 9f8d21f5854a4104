"""AML-011: one VNet holds endpoints of the workspace, its storage, its Key Vault and its registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.ml import WORKSPACE
from tests.arm.network import VNET, peer, subnet, vnet
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import everything_public, hub_and_spoke, hub_project, secure, service_endpoints
from tests.arm.services import REGISTRY, STORAGE, VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
SUBNET, CONNECTIONS = "properties.subnet.id", "properties.privateEndpointConnections"
STATUS = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
MEDIUM = Severity.MEDIUM
HIDDEN = f"/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg/providers/{ENDPOINT}"
TARGETS = {"workspace": (WORKSPACE, "mlw-tidal", "amlworkspace"), "vault": (VAULT, "", "vault")}
TARGETS |= {"registry": (REGISTRY, "", "registry"), "blob": (STORAGE, "main", "blob")}


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def annex(e: Estate) -> Json:
    """A VNet that is peered with that of the cluster."""
    home = e.find(VNET, "vnet-tidal")
    if not e.find_all(VNET, "vnet-annex"):
        at = Group(e, home["id"].partition("/providers/")[0], home["location"])
        peer(vnet(at, "vnet-annex", "10.98.0.0/16", {"snet-pe": "10.98.0.0/24"}), home)
    return subnet(e.find(VNET, "vnet-annex"), "snet-pe")


def moved(*labels: str) -> Change:
    """These endpoints in the other VNet, and nowhere else."""

    def change(e: Estate) -> None:
        for label in labels:
            e.set(e.find(ENDPOINT, f"pe-tidal-{label}"), SUBNET, annex(e)["id"])

    return change


def second(*labels: str) -> Change:
    """Further endpoints of these in the other VNet."""

    def change(e: Estate) -> None:
        for label in labels:
            kind, name, group = TARGETS[label]
            where = annex(e)
            at = Group(e, where["id"].partition("/providers/")[0], e.find(VNET, "vnet-annex")["location"])
            private_endpoint(at, f"pe-annex-{label}", e.find(kind, name), group, where)

    return change


def without(*labels: str) -> Change:
    def change(e: Estate) -> None:
        for label in labels:
            remove_private_endpoint(e, e.find(ENDPOINT, f"pe-tidal-{label}"))

    return change


def pending(label: str) -> Change:
    return lambda e: e.set(e.find(ENDPOINT, f"pe-tidal-{label}"), STATUS, "Pending")


def rejected(label: str) -> Change:
    """The target itself has rejected the connection."""

    def change(e: Estate) -> None:
        kind, name, _ = TARGETS[label]
        for connection in e.find(kind, name)["properties"]["privateEndpointConnections"]:
            connection["properties"]["privateLinkServiceConnectionState"]["status"] = "Rejected"

    return change


def hidden(label: str, status: str = "Approved", name: str = "pe-hidden", groups: object = None) -> Change:
    """A further connection, whose endpoint is out of sight."""

    def change(e: Estate) -> None:
        kind, target, _ = TARGETS[label]
        properties: Json = {"privateEndpoint": {"id": f"{HIDDEN}/{name}"}}
        properties |= {"privateLinkServiceConnectionState": {"status": status}, "groupIds": groups}
        e.find(kind, target)["properties"]["privateEndpointConnections"].append(
            {"name": name, "properties": properties}
        )

    return change


def unlisted(label: str) -> Change:
    kind, name, _ = TARGETS[label]
    return lambda e: e.unset(e.find(kind, name), CONNECTIONS)


def no_subnet(label: str) -> Change:
    return lambda e: e.unset(e.find(ENDPOINT, f"pe-tidal-{label}"), "properties.subnet")


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.append(Denial(scope=e.find(kind, name)["id"]) if name else Denial(type=kind))


SECURE = [
    Row("all in one", lambda e: None, "pass", "vnet-tidal holds private endpoints of workspace, blob", SUBNET),
    Row("clients come in elsewhere", second("workspace"), "pass", "vnet-tidal holds", counter=True),
    Row("all elsewhere", moved("workspace", "blob", "vault", "registry"), "pass", "vnet-annex holds"),
    Row("all twice", second("workspace", "blob", "vault", "registry"), "pass", "vnet-annex holds"),
    Row("ids in capitals", lambda e: e.set(e.find(ENDPOINT, "pe-tidal-vault"), SUBNET, capitals(e)), "pass"),
    Row("no endpoint for the vault", without("vault"), "pass", "of workspace, blob storage, container registry"),
    Row("its endpoint Pending", pending("vault"), "pass", "of workspace, blob storage, container registry"),
    Row("its endpoint rejected", rejected("vault"), "pass", "of workspace, blob storage, container registry"),
    Row("file storage elsewhere", moved("file"), "pass"),
    Row("AKS VNet denied", deny(VNET, "vnet-tidal"), "pass"),
    Row("one more, out of sight", hidden("workspace"), "pass", "vnet-tidal holds", counter=True),
    Row(
        "vault elsewhere", moved("vault"), "fail", "workspace in vnet-tidal; blob storage in vnet-tidal", SUBNET, MEDIUM
    ),
    Row("registry elsewhere", moved("registry"), "fail", "container registry in vnet-annex", SUBNET, MEDIUM),
    Row("blob elsewhere", moved("blob"), "fail", "blob storage in vnet-annex", SUBNET, MEDIUM),
    Row("workspace elsewhere", moved("workspace"), "fail", "workspace in vnet-annex; blob", SUBNET, MEDIUM),
    Row(
        "all there between two",
        both(second("workspace"), moved("vault")),
        "fail",
        "workspace in vnet-annex and vnet-tidal; blob storage in vnet-tidal; Key Vault in vnet-annex",
        SUBNET,
        MEDIUM,
        counter=True,
    ),
    Row(
        "a pending one there", both(second("vault"), moved("blob"), pending("blob")), "pass", "of workspace, Key Vault"
    ),
    Row("one of storage's for the web", both(hidden("blob", groups=["web"]), moved("blob")), "fail", severity=MEDIUM),
    Row("one Disconnected", both(hidden("vault", "Disconnected"), moved("vault")), "fail", "Key Vault in vnet-annex"),
    Row("one of a managed network", both(hidden("vault", name="__SYS_PE_x"), moved("vault")), "fail", "Key Vault"),
    Row("of another, out of sight", both(hidden("registry"), moved("vault")), "fail", "Key Vault in", severity=MEDIUM),
    Row("the workspace's out of sight", both(hidden("workspace"), moved("vault")), "fail", severity=MEDIUM),
    Row("the vault's out of sight", both(hidden("vault"), moved("vault")), "unknown", "pe-hidden", f"{ENDPOINT}/read"),
    Row("its only one denied", deny(ENDPOINT, "pe-tidal-vault"), "unknown", "Key Vault", f"{ENDPOINT}/read"),
    Row("the workspace's denied", deny(ENDPOINT, "pe-tidal-workspace"), "unknown", shows=f"{ENDPOINT}/read"),
    Row("endpoints denied", deny(ENDPOINT), "unknown", shows=f"{ENDPOINT}/read"),
    Row("no subnet in the answer", no_subnet("vault"), "unknown", shows=SUBNET),
    Row("state not in the answer", lambda e: e.unset(e.find(ENDPOINT, "pe-tidal-vault"), STATUS), "unknown"),
    Row("connections not listed", unlisted("vault"), "pass"),
    Row("elsewhere, not listed", both(unlisted("vault"), moved("vault")), "unknown", shows=CONNECTIONS),
    Row("vault denied", deny(VAULT), "unknown", shows=f"{VAULT}/read"),
    Row("storage denied", deny(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("vault gone", lambda e: e.remove(e.find(VAULT)), "pass", "of workspace, blob storage, container registry"),
    Row("no registry yet", lambda e: e.unset(e.find(WORKSPACE), "properties.containerRegistry"), "pass", "Key Vault"),
    Row("none of the workspace", without("workspace"), "not-applicable", "the workspace has no approved"),
    Row("the workspace's Pending", pending("workspace"), "not-applicable", "the workspace has no approved"),
    Row("of the workspace alone", without("blob", "vault", "registry"), "not-applicable", "neither storage"),
]
OTHERS = [
    (hub_and_spoke, Row("in the spoke", lambda e: None, "pass", "vnet-keel holds")),
    (lambda: hub_and_spoke("hub"), Row("in the hub", lambda e: None, "pass", "vnet-keel-hub holds", counter=True)),
    (service_endpoints, Row("service endpoints", lambda e: None, "not-applicable", "workspace has no approved")),
    (everything_public, Row("public", lambda e: None, "not-applicable", "workspace has no approved")),
    (hub_project, Row("the hub's", lambda e: None, "pass", "vnet-tidal holds")),
    (hub_project, Row("the hub's, vault elsewhere", moved("vault"), "fail", "Key Vault in vnet-annex")),
    (hub_project, Row("hub denied", deny(WORKSPACE, "mlw-tidal"), "unknown", shows=f"{WORKSPACE}/read")),
]
ROWS = [(secure, row) for row in SECURE] + OTHERS


def capitals(e: Estate) -> str:
    return str(subnet(e.find(VNET, "vnet-tidal"), "snet-pe")["id"]).upper()


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_shared_vnet(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "AML-011"), row)
    if row.status == "fail":  # STO-010 asks the same of the storage account alone
        failed = {r.rule.id for r in report.results if r.status == "fail"}
        assert failed - {"STO-010"} == {"AML-011"}


@pytest.mark.parametrize(
    ("change", "absentee", "group", "place"),
    [
        (moved("vault"), "kv-tidal", "vault", "vnet-tidal"),
        (moved("workspace"), "mlw-tidal", "amlworkspace", "vnet-tidal"),
        (moved("workspace", "blob", "vault"), "crtidal", "registry", "vnet-annex"),
    ],
    ids=["the vault", "the workspace", "the registry"],
)
def test_the_fix_adds_what_is_missing_where_the_most_are(change: Change, absentee: str, group: str, place: str) -> None:
    estate = secure()
    change(estate)
    fix = only(audited(estate), "AML-011").fix
    assert fix.startswith(f"az network private-endpoint create -g rg-tidal-net -n pe-{absentee} --vnet-name {place} ")
    assert f"/{absentee} --group-id {group} --connection-name {absentee}" in fix
