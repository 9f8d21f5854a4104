"""ENV-006: the storage account, Key Vault and registry that the workspace names exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import roles, services
from tests.arm.aks import CLUSTER
from tests.arm.estate import AUDITOR, Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import hub_project, secure
from tests.arm.services import REGISTRY, STORAGE, VAULT
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
NAMES = {STORAGE: "storageAccount", VAULT: "keyVault", REGISTRY: "containerRegistry"}
HIDDEN = "/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/rg"


def gone(*kinds: str) -> Change:
    def change(e: Estate) -> None:
        for kind in kinds:
            e.remove(e.find(kind, "main" if kind == STORAGE else ""))

    return change


def deny(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def names(kind: str, value: object) -> Change:
    return lambda e: e.set(e.find(WORKSPACE), f"properties.{NAMES[kind]}", value)


def vault_elsewhere(e: Estate) -> None:
    """A vault in a subscription that is not audited, but may be read."""
    shared = e.subscription("tidal-shared")
    roles.assign(e, f"/subscriptions/{shared}", "Reader", AUDITOR)
    names(VAULT, services.vault(e.group("rg-shared", "northeurope", shared), "kv-shared")["id"])(e)


def gone_and_denied(e: Estate) -> None:
    gone(VAULT)(e)
    deny(STORAGE)(e)


ALONE = [
    Row("sound", lambda e: None, "pass", "everything", "properties.containerRegistry"),
    Row("names in capitals", lambda e: names(STORAGE, e.find(STORAGE, "main")["id"].upper())(e), "pass"),
    Row("no registry yet", names(REGISTRY, None), "pass", counter=True),
    Row("in another subscription", vault_elsewhere, "pass", counter=True),
    Row("another account gone", lambda e: e.remove(e.find(STORAGE, "lake")), "pass"),
    Row("storage gone", gone(STORAGE), "fail", "the storage account sttidalmain", "properties.storageAccount"),
    Row("vault gone", gone(VAULT), "fail", "the Key Vault kv-tidal", "properties.keyVault"),
    Row("registry gone", gone(REGISTRY), "fail", "the container registry crtidal", "properties.containerRegistry"),
    Row("two gone", gone(VAULT, REGISTRY), "fail", "kv-tidal and the container registry crtidal"),
    Row("one gone, another denied", gone_and_denied, "fail", "kv-tidal"),
    Row(
        "its group gone",
        lambda e: names(VAULT, e.find(VAULT)["id"].replace("rg-tidal", "rg-old"))(e),
        "fail",
        "kv-tidal",
    ),
    Row("vault denied", deny(VAULT), "unknown", shows=f"{VAULT}/read"),
    Row("storage denied", deny(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("registry denied", deny(REGISTRY), "unknown", shows=f"{REGISTRY}/read"),
    Row("subscription unseen", names(VAULT, f"{HIDDEN}/providers/{VAULT}/kv"), "unknown", "SubscriptionNotFound"),
    Row("names no storage", names(STORAGE, None), "unknown", shows="properties.storageAccount"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable"),
    Row("cluster denied", deny(CLUSTER), "unknown", shows=f"{CLUSTER}/read"),
]
PROJECT = [
    Row("of a Project: the hub's", lambda e: None, "pass", "everything", "properties.keyVault"),
    Row("of a Project: the hub's vault gone", gone(VAULT), "fail", "kv-tidal"),
    Row(
        "of a Project: hub denied",
        lambda e: e.denied.append(Denial(scope=e.find(WORKSPACE, "mlw-")["id"])),
        "unknown",
        shows=f"{WORKSPACE}/read",
    ),
]
ROWS = [(build, row) for build, rows in ((secure, ALONE), (hub_project, PROJECT)) for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[r.name for _, r in ROWS])
def test_resources_exist(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    result = only(audited(estate), "ENV-006")
    check(result, row)
    assert result.resource_id == estate.find(WORKSPACE, "mlw-")["id"]


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_gone_fails_nothing_else(kind: str) -> None:
    """The other rules about a resource do not apply to one that does not exist."""
    estate = secure()
    gone(kind)(estate)
    assert [r.rule.id for r in audited(estate).results if r.status == "fail"] == ["ENV-006"]


@pytest.mark.parametrize(
    ("kind", "mends"),
    [(VAULT, "az keyvault recover -n kv-tidal"), (REGISTRY, "az resource show --ids /subscriptions/")],
)
def test_the_fix_is_for_what_is_gone(kind: str, mends: str) -> None:
    estate = secure()
    gone(kind)(estate)
    result = only(audited(estate), "ENV-006")
    assert result.fix.startswith(mends)
    assert "&&" not in result.fix
    assert [e.path for e in result.verdict.evidence] == [f"properties.{NAMES[kind]}"]
