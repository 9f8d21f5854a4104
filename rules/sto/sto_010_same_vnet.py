"""The default storage is behind the same VNet as the workspace.

What it checks: some VNet holds both a private endpoint of the workspace and one of the default storage for blob; or a
VNet rule of the storage admits the subnet of a private endpoint of the workspace.

When it applies: the workspace has an approved private endpoint, and the storage has one too or has VNet rules.

Why it matters: the studio checks this before it lets anybody look at data. Where it does not hold, people see a
validation error there, while AKS itself goes on working.

How to fix it: make an endpoint for blob in the VNet of the workspace's endpoint, or one of the workspace in that of the
storage.

When it is unknown: the workspace, the account or an endpoint of one of them could not be read.

Easily misjudged: two peered VNets, one with the endpoint of the workspace and one with that of the storage, serve AKS
well and pass every other rule here. The studio wants one VNet, so this fails at low. Two subnets of one VNet are fine
for endpoints; service endpoints have to be on the very subnet.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.access import AccessPath, Endpoint
from auditor.model.environment import Environment
from auditor.model.facts import Missing, Seen
from auditor.model.ids import ArmId, equal, key, same
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.shapes import CONNECTIONS, STATUS, dig_text, subnet_of
from auditor.model.verdict import Severity, Verdict, applies, fail, ok, unknown

RULES, SUBNET = "properties.networkAcls.virtualNetworkRules", "properties.subnet.id"


@rule(
    id="STO-010",
    title="Default storage and workspace have endpoints in the same VNet",
    severity=Severity.LOW,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="storage",
    fix="az network private-endpoint create -g {home_vnet_group} -n pe-{storage}-blob --vnet-name {home_vnet} "
    "--subnet <pe-subnet> --private-connection-resource-id {storage_id} --group-id blob --connection-name blob",
    references=(
        f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#limitations",
        f"{LEARN}/machine-learning/how-to-enable-studio-virtual-network",
    ),
)
def same_vnet(env: Environment) -> Verdict:
    applies(env.has_workspace_endpoint, "the workspace has no private endpoint")
    home, account = env.home, env.blob.resource
    ours, theirs = ([e for e in path.endpoints if e.approved] for path in (env.workspace_path, env.blob))
    shared = {key(e.vnet_id) for e in ours} & {key(e.vnet_id) for e in theirs}
    both = [e for e in (*ours, *theirs) if key(e.vnet_id) in shared]
    if both:
        vnet = ArmId.parse(both[0].vnet_id).name
        return ok(f"{vnet} holds endpoints of {home.name} and of {account.name}", *_seen(both))
    subnets = _admitted(account)
    for endpoint in ours:
        if any(same(subnet, subnet_of(endpoint.resource)) for subnet in subnets):
            where = ArmId.parse(subnet_of(endpoint.resource)).name
            return ok(f"a VNet rule of {account.name} admits {where}", account.see(RULES), *_seen([endpoint]))
    rules = account.items(RULES, absent=[])  # absent where there is none
    gaps = [*_unread(home, env.workspace_path), *_unread(account, env.blob, env.file, env.dfs, env.queue, env.table)]
    gaps += [rules] if isinstance(rules, Missing) else []
    if gaps:
        return unknown("; ".join(dict.fromkeys(gap.reason for gap in gaps)), *dict.fromkeys(gaps))
    applies(bool(ours), "no private endpoint of the workspace is approved")
    applies(bool(theirs or subnets), f"{account.name} has neither private endpoints for blob nor VNet rules")
    vnet_id = ArmId.parse(ours[0].vnet_id)
    names = {"home_vnet": vnet_id.name, "home_vnet_group": vnet_id.resource_group}
    what = f"{home.name} has its private endpoint in {_vnets(ours)}, and {account.name} "
    what += f"in {_vnets(theirs)}" if theirs else "no VNet rule for its subnet"
    return fail(what, *_seen([*ours, *theirs]), account.see(RULES), names=names)


def _admitted(account: Resource) -> list[str]:
    """The subnets that VNet rules admit; none while public network access is off, as the rules do not hold then.

    https://learn.microsoft.com/azure/storage/common/storage-network-security
    """
    access = account.raw("properties.publicNetworkAccess")
    if access is not None and not equal(access, "Enabled"):
        return []
    rules = [item for _, item in account.objects(RULES) if not equal(item.get("action"), "Deny")]
    return [subnet for item in rules if (subnet := dig_text(item, "id"))]


def _unread(target: Resource, path: AccessPath, *others: AccessPath) -> Iterator[Missing]:
    """Why not every endpoint of a resource is known; ``others`` are the paths to it through other groups. Those of a
    managed network are not asked for: they serve Azure ML's own computes."""
    yield from path.endpoint.missing
    known = {key(e.id) for p in (path, *others) for e in p.endpoints}
    for at, connection in target.objects(CONNECTIONS):
        endpoint = dig_text(connection, "properties", "privateEndpoint", "id")
        managed = "__sys_pe_" in f"{dig_text(connection, 'name')} {endpoint}".lower()
        approved = equal(target.raw(f"{at}.properties.{STATUS}"), "Approved")
        if approved and not managed and key(endpoint) not in known:
            name = ArmId.parse(endpoint).name or dig_text(connection, "name")
            yield target.missing(f"{at}.properties.privateEndpoint.id", f"the private endpoint {name} was not read")


def _seen(endpoints: list[Endpoint]) -> list[Seen[str]]:
    return [e.resource.see(SUBNET) for e in endpoints]


def _vnets(endpoints: list[Endpoint]) -> str:
    return ", ".join(dict.fromkeys(ArmId.parse(e.vnet_id).name for e in endpoints))
