"""ARM bodies of managed clusters: what AKS builds around them, the AzureML extension, power events."""

from .estate import BUILT, Estate, Group, Json, ago, child_of, guid
from .network import subnet, vnet
from .private_link import Zones, a_record, private_endpoint, zones

CLUSTER = "Microsoft.ContainerService/managedClusters"
EXTENSION = "Microsoft.KubernetesConfiguration/extensions"


def cluster(
    at: Group,
    name: str,
    subnet_body: Json | None = None,
    private: bool = False,
    dns: Zones | None = None,
    started: float = BUILT,
) -> Json:
    """A managed cluster with its node resource group.

    Without a subnet AKS makes the VNet there. A private cluster gets the kube-apiserver endpoint, which every
    start makes anew (`started` days ago), and a zone: its own, or the only one of `dns`.
    """
    node_group = at.estate.group(
        f"MC_{at.name}_{name}_{at.region}", at.region, at.subscription, managed_by=at.id_of(CLUSTER, name)
    )
    host = f"{name}-{guid(at.id, name)[:8]}"
    own_zone = f"{guid(at.id, name, 'zone')}.privatelink.{at.region}.azmk8s.io"
    zone_name = next(iter(dns)) if dns else own_zone
    pools = [_pool(pool, mode, size, subnet_body) for pool, mode, size in _POOLS]
    properties: Json = {
        "powerState": {"code": "Running"},
        "kubernetesVersion": "1.33",
        "currentKubernetesVersion": "1.33.4",
        "dnsPrefix": host,
        "azurePortalFQDN": f"{guid(name, 'portal').replace('-', '')}.portal.hcp.{at.region}.azmk8s.io",
        "agentPoolProfiles": pools,
        "servicePrincipalProfile": {"clientId": "msi"},
        "nodeResourceGroup": node_group.name,
        "enableRBAC": True,
        "supportPlan": "KubernetesOfficial",
        "networkProfile": {
            "networkPlugin": "azure",
            "networkPluginMode": "overlay",
            "networkDataplane": "azure",
            "loadBalancerSku": "standard",
            "podCidr": "10.244.0.0/16",
            "serviceCidr": "10.2.0.0/16",
            "dnsServiceIP": "10.2.0.10",
            "outboundType": "loadBalancer",
            "podCidrs": ["10.244.0.0/16"],
            "serviceCidrs": ["10.2.0.0/16"],
            "ipFamilies": ["IPv4"],
        },
        "identityProfile": {"kubeletidentity": _kubelet(node_group, name)},
        "disableLocalAccounts": False,
        "securityProfile": {},
        "nodeProvisioningProfile": {"mode": "Manual"},
        "resourceUID": guid(at.id, name, "uid").replace("-", "")[:24],
    }
    if private:
        properties["privateFQDN"] = f"{host}.{zone_name}"
        properties["apiServerAccessProfile"] = {
            "enablePrivateCluster": True,
            "privateDNSZone": dns[zone_name]["id"] if dns else "system",
            "enablePrivateClusterPublicFQDN": False,
        }
    else:
        properties["fqdn"] = f"{host}.hcp.{at.region}.azmk8s.io"
    body = at.add(
        CLUSTER,
        name,
        properties,
        # AKS answers with this casing of its type and of the word resourcegroups
        id=at.id_of(CLUSTER, name).replace("/resourceGroups/", "/resourcegroups/"),
        type="Microsoft.ContainerService/ManagedClusters",
        kind="Base",
        sku={"name": "Base", "tier": "Standard"},
        identity=at.identity(name),
    )
    if subnet_body is None:
        vnet(node_group, f"aks-vnet-{guid(name)[:8]}", "10.224.0.0/12", {"aks-subnet": "10.224.0.0/16"})
    if private:
        _private_api(node_group, body, (dns or {}).get(zone_name), started)
    return body


_POOLS = (("system", "System", "Standard_D4ds_v5"), ("scoring", "User", "Standard_D8ds_v5"))


def _pool(name: str, mode: str, size: str, subnet_body: Json | None) -> Json:
    where = {"vnetSubnetID": subnet_body["id"]} if subnet_body else {}
    return {
        "name": name,
        "count": 3,
        "vmSize": size,
        **where,
        "type": "VirtualMachineScaleSets",
        "mode": mode,
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "orchestratorVersion": "1.33",
        "currentOrchestratorVersion": "1.33.4",
        "enableNodePublicIP": False,
        "osType": "Linux",
        "osSKU": "AzureLinux",
    }


def _kubelet(node_group: Group, name: str) -> Json:
    identity = f"{name}-agentpool"
    known = {
        "principalId": guid(node_group.id, "kubelet"),
        "clientId": guid(node_group.id, "kubelet", "client"),
    }
    body = node_group.add("Microsoft.ManagedIdentity/userAssignedIdentities", identity, dict(known))
    return {"resourceId": body["id"], "clientId": known["clientId"], "objectId": known["principalId"]}


