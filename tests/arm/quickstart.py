"""The estate that Microsoft's template `machine-learning-end-to-end-secure` deploys, with names of our own.

https://github.com/Azure/azure-quickstart-templates/tree/master/quickstarts/microsoft.machinelearningservices/machine-learning-end-to-end-secure
"""

from . import aks, ml, network, private_link, roles, services
from .estate import AUDITOR, Estate, Group, Json
from .network import subnet

REGION = "northeurope"
VAULT_ZONE = "privatelink.vaultcore.azure.net"
ZONES = (
    "privatelink.api.azureml.ms",
    "privatelink.notebooks.azure.net",
    "privatelink.blob.core.windows.net",
    "privatelink.file.core.windows.net",
    "privatelink.azurecr.io",
)
# The rules of the one security group: name, direction, tag, ports.
TAGS = (
    ("BatchNodeManagement", "Inbound", "BatchNodeManagement", "29876-29877"),
    ("AzureMachineLearning", "Inbound", "AzureMachineLearning", "44224"),
    ("AzureActiveDirectory", "Outbound", "AzureActiveDirectory", "*"),
    ("AzureMachineLearningOutbound", "Outbound", "AzureMachineLearning", "443"),
    ("AzureResourceManager", "Outbound", "AzureResourceManager", "443"),
    ("AzureStorageAccount", "Outbound", f"Storage.{REGION}", "443"),
    ("AzureFrontDoor", "Outbound", "AzureFrontDoor.FrontEnd", "443"),
    ("AzureContainerRegistry", "Outbound", f"AzureContainerRegistry.{REGION}", "443"),
    ("MicrosoftContainerRegistry", "Outbound", "MicrosoftContainerRegistry", "443"),
)


def quickstart() -> Estate:
    """What the template makes, with the vault's zone under its right name."""
    estate = Estate()
    subscription = estate.subscription("wharf-sandbox")
    roles.assign(estate, f"/subscriptions/{subscription}", "Reader", AUDITOR)
    at = estate.group("rg-wharf", REGION, subscription)
    space = _network(at)
    account, keys, images = _dependencies(at)
    owner = _workspace(at, account, keys, images, space)
    dns = private_link.zones(at, (*ZONES, VAULT_ZONE), space)
    targets = {
        "mlw": (owner, "amlworkspace"),
        "st-blob": (account, "blob"),
        "st-file": (account, "file"),
        "kv": (keys, "vault"),
        "cr": (images, "registry"),
    }
    for label, (target, group) in targets.items():
        private_link.private_endpoint(at, f"ple-wharf-{label}", target, group, subnet(space, "snet-training"), dns)
    owner["properties"]["privateLinkCount"] = 1
    ml.attach(estate, owner, _cluster(at, space), "aks-wharf", legacy=True)
    return estate


def as_published() -> Estate:
    """The same, with the zone that the template itself names for the vault: it takes the public suffix of the vault for
    the private one, and Azure writes no record there.

    https://github.com/Azure/azure-quickstart-templates/pull/12840
    """
    estate = quickstart()
    zone = estate.find(private_link.ZONE, VAULT_ZONE)
    estate.remove(zone)
    at, wrong = Group(estate, zone["id"].partition("/providers/")[0], REGION), "privatelink.vault.azure.net"
    made = private_link.zones(at, [wrong], estate.find(network.VNET))[wrong]
    group = next(g for g in estate.find_all(f"{private_link.ENDPOINT}/privateDnsZoneGroups") if "-kv/" in g["id"])
    config = group["properties"]["privateDnsZoneConfigs"][0]["properties"]
    config |= {"privateDnsZoneId": made["id"], "recordSets": []}
    return estate


