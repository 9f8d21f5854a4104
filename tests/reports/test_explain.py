"""The proof on a terminal: hops in the order of a packet, with ids and verdicts, the first broken one marked."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from auditor.model.report import Report
from auditor.reports import explain
from tests.arm.estate import Denial, Estate
from tests.arm.network import VNET
from tests.arm.private_link import ENDPOINT, NIC, ZONE
from tests.arm.scenarios import everything_public, hub_and_spoke, secure, service_endpoints
from tests.arm.services import STORAGE, VAULT
from tests.audits import audited, results

ORDER = [
    "AKS subnets",
    "VNet and peering",
    "private endpoint",
    "network interface",
    "zone link",
    "records",
    "network security groups",
    "routes",
    "public network access",
]


def shown(report: Report, rule_id: str | None = None, width: int = 160) -> str:
    out = io.StringIO()
    found = None if rule_id is None else results(report, rule_id)
    explain.render(report, report.environments[0], found, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def path(text: str, title: str) -> str:
    """The lines of one path."""
    return next(block for block in text.split("\n\n") if block.startswith(title))


def broken(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if line.startswith("BROKEN"))
    return [line.split(":")[0].removeprefix("BROKEN").strip() for line in lines]


def test_a_sound_path_has_every_hop_in_order_with_its_id() -> None:
    """Each hop is a line that says ok, and the id of what carries it a line of its own."""
    estate = secure()
    block = path(shown(audited(estate)), "Key Vault  →  kv-tidal")
    places = [block.index(f" {name}:") for name in ORDER]
    assert places == sorted(places)
    for kind, name in ((VNET, "vnet-tidal"), (ENDPOINT, "pe-tidal-vault"), (NIC, "vault"), (ZONE, "vaultcore")):
        body = next(b for b in estate.find_all(kind, name))
        assert re.search(rf"^ +{re.escape(body['id'])}$", block, re.MULTILINE), body["id"]
    assert not broken(block)


def drop(kind: str, part: str) -> Callable[[Estate], None]:
    return lambda e: e.remove(next(b for b in e.find_all(kind) if part in b["id"]))


def wrong_address(e: Estate) -> None:
    record = next(b for b in e.find_all(f"{ZONE}/A") if "vaultcore" in b["id"])
    e.set(record, "properties.aRecords[0].ipv4Address", "10.99.0.9")


def one_sided(e: Estate) -> None:
    e.find(VAULT)["properties"]["privateEndpointConnections"] = []


def opened(e: Estate) -> None:
    e.find(VAULT)["properties"] |= {"publicNetworkAccess": "Enabled"}
    e.find(VAULT)["properties"]["networkAcls"]["defaultAction"] = "Allow"


@pytest.mark.parametrize(
    ("change", "hop"),
    [
        (one_sided, "private endpoint"),
        (drop(f"{ZONE}/virtualNetworkLinks", "vaultcore"), "zone link"),
        (wrong_address, "records"),
        (opened, "public network access"),
    ],
)
def test_the_first_broken_hop_is_marked(change: Callable[[Estate], None], hop: str) -> None:
    """One deviation marks one hop of one path, and no other."""
    estate = secure()
    change(estate)
    text = shown(audited(estate))
    assert broken(path(text, "Key Vault  →  kv-tidal")) == [hop]
    assert len(broken(text)) == 1
    assert "1 broken" in text.splitlines()[-1]


def test_only_the_first_of_several_is_marked_broken() -> None:
    estate = secure()
    wrong_address(estate)
    opened(estate)
    block = path(shown(audited(estate)), "Key Vault  →  kv-tidal")
    assert broken(block) == ["records"]
    assert re.search(r"^fail +public network access:", block, re.MULTILINE)


def test_a_broken_peering_is_the_broken_hop() -> None:
    estate = hub_and_spoke("hub")
    for peering in estate.find(VNET, "vnet-keel-hub")["properties"]["virtualNetworkPeerings"]:
        peering["properties"]["peeringState"] = "Disconnected"
    assert set(broken(shown(audited(estate)))) == {"VNet and peering"}


def test_what_was_not_read_is_unknown_and_names_the_permission() -> None:
    estate = secure()
    estate.denied.append(Denial(type=f"{ZONE}/A"))
    estate.denied.append(Denial(type=NIC))
    text = shown(audited(estate))
    assert not broken(text)
    assert f"needs {NIC}/read" in text
    assert re.search(r"\d+ paths?: \d+ sound, 0 broken, [1-9]\d* unknown", text)


def test_a_service_endpoint_is_a_hop() -> None:
    block = path(shown(audited(service_endpoints())), "blob storage")
    assert re.search(r"^ok +service endpoint:", block, re.MULTILINE)
    assert "private endpoint:" not in block


def test_a_public_environment_breaks_at_its_missing_endpoints() -> None:
    assert "private endpoint" in broken(path(shown(audited(everything_public())), "workspace"))


def test_with_a_rule_only_the_paths_that_it_speaks_of_are_shown() -> None:
    estate = secure()
    wrong_address(estate)
    text = shown(audited(estate), "DNS-004")
    assert text.index("DNS-004") < text.index("Key Vault  →")
    assert "fix " in text
    assert "points at 10.99.0.9" in text
    assert "blob storage  →" not in text
    assert "10.99.0.9" in path(text, "Key Vault  →")


def test_a_rule_without_a_path_says_so() -> None:
    assert "No access path is part of this finding." in shown(audited(secure()), "AML-005")


@pytest.mark.parametrize("width", [80, 160])
def test_prose_fits_the_terminal(width: int) -> None:
    """Only ids, which are to be copied, run over."""
    for line in shown(audited(secure()), width=width).splitlines():
        assert len(line) <= width or line.strip().startswith("/subscriptions/"), line


def test_hostile_names_do_not_steer_the_terminal() -> None:
    estate = secure()
    account = estate.find(STORAGE, "main")
    account["properties"]["networkAcls"]["defaultAction"] = "Allow"
    account["properties"]["publicNetworkAccess"] = "Enabled\x1b[31m\nBROKEN fake: hop"
    text = shown(audited(estate), "STO-004")
    assert "\x1b" not in text
    assert not broken(text)
