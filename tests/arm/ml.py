"""ARM bodies of Azure Machine Learning: workspaces, computes, datastores, online endpoints."""

from .estate import BUILT, Estate, Group, Json, ago, child_of, guid

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"


def _audit_trail(days: float = BUILT) -> Json:
    person = {"createdBy": "Mara Quay", "createdByType": "User"}
    edit = {"lastModifiedBy": "Mara Quay", "lastModifiedByType": "User"}
    return person | {"createdAt": ago(days)} | edit | {"lastModifiedAt": ago(days)}


def workspace(
    at: Group,
    name: str,
    storage: Json | None = None,
    vault: Json | None = None,
    registry: Json | None = None,
    kind: str = "Default",
    hub: Json | None = None,
    public: bool = False,
    hbi: bool = False,
) -> Json:
    """A workspace; a Project names its `hub` in place of resources of its own."""
    number = guid(at.id, name, "workspace")
    notebooks = f"ml-{name[:20]}-{at.region}-{number}.{at.region}.notebooks.azure.net"
    properties: Json = {
        "friendlyName": name,
        "description": "",
        "hbiWorkspace": hbi,
        "tenantId": at.estate.tenant_id,
        "imageBuildCompute": None,
        "provisioningState": "Succeeded",
        "v1LegacyMode": False,
        "softDeleteEnabled": False,
        "creationTime": ago(BUILT),
        "notebookInfo": {
            "resourceId": guid(number, "notebooks").replace("-", ""),
            "fqdn": notebooks,
            "isPrivateLinkEnabled": not public,
            "notebookPreparationError": None,
        },
        "storageHnsEnabled": False,
        "workspaceId": number,
        "discoveryUrl": f"https://{at.region}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{at.region}.api.azureml.ms/mlflow/v1.0{at.id_of(WORKSPACE, name)}",
        "enableDataIsolation": kind != "Default",
        "systemDatastoresAuthMode": "accesskey",
    }
    if hub:
        properties["hubResourceId"] = hub["id"]
        hub["properties"].setdefault("associatedWorkspaces", []).append(at.id_of(WORKSPACE, name))
    else:
        named = {"storageAccount": storage, "containerRegistry": registry}
        properties |= {key: body["id"] for key, body in named.items() if body}
        if vault:  # Azure ML writes this type in its own way
            properties["keyVault"] = vault["id"].replace("Microsoft.KeyVault", "Microsoft.Keyvault")
        properties |= {
            "publicNetworkAccess": "Enabled" if public else "Disabled",
            "privateLinkCount": 0,
            "ipAllowlist": [],
            "managedNetwork": {"isolationMode": "Disabled"},
            "privateEndpointConnections": [],
        }
    return at.add(
        WORKSPACE,
        name,
        properties,
        kind=kind,
        sku={"name": "Basic", "tier": "Basic"},
        identity=at.identity(name),
        etag=None,
        systemData=_audit_trail(),
    )


def _child(
    estate: Estate,
    parent: Json,
    kind: str,
    name: str,
    properties: Json,
    days: float = BUILT,
    /,
    **more: object,
) -> Json:
    head = child_of(parent, kind, name) | {"systemData": _audit_trail(days)} | more
    return estate.add(head | {"properties": properties}, days)


def _compute(
    estate: Estate, owner: Json, name: str, kind: str, days: float, properties: Json, /, **more: object
) -> Json:
    shared = {
        "computeType": kind,
        "computeLocation": owner["location"],
        "createdOn": ago(days, offset="+00:00"),
        "modifiedOn": ago(days, offset="+00:00"),
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "description": None,
        "disableLocalAuth": False,
    }
    return _child(
        estate,
        owner,
        "computes",
        name,
        shared | properties,
        days,
        location=owner["location"],
        tags=None,
        **more,
    )


def attach(
    estate: Estate, owner: Json, cluster: Json, name: str, days: float = BUILT - 10, legacy: bool = False
) -> Json:
    """The compute by which a workspace uses a cluster, attached so many days ago."""
    attached = {"resourceId": cluster["id"], "isAttachedCompute": True}
    if legacy:
        return _compute(estate, owner, name, "AKS", days, attached | {"properties": {}})
    inner = {
        "namespace": "scoring",
        "defaultInstanceType": "defaultinstancetype",
        "instanceTypes": {"defaultinstancetype": {"resources": {"requests": {"cpu": "1", "memory": "2Gi"}}}},
        "extensionPrincipalId": guid(cluster["id"], "extension"),
        "extensionInstanceReleaseTrain": "stable",
        "relayConnectionString": None,
        "serviceBusConnectionString": None,
        "vcName": None,
    }
    principal = guid("principal", owner["id"], name)
    identity = {"type": "SystemAssigned", "principalId": principal, "tenantId": estate.tenant_id}
    return _compute(estate, owner, name, "Kubernetes", days, attached | {"properties": inner}, identity=identity)