def _private_api(node_group: Group, body: Json, zone: Json | None, started: float) -> None:
    """The private endpoint that AKS makes for the API server, and its record, which no zone group keeps."""
    estate = node_group.estate
    nodes, network = egress_subnet(estate, body), own_network(estate, body)
    host, _, zone_name = body["properties"]["privateFQDN"].partition(".")
    endpoint = private_endpoint(node_group, "kube-apiserver", body, "management", nodes, days_old=started)
    nic = estate.get(endpoint["properties"]["networkInterfaces"][0]["id"])
    zone = zone or zones(node_group, [zone_name], network)[zone_name]
    a_record(estate, zone, host, nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"])


def own_network(estate: Estate, body: Json) -> Json:
    """The VNet of a cluster: the one of its node pools, or the one that AKS made."""
    where = body["properties"]["agentPoolProfiles"][0].get("vnetSubnetID")
    if where:
        return estate.get(where.rpartition("/subnets/")[0])
    node_group = f"/resourcegroups/{body['properties']['nodeResourceGroup']}/".lower()
    return next(n for n in estate.find_all("Microsoft.Network/virtualNetworks") if node_group in n["id"].lower())


def egress_subnet(estate: Estate, body: Json) -> Json:
    """The subnet from which the nodes of a cluster talk."""
    network = own_network(estate, body)
    where = body["properties"]["agentPoolProfiles"][0].get("vnetSubnetID", "/aks-subnet")
    return subnet(network, where.rpartition("/")[2])


def extension(estate: Estate, body: Json, domain: str) -> Json:
    """The AzureML extension of a cluster: inference behind an internal load balancer, with TLS."""
    settings = {
        "enableInference": "True",
        "enableTraining": "False",
        "inferenceRouterServiceType": "LoadBalancer",
        "internalLoadBalancerProvider": "azure",
        "allowInsecureConnections": "False",
        "sslSecret": "scoring-tls",
        "sslCname": domain,
    }
    properties = {
        "extensionType": "microsoft.azureml.kubernetes",
        "autoUpgradeMinorVersion": True,
        "releaseTrain": "stable",
        "version": None,
        "currentVersion": "1.1.79",
        "scope": {"cluster": {"releaseNamespace": "azureml"}},
        "provisioningState": "Succeeded",
        "statuses": [],
        "errorInfo": None,
        "isSystemExtension": False,
        "configurationSettings": settings,
        "configurationProtectedSettings": {},
    }
    head = {"id": f"{body['id']}/providers/{EXTENSION}/azureml", "name": "azureml", "type": EXTENSION}
    return estate.add(head | {"identity": None, "properties": properties})


def trusted_access(estate: Estate, body: Json, workspace: Json) -> Json:
    """The Trusted Access binding that lets a workspace reach the API server."""
    roles = ["Microsoft.MachineLearningServices/workspaces/mlworkload"]
    properties = {"provisioningState": "Succeeded", "sourceResourceId": workspace["id"], "roles": roles}
    return estate.add(child_of(body, "trustedAccessRoleBindings", "azureml") | {"properties": properties})


def power(estate: Estate, body: Json, what: str, days: float, outcome: str = "Succeeded") -> None:
    """A `start` or `stop` of the cluster in the activity log: its beginning and its outcome."""
    for status, when in (("Started", days), (outcome, days - 0.005)):
        event(estate, body["id"], f"{CLUSTER}/{what}/action", status, when)


def event(estate: Estate, resource_id: str, operation: str, status: str, days: float) -> Json:
    """One entry of the activity log."""
    provider, kind, *_ = operation.split("/")
    ticket, correlation = (
        guid(resource_id, operation, status, ago(days)),
        guid(resource_id, operation, f"{days:.0f}"),
    )
    parts = resource_id.split("/")
    entry = {
        "id": f"{resource_id}/events/{ticket}/ticks/639000000000000000",
        "eventDataId": ticket,
        "correlationId": correlation,
        "operationId": correlation,
        "caller": "quay@northwharf.example",
        "channels": "Operation",
        "level": "Informational",
        "eventName": {"value": "EndRequest", "localizedValue": "End request"},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "operationName": {"value": operation, "localizedValue": operation},
        "resourceProviderName": {"value": provider, "localizedValue": provider},
        "resourceType": {"value": f"{provider}/{kind}", "localizedValue": f"{provider}/{kind}"},
        "status": {"value": status, "localizedValue": status},
        "subStatus": {"value": "", "localizedValue": ""},
        "eventTimestamp": ago(days),
        "submissionTimestamp": ago(days - 0.001),
        "subscriptionId": parts[2],
        "resourceGroupName": parts[4],
        "resourceId": resource_id,
        "tenantId": estate.tenant_id,
    }
    estate.activity.append(entry)
    return entry
