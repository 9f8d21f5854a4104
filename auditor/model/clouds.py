"""The clouds of Azure: endpoints, and the private DNS zone of each thing that AKS reaches.

Zone names: https://learn.microsoft.com/azure/private-link/private-endpoint-dns and, for the workspace in the three
clouds, https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class Zone(NamedTuple):
    """The name of a private DNS zone, and the public suffix that its names carry outside."""

    private: str
    public: str


class Cloud(BaseModel):
    """One cloud. ``family`` is the well-known cloud whose zone names and features it shares; empty when none."""

    model_config = ConfigDict(frozen=True)

    name: str
    family: str
    resource_manager: str
    authority: str
    audience: str

    def zones(self, group: str) -> tuple[Zone, ...]:
        """The private DNS zones that a private endpoint of this group id needs; empty when the cloud is not known."""
        return ZONES.get(self.family, {}).get(group, ())

    def public_suffix(self, private: str) -> str | None:
        """What the names of a private zone end in outside; None for a zone that no private endpoint here needs."""
        return SUFFIXES.get(self.family, {}).get(private.strip().lower())


def _zones(api: str, notebooks: str, storage: str, vault: Zone, registry: str) -> dict[str, tuple[Zone, ...]]:
    by_group: dict[str, tuple[Zone, ...]] = {
        "amlworkspace": (_prefixed(api), _prefixed(notebooks)),
        "vault": (vault,),
        "registry": (_prefixed(registry),),
    }
    for group in ("blob", "file", "queue", "table", "dfs"):
        by_group[group] = (_prefixed(f"{group}.{storage}"),)
    return by_group


def _prefixed(public: str) -> Zone:
    return Zone(f"privatelink.{public}", public)


ZONES: dict[str, dict[str, tuple[Zone, ...]]] = {
    "AzureCloud": _zones(
        "api.azureml.ms",
        "notebooks.azure.net",
        "core.windows.net",
        Zone("privatelink.vaultcore.azure.net", "vault.azure.net"),
        "azurecr.io",
    ),
    "AzureUSGovernment": _zones(
        "api.ml.azure.us",
        "notebooks.usgovcloudapi.net",
        "core.usgovcloudapi.net",
        Zone("privatelink.vaultcore.usgovcloudapi.net", "vault.usgovcloudapi.net"),
        "azurecr.us",
    ),
    "AzureChinaCloud": _zones(
        "api.ml.azure.cn",
        "notebooks.chinacloudapi.cn",
        "core.chinacloudapi.cn",
        Zone("privatelink.vaultcore.azure.cn", "vault.azure.cn"),
        "azurecr.cn",
    ),
}

SUFFIXES = {
    family: {zone.private: zone.public for zones in groups.values() for zone in zones}
    for family, groups in ZONES.items()
}

STORAGE_SUFFIXES = {
    "core.windows.net": "AzureCloud",
    "core.usgovcloudapi.net": "AzureUSGovernment",
    "core.chinacloudapi.cn": "AzureChinaCloud",
}

CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            name="AzureCloud",
            family="AzureCloud",
            resource_manager="https://management.azure.com",
            authority="https://login.microsoftonline.com",
            audience="https://management.azure.com/",
        ),
        Cloud(
            name="AzureUSGovernment",
            family="AzureUSGovernment",
            resource_manager="https://management.usgovcloudapi.net",
            authority="https://login.microsoftonline.us",
            audience="https://management.usgovcloudapi.net/",
        ),
        Cloud(
            name="AzureChinaCloud",
            family="AzureChinaCloud",
            resource_manager="https://management.chinacloudapi.cn",
            authority="https://login.chinacloudapi.cn",
            audience="https://management.chinacloudapi.cn/",
        ),
    )
}
