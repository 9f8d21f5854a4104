"""Tenants of many subscriptions, most of which hold nothing that is audited."""

from . import aks, network, private_link, services
from .estate import Estate, Group
from .private_link import private_endpoint
from .scenarios import everything_public, hub_and_spoke, secure

REGION = "westeurope"


def merged(*estates: Estate) -> Estate:
    """Several estates of one tenant as one."""
    whole = Estate()
    for estate in estates:
        whole.subscriptions += estate.subscriptions
        whole.activity += estate.activity
        for name in ("resources", "created", "groups"):
            getattr(whole, name).update(getattr(estate, name))
    return whole


def tenant(idle: int = 8) -> Estate:
    """Three environments in four subscriptions, one of them a hub, among ``idle`` others."""
    estate = merged(secure(), hub_and_spoke("hub"), everything_public())
    for number in range(idle):
        at = estate.group("rg-app", REGION, estate.subscription(f"idle-{number}"))
        other(at)
    return estate


def idle_ones(estate: Estate) -> set[str]:
    return {s["subscriptionId"] for s in estate.subscriptions if s["displayName"].startswith("idle-")}


def first_idle(estate: Estate) -> Group:
    """The resource group of the first of them."""
    number = estate.subscription("idle-0")
    return Group(estate, f"/subscriptions/{number}/resourceGroups/rg-app", REGION)


def other(at: Group) -> None:
    """What other teams have: storage behind an endpoint, a private cluster with AKS's endpoint to it, other zones."""
    space = network.vnet(at, "vnet-app", "10.200.0.0/16", {"snet-aks": "10.200.0.0/20", "snet-pe": "10.200.16.0/24"})
    inside = network.subnet(space, "snet-pe")
    account = services.storage(at, f"stapp{at.subscription[:8]}")
    private_endpoint(at, "pe-blob", account, "blob", inside)
    private_link.zones(at, ["privatelink.database.windows.net"], space)
    aks.cluster(at, "aks-app", network.subnet(space, "snet-aks"), private=True)
