"""STO-008: the default storage refuses anonymous blobs, plain HTTP and old TLS."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.verdict import Severity
from tests.arm.estate import Denial, Estate
from tests.arm.scenarios import everything_public, hub_project, secure
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
ANONYMOUS, HTTPS, TLS = (
    f"properties.{name}" for name in ("allowBlobPublicAccess", "supportsHttpsTrafficOnly", "minimumTlsVersion")
)
LOW, MEDIUM = Severity.LOW, Severity.MEDIUM


def account(name: str = "main", **properties: object) -> Change:
    """Other properties of an account; the word ``absent`` takes one out of the answer."""

    def change(e: Estate) -> None:
        holder = e.find(STORAGE, name)["properties"]
        holder.update(properties)
        for field in [field for field, value in properties.items() if value == "absent"]:
            del holder[field]

    return change


def bare(e: Estate) -> None:
    """An answer that shows nothing of the account."""
    e.find(STORAGE, "main")["properties"] = {}


OWN = [
    Row("sound", lambda e: None, "pass", "refuses anonymous blobs", TLS),
    Row("TLS 1.3", account(minimumTlsVersion="TLS1_3"), "pass"),
    Row("TLS in another case", account(minimumTlsVersion="tls1_2"), "pass"),
    Row(
        "anonymous blobs",
        account(allowBlobPublicAccess=True),
        "fail",
        "anonymous blobs",
        ANONYMOUS,
        MEDIUM,
        counter=True,
    ),
    Row(
        "silent on anonymous blobs",
        account(allowBlobPublicAccess="absent"),
        "fail",
        "does not say",
        ANONYMOUS,
        LOW,
        counter=True,
    ),
    Row("null on anonymous blobs", account(allowBlobPublicAccess=None), "fail", "does not say", ANONYMOUS, LOW),
    Row("text on anonymous blobs", account(allowBlobPublicAccess="false"), "unknown", shows=ANONYMOUS),
    Row("plain HTTP", account(supportsHttpsTrafficOnly=False), "fail", "sttidalmain takes plain HTTP", HTTPS, MEDIUM),
    Row("silent on HTTP", account(supportsHttpsTrafficOnly="absent"), "unknown", shows=HTTPS),
    Row("null on HTTP", account(supportsHttpsTrafficOnly=None), "unknown", shows=HTTPS),
    Row("text on HTTP", account(supportsHttpsTrafficOnly="true"), "unknown", shows=HTTPS),
    Row("TLS 1.0", account(minimumTlsVersion="TLS1_0"), "fail", "is TLS1_0", TLS, MEDIUM),
    Row("TLS 1.1 in another case", account(minimumTlsVersion="tls1_1"), "fail", "is tls1_1", TLS, MEDIUM),
    Row(
        "silent on TLS",
        account(minimumTlsVersion="absent"),
        "fail",
        "not set, which means 1.0",
        TLS,
        MEDIUM,
        counter=True,
    ),
    Row("null on TLS", account(minimumTlsVersion=None), "fail", "not set, which means 1.0", TLS, MEDIUM),
    Row("TLS of another version", account(minimumTlsVersion="TLS2_0"), "unknown", "is TLS2_0", TLS),
    Row("a number for TLS", account(minimumTlsVersion=1.2), "unknown", shows=TLS),
    Row(
        "a lesser flaw beside a worse one",
        account(allowBlobPublicAccess="absent", minimumTlsVersion="TLS1_0"),
        "fail",
        "does not say whether blobs may be public, and older accounts allow it then; the minimum TLS version",
        severity=MEDIUM,
    ),
    Row(
        "a flaw beside a doubt", account(allowBlobPublicAccess=True, supportsHttpsTrafficOnly=None), "fail", "anonymous"
    ),
    Row("the lake is not judged", account("lake", allowBlobPublicAccess=True), "pass"),
    Row("nothing in the answer", bare, "unknown", shows=HTTPS),
    Row("denied", lambda e: e.denied.append(Denial(type=STORAGE)), "unknown", shows=f"{STORAGE}/read"),
    Row("gone", lambda e: e.remove(e.find(STORAGE, "main")), "not-applicable"),
]
CASES = [
    (secure, OWN),
    (hub_project, [Row("the hub's account", account(minimumTlsVersion="TLS1_1"), "fail", "sttidalmain")]),
    (everything_public, [Row("an open account, well kept", lambda e: None, "pass", counter=True)]),
]
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_storage_hygiene(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    report = audited(estate)
    check(only(report, "STO-008"), row)
    if row.status == "fail":
        assert [r.rule.id for r in report.results if r.status == "fail" and r.rule.id != "AML-007"] == ["STO-008"]
