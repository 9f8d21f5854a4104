"""The known answer: what the audit says of Microsoft's own secure template, rule by rule."""

from __future__ import annotations

from functools import cache

import pytest

from auditor.model.report import Report
from tests.arm.quickstart import as_published, quickstart
from tests.audits import audited, only, results

# Deviations of the template from the documentation: it attaches the cluster as a legacy AksCompute, and gives the
# cluster's identity no role on the subnet.
FAIL = "AML-009 RBAC-005"
# It says nothing of the load balancer, which is a public one then, and nothing of TLS; Azure's answer need not show it.
OPEN = "AKS-009 AKS-010"
# One VNet, one storage account, a legacy compute; no batch endpoint, no user-assigned identity, not marked as HBI.
NONE = """
ENV-007
AML-004 AML-008
AKS-003 AKS-007 AKS-008
STO-005 STO-006 STO-007 STO-011
NET-001
DNS-006 DNS-009 DNS-010
RBAC-001 RBAC-002 RBAC-003 RBAC-004
"""
PASS = """
ENV-001 ENV-002 ENV-003 ENV-004 ENV-005 ENV-006
AML-001 AML-002 AML-003 AML-005 AML-006 AML-007 AML-010 AML-011
AKS-001 AKS-002 AKS-004 AKS-005 AKS-006 AKS-011
STO-001 STO-002 STO-003 STO-004 STO-008 STO-009 STO-010
KV-001 KV-002 KV-003 KV-004
ACR-001 ACR-002 ACR-003 ACR-004 ACR-005 ACR-006
NET-002 NET-003 NET-004 NET-005 NET-006 NET-007
DNS-001 DNS-002 DNS-003 DNS-004 DNS-005 DNS-007 DNS-008 DNS-011 DNS-012
"""
EXPECTED = {
    rule_id: outcomes
    for rule_ids, outcomes in (
        (FAIL, {"fail"}),
        (OPEN, {"fail", "unknown"}),
        (NONE, {"not-applicable"}),
        (PASS, {"pass"}),
    )
    for rule_id in rule_ids.split()
}


@cache
def report() -> Report:
    return audited(quickstart())


@pytest.mark.parametrize("rule_id", EXPECTED)
def test_the_official_template(rule_id: str) -> None:
    found = results(report(), rule_id)
    assert found
    for result in found:
        assert str(result.status) in EXPECTED[rule_id], result.verdict.message


def test_every_rule_of_the_catalogue_has_its_row() -> None:
    assert len(EXPECTED) == 74


def test_what_passes_takes_nothing_for_granted() -> None:
    """No pass leans on an assumption: all of the template can be read."""
    assert [(r.rule.id, r.verdict.assumptions) for r in report().results if r.verdict.assumptions] == []


def test_the_template_as_it_is_published_gives_the_vault_a_zone_that_nobody_asks() -> None:
    """It makes privatelink.vault.azure.net of the vault's public suffix; the vault's name is looked up elsewhere."""
    published = audited(as_published())
    assert "privatelink.vaultcore.azure.net" in only(published, "DNS-004").verdict.message
    before = {r.fingerprint: str(r.status) for r in report().results}
    changed = [(r.rule.id, str(r.status)) for r in published.results if before[r.fingerprint] != str(r.status)]
    assert changed == [("DNS-004", "fail")]
