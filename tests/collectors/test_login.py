"""Signing in and finding the cloud, without a network."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from auditor.model.clouds import CLOUDS, Cloud
from auditor.model.snapshot import Scope
from collectors.collect import Request, collect
from collectors.deadline import Deadline
from collectors.errors import CollectionError
from collectors.login import Credential, ReplayCredential, find_cloud
from tests.arm import scenarios
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import NOW
from tests.audits import report_on, snapshot_of

CLAIMS = '{"access_token": {"nbf": {"essential": true, "value": "1795000000"}}}'


@pytest.mark.parametrize("name", ["AzureCloud", "azurecloud", "AzureUSGovernment", "AZURECHINACLOUD"])
def test_the_clouds_by_name(name: str) -> None:
    """A cloud's name is known in any case."""
    assert find_cloud(name, Deadline()).name.lower() == name.lower()


@pytest.mark.parametrize("name", ["", "Azure", "AzureGermanCloud", "http://management.example", "management.azure.com"])
def test_what_is_no_cloud(name: str) -> None:
    """Anything else but an https:// URL is refused, with the names that there are."""
    with pytest.raises(CollectionError) as caught:
        find_cloud(name, Deadline())
    assert all(known in caught.value.help for known in CLOUDS)


def test_nothing_answers_at_the_url() -> None:
    """A Resource Manager that cannot be reached is said to be so, in one line."""
    with pytest.raises(CollectionError, match=r"cannot reach https://127\.0\.0\.1:9") as caught:
        find_cloud("https://127.0.0.1:9/", Deadline())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=list(CLOUDS))
def test_every_cloud_names_its_zones(cloud: Cloud) -> None:
    """Each cloud has a zone for each thing that AKS reaches, of its own suffix, and secure endpoints."""
    groups = {g: cloud.zones(g) for g in ("amlworkspace", "blob", "file", "dfs", "vault", "registry")}
    assert {g: len(z) for g, z in groups.items()} == {g: 2 if g == "amlworkspace" else 1 for g in groups}
    assert all(z.private.startswith("privatelink.") for zones in groups.values() for z in zones)
    assert cloud.zones("nothing") == ()


def test_no_zone_belongs_to_two_clouds() -> None:
    """A zone's name says which cloud it is of."""
    names = [
        zone.private
        for cloud in CLOUDS.values()
        for group in ("amlworkspace", "blob", "vault", "registry")
        for zone in cloud.zones(group)
    ]
    assert len(set(names)) == len(names)
    assert all(
        c.resource_manager.startswith("https://") and c.authority.startswith("https://") for c in CLOUDS.values()
    )


def test_a_replay_needs_no_credentials() -> None:
    """What stands for a credential has no secret, and never runs out."""
    token = ReplayCredential().get_token("https://management.azure.com/.default")
    assert token.token == "replay"
    assert token.expires_on > 2**33


class Claiming:
    """Gives one token, and another to who says the claims."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_token(self, *_: str, **kwargs: Any) -> AccessToken:
        self.asked.append(kwargs.get("claims") or "")
        return AccessToken("stale" if not self.asked[-1] else "fresh", 2**40)


class Unable(Claiming):
    """Has no token with claims, as that of the Azure CLI."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        if kwargs.get("claims"):
            raise ClientAuthenticationError(message="this credential does not know of claims")
        return super().get_token(*scopes, **kwargs)


def challenge(request: requests.PreparedRequest) -> requests.Response | None:
    """As Azure answers where access was changed after a token was given."""
    if request.headers["Authorization"] == "Bearer fresh":
        return None
    refused = respond(request, 401, {"error": {"code": "AccessDenied", "message": "The token misses claims."}})
    asked_for = base64.urlsafe_b64encode(CLAIMS.encode()).decode().rstrip("=")
    refused.headers["WWW-Authenticate"] = f'Bearer error="insufficient_claims", claims="{asked_for}"'
    return refused


def test_a_claims_challenge_is_met_once() -> None:
    """A token that misses claims is replaced by one that has them, once for all threads, and nothing is lost."""
    estate, inner = scenarios.secure(), Claiming()
    cloud = CLOUDS["AzureCloud"]
    request = Request((estate.subscriptions[0]["subscriptionId"],), Scope(), threads=16)
    credential = Credential(cloud, None, inner)
    seen = collect(request, cloud, credential, ArmAdapter(estate, fault=challenge), NOW)
    assert inner.asked == ["", CLAIMS]
    assert {r.id for r in seen.resources} == {r.id for r in snapshot_of(estate).resources}


def test_a_challenge_that_cannot_be_met_costs_one_read() -> None:
    """Where the credential has no token with claims, what demands them is unknown, and everything else is read."""
    estate, inner = scenarios.secure(), Unable()

    def of_vaults(request: requests.PreparedRequest) -> bool:
        return "microsoft.keyvault" in str(request.url).lower()

    def demand(request: requests.PreparedRequest) -> requests.Response | None:
        return challenge(request) if of_vaults(request) else None

    def deny(request: requests.PreparedRequest) -> requests.Response | None:
        return respond(request, 403, {"error": {"code": "AuthorizationFailed"}}) if of_vaults(request) else None

    request = Request((estate.subscriptions[0]["subscriptionId"],), Scope(), threads=16)
    credential = Credential(CLOUDS["AzureCloud"], None, inner)
    seen = collect(request, CLOUDS["AzureCloud"], credential, ArmAdapter(estate, fault=demand), NOW)
    denied = snapshot_of(estate, ArmAdapter(estate, fault=deny))
    assert inner.asked == [""]
    assert [r.id for r in seen.resources] == [r.id for r in denied.resources]
    assert {r.fingerprint: r.status for r in report_on(seen).results} == {
        r.fingerprint: r.status for r in report_on(denied).results
    }
    assert [g.failure.http_status for g in report_on(seen).gaps] == [401 for _ in report_on(denied).gaps]


def test_the_same_claims_are_asked_for_once() -> None:
    """A token that has the claims serves every thread that was told of them; other claims need another."""
    inner = Claiming()
    credential = Credential(CLOUDS["AzureCloud"], None, inner)
    threads = [threading.Thread(target=credential.get_token, args=("a",), kwargs={"claims": CLAIMS}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inner.asked == [CLAIMS]
    credential.get_token("a", claims="{}")
    assert inner.asked == [CLAIMS, "{}"]


def test_claims_that_cannot_be_met_block_nothing_else() -> None:
    """That there is no token with certain claims says nothing of tokens without them; it is not asked for again at
    once."""
    inner = Unable()
    credential = Credential(CLOUDS["AzureCloud"], None, inner)
    for _ in range(2):
        with pytest.raises(ClientAuthenticationError, match="does not know of claims"):
            credential.get_token("a", claims=CLAIMS)
    assert credential.get_token("a").token == "stale"
