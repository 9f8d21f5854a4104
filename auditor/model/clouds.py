"""The clouds of Azure: endpoints, and the private DNS zone of each thing that AKS reaches.

Zone names: https://learn.microsoft.com/azure/private-link/private-endpoint-dns and, for the workspace in the three
clouds, https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


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
        return tuple(
            Zone(private=private, public=public) for private, public in ZONES.get(self.family, {}).get(group, ())
        )

    def public_suffix(self, private: str) -> str:
        """What the names of a private zone end in outside; the zone's own name without its prefix for unknown zones."""
        known = ZONES.get(self.family, {}).values()
        pairs = {name: public for zones in known for name, public in zones}
        return pairs.get(private.lower(), private.lower().removeprefix("privatelink."))


class Zone(BaseModel):
    """The name of a private DNS zone, and the public suffix that its names carry outside."""

    model_config = ConfigDict(frozen=True)

    private: str
    public: str


def _zones(
    api: str, notebooks: str, storage: str, vault: tuple[str, str], registry: str
) -> dict[str, list[tuple[str, str]]]:
    by_group = {
        "amlworkspace": [(f"privatelink.{api}", api), (f"privatelink.{notebooks}", notebooks)],
        "vault": [vault],
        "registry": [(f"privatelink.{registry}", registry)],
    }
    for group in ("blob", "file", "queue", "table", "dfs"):
        by_group[group] = [(f"privatelink.{group}.{storage}", f"{group}.{storage}")]
    return by_group


ZONES: dict[str, dict[str, list[tuple[str, str]]]] = {
    "AzureCloud": _zones(
        "api.azureml.ms",
        "notebooks.azure.net",
        "core.windows.net",
        ("privatelink.vaultcore.azure.net", "vault.azure.net"),
        "azurecr.io",
    ),
    "AzureUSGovernment": _zones(
        "api.ml.azure.us",
        "notebooks.usgovcloudapi.net",
        "core.usgovcloudapi.net",
        ("privatelink.vaultcore.usgovcloudapi.net", "vault.usgovcloudapi.net"),
        "azurecr.us",
    ),
    "AzureChinaCloud": _zones(
        "api.ml.azure.cn",
        "notebooks.chinacloudapi.cn",
        "core.chinacloudapi.cn",
        ("privatelink.vaultcore.azure.cn", "vault.azure.cn"),
        "azurecr.cn",
    ),
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
