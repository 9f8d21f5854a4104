"""The HTML report as text: self-contained, the same every time, complete, and harmless whatever Azure's users wrote."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model.report import Report
from auditor.model.snapshot import Snapshot
from auditor.model.verdict import Severity, Status
from auditor.reports import html
from auditor.reports.html.document import document as data_of
from auditor.reports.html.picture import PLACED, SHORT, Picture, picture
from auditor.reports.html.pool import Pool
from auditor.reports.summary import summary
from auditor.reports.text import clean
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT, NIC, ZONE
from tests.arm.scenarios import (
    SCENARIOS,
    default_cluster,
    demo,
    hub_and_spoke,
    secure,
    service_endpoints,
)
from tests.arm.services import VAULT
from tests.audits import audited, report_on, snapshot_of

from . import sample

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`${1}{{7*7}}<!-- javascript:alert(3) ]]>"
HIDDEN = "\u202egnp\u2066\u200b\x07\x1b[31m\x00"


@cache
def report(name: str) -> Report:
    return audited(SCENARIOS[name]())


def changed(change: Callable[[Estate], Any], build: Callable[[], Estate] = secure) -> Report:
    estate = build()
    change(estate)
    return audited(estate)


def drawn(of: Report) -> Picture:
    return picture(of.environments[0])


class Page(HTMLParser):
    """What a browser makes of a page: its elements, and the text of those that are asked for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        self.texts.append((self._within, data))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def inside(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    @property
    def seen(self) -> str:
        return " ".join(" ".join(text for tag, text in self.texts if tag not in ("script", "style")).split())


def page(of: Report) -> Page:
    return Page(html.render(of))


def embedded(text: str) -> dict[str, Any]:
    """The data that stands in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def document(of: Report) -> dict[str, Any]:
    """The data that a page is given."""
    return dict(json.loads("".join(data_of(of))))


def strings(data: dict[str, Any]) -> list[str]:
    """The pool as `data.js` reads it."""
    found: list[str] = []
    for stored in data["strings"]:
        found.append(stored if isinstance(stored, str) else found[stored[0]] + stored[1])
    return found


# -- one file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_page_needs_nothing_else(name: str) -> None:
    """No element of it loads anything, and the only addresses are those of links that a reader may follow."""
    made = page(report(name))
    assert not {tag for tag, _ in made.elements} & {"link", "img", "iframe", "object", "embed", "form", "base", "video"}
    for tag, attributes in made.elements:
        assert not {"src", "srcset", "action", "style", "background", "ping"} & set(attributes), (tag, attributes)
        assert not [a for a in attributes if a.startswith("on")], (tag, attributes)
        if "href" in attributes:
            assert attributes["href"].startswith(("#", "https://learn.microsoft.com/")), attributes
    assert not re.search(r"url\(|@import|@font-face", made.inside("style")[0])


def test_the_policy_lets_in_what_stands_in_the_file_and_nothing_more() -> None:
    """Style and script are named by their hashes; there is no ``unsafe`` anything."""
    made = page(report("demo"))
    (policy,) = [m["content"] for m in made.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style, (data, script) = "".join(made.inside("style")), made.inside("script")
    assert rules["default-src"] == "'none'"
    for name, text in (("style-src", style), ("script-src", script)):
        assert rules[name] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert "unsafe" not in policy
    assert json.loads(data)


def test_the_same_report_gives_the_same_page() -> None:
    """Byte for byte, from a second collection too."""
    assert html.render(report("demo")) == html.render(audited(demo()))


def test_the_page_holds_each_string_once() -> None:
    """What keeps the file small: a thousand environments share what they have in common."""
    found = strings(document(report("demo")))
    assert len(found) == len(set(found))


# -- the top -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verdict", "sentence"),
    [
        ("secure", "secure", "The environment keeps the secure AKS inferencing pattern."),
        ("demo", "deviates", "1 of 2 environments deviates from the secure AKS inferencing pattern."),
        ("everything-public", "deviates", "The environment deviates from the secure AKS inferencing pattern."),
        ("partial-permissions", "undetermined", "Nothing deviates in what was seen, but not everything that decides"),
        ("large", "secure", "Every environment keeps the secure"),
    ],
)
def test_the_verdict_stands_on_top(name: str, verdict: str, sentence: str) -> None:
    made = summary(report(name))
    assert made.verdict == verdict
    assert made.headline.startswith(sentence)
    seen = page(report(name)).seen
    assert seen.index(verdict.capitalize()) < seen.index(sentence) < seen.index("Scenario")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("everything-public", "No virtual network"),
        ("service-endpoints", "Public workspace, everything else in a virtual network"),
        ("secure", "Everything in a virtual network"),
        ("partial-permissions", "Undetermined: not everything could be read"),
    ],
)
def test_the_row_of_the_environment_is_marked(name: str, row: str) -> None:
    """The article's three rows are always there; one is marked, and says which environment it is."""
    of = report(name)
    rows = {r.scenario: r for r in summary(of).rows}
    assert len([r for r in rows.values() if r.documented]) == 3
    assert {r.scenario for r in rows.values() if r.here} == {row}
    assert rows[row].here == of.environments[0].label
    marked = [a for a in page(of).of("tr") if "here" in a.get("class", "").split()]
    assert len(marked) == 1


def test_a_mixed_environment_says_how_its_parts_are_reached() -> None:
    (mixed,) = [r for r in summary(report("demo")).rows if not r.documented]
    assert mixed.cells == (
        "private endpoint",
        "storage: public; Key Vault and registry: private endpoint",
        "private",
    )


def test_many_environments_are_counted_and_not_listed() -> None:
    env = sample.environment()
    named = [replace(env, id=f"{env.id}{n}") for n in range(5)]
    mixed = summary(sample.report(environments=named)).rows[-1]
    assert mixed.here.endswith(" and 2 more")
    assert mixed.cells == ("various", "various", "various")


def test_a_low_failure_does_not_contradict_a_secure_verdict() -> None:
    """What fails and turns no verdict is said to be that."""
    env, low = sample.environment(), sample.rule(severity=Severity.LOW)
    made = summary(sample.report(sample.result(sample.unlinked(), low, environment=env), environments=[env]))
    assert made.verdict == "secure"
    assert "What failed turns no verdict" in made.headline


def test_counts_are_those_of_the_report() -> None:
    of = sample.everything()
    counts = {c.status: c.count for c in summary(of).counts}
    assert counts == {status: of.count(status) for status in Status}
    assert summary(of).counts[0].detail == "1 critical, 1 low"


def test_what_failed_is_listed_worst_first_with_how_often() -> None:
    failed = summary(report("demo")).failed
    assert [f.severity.rank for f in failed] == sorted(f.severity.rank for f in failed)
    assert {f.where for f in failed} == {"1 of 2"}
    assert failed[0].rule == "DNS-005"


def test_what_was_not_seen_names_each_permission_once() -> None:
    unknown = summary(report("partial-permissions")).unknown
    words = [u.words for u in unknown]
    assert "permission Microsoft.Storage/storageAccounts/read" in words
    assert len(words) == len(set(words))
    assert "permission Microsoft.Storage/storageAccounts/read" in page(report("partial-permissions")).seen


def test_what_was_not_judged_is_said() -> None:
    seen = page(sample.report(unjudged=sample.everything().unjudged)).seen
    assert "What was not judged" in seen
    assert "no AKS attached" in seen
    assert "mlw-empty" in seen


def test_an_audit_that_was_cut_short_says_so() -> None:
    of = sample.report()
    of.snapshot.cut_short = "the time was up"
    assert "The audit was cut short: the time was up" in page(of).seen


def test_no_environment_is_a_page_too() -> None:
    made = page(sample.report())
    assert "No environment was found" in made.seen
    assert embedded(html.render(sample.report()))["environments"] == []


# -- environments and findings -------------------------------------------------------------------------------------


def test_every_result_is_in_the_data_with_its_proof() -> None:
    """Status, severity, message, evidence, what is missing and the fix, in the order of the report."""
    of = report("demo")
    data = embedded(html.render(of))
    text = strings(data)
    shown = [r for env in data["environments"] for r in env.get("results", [])] + data.get("outside", [])
    assert len(shown) == len(of.results)
    by_key = {(text[data["rules"][r["rule"]]["id"]], text[r["on"]], text[r["message"]]): r for r in shown}
    for result in of.results:
        found = by_key[result.rule.id, result.resource_id, result.verdict.message]
        assert found["status"] == result.status
        assert found.get("severity", data["rules"][found["rule"]]["severity"]) == result.severity
        assert ("fix" in found) is (result.status is Status.FAIL)
        assert {text[e[1]] for e in found.get("evidence", [])} == {e.path for e in result.verdict.evidence}


def test_the_worst_environment_comes_first() -> None:
    data = document(report("demo"))
    assert [e["verdict"] for e in data["environments"]] == ["deviates", "secure"]


def test_a_waived_result_is_one_of_its_own() -> None:
    """Neither failed nor passed; its fix stays at hand."""
    of = report("everything-public")
    of = replace(
        of,
        results=tuple(
            sample.waived(r) if r.rule.id == "STO-004" and r.status is Status.FAIL else r for r in of.results
        ),
    )
    (found,) = [r for env in document(of)["environments"] for r in env["results"] if r["status"] == "waived"]
    assert "fix" in found
    assert {c.word: c.count for c in summary(of).counts}["waived"] == 1


def test_long_messages_stay_whole_and_long_observations_are_cut() -> None:
    of = report("demo")
    verdict = of.results[0].verdict
    long = verdict.evidence[0]._replace(observed="y" * 9_000)
    result = replace(of.results[0], verdict=verdict._replace(message="x" * 5_000, evidence=(long,)))
    found = strings(document(replace(of, results=(result,))))
    assert "x" * 5_000 in found
    assert max(len(s) for s in found if "y" * 100 in s) == 2_000


def test_only_web_pages_become_links() -> None:
    of = report("demo")
    rule = replace(
        of.results[0].rule, references=("javascript:alert(1)", "http://example.com", "https://example.com/a")
    )
    data = document(replace(of, results=(replace(of.results[0], rule=rule),), rules=()))
    text = strings(data)
    assert [text[i] for i in data["rules"][0]["links"]] == [rule.url, "https://example.com/a"]


# -- the picture ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_step_of_every_path_has_its_place(name: str) -> None:
    """A step that the picture does not know would only be a mark with a long name on the way."""
    for env in report(name).environments:
        for proof in env.proofs:
            assert {hop.name for hop in proof.hops} <= PLACED | set(SHORT) | {"routes"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_path_is_drawn_with_the_state_of_its_proof(name: str) -> None:
    for env in report(name).environments:
        paths = picture(env).paths
        assert {id(p.proof) for p in paths} == {id(p) for p in env.proofs}
        for path in paths:
            assert (path.status is Status.FAIL) is (path.proof.broken is not None)
            if path.proof.broken is not None:
                assert path.worst is not None
                assert path.proof.hops[path.worst] is path.proof.broken


def test_a_sound_network_in_one_vnet() -> None:
    of = drawn(report("secure"))
    assert [(v.name, v.space, v.peering) for v in of.vnets] == [("vnet-tidal", "10.40.0.0/16", None)]
    assert [(s.title, s.detail) for s in of.subnets] == [("snet-aks", "10.40.0.0/20")]
    vault = next(p for p in of.paths if p.kind == "Key Vault")
    assert vault.gate is not None
    assert (vault.service, vault.gate.title, vault.gate.detail) == (
        "kv-tidal",
        "pe-tidal-vault",
        "10.40.16.9 · snet-pe",
    )
    assert [(z.name, z.link, z.records) for z in vault.zones] == [
        ("privatelink.vaultcore.azure.net", Status.PASS, Status.PASS)
    ]
    assert [(m.label, m.status) for m in vault.marks] == [("NSG", Status.PASS)]
    assert {p.status for p in of.paths} == {Status.PASS}
    assert of.paths[-1].kind == "API server"
    assert of.paths[-1].gate is None
    assert of.paths[-1].zones[0].name.endswith("northeurope.azmk8s.io")


def test_endpoints_in_a_peered_vnet_hang_on_the_peering() -> None:
    of = drawn(audited(hub_and_spoke("hub")))
    assert [(v.name, v.peering) for v in of.vnets] == [("vnet-keel", None), ("vnet-keel-hub", Status.PASS)]
    assert [p.vnet for p in of.paths] == [1, 1, 1, 1, 1, None]
    assert {m.label for p in of.paths for m in p.marks} == {"peering"}


def test_paths_of_one_vnet_stand_together() -> None:
    """Whatever order they come in: first those in the VNet of AKS, the API server last."""

    def move_blob(estate: Estate) -> None:
        hub = estate.find(VNET, "vnet-keel-hub")["properties"]["subnets"]
        subnet = next(s["id"] for s in hub if s["id"].endswith("/snet-pe"))
        estate.set(estate.find(ENDPOINT, "pe-keel-blob"), "properties.subnet.id", subnet)

    of = drawn(changed(move_blob, hub_and_spoke))
    assert [p.vnet for p in of.paths] == [0, 0, 0, 0, 1, None]
    assert of.paths[4].kind == "blob storage"


def test_a_broken_peering_is_broken_for_every_path() -> None:
    def disconnect(estate: Estate) -> None:
        for peering in estate.find(VNET, "vnet-keel-hub")["properties"]["virtualNetworkPeerings"]:
            peering["properties"]["peeringState"] = "Disconnected"

    of = drawn(changed(disconnect, lambda: hub_and_spoke("hub")))
    assert of.vnets[1].peering is Status.FAIL
    assert [m.status for p in of.paths for m in p.marks] == [Status.FAIL] * 5


def test_a_wrong_record_breaks_the_zone_and_not_the_endpoint() -> None:
    def point_elsewhere(estate: Estate) -> None:
        record = next(b for b in estate.find_all(f"{ZONE}/A") if "vaultcore" in b["id"])
        estate.set(record, "properties.aRecords[0].ipv4Address", "10.99.0.9")

    of = changed(point_elsewhere)
    vault = next(p for p in drawn(of).paths if p.kind == "Key Vault")
    assert vault.gate is not None
    assert (vault.zones[0].link, vault.zones[0].records) == (Status.PASS, Status.FAIL)
    assert vault.gate.status is Status.PASS
    assert sum(p.status is Status.FAIL for p in drawn(of).paths) == 1
    assert "DNS-004" in names_beside_broken_hops(of)


def names_beside_broken_hops(of: Report) -> set[str]:
    """The rules that the first environment's broken hops refer to."""
    data = document(of)
    text, env = strings(data), data["environments"][0]
    numbers = {n for p in env["picture"]["paths"] for hop in p["hops"] if hop[2] == "fail" for n in hop[4]}
    return {text[data["rules"][env["results"][n]["rule"]]["id"]] for n in numbers}


def test_where_an_endpoint_is_missing_the_public_network_decides() -> None:
    gates = [p.gate for p in drawn(report("everything-public")).paths if p.gate]
    assert {(g.title, g.detail, g.status) for g in gates} == {
        ("no private endpoint", "AKS goes over the public network", Status.FAIL)
    }
    of = changed(lambda e: e.remove(e.find(ENDPOINT, "pe-tidal-vault")))
    gate = next(p.gate for p in drawn(of).paths if p.kind == "Key Vault")
    assert gate is not None
    assert gate.detail == "AKS cannot reach it: it is closed"


def test_service_endpoints_stand_in_the_place_of_private_ones() -> None:
    of = drawn(audited(service_endpoints()))
    blob = next(p for p in of.paths if p.kind == "blob storage")
    assert blob.gate is not None
    assert (blob.vnet, blob.gate.title, blob.gate.status) == (None, "service endpoint", Status.PASS)
    # Paths of one VNet stand together, before those that pass none.
    assert [p.vnet for p in of.paths] == [0, None, None, None, None, None]


def test_a_default_cluster_shows_the_vnet_that_aks_made() -> None:
    of = drawn(audited(default_cluster()))
    assert of.vnets[0].name.startswith("aks-vnet-")
    assert of.vnets[1].name == "vnet-lantern"


def test_what_was_not_read_is_unknown_in_the_picture() -> None:
    def deny(estate: Estate) -> None:
        estate.denied += [Denial(type=NIC), Denial(provider="Microsoft.ContainerService")]

    of = changed(deny)
    network = drawn(of)
    assert (network.vnets[0].name, network.located, network.subnets) == ("VNet not known", Status.UNKNOWN, ())
    for path in network.paths:
        assert path.gate is not None
        assert path.gate.status is Status.UNKNOWN
        assert path.gate.detail.startswith("address not read")


@pytest.mark.parametrize(
    ("profile", "firewall"),
    [
        ({}, Status.FAIL),
        ({"authorizedIPRanges": ["0.0.0.0/1", "128.0.0.0/1"]}, Status.FAIL),
        ({"authorizedIPRanges": ["198.51.100.0/28"]}, Status.PASS),
        ({"authorizedIPRanges": ["AzureMachineLearning"]}, Status.UNKNOWN),
        ({"enablePrivateCluster": True}, Status.PASS),
    ],
)
def test_a_public_api_server_is_drawn_open_without_breaking_its_path(profile: dict[str, Any], firewall: Status) -> None:
    """The article allows a public one, so that the path stays sound; whoever looks must see it all the same."""
    of = changed(lambda e: e.set(e.find(CLUSTER), "properties.apiServerAccessProfile", profile), default_cluster)
    server = drawn(of).paths[-1]
    assert (server.kind, server.firewall) == ("API server", firewall)
    if not profile.get("enablePrivateCluster"):
        assert server.status is Status.PASS


def test_a_rejected_connection_breaks_the_endpoint() -> None:
    of = drawn(changed(lambda e: e.find(VAULT)["properties"].update(privateEndpointConnections=[])))
    vault = next(p for p in of.paths if p.kind == "Key Vault")
    assert vault.gate is not None
    assert vault.gate.status is Status.FAIL


# -- whatever Azure's users wrote ----------------------------------------------------------------------------------


@cache
def hostile() -> Report:
    """The demo with names that were made to be shown, and a message of 5,000 characters."""
    text = snapshot_of(demo()).model_dump_json()
    evil = json.dumps((EVIL + HIDDEN).replace("/", "\u2215"))[1:-1]
    for name in ("mlw-salvage", "pe-salvage-vault", "vnet-salvage", "stsalvagemain", "snet-aks", "0.0.0.0/1"):
        text = text.replace(name, name + evil)
    text = text.replace('"harbour-ml"', json.dumps(f"harbour {EVIL}{HIDDEN}"))
    of = report_on(Snapshot.model_validate_json(text))
    first, *others = of.results
    wordy = replace(first, verdict=first.verdict._replace(message=(EVIL * 60)[:5_000]))
    return replace(of, results=(wordy, *others))


def test_hostile_names_add_no_element() -> None:
    """The page has the elements that it has without them."""

    assert {tag for tag, _ in page(hostile()).elements} <= {tag for tag, _ in page(report("demo")).elements}
    text = html.render(hostile())
    assert text.lower().count("<script") == 2
    assert text.lower().count("</script") == 2
    assert "<img" not in text
    assert "alert(1)" in " ".join(strings(embedded(text)))


def test_nothing_hidden_gets_into_the_page() -> None:
    """Neither characters that control or reorder, nor half a surrogate pair."""
    text = html.render(hostile())
    assert not set(HIDDEN) - set("gnp[31m") & set(text)
    few = tuple(replace(r, names={"words": "caf\ud83d\u202e"}) for r in hostile().results[:3])
    assert html.render(replace(hostile(), results=few)).encode()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text())
def test_any_text_stays_text(words: str) -> None:
    """Whatever a message is, the page keeps its elements and its data can be read."""
    base = report("everything-public")
    verdict = base.results[0].verdict._replace(message=words)
    of = replace(base, results=(replace(base.results[0], verdict=verdict, resource_id=words), *base.results[1:]))
    text = html.render(of)
    assert text.lower().count("<script") == text.lower().count("</script") == 2
    assert embedded(text)["environments"]


@given(st.lists(st.text()))
def test_the_pool_gives_back_what_it_cleaned(texts: list[str]) -> None:
    pool = Pool()
    ids = [f"/subscriptions/{n}/resourceGroups/rg/providers/A.B/c/{t}" for n, t in enumerate(texts)]
    numbers = [pool.add(t) for t in (*texts, *ids)]
    found = strings({"strings": pool.strings})
    assert [found[n] for n in numbers] == [clean(t) for t in (*texts, *ids)]
