"""SARIF, as its consumers need it."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from auditor.model.facts import Evidence
from auditor.model.report import Report, Unjudged
from auditor.model.snapshot import Failure, Scope
from auditor.model.verdict import Severity, Status, fail, ok
from auditor.reports import sarif
from auditor.reports.pseudo_path import pseudo_path
from auditor.reports.sarif import Options
from auditor.reports.sarif_rules import SCORES, pascal_case
from tests.sarif import complaints

from . import sample
from .sample import DENIED, GROUP, STORAGE, SUBSCRIPTION, VAULT, VNET, ZONE, report, result, rule, unlinked, unseen

ALL = frozenset({Status.UNKNOWN, Status.PASS})


def run(of: Report, include: frozenset[Status] = frozenset(), root: str = "") -> dict[str, Any]:
    document = json.loads(sarif.render(of, Options(include, root)))
    assert complaints(document, quote(root.removesuffix("/") + "/" if root else "")) == []
    (only,) = document["runs"]
    return dict(only)


def only(of: Report, include: frozenset[Status] = frozenset()) -> dict[str, Any]:
    (found,) = run(of, include)["results"]
    return dict(found)


def uri(found: dict[str, Any]) -> str:
    return str(found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_every_kind_of_result_is_valid_and_has_what_consumers_insist_on() -> None:
    results = run(sample.everything(), ALL)["results"]

    assert [(r["ruleId"], r["kind"], r["level"]) for r in results] == [
        ("DNS-002", "fail", "error"),
        ("STO-004", "fail", "note"),
        ("DNS-001", "fail", "error"),
        ("STO-001", "open", "note"),
        ("KV-002", "pass", "none"),
    ]
    for found in results:
        assert found["message"]["text"].endswith(".")
        (place,) = found["locations"]
        assert place["physicalLocation"]["region"] == {"startLine": 1}
        assert uri(found).startswith("azure/")
        assert place["logicalLocations"][0]["fullyQualifiedName"].startswith("/subscriptions/")
        assert set(found["partialFingerprints"]) == {"primaryLocationLineHash", "auditFingerprint/v1"}


def test_only_failed_and_waived_results_are_in_by_default() -> None:
    results = run(sample.everything())["results"]

    assert [r["ruleId"] for r in results] == ["DNS-002", "STO-004", "DNS-001"]
    assert ["suppressions" in r for r in results] == [False, False, True]


def test_a_waived_result_says_who_accepted_what_until_when() -> None:
    """A consumer closes what is suppressed, and shows the justification."""
    (waived,) = [r for r in run(sample.everything())["results"] if "suppressions" in r]
    assert (waived["kind"], waived["level"]) == ("fail", "error")
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "accepted until the zones are merged. Until 2026-12-31.",
        }
    ]


def test_a_clean_run_still_has_results_and_rules() -> None:
    clean = run(report(result(ok("sound"))))

    assert clean["results"] == []
    assert len(clean["tool"]["driver"]["rules"]) == 1


def test_the_chain_is_in_related_locations_each_resource_once() -> None:
    related = only(report(result(unlinked(), resource_id=ZONE)))["relatedLocations"]

    names = [r["logicalLocations"][0]["fullyQualifiedName"] for r in related]
    assert names == [VNET]
    assert related[0]["message"]["text"] == "properties.dhcpOptions.dnsServers: absent"


def test_related_locations_are_capped() -> None:
    proof = [Evidence(f"{STORAGE}{n}", "properties.x", n) for n in range(2_000)]

    assert len(only(report(result(fail("open", *proof))))["relatedLocations"]) == 25


def test_results_point_at_their_rule() -> None:
    document = run(sample.everything(), ALL)

    rules = document["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in document["results"])


@pytest.mark.parametrize(
    ("severity", "level", "lowest", "highest"),
    [
        (Severity.CRITICAL, "error", 9.0, 10.0),
        (Severity.HIGH, "error", 7.0, 8.9),
        (Severity.MEDIUM, "warning", 4.0, 6.9),
        (Severity.LOW, "note", 0.1, 3.9),
        (Severity.INFO, "note", 0.0, 0.0),
    ],
)
def test_a_rule_says_its_severity_as_github_reads_it(
    severity: Severity, level: str, lowest: float, highest: float
) -> None:
    (described,) = run(report(result(unlinked(), rule(severity=severity))))["tool"]["driver"]["rules"]

    assert described["defaultConfiguration"]["level"] == level
    assert lowest <= float(described["properties"]["security-severity"]) <= highest
    assert isinstance(SCORES[severity], str)


def test_a_downgraded_result_has_its_own_level() -> None:
    document = run(report(result(unlinked(at=Severity.LOW), rule(severity=Severity.CRITICAL))))

    assert document["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] == "error"
    assert document["results"][0]["level"] == "note"


def test_a_rule_is_described_in_full() -> None:
    (described,) = run(report(result(unlinked())))["tool"]["driver"]["rules"]

    assert described["name"] == "WorkspaceZonesResolveFromTheAksVnet"
    assert described["shortDescription"]["text"] == "Workspace zones resolve from the AKS VNet."
    assert "Why it matters: names must resolve" in described["fullDescription"]["text"]
    assert "-g <workspace-group> -n <vnet>" in described["help"]["text"]
    assert "```sh\naz network" in described["help"]["markdown"]
    assert described["helpUri"].startswith("https://learn.microsoft.com/")
    assert "MCSB NS-2" in described["properties"]["tags"]


def test_long_or_empty_pages_stay_within_what_github_takes() -> None:
    paragraphs = "\n\n".join(["A paragraph of this page, " * 10] * 20)
    controls = tuple(f"MCSB NS-{n}" for n in range(30))
    long = rule("LNG-001", page=paragraphs, controls=controls, title="word " * 200)
    documented = run(report(result(unlinked(), long), result(unlinked(), rule("NIL-001", page=""))))

    first, second = documented["tool"]["driver"]["rules"]
    assert 0 < len(first["fullDescription"]["text"]) <= 1024
    assert len(first["name"]) <= 255
    assert len(first["properties"]["tags"]) == len(set(first["properties"]["tags"])) == 10
    assert second["fullDescription"]["text"]
    assert second["help"]["text"].startswith("Workspace zones")


def test_pascal_case_takes_words_apart_at_anything_else() -> None:
    assert pascal_case("Storage PE (or SE) shares the VNet/subnet") == "StoragePeOrSeSharesTheVnetSubnet"


# -- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arm_id", "path"),
    [
        (STORAGE, f"azure/{SUBSCRIPTION}/rg-harbour/microsoft.storage/storageaccounts/stharbour.json"),
        (
            f"{VNET}/subnets/nodes",
            f"azure/{SUBSCRIPTION}/rg-harbour/microsoft.network/virtualnetworks/vnet-aks/subnets/nodes.json",
        ),
        (
            f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/1",
            f"azure/{SUBSCRIPTION}/rg-harbour/microsoft.keyvault/vaults/kv-harbour/providers/"
            "microsoft.authorization/roleassignments/1.json",
        ),
        (GROUP, f"azure/{SUBSCRIPTION}/rg-harbour.json"),
        (f"/subscriptions/{SUBSCRIPTION}", f"azure/{SUBSCRIPTION}.json"),
        (
            f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r",
            f"azure/{SUBSCRIPTION}/microsoft.authorization/roledefinitions/r.json",
        ),
        ("/providers/Microsoft.Web/sourceControls/s", "azure/tenant/microsoft.web/sourcecontrols/s.json"),
        ("", "azure/tenant.json"),
    ],
)
def test_every_id_has_a_readable_path(arm_id: str, path: str) -> None:
    assert pseudo_path(arm_id) == path


def test_a_path_does_not_change_with_the_case_that_azure_answers() -> None:
    assert pseudo_path(STORAGE.upper()) == pseudo_path(STORAGE) == pseudo_path(STORAGE.lower() + "/")


@pytest.mark.parametrize("name", ["a b", "ä#?", "..", "a%2e", "x\n\u202ey", "http://evil", "a\\b", "\udcff"])
def test_a_path_is_a_relative_uri_whatever_the_name(name: str) -> None:
    path = pseudo_path(f"{GROUP}/providers/Microsoft.Compute/disks/{name}")

    assert path.isascii()
    assert path.isprintable()
    assert not set(" #?\\:") & set(path)
    assert ".." not in path.split("/")


def test_a_path_cannot_climb_out_of_its_folder() -> None:
    path = pseudo_path("/subscriptions/../resourceGroups/../providers/Microsoft.Compute/disks/d")

    assert ".." not in path.split("/")
    assert path.startswith("azure/_~")


def test_different_ids_have_different_paths() -> None:
    child = f"{VAULT}/Microsoft.Authorization/roleAssignments"
    ids = [
        GROUP,
        VAULT,
        f"{VAULT}/keys/k",
        f"{child}/1",
        f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/1",
    ]

    assert len({pseudo_path(i) for i in ids}) == len(ids)


@pytest.mark.parametrize(("root", "start"), [("", "azure/"), ("/", "/azure/"), ("an audit/", "an%20audit/azure/")])
def test_a_root_goes_before_every_path(root: str, start: str) -> None:
    (found,) = run(report(result(unlinked())), root=root)["results"]

    assert uri(found).startswith(start)
    assert found["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith(start)


# -- fingerprints --------------------------------------------------------------------------------------------------


def test_fingerprints_stay_when_only_what_was_seen_changes() -> None:
    before, after = only(report(result(unlinked()))), only(report(result(fail("seen otherwise")), run_id="run-2"))

    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert before["message"] != after["message"]


def test_environments_that_share_a_resource_have_findings_that_can_be_told_apart() -> None:
    """DefectDojo takes findings of one title, path, line and text for duplicates, and so does a reader."""
    one, two = sample.environment("one"), sample.environment("two")
    found = [result(unlinked(), environment=e) for e in (one, two)]
    found.append(result(unlinked(), resource_id=VAULT, environment=one))
    texts = [r["message"]["text"] for r in run(report(*found, environments=[one, two]))["results"]]

    alone = texts[2]
    assert texts == [f"{one.label}: {alone}", f"{two.label}: {alone}", alone]


def test_fingerprints_are_unique_in_the_file_even_for_the_same_subject() -> None:
    twice = result(unlinked())
    results = run(report(twice, twice, result(unlinked(), resource_id=VAULT)))["results"]

    for name in ("primaryLocationLineHash", "auditFingerprint/v1"):
        assert len({r["partialFingerprints"][name] for r in results}) == 3
    assert [r["partialFingerprints"]["primaryLocationLineHash"][-2:] for r in results] == [":1", ":2", ":1"]


# -- the run -------------------------------------------------------------------------------------------------------


def test_a_complete_collection_was_successful() -> None:
    invocation = run(report(result(unlinked())))["invocations"][0]

    assert invocation == {
        "executionSuccessful": True,
        "startTimeUtc": "2026-03-01T12:00:00Z",
        "endTimeUtc": "2026-03-01T12:01:00Z",
        "toolExecutionNotifications": [],
    }


def test_every_gap_is_a_notification_and_the_run_was_not_successful() -> None:
    late = Failure(reason="time is up")
    invocation = run(report(result(ok("sound")), gaps=[DENIED, late]))["invocations"][0]

    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert "(HTTP 403); needs Microsoft.Network/privateEndpoints/read." in first["message"]["text"]
    assert "time is up." in second["message"]["text"]
    assert {first["level"], second["level"]} == {"error"}


def test_scope_that_was_not_read_is_no_success_but_an_arc_cluster_is() -> None:
    unread = run(report(unjudged=[Unjudged(STORAGE, "computes could not be listed", DENIED)]))["invocations"][0]
    arc = run(report(unjudged=[Unjudged(STORAGE, "Arc cluster")]))["invocations"][0]

    assert unread["executionSuccessful"] is False
    assert unread["toolExecutionNotifications"][0]["level"] == "error"
    assert arc["executionSuccessful"] is True
    assert arc["toolExecutionNotifications"][0]["level"] == "note"


def test_the_category_is_the_scope_and_the_last_part_the_run() -> None:
    def category(of: Report) -> list[str]:
        return str(run(of)["automationDetails"]["id"]).rsplit("/", 1)

    one, again = category(report()), category(report(run_id="run-2"))
    assert one == [f"aks-inference-auditor/{report().snapshot.tenant_id}/{SUBSCRIPTION}", "run-1"]
    assert again == [one[0], "run-2"]
    assert category(report(subscriptions=["a", "b"]))[0].endswith("/all")
    assert category(report(scope=Scope(workspaces=["mlw"])))[0] != one[0]


# -- limits --------------------------------------------------------------------------------------------------------


def many(count: int) -> Report:
    low, high = rule("LOW-001", Severity.LOW), rule("CRT-001", Severity.CRITICAL)
    verdict = fail("open")
    return report(*(result(verdict, high if n == count - 1 else low, f"{STORAGE}{n}") for n in range(count)))


@pytest.mark.parametrize(
    ("count", "kept", "said"),
    [
        (5_000, 5_000, ""),
        (5_001, 5_001, "GitHub keeps only the 5,000"),
        (25_001, 25_000, "the 25,000 most severe of 25,001"),
    ],
)
def test_what_exceeds_a_limit_is_cut_from_the_least_severe_and_said(count: int, kept: int, said: str) -> None:
    (document,) = json.loads(sarif.render(many(count)))["runs"]

    assert len(document["results"]) == kept
    assert document["results"][0]["ruleId"] == "CRT-001"
    notes = document["invocations"][0]["toolExecutionNotifications"]
    assert said in "".join(n["message"]["text"] for n in notes)
    assert len(notes) == bool(said)


def test_a_file_is_never_larger_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_COMPRESSED", 5_000)
    document = run(many(500))

    assert 0 < len(document["results"]) < 500
    assert (
        "most severe of 500 results" in document["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    )


# -- text that comes from Azure's users ----------------------------------------------------------------------------

NASTY = "st\x1b[31m\x00red\u202egnp \r\nnext [click](https://evil.example) {0} \udcff ]( <b>"


def test_text_from_azure_decides_nothing() -> None:
    nasty_id = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{NASTY}".replace("\udcff", "")
    verdict = fail(NASTY, Evidence(nasty_id + "x", NASTY, {NASTY: [NASTY]}, NASTY))
    gap = Failure(reason=NASTY, needs_action=NASTY)
    text = sarif.render(report(result(verdict, resource_id=nasty_id, fix="{name}", names={"name": NASTY}), gaps=[gap]))

    text.encode()
    assert not [c for c in text if c != "\n" and not c.isprintable()]
    (document,) = json.loads(text)["runs"]
    found = document["results"][0]
    assert r"\[click\](https://evil.example) {{0}}" in found["message"]["text"]
    assert "\n" not in found["properties"]["remediation"]
    assert r"\[click\](" in found["relatedLocations"][0]["message"]["text"]
    assert r"\[click\](" in document["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert complaints(json.loads(text)) == []


def test_brackets_that_are_no_link_are_left_alone() -> None:
    found = only(report(result(fail("properties.subnets[0] holds {10.0.0.0/8} (see [1])"))))

    assert found["message"]["text"] == "properties.subnets[0] holds {10.0.0.0/8} (see [1])."


def test_a_result_always_says_something() -> None:
    assert only(report(result(fail("\x00 "))))["message"]["text"]
    assert only(report(result(fail(""))))["message"]["text"] == "Workspace zones resolve from the AKS VNet."
    assert len(only(report(result(fail("x" * 90_000))))["message"]["text"]) <= 2_000


def test_a_result_without_a_resource_still_has_a_location() -> None:
    lost = replace(result(unseen()), resource_id="")

    assert uri(only(report(lost), ALL)) == "azure/tenant.json"


def test_the_permission_that_an_unknown_result_needs_is_there_for_programs() -> None:
    found = only(report(result(unseen())), ALL)

    assert found["properties"]["neededActions"] == ["Microsoft.Network/privateEndpoints/read"]
