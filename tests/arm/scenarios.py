"""Whole tenants, one for each situation that the audit must tell apart. Every call builds a new one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from . import aks, ml, network, private_link, roles, services
from .estate import AUDITOR, Denial, Estate, Group, Json
from .network import subnet
from .private_link import PRIVATE_ZONES, Zones

REGION = "northeurope"


@dataclass(frozen=True)
class Parts:
    """What a workspace is made of."""

    account: Json
    keys: Json
    images: Json
    owner: Json

    def targets(self) -> dict[str, tuple[Json, str]]:
        """What wants a private endpoint: by the name of the endpoint, the resource and its group."""
        return {
            "workspace": (self.owner, "amlworkspace"),
            "blob": (self.account, "blob"),
            "file": (self.account, "file"),
            "vault": (self.keys, "vault"),
            "registry": (self.images, "registry"),
        }


def _workspace(at: Group, name: str, access: services.Access, kind: str = "Default", hbi: bool = False) -> Parts:
    """A workspace with storage, vault and registry."""
    account = services.storage(at, f"st{name}main", access)
    keys = services.vault(at, f"kv-{name}", access)
    images = services.registry(at, f"cr{name}", access)
    owner = ml.workspace(at, f"mlw-{name}", account, keys, images, kind, public=access != "private", hbi=hbi)
    ml.own_datastores(at.estate, owner, account)
    roles.assign(at.estate, at.id, "Contributor", owner["identity"]["principalId"])
    return Parts(account, keys, images, owner)


def _endpoints(at: Group, name: str, targets: Mapping[str, tuple[Json, str]], place: Json, dns: Zones) -> None:
    for label, (target, group) in targets.items():
        private_link.private_endpoint(at, f"pe-{name}-{label}", target, group, place, dns)
        if group == "amlworkspace":
            target["properties"]["privateLinkCount"] += 1


def _serve(
    estate: Estate, parts: Parts, nodes: Json, name: str, attached: float = 50, owner: Json | None = None
) -> None:
    """Attach a cluster, by default to the workspace of the parts, and serve a model on it."""
    workspace, domain = owner or parts.owner, f"{name}.scoring.northwharf.example"
    aks.extension(estate, nodes, domain)
    compute = ml.attach(estate, workspace, nodes, f"k8s-{name}", attached)
    ml.endpoint(estate, workspace, compute, f"score-{name}", domain)
    roles.assign(estate, parts.images["id"], "AcrPull", compute["identity"]["principalId"])
    where = aks.own_network(estate, nodes)["id"]
    roles.assign(estate, where, "Network Contributor", nodes["identity"]["principalId"])


def _estate(*subscriptions: str) -> tuple[Estate, list[str]]:
    """An empty tenant whose auditor may read everything."""
    estate = Estate()
    numbers = [estate.subscription(name) for name in subscriptions]
    for number in numbers:
        roles.assign(estate, f"/subscriptions/{number}", "Reader", AUDITOR)
    return estate, numbers


def _secure(
    estate: Estate, subscription: str, name: str, octet: int, kind: str = "Default", hbi: bool = False
) -> Parts:
    """An environment that keeps every statement: a private cluster and all it needs in one VNet."""
    at = estate.group(f"rg-{name}", REGION, subscription)
    net = estate.group(f"rg-{name}-net", REGION, subscription)
    here = f"10.{octet}"
    prefixes = {"snet-aks": f"{here}.0.0/20", "snet-pe": f"{here}.16.0/24", "snet-train": f"{here}.17.0/24"}
    space = network.vnet(net, f"vnet-{name}", f"{here}.0.0/16", prefixes | {"AzureBastionSubnet": f"{here}.18.0/26"})
    network.security_group(net, f"nsg-{name}", space, ["snet-aks", "snet-pe"])
    network.bastion(net, f"bas-{name}", space)
    dns = private_link.zones(net, PRIVATE_ZONES, space)

    parts = _workspace(at, name, "private", kind, hbi=hbi)
    lake = services.storage(at, f"st{name}lake", hierarchical=True)
    others = {"lake-blob": (lake, "blob"), "lake-dfs": (lake, "dfs")}
    _endpoints(net, name, parts.targets() | others, subnet(space, "snet-pe"), dns)
    ml.training_cluster(estate, parts.owner, "cpu-build", subnet(space, "snet-train"))

    nodes = aks.cluster(at, f"aks-{name}", subnet(space, "snet-aks"), private=True, started=20)
    aks.power(estate, nodes, "stop", 21)
    aks.power(estate, nodes, "start", 20)
    # Operators reach the API server from a VNet of their own, by an endpoint made anew after the restart.
    ops = network.vnet(net, f"vnet-{name}-ops", "192.168.8.0/24", {"snet-ops": "192.168.8.0/26"})
    private_link.private_endpoint(net, f"pe-{name}-kube", nodes, "management", subnet(ops, "snet-ops"), days_old=19)

    served = parts.owner
    if kind == "Hub":
        served = ml.workspace(at, f"proj-{name}", kind="Project", hub=parts.owner)
        ml.own_datastores(estate, served, parts.account)
    ml.datastore(estate, served, "lake", lake, "AzureDataLakeGen2")
    _serve(estate, parts, nodes, name, attached=19, owner=served)
    return parts


def secure() -> Estate:
    """Everything in a VNet: private cluster, a lake behind a datastore, a restart before the attachment."""
    estate, (subscription,) = _estate("tidal-production")
    _secure(estate, subscription, "tidal", 40)
    return estate


def hub_project() -> Estate:
    """The secure environment as a Hub, whose Project has the cluster attached."""
    estate, (subscription,) = _estate("tidal-production")
    _secure(estate, subscription, "tidal", 40, kind="Hub")
    return estate


def hbi() -> Estate:
    """A high business impact workspace, whose compute holds both roles: one directly, one from above."""
    estate, (subscription,) = _estate("tidal-production")
    parts = _secure(estate, subscription, "tidal", 40, hbi=True)
    compute = estate.find(f"{ml.WORKSPACE}/computes", "k8s-tidal")
    principal, account = compute["identity"]["principalId"], parts.account["id"]
    roles.assign(estate, account, "Storage Blob Data Contributor", principal)
    roles.assign(estate, account.partition("/providers/")[0], "Storage Account Contributor", principal)
    return estate


def restarted() -> Estate:
    """The secure environment, stopped and started again three days ago, and nothing renewed since."""
    estate = secure()
    nodes = estate.find(aks.CLUSTER)
    aks.power(estate, nodes, "stop", 3.5)
    aks.power(estate, nodes, "start", 3)
    renewed = estate.find(private_link.ENDPOINT, "kube-apiserver")
    estate.add(renewed, days_old=3)  # AKS does this by itself
    return estate


def partial_permissions() -> Estate:
    """The secure environment, with the activity log, storage and the vault's zone out of reach."""
    estate = secure()
    zone = estate.find(private_link.ZONE, "vaultcore")
    log = Denial(type="Microsoft.Insights/eventtypes/values")
    estate.denied += [log, Denial(provider="Microsoft.Storage"), Denial(scope=zone["id"])]
    return estate


