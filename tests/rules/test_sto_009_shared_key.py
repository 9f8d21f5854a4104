"""STO-009: whether the default storage allows shared keys, and who uses them, agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import ml
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ALLOWED = "properties.allowSharedKeyAccess"
MODE = "properties.systemDatastoresAuthMode"
KIND = "properties.credentials.credentialsType"
DATASTORE = f"{ml.WORKSPACE}/datastores"


def keys(allowed: object) -> Change:
    """Whether the account allows shared keys; ``absent`` takes that out of the answer."""

    def change(e: Estate) -> None:
        e.set(e.find(STORAGE, "main"), ALLOWED, allowed)
        if allowed == "absent":
            e.unset(e.find(STORAGE, "main"), ALLOWED)

    return change


def refused(mode: object, kind: object = "None", workspace: str = "mlw-") -> Change:
    """No shared keys; the workspace opens its datastores in this mode, and they hold credentials of this kind."""

    def change(e: Estate) -> None:
        keys(False)(e)
        e.set(e.find(ml.WORKSPACE, workspace), MODE, mode)
        if mode == "absent":
            e.unset(e.find(ml.WORKSPACE, workspace), MODE)
        for body in e.find_all(DATASTORE, "workspace"):
            body["properties"]["credentials"] = {"credentialsType": kind}

    return change


def one(kind: object, name: str = "workspaceblobstore") -> Change:
    """By identity, but one datastore holds credentials of another kind."""

    def change(e: Estate) -> None:
        refused("identity")(e)
        e.find(DATASTORE, name)["properties"]["credentials"] = {"credentialsType": kind}

    return change


def all_of(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for each in changes:
            each(e)

    return change


def datastore(name: str, **properties: object) -> Change:
    return lambda e: e.find(DATASTORE, name)["properties"].update(properties)


def unread(kind: str) -> Change:
    return lambda e: e.denied.append(Denial(type=kind))


def bare(e: Estate) -> None:
    """An answer that shows nothing of the account."""
    e.find(STORAGE, "main")["properties"] = {}


OWN = [
    Row("keys allowed and used", lambda e: None, "pass", "sttidalmain allows shared keys", ALLOWED, counter=True),
    Row("keys allowed, absent", keys("absent"), "pass", "allows shared keys", ALLOWED, counter=True),
    Row("keys allowed, null", keys(None), "pass", "allows shared keys", ALLOWED),
    Row("keys allowed, datastores denied", unread(DATASTORE), "pass"),
    Row("text for keys", keys("false"), "unknown", shows=ALLOWED),
    Row("refused, by identity", refused("identity"), "pass", "nothing in mlw-tidal uses them", MODE),
    Row("refused, Identity", refused("Identity"), "pass", shows=ALLOWED),
    Row("refused, by user delegation", refused("UserDelegationSAS"), "pass", shows=MODE),
    Row("refused, by key", refused("accesskey"), "fail", "mlw-tidal opens its datastores with one", MODE),
    Row("refused, AccessKey", refused("AccessKey"), "fail", shows=MODE),
    Row("refused, mode absent", refused("absent"), "unknown", shows=MODE),
    Row("refused, mode null", refused(None), "unknown", shows=MODE),
    Row("refused, mode of another kind", refused("magic"), "unknown", "by magic", MODE),
    Row("refused, nothing changed", keys(False), "fail", "; sttidalmain refuses shared keys, and the datastore ", KIND),
    Row(
        "one datastore kept its key",
        one("AccountKey"),
        "fail",
        "the datastore workspaceblobstore holds one",
        KIND,
        counter=True,
    ),
    Row("in another case", one("accountkey"), "fail", "workspaceblobstore", KIND),
    Row("one with a SAS", one("Sas"), "unknown", "credentials of type Sas", KIND),
    Row("one with a service principal", one("ServicePrincipal"), "pass"),
    Row("one of a kind not known", one("Password"), "unknown", shows=KIND),
    Row("one without credentials", one(None), "unknown", shows=KIND),
    Row(
        "a key beside a SAS",
        all_of(one("Sas"), datastore("workspacefilestore", credentials={"credentialsType": "AccountKey"})),
        "fail",
        "workspacefilestore",
    ),
    Row("a key on another account", one("AccountKey", "lake"), "pass", counter=True),
    Row(
        "account named in another case",
        all_of(one("AccountKey"), datastore("workspaceblobstore", accountName="STTIDALMAIN")),
        "fail",
    ),
    Row(
        "a datastore of no account",
        all_of(refused("identity"), datastore("lake", accountName=None)),
        "unknown",
        shows="accountName",
    ),
    Row(
        "a datastore of no type",
        all_of(refused("identity"), datastore("lake", datastoreType=None)),
        "unknown",
        shows="datastoreType",
    ),
    Row(
        "a datastore not on storage",
        all_of(refused("identity"), datastore("lake", datastoreType="OneLake", accountName=None)),
        "pass",
    ),
    Row("datastores denied", all_of(refused("identity"), unread(DATASTORE)), "unknown", shows=f"{DATASTORE}/read"),
    Row("datastores denied, by key", all_of(refused("accesskey"), unread(DATASTORE)), "fail", shows=MODE),
    Row("nothing in the answer", bare, "unknown", shows=ALLOWED),
    Row("storage denied", unread(STORAGE), "unknown", shows=f"{STORAGE}/read"),
    Row("storage gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
]
HUB = [
    Row("the hub by identity", refused("identity"), "pass", shows=MODE),
    Row("the hub by key", refused("accesskey"), "fail", "mlw-tidal opens", MODE),
]
CASES = [(secure, OWN), (hub_project, HUB), (service_endpoints, [Row("by identity", refused("identity"), "pass")])]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_key_agrees(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-009"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail" and r.rule.id != "AML-007"] == ["STO-009"]


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        (
            refused("accesskey"),
            "az ml workspace update -g rg-tidal -n mlw-tidal --system-datastores-auth-mode identity",
        ),
        (one("AccountKey"), "az ml datastore create -g rg-tidal -w mlw-tidal -n workspaceblobstore --file "),
    ],
)
def test_the_fix_is_of_what_is_wrong(change: Change, begins: str) -> None:
    estate = secure()
    change(estate)
    fix = only(audited(estate), "STO-009").fix
    assert fix.startswith(begins)
    assert "&&" not in fix
