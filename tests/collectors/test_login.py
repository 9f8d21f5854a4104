"""Signing in and finding the cloud, without a network."""

from __future__ import annotations

import pytest

from auditor.model.clouds import CLOUDS, Cloud
from collectors.deadline import Deadline
from collectors.errors import CollectionError
from collectors.login import ReplayCredential, find_cloud


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
