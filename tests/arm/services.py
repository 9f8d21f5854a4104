"""ARM bodies of storage accounts, vaults and registries, open or closed to public networks."""

from typing import Literal

from .estate import BUILT, Estate, Group, Json, ago, child_of

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"

Access = Literal["private", "selected", "open"]  # private endpoints only, chosen subnets too, everyone


def _public(access: Access) -> tuple[str, str]:
    """What an access means as publicNetworkAccess and as the default action of a firewall."""
    return "Disabled" if access == "private" else "Enabled", "Allow" if access == "open" else "Deny"


def storage(at: Group, name: str, access: Access = "private", hierarchical: bool = False) -> Json:
    """A storage account; `hierarchical` makes it one for Data Lake Gen2."""
    public, action = _public(access)
    parts = ("blob", "file", "queue", "table", "dfs", "web")
    properties = {
        "publicNetworkAccess": public,
        "allowCrossTenantReplication": False,
        "privateEndpointConnections": [],
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": True,
        "isHnsEnabled": hierarchical,
        "networkAcls": {
            "resourceAccessRules": [],
            "bypass": "AzureServices",
            "virtualNetworkRules": [],
            "ipRules": [],
            "ipv6Rules": [],
            "defaultAction": action,
        },
        "supportsHttpsTrafficOnly": True,
        "creationTime": ago(BUILT),
        "primaryEndpoints": {part: f"https://{name}.{part}.core.windows.net/" for part in parts},
        "primaryLocation": at.region,
        "statusOfPrimary": "available",
    }
    return at.add(STORAGE, name, properties, sku={"name": "Standard_ZRS", "tier": "Standard"}, kind="StorageV2")


def vault(at: Group, name: str, access: Access = "private") -> Json:
    """A key vault."""
    public, action = _public(access)
    properties = {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": at.estate.tenant_id,
        "accessPolicies": [],
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": action,
            "ipRules": [],
            "virtualNetworkRules": [],
        },
        "enabledForDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enableRbacAuthorization": True,
        "enablePurgeProtection": True,
        "vaultUri": f"https://{name}.vault.azure.net/",
        "publicNetworkAccess": public,
    }
    return at.add(VAULT, name, properties)


def allow_subnet(target: Json, subnet_body: Json) -> None:
    """A firewall rule of an account or a vault for a subnet with service endpoints."""
    is_vault = target["type"] == VAULT
    state = {"ignoreMissingVnetServiceEndpoint": False} if is_vault else {"action": "Allow", "state": "Succeeded"}
    where = subnet_body["id"].lower() if is_vault else subnet_body["id"]  # vaults answer in lower case
    target["properties"]["networkAcls"]["virtualNetworkRules"].append({"id": where} | state)


def registry(at: Group, name: str, access: Access = "private", sku: str = "Premium") -> Json:
    """A container registry; only a Premium one has firewall settings."""
    public, action = _public(access)
    properties = {
        "loginServer": f"{name}.azurecr.io",
        "creationDate": ago(BUILT),
        "adminUserEnabled": False,
        "policies": {"quarantinePolicy": {"status": "disabled"}, "exportPolicy": {"status": "enabled"}},
        "dataEndpointEnabled": False,
        "dataEndpointHostNames": [],
        "privateEndpointConnections": [],
        "publicNetworkAccess": public,
        "networkRuleBypassOptions": "AzureServices",
        "zoneRedundancy": "Disabled",
        "anonymousPullEnabled": False,
        "roleAssignmentMode": "LegacyRegistryPermissions",
    }
    if sku == "Premium":
        properties["networkRuleSet"] = {"defaultAction": action, "ipRules": []}
    return at.add(REGISTRY, name, properties, sku={"name": sku, "tier": sku})


def replication(estate: Estate, body: Json, region: str) -> Json:
    """A replica of a registry; add it before the registry's private endpoints, which have a name for each."""
    properties = {
        "provisioningState": "Succeeded",
        "regionEndpointEnabled": True,
        "status": {"displayStatus": "Ready"},
    }
    return estate.add(child_of(body, "replications", region) | {"location": region, "properties": properties})
