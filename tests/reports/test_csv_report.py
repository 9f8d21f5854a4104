"""The CSV report: every result in a row, whole in every reader, and nothing in it runs."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.report import Report
from auditor.reports import csv_report
from auditor.reports.csv_report import BYTE_ORDER_MARK, COLUMNS, MAX_CELL, NOT_JUDGED, NOT_READ, harmless
from tests.arm.scenarios import SCENARIOS
from tests.audits import audited

from . import hostile, sample


def rows(of: Report) -> list[dict[str, str]]:
    text = csv_report.render(of).removeprefix(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_result_has_a_row_failures_first() -> None:
    found = rows(sample.everything())

    assert [r["status"] for r in found] == ["fail", "fail", "unknown", "waived", "pass", NOT_JUDGED, NOT_READ]
    assert [r["severity"] for r in found[:2]] == ["critical", "low"]
    first = found[0]
    assert first["environment"] == "mlw-harbour × k8s-harbour"
    assert first["environment_verdict"] == first["audit_verdict"] == "deviates"
    assert (first["scenario"], first["rule_id"], first["tier"]) == ("mixed", "DNS-002", "core")
    assert first["access"].startswith("workspace: public | storage: unknown")
    assert (first["resource"], first["resource_id"]) == ("privatelink.api.azureml.ms", sample.ZONE)
    assert first["message"] == "privatelink.api.azureml.ms is not linked where vnet-aks resolves names"
    assert first["fix"].startswith("az network private-dns link vnet create")
    assert f"{sample.ZONE} virtualNetworkLinks: []" in first["evidence"]
    assert first["controls"] == "MCSB NS-2 | MCSB NS-1"
    assert first["references"].startswith("https://learn.microsoft.com/")
    assert first["fingerprint"] == sample.everything().results[0].fingerprint


def test_what_was_not_seen_names_the_permission() -> None:
    found = {r["status"]: r for r in rows(sample.everything())}

    assert found["unknown"]["needed_actions"] == found[NOT_READ]["needed_actions"] == sample.ENDPOINT_READ
    assert "(HTTP 403); needs" in found["unknown"]["missing"]
    assert "could not list Microsoft.Network/privateEndpoints" in found[NOT_READ]["message"]
    assert found[NOT_JUDGED]["message"] == "no AKS attached"
    assert found["pass"]["assumptions"] == "x"
    assert found["pass"]["fix"] == ""
    assert (found["waived"]["waiver_reason"], found["waived"]["waiver_expires"]) == (sample.WAIVER.reason, "2026-12-31")


def test_a_scope_without_environments_is_not_an_empty_file() -> None:
    (row,) = rows(sample.report())

    assert row["status"] == NOT_JUDGED
    assert row["audit_verdict"] == "undetermined"
    assert row["message"].startswith("No environment was found")


@pytest.mark.parametrize("name", SCENARIOS)
def test_real_reports_are_whole(name: str) -> None:
    of = audited(SCENARIOS[name]())
    found = [r for r in rows(of) if r["status"] not in (NOT_JUDGED, NOT_READ)]

    assert sorted(r["fingerprint"] for r in found) == sorted(r.fingerprint for r in of.results)
    assert {r["status"]: sum(x["status"] == r["status"] for x in found) for r in found} == {
        s: of.count(s) for s in {r.status for r in of.results}
    }


def test_excel_knows_the_encoding_and_every_record_is_one_line() -> None:
    text = csv_report.render(hostile.hostile(hostile.EVERYTHING))

    assert text.encode("utf-8").startswith(b"\xef\xbb\xbf")
    lines = text.removeprefix(BYTE_ORDER_MARK).split("\r\n")
    assert lines.pop() == ""
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 1 + len(rows(hostile.hostile(hostile.EVERYTHING)))
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("words", hostile.FORMULAS)
def test_no_cell_is_a_formula(words: str) -> None:
    """Neither at its start nor behind what another locale takes for the end of a cell."""
    for row in rows(hostile.hostile(words)):
        for name, cell in row.items():
            assert not re.search(r"(?:^|[,;])[\s\"]*[=+\-@＝＋－＠]", cell), (name, cell)


@given(st.text("=+-@＝;,'\" \t\r\nab1"))
def test_text_of_any_make_is_defused_and_otherwise_kept(words: str) -> None:
    safe = harmless(words)

    for part in re.split("[,;]", safe):
        assert not re.match(r"\s*\"*\s*[=+\-@＝＋－＠]", part)
    assert safe.replace("'", "") == words.replace("'", "")


def test_plain_text_stays_as_it_is() -> None:
    for words in ("az network vnet show -g rg --name x", "a-b", "10.0.0.0/8, 172.16.0.0/12", "x=1", "mlw × k8s"):
        assert harmless(words) == words


def test_a_cell_is_not_longer_than_a_spreadsheet_takes() -> None:
    found = rows(hostile.hostile("\N{GRINNING FACE}" * 40_000))

    assert max(len(cell.encode("utf-16-le")) // 2 for row in found for cell in row.values()) <= 32_767
    assert found[0]["message"].endswith("…")
    assert len(found[0]["message"]) == MAX_CELL


def test_a_large_estate_is_whole() -> None:
    assert len(rows(hostile.many(50, 20))) == 3_000
