"""The least that an audit could ask, by a bare script: ``python -m benchmarks.floor URL SUBSCRIPTION``.

It asks for what the rules read of an estate of private environments, each thing once and as soon as its inputs are
there, by a list wherever one list brings what several reads would, with no SDK, no model, no verdict and no retry. It
shares no code with the collectors, so that it cannot share their waste. Prints JSON: requests, seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import time
import urllib.request
from collections.abc import Coroutine, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

Body = dict[str, Any]
Job = Coroutine[Any, Any, None]
CONNECTIONS = 64  # the quickest of 16, 32, 64, 128 and 256: each costs a handshake at both ends


class Arm:
    """GETs over as many connections as there is use for; each is kept open."""

    def __init__(self, url: str, token: str) -> None:
        self.token = token
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port or 443
        self.context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.turns = asyncio.Semaphore(CONNECTIONS)
        self.requests = 0

    async def get(self, target: str) -> Body:
        async with self.turns:
            self.requests += 1
            reader, writer = self.free.pop() if self.free else await self._open()
            head = f"GET {target} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Bearer {self.token}"
            writer.write(f"{head}\r\n\r\n".encode())
            lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
            body: Body = json.loads(await reader.readexactly(length))
            self.free.append((reader, writer))
        if b"200" not in lines[0]:
            raise SystemExit(f"{target}: {lines[0].decode()} {body}")
        return body

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port, ssl=self.context)

    async def list(self, scope: str, arm_type: str, query: str = "") -> list[Body]:
        found: list[Body] = []
        target = f"{scope}/{arm_type}?api-version=2023-01-01{query}"
        while target:
            page = await self.get(target)
            found += page["value"]
            more = urlsplit(page.get("nextLink") or "")
            target = f"{more.path}?{more.query}" if more.path else ""
        return found


class Walk:
    """One audit of one subscription."""

    def __init__(self, arm: Arm, subscription: str) -> None:
        self.arm, self.at = arm, f"/subscriptions/{subscription}"
        self.roles: set[str] = set()
        self.wide: dict[str, asyncio.Task[list[Body]]] = {}

    async def run(self) -> None:
        await self.arm.get(f"{self.at}?api-version=2022-12-01")
        kinds = [
            *("MachineLearningServices/workspaces", "ContainerService/managedClusters", "Storage/storageAccounts"),
            *("KeyVault/vaults", "ContainerRegistry/registries", "Network/virtualNetworks", "Network/privateEndpoints"),
            *("Network/privateDnsZones", "Network/networkInterfaces", "Network/networkSecurityGroups"),
            *("Network/bastionHosts", "Network/dnsForwardingRulesets"),
        ]
        for kind in kinds:
            task = asyncio.create_task(self.arm.list(f"{self.at}/providers", f"Microsoft.{kind}"))
            self.wide[kind] = task
        kind = quote("resourceType eq 'Microsoft.Network/privateEndpoints'")
        created = self.arm.list(self.at, "resources", f"&$expand=createdTime&$filter={kind}")
        await _all([self._zones(), self._workspaces(), _done(created), *map(_done, self.wide.values())])

    async def _zones(self) -> None:
        jobs = []
        for zone in await self.wide["Network/privateDnsZones"]:
            jobs.append(self._children(zone, "virtualNetworkLinks"))
            if not zone["name"].endswith(".azmk8s.io"):
                jobs.append(self._children(zone, "A"))
        await _all(jobs)

    async def _workspaces(self) -> None:
        await _all(self._workspace(w) for w in await self.wide["MachineLearningServices/workspaces"])

    async def _workspace(self, workspace: Body) -> None:
        computes = await self.arm.list(workspace["id"], "computes")
        attached = [c for c in computes if c["properties"]["computeType"] == "Kubernetes"]
        if attached:
            await _all(
                [
                    *(self._children(workspace, "batchEndpoints"), self._online(workspace)),
                    *(self._registry(workspace, attached), self._endpoints(workspace)),
                    *(self._cluster(compute["properties"]["resourceId"]) for compute in attached),
                ]
            )

    async def _online(self, workspace: Body) -> None:
        endpoints = await self.arm.list(workspace["id"], "onlineEndpoints")
        await _all(self._children(endpoint, "deployments") for endpoint in endpoints)

    async def _registry(self, workspace: Body, attached: list[Body]) -> None:
        at = workspace["properties"]["containerRegistry"]
        (registry,) = [r for r in await self.wide["ContainerRegistry/registries"] if r["id"].lower() == at.lower()]
        jobs = [self._children(registry, "replications")]
        if not registry["properties"].get("adminUserEnabled"):
            jobs += [self._assigned(at, who) for compute in attached for who in _principals(compute)]
        await _all(jobs)

    async def _endpoints(self, workspace: Body) -> None:
        """The zone groups of the private endpoints of a workspace and of what it names."""
        stores = await self.arm.list(workspace["id"], "datastores", "&count=30&orderByAsc=false")
        accounts = {store["properties"].get("accountName") for store in stores}
        named = {workspace["properties"][name].lower() for name in ("storageAccount", "keyVault", "containerRegistry")}
        named |= {a["id"].lower() for a in await self.wide["Storage/storageAccounts"] if a["name"] in accounts}
        named.add(workspace["id"].lower())
        jobs = []
        for endpoint in await self.wide["Network/privateEndpoints"]:
            (connection,) = endpoint["properties"]["privateLinkServiceConnections"]
            if connection["properties"]["privateLinkServiceId"].lower() in named:
                jobs.append(self._children(endpoint, "privateDnsZoneGroups"))
        await _all(jobs)

    async def _cluster(self, at: str) -> None:
        clusters = await self.wide["ContainerService/managedClusters"]
        (cluster,) = [c for c in clusters if c["id"].lower() == at.lower()]
        subnets = dict.fromkeys(pool["vnetSubnetID"] for pool in cluster["properties"]["agentPoolProfiles"])
        since = f"eventTimestamp ge '{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 89 * 86400))}'"
        events = f"&$filter={quote(f'{since} and resourceUri eq {at!r}')}"
        insights = f"{self.at}/providers/Microsoft.Insights/eventtypes/management"
        await _all(
            [
                *(
                    self._children(cluster, name)
                    for name in ("privateEndpointConnections", "trustedAccessRoleBindings")
                ),
                self._children({"id": f"{at}/providers"}, "Microsoft.KubernetesConfiguration/extensions"),
                _done(self.arm.list(insights, "values", events)),
                *(self._assigned(subnet, who) for subnet in subnets for who in _principals(cluster)),
            ]
        )

    async def _assigned(self, scope: str, principal: str) -> None:
        """What an identity is assigned at a scope, and the roles that this names."""
        query = f"&$filter=assignedTo('{principal}')"
        found = await self.arm.list(f"{scope}/providers", "Microsoft.Authorization/roleAssignments", query)
        new = {a["properties"]["roleDefinitionId"].lower() for a in found} - self.roles
        self.roles |= new
        await _all(_done(self.arm.get(f"{role}?api-version=2022-04-01")) for role in new)

    async def _children(self, parent: Body, name: str) -> None:
        await self.arm.list(parent["id"], name)


async def _all(jobs: Iterable[Job]) -> None:
    await asyncio.gather(*jobs)


async def _done(job: Any) -> None:
    await job


def _principals(resource: Body) -> list[str]:
    identity = resource.get("identity") or {}
    named = [one["principalId"] for one in (identity.get("userAssignedIdentities") or {}).values()]
    return named or [identity["principalId"]] * ("principalId" in identity)


def sign_in(url: str) -> str:
    """A token of the managed identity that the environment describes."""
    at = f"{os.environ['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource={quote(url)}"
    request = urllib.request.Request(at, headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310  (our own endpoint)
        return str(json.load(answer)["access_token"])


async def main() -> None:
    url, subscription = sys.argv[1:]
    arm = Arm(url, sign_in(url))
    began = time.perf_counter()
    await Walk(arm, subscription).run()
    print(json.dumps({"requests": arm.requests, "seconds": time.perf_counter() - began}))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