def default_cluster() -> Estate:
    """A cluster whose VNet AKS made, in the node resource group, peered with that of the endpoints."""
    estate, (subscription,) = _estate("lantern-production")
    at = estate.group("rg-lantern", REGION, subscription)
    prefixes = {"snet-pe": "10.41.0.0/24", "snet-train": "10.41.1.0/24", "AzureBastionSubnet": "10.41.2.0/26"}
    space = network.vnet(at, "vnet-lantern", "10.41.0.0/16", prefixes)
    network.bastion(at, "bas-lantern", space)
    nodes = aks.cluster(at, "aks-lantern")
    nodes["properties"]["apiServerAccessProfile"] = {"authorizedIPRanges": ["198.51.100.0/28"]}
    network.peer(space, aks.own_network(estate, nodes))
    dns = private_link.zones(at, PRIVATE_ZONES, space, aks.own_network(estate, nodes))
    parts = _workspace(at, "lantern", "private")
    _endpoints(at, "lantern", parts.targets(), subnet(space, "snet-pe"), dns)
    ml.training_cluster(estate, parts.owner, "cpu-build", subnet(space, "snet-train"))
    aks.trusted_access(estate, nodes, parts.owner)
    _serve(estate, parts, nodes, "lantern")
    return estate


def hub_and_spoke(endpoints: Literal["spoke", "hub"] = "spoke") -> Estate:
    """Two subscriptions: Bastion, gateway and zones in the hub; workspace and cluster in the spoke."""
    estate, (connectivity, spoke) = _estate("keel-connectivity", "keel-production")
    hub_net = estate.group("rg-keel-hub", REGION, connectivity)
    at = estate.group("rg-keel", REGION, spoke)
    prefixes = {
        "GatewaySubnet": "10.50.0.0/26",
        "AzureBastionSubnet": "10.50.1.0/26",
        "snet-pe": "10.50.2.0/24",
    }
    centre = network.vnet(hub_net, "vnet-keel-hub", "10.50.0.0/16", prefixes)
    prefixes = {"snet-aks": "10.51.0.0/20", "snet-pe": "10.51.16.0/24", "snet-train": "10.51.17.0/24"}
    space = network.vnet(at, "vnet-keel", "10.51.0.0/16", prefixes)
    network.peer(centre, space, gateway_in_one=True)
    network.bastion(hub_net, "bas-keel", centre)
    network.vpn_gateway(hub_net, "vgw-keel", centre)
    dns = private_link.zones(hub_net, PRIVATE_ZONES, centre, space)
    api_zone = private_link.zones(hub_net, [f"privatelink.{REGION}.azmk8s.io"], centre, space)

    parts = _workspace(at, "keel", "private")
    place = (at, space) if endpoints == "spoke" else (hub_net, centre)
    _endpoints(place[0], "keel", parts.targets(), subnet(place[1], "snet-pe"), dns)
    ml.training_cluster(estate, parts.owner, "cpu-build", subnet(space, "snet-train"))
    nodes = aks.cluster(at, "aks-keel", subnet(space, "snet-aks"), private=True, dns=api_zone)
    _serve(estate, parts, nodes, "keel")
    return estate


