"""Snapshots of large tenants: ``python -m benchmarks.fleet SHAPE ENVIRONMENTS RESOURCES FILE``.

Each holds what the collectors saw of one environment and one neighbour, many times over.

Three shapes, since they strain different joins: environments that stand *apart*, each with zones of its own; *spokes*
that share the zones and the VNet of one hub; and *flawed* ones, for which reports have the most to say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.model.snapshot import Snapshot
from tests.arm import aks, ml, network, private_link
from tests.arm.estate import Estate
from tests.arm.network import subnet
from tests.arm.scenarios import REGION, _endpoints, _estate, _serve, _workspace, large
from tests.audits import snapshot_of

ENVIRONMENT, NEIGHBOUR = "vessel00", "cargo"


def apart() -> Estate:
    """One environment with all it needs, and one unrelated account, VNet, endpoint and vault."""
    return large(environments=1, others=1)


def spokes() -> Estate:
    """One environment in a spoke, its zones in the hub's subscription, and the same neighbour."""
    estate = large(environments=0, others=1)
    (subscription,) = [s["subscriptionId"] for s in estate.subscriptions]
    _, (connectivity,) = _estate("fleet-connectivity")
    estate.subscription("fleet-connectivity")
    hub = estate.group("rg-hub", REGION, connectivity)
    at = estate.group(f"rg-{ENVIRONMENT}", REGION, subscription)
    centre = network.vnet(hub, "vnet-hub", "10.50.0.0/16", {"AzureBastionSubnet": "10.50.1.0/26"})
    prefixes = {"snet-aks": "10.51.0.0/20", "snet-pe": "10.51.16.0/24", "snet-train": "10.51.17.0/24"}
    space = network.vnet(at, f"vnet-{ENVIRONMENT}", "10.51.0.0/16", prefixes)
    network.peer(centre, space)
    network.bastion(hub, "bas-hub", centre)
    dns = private_link.zones(hub, private_link.PRIVATE_ZONES, centre, space)
    parts = _workspace(at, ENVIRONMENT, "private")
    _endpoints(at, ENVIRONMENT, parts.targets(), subnet(space, "snet-pe"), dns)
    ml.training_cluster(estate, parts.owner, "cpu-build", subnet(space, "snet-train"))
    api = private_link.zones(hub, [f"privatelink.{REGION}.azmk8s.io"], centre, space)
    nodes = aks.cluster(at, f"aks-{ENVIRONMENT}", subnet(space, "snet-aks"), private=True, dns=api)
    _serve(estate, parts, nodes, ENVIRONMENT)
    return estate


def flawed() -> Estate:
    """As *apart*, with what makes many rules fail: zones that nothing is linked to, and an open account."""
    estate = apart()
    for link in estate.find_all("Microsoft.Network/privateDnsZones/virtualNetworkLinks"):
        estate.remove(link)
    for account in estate.find_all("Microsoft.Storage/storageAccounts", ENVIRONMENT):
        account["properties"] |= {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}}
    return estate


SHAPES = {"apart": apart, "spokes": spokes, "flawed": flawed}


def snapshot(shape: str, environments: int, resources: int) -> str:
    """The JSON of a snapshot with so many environments, and neighbours up to so many resources."""
    seen = snapshot_of(SHAPES[shape]()).model_dump(mode="json")
    own = sum(ENVIRONMENT in json.dumps(r) for r in seen["resources"])
    neighbours = sum(NEIGHBOUR in r["id"] and ENVIRONMENT not in r["id"] for r in seen["resources"])
    times = max(0, resources - environments * own) // neighbours
    for name in ("resources", "listings", "unread"):
        seen[name] = list(_many(seen[name], environments, times))
    grown = {}
    for arm_id, when in seen["created"].items():
        grown.update(dict.fromkeys(_names(arm_id, environments, times), when))
    return Snapshot.model_validate({**seen, "created": grown}).model_dump_json()


def _many(items: list[dict[str, Any]], environments: int, times: int) -> Iterator[dict[str, Any]]:
    """Each item as often as what it belongs to; a shared one once, with as many of what it lists."""
    for item in items:
        at = json.dumps(item.get("id") or item.get("scope"))
        if ENVIRONMENT in at or NEIGHBOUR in at:
            yield from map(json.loads, _names(json.dumps(item), environments, times))
        else:
            yield _grown(item, environments)


def _names(text: str, environments: int, times: int) -> Iterator[str]:
    if ENVIRONMENT in text:
        yield from (text.replace(ENVIRONMENT, f"vessel{n:05}") for n in range(environments))
    elif NEIGHBOUR in text:
        yield from (text.replace("000", f"{n:05}") for n in range(times))
    else:
        yield text


def _grown(value: Any, environments: int) -> Any:
    """A shared body in which each list item of the environment stands once for every environment."""
    if isinstance(value, dict):
        return {name: _grown(below, environments) for name, below in value.items()}
    if isinstance(value, list):
        return [v for item in value for v in map(json.loads, _names(json.dumps(item), environments, 1))]
    return value


def main() -> None:
    shape, environments, resources, file = sys.argv[1:]
    Path(file).write_text(snapshot(shape, int(environments), int(resources)), "utf-8")


if __name__ == "__main__":
    main()
