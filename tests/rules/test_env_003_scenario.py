"""ENV-003: the environment is in the row "secure resources in a virtual network" of the article's table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.private_link import ENDPOINT, remove_private_endpoint
from tests.arm.scenarios import default_cluster, everything_public, hub_project, secure, service_endpoints
from tests.arm.services import REGISTRY, STORAGE, VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]


LOW, MEDIUM = Severity.LOW, Severity.MEDIUM


def deny(kind: str, name: str = "") -> Change:
    return lambda e: e.denied.extend(Denial(scope=body["id"]) for body in e.find_all(kind, name))


def open_workspace(e: Estate) -> None:
    e.set(e.find(WORKSPACE, "mlw-"), "properties.publicNetworkAccess", "Enabled")


def open_vault(e: Estate) -> None:
    e.find(VAULT)["properties"] |= {"publicNetworkAccess": "Enabled", "networkAcls": None}


def open_registry(e: Estate) -> None:
    e.set(e.find(REGISTRY), "properties.networkRuleSet.defaultAction", "Allow")


def no_registry(e: Estate) -> None:
    e.set(e.find(WORKSPACE), "properties.containerRegistry", None)


def without(name: str) -> Change:
    return lambda e: remove_private_endpoint(e, e.find(ENDPOINT, name))


def both(*changes: Change) -> Change:
    return lambda e: [change(e) for change in changes].clear()


SECURE = [
    Row("sound", lambda e: None, "pass", "through the virtual network", "access"),
    Row("no registry yet", no_registry, "pass"),
    Row("public workspace", open_workspace, "fail", "workspace is public", "access", LOW),
    Row("vault public", open_vault, "fail", "key vault public", "access", MEDIUM),
    Row("no way to files", without("pe-tidal-file"), "fail", "storage none", "access", MEDIUM, counter=True),
    Row("no way to the registry", without("-registry"), "fail", "container registry none", "access", MEDIUM),
    Row("public workspace and vault", both(open_vault, open_workspace), "fail", "no row", "access", MEDIUM),
    Row("vault denied", deny(VAULT), "unknown", "how AKS reaches key_vault", f"{VAULT}/read"),
    Row("storage denied", deny(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("vault public, storage denied", both(open_vault, deny(STORAGE)), "fail", "key vault public", severity=MEDIUM),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
]
HUB = [
    Row("the hub's parts", lambda e: None, "pass"),
    Row("the hub public", open_workspace, "fail", "workspace is public", severity=LOW),
    Row("hub denied", deny(WORKSPACE, "mlw-"), "unknown", shows=f"{WORKSPACE}/read"),
]
SUBNETS = [
    Row("service endpoints", lambda e: None, "fail", "workspace is public", "access", LOW),
    Row("registry public", open_registry, "fail", "registry public", "access", MEDIUM),
]
MADE_BY_AKS = [Row("public cluster beside private endpoints", lambda e: None, "pass", counter=True)]
PUBLIC = [Row("all public", lambda e: None, "fail", "no part is in a virtual network", "access", MEDIUM)]
CASES = (
    (secure, SECURE),
    (hub_project, HUB),
    (service_endpoints, SUBNETS),
    (default_cluster, MADE_BY_AKS),
    (everything_public, PUBLIC),
)
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_secure_row(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "ENV-003"), row)


@pytest.mark.parametrize(
    ("change", "mends"),
    [
        (open_vault, ["az keyvault update -g rg-tidal -n kv-tidal --public-network-access Disabled"]),
        (open_workspace, ["az ml workspace update -g rg-tidal -n mlw-tidal --public-network-access Disabled"]),
        (without("pe-tidal-file"), ["az network private-endpoint create", "--group-id file"]),
    ],
)
def test_the_fix_is_for_the_part_that_is_out_of_line(change: Change, mends: list[str]) -> None:
    estate = secure()
    change(estate)
    fix = only(audited(estate), "ENV-003").fix
    assert all(part in fix for part in mends)
    assert "&&" not in fix