def service_endpoints() -> Estate:
    """A public workspace: storage and vault by service endpoints, the registry by a private one."""
    estate, (subscription,) = _estate("pilot-production")
    at = estate.group("rg-pilot", REGION, subscription)
    prefixes = {"snet-aks": "10.42.0.0/20", "snet-pe": "10.42.16.0/24"}
    space = network.vnet(at, "vnet-pilot", "10.42.0.0/16", prefixes)
    network.service_endpoints(space, "snet-aks", "Microsoft.Storage", "Microsoft.KeyVault")
    parts = _workspace(at, "pilot", "selected")
    for target in (parts.account, parts.keys):
        services.allow_subnet(target, subnet(space, "snet-aks"))
    dns = private_link.zones(at, ["privatelink.azurecr.io"], space)
    _endpoints(at, "pilot", {"registry": (parts.images, "registry")}, subnet(space, "snet-pe"), dns)
    ml.training_cluster(estate, parts.owner, "cpu-build", subnet(space, "snet-aks"))
    _serve(estate, parts, aks.cluster(at, "aks-pilot", subnet(space, "snet-aks")), "pilot")
    return estate


def everything_public() -> Estate:
    """No virtual network: everything answers the internet, and AKS made the VNet of the cluster."""
    estate, (subscription,) = _estate("buoy-sandbox")
    at = estate.group("rg-buoy", REGION, subscription)
    parts = _workspace(at, "buoy", "open")
    _serve(estate, parts, aks.cluster(at, "aks-buoy"), "buoy")
    return estate


def large(environments: int = 4, others: int = 120) -> Estate:
    """Several secure environments among many resources that have nothing to do with them."""
    estate, (subscription,) = _estate("fleet-production")
    for number in range(environments):
        _secure(estate, subscription, f"vessel{number:02}", 100 + number)
    at = estate.group("rg-fleet-shared", REGION, subscription)
    for number in range(others):
        name = f"{number:03}"
        account = services.storage(at, f"stcargo{name}")
        space = network.vnet(at, f"vnet-cargo-{name}", "10.30.0.0/24", {"snet-pe": "10.30.0.0/26"})
        private_link.private_endpoint(at, f"pe-cargo-{name}", account, "blob", subnet(space, "snet-pe"))
        services.vault(at, f"kv-cargo-{name}")
    return estate


def demo() -> Estate:
    """Two environments side by side: a sound one, and one with three flaws that look harmless one at a time."""
    estate, (subscription,) = _estate("harbour-ml")
    _secure(estate, subscription, "pilotage", 60)
    salvage = _secure(estate, subscription, "salvage", 61)
    nodes = estate.find(aks.CLUSTER, "aks-salvage")
    aks.power(estate, nodes, "stop", 3.5)
    aks.power(estate, nodes, "start", 3)
    estate.add(estate.find_all(private_link.ENDPOINT, "kube-apiserver")[1], days_old=3)
    zone = next(z for z in estate.find_all(private_link.ZONE, "privatelink.azurecr.io") if "rg-salvage-net" in z["id"])
    for one in estate.find_all(f"{private_link.ZONE}/virtualNetworkLinks"):
        if one["id"].startswith(zone["id"] + "/"):
            estate.remove(one)
    account = salvage.account["properties"]
    account["publicNetworkAccess"] = "Enabled"
    account["networkAcls"]["ipRules"] = [
        {"value": "0.0.0.0/1", "action": "Allow"},
        {"value": "128.0.0.0/1", "action": "Allow"},
    ]
    return estate


SCENARIOS = {
    "secure": secure,
    "default-cluster": default_cluster,
    "hub-and-spoke": hub_and_spoke,
    "service-endpoints": service_endpoints,
    "everything-public": everything_public,
    "hbi": hbi,
    "restarted": restarted,
    "partial-permissions": partial_permissions,
    "hub-project": hub_project,
    "large": large,
    "demo": demo,
}