def training_cluster(estate: Estate, owner: Json, name: str, subnet_body: Json | None) -> Json:
    """An AmlCompute cluster in a subnet, which the workspace builds its images on."""
    owner["properties"]["imageBuildCompute"] = name
    inner = {
        "vmSize": "STANDARD_DS3_V2",
        "vmPriority": "Dedicated",
        "scaleSettings": {"maxNodeCount": 4, "minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"},
        "subnet": {"id": subnet_body["id"]} if subnet_body else None,
        "currentNodeCount": 0,
        "targetNodeCount": 0,
        "allocationState": "Steady",
        "errors": None,
        "remoteLoginPortPublicAccess": "Disabled",
        "osType": "Linux",
        "isolatedNetwork": False,
        "enableNodePublicIp": False,
    }
    own = {"resourceId": None, "isAttachedCompute": False, "properties": inner}
    return _compute(estate, owner, name, "AmlCompute", BUILT, own)


def datastore(
    estate: Estate, owner: Json, name: str, account: Json, kind: str = "AzureBlob", default: bool = False
) -> Json:
    """A datastore of kind AzureBlob, AzureFile or AzureDataLakeGen2."""
    holder = {"AzureBlob": "containerName", "AzureFile": "fileShareName", "AzureDataLakeGen2": "filesystem"}[kind]
    parts = account["id"].split("/")
    properties = {
        "description": None,
        "tags": None,
        "properties": None,
        "isDefault": default,
        "credentials": {"credentialsType": "None" if kind == "AzureDataLakeGen2" else "AccountKey"},
        "datastoreType": kind,
        "accountName": account["name"],
        holder: f"azureml-{name}",
        "endpoint": "core.windows.net",
        "protocol": "https",
        "subscriptionId": parts[2],
        "resourceGroup": parts[4],
        "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
    }
    return _child(estate, owner, "datastores", name, properties)


def own_datastores(estate: Estate, owner: Json, account: Json) -> None:
    """The datastores that every workspace has on its default storage."""
    datastore(estate, owner, "workspaceblobstore", account, default=True)
    datastore(estate, owner, "workspaceartifactstore", account)
    for name in ("workspacefilestore", "workspaceworkingdirectory"):
        datastore(estate, owner, name, account, "AzureFile")


def endpoint(estate: Estate, owner: Json, compute: Json, name: str, domain: str) -> Json:
    """An online endpoint on a Kubernetes compute, with one deployment."""
    where = {"location": owner["location"], "kind": "K8S", "tags": {}}
    properties = {
        "description": None,
        "properties": {},
        "authMode": "AMLToken",
        "compute": compute["id"],
        "provisioningState": "Succeeded",
        "publicNetworkAccess": "Enabled",
        "scoringUri": f"https://{domain}/api/v1/endpoint/{name}/score",
        "swaggerUri": f"https://{domain}/api/v1/endpoint/{name}/swagger.json",
        "traffic": {"blue": 100},
        "mirrorTraffic": {},
    }
    principal = {
        "type": "SystemAssigned",
        "principalId": guid(owner["id"], name),
        "tenantId": estate.tenant_id,
    }
    body = _child(estate, owner, "onlineEndpoints", name, properties, BUILT - 12, **where, identity=principal)
    deployment = {
        "description": None,
        "properties": {},
        "endpointComputeType": "Kubernetes",
        "provisioningState": "Succeeded",
        "instanceType": "defaultinstancetype",
        "model": f"{owner['id']}/models/{name}/versions/2",
        "environmentId": f"{owner['id']}/environments/scoring/versions/1",
        "environmentVariables": {},
        "appInsightsEnabled": False,
        "containerResourceRequirements": {
            "containerResourceRequests": {"cpu": "1", "memory": "2Gi", "gpu": None},
            "containerResourceLimits": {"cpu": "2", "memory": "4Gi", "gpu": None},
        },
        "scaleSettings": {"scaleType": "Default"},
        "requestSettings": {
            "maxConcurrentRequestsPerInstance": 1,
            "maxQueueWait": "PT0S",
            "requestTimeout": "PT5S",
        },
    }
    sku = {"name": "Default", "capacity": 2}
    _child(estate, body, "deployments", "blue", deployment, BUILT - 12, **where, sku=sku)
    return body