def _network(at: Group) -> Json:
    prefixes = {
        "snet-training": "192.168.0.0/24",
        "snet-scoring": "192.168.1.0/24",
        "AzureBastionSubnet": "192.168.250.0/27",
    }
    space = network.vnet(at, "vnet-wharf", "192.168.0.0/16", prefixes)
    for number, name in enumerate(prefixes):
        properties = subnet(space, name)["properties"]
        properties["privateLinkServiceNetworkPolicies"] = "Disabled" if number < 2 else "Enabled"
        del properties["defaultOutboundAccess"]
    used = ("Microsoft.KeyVault", "Microsoft.ContainerRegistry", "Microsoft.Storage")
    network.service_endpoints(space, "snet-scoring", *used)
    rules = [
        {
            "protocol": "Tcp",
            "priority": 120 + 10 * number,
            "direction": direction,
            "access": "Allow",
            "destinationPortRange": ports,
            "sourceAddressPrefix": tag if direction == "Inbound" else "*",
            "destinationAddressPrefix": "*" if direction == "Inbound" else tag,
        }
        for number, (_, direction, tag, ports) in enumerate(TAGS)
    ]
    rules[-1]["sourceAddressPrefix"] = "VirtualNetwork"
    network.security_group(at, "nsg-wharf", space, ["snet-training", "snet-scoring"], rules)
    network.bastion(at, "bas-wharf", space)
    return space


def _dependencies(at: Group) -> tuple[Json, Json, Json]:
    """Storage and vault say nothing of publicNetworkAccess: their firewalls deny. The registry says Disabled."""
    account = services.storage(at, "stwharf", "selected")
    keys = services.vault(at, "kv-wharf", "selected")
    images = services.registry(at, "crwharf")
    for body in (account, keys):
        del body["properties"]["publicNetworkAccess"]
    keys["properties"]["softDeleteRetentionInDays"] = 7
    images["properties"]["adminUserEnabled"] = True
    images["properties"]["policies"]["quarantinePolicy"]["status"] = "enabled"
    return account, keys, images


def _workspace(at: Group, account: Json, keys: Json, images: Json, space: Json) -> Json:
    owner = ml.workspace(at, "mlw-wharf", account, keys, images)
    for name in ("hbiWorkspace", "v1LegacyMode", "ipAllowlist", "managedNetwork", "systemDatastoresAuthMode"):
        del owner["properties"][name]
    ml.own_datastores(at.estate, owner, account)
    ml.training_cluster(at.estate, owner, "cluster001", subnet(space, "snet-training"))
    built = at.estate.find(f"{ml.WORKSPACE}/computes", "cluster001")
    built["properties"]["properties"]["enableNodePublicIp"] = True
    roles.assign(at.estate, at.id, "Contributor", owner["identity"]["principalId"])
    return owner


def _cluster(at: Group, space: Json) -> Json:
    """A private cluster with kubenet, as an old api-version asks for it; its identity holds no role in the VNet."""
    nodes = aks.cluster(at, "aks-wharf", subnet(space, "snet-scoring"), private=True)
    properties = nodes["properties"]
    properties["agentPoolProfiles"] = [properties["agentPoolProfiles"][0] | {"name": "agentpool", "maxPods": 110}]
    properties["networkProfile"] = {
        "networkPlugin": "kubenet",
        "loadBalancerSku": "standard",
        "podCidr": "10.244.0.0/16",
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
        "dockerBridgeCidr": "172.17.0.1/16",
        "outboundType": "loadBalancer",
    }
    properties["apiServerAccessProfile"] = {"enablePrivateCluster": True, "privateDNSZone": "system"}
    # With kubenet AKS puts a route table on the subnet: one route to the pods of each node.
    groups = at.estate.find_all("Microsoft.Resources/resourceGroups", "MC_rg-wharf_aks-wharf")
    pods = {f"10.244.{node}.0/24": f"192.168.1.{4 + node}" for node in range(3)}
    network.route_table(Group(at.estate, groups[0]["id"], REGION), "aks-agentpool", space, ["snet-scoring"], pods)
    return nodes
