"""One VNet holds private endpoints of the workspace and of all that it leans on.

What it checks: some VNet has an approved private endpoint of the workspace, of its default storage (blob), of its Key
Vault and of its registry. What has no approved private endpoint, and is reached over service endpoints or not at all,
is left out: whether it is reached is asked by STO-001, KV-001 and ACR-001.

When it applies: the workspace, or a Project's hub, has an approved private endpoint, and so has at least one of the
three others.

Why it matters: the workspace gets at its storage, Key Vault and registry from the VNet of one of its own endpoints.
With several VNets, and none that holds them all, parts of it stop working, the studio first.

How to fix it: make the endpoint that is missing in the VNet that holds the most of them.

When it is unknown: one of them, or a private endpoint that one of them lists, could not be read; unless some VNet
holds an endpoint of each already.

Easily misjudged: a VNet with nothing but an endpoint of the workspace looks incomplete, and is fine as long as another
one is complete: that is how clients elsewhere come in. Two VNets that hold everything between them look complete, and
fail, peered or not. AKS may come to endpoints in peered VNets all the same, so the other rules can all pass beside
this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model.access import AccessPath, Endpoint
from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Missing, Undecided, evidence
from auditor.model.ids import ArmId, equal, key
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.shapes import CONNECTIONS, dig, dig_text, dig_texts
from auditor.model.snapshot import Gone
from auditor.model.types import PRIVATE_ENDPOINTS
from auditor.model.verdict import Severity, Verdict, all_of, any_of, applies, fail, ok, unknown


@dataclass(frozen=True)
class Member:
    """What should have an endpoint in the VNet: the approved ones that it has, by VNet, and what may be more."""

    path: AccessPath
    endpoints: dict[str, Endpoint]
    gaps: tuple[Missing, ...]

    def stands_in(self, vnet: str) -> Verdict:
        if vnet in self.endpoints:
            return ok(f"{self.path.name} is there", *self.evidence(vnet))
        if self.gaps:
            why = f"a private endpoint of {self.path.name} could not be read: {self.gaps[0].reason}"
            return unknown(why, *self.gaps)
        return fail(f"{self.path.name} has no private endpoint there")

    def evidence(self, vnet: str = "") -> list[Evidence]:
        chosen = [e for at, e in self.endpoints.items() if vnet in ("", at)]
        return [evidence(e.resource.see("properties.subnet.id")) for e in chosen]


@rule(
    id="AML-011",
    title="One workspace private endpoint shares a VNet with those of storage, Key Vault and registry",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="home",
    fix="az network private-endpoint create -g {shared_group} -n pe-{absentee} --vnet-name {shared_vnet} "
    "--subnet <pe-subnet> --private-connection-resource-id {absentee_id} --group-id {absentee_kind} "
    "--connection-name {absentee}",
    references=(
        f"{LEARN}/machine-learning/how-to-configure-private-link#limitations",
        f"{LEARN}/machine-learning/how-to-secure-workspace-vnet#limitations",
    ),
)
def shared_vnet(env: Environment) -> Verdict:
    workspace = _member(env, env.workspace_path)
    if not workspace.endpoints and workspace.gaps:
        raise Undecided(*workspace.gaps)
    applies(bool(workspace.endpoints), "the workspace has no approved private endpoint")
    paths = [p for p in (env.blob, env.vault, env.registry) if p is not None and not isinstance(p.target, Gone)]
    others = [m for m in (_member(env, path) for path in paths) if m.endpoints or m.gaps]
    applies(bool(others), "neither storage, Key Vault nor registry has an approved private endpoint")
    members = [workspace, *others]
    vnets = list(dict.fromkeys(vnet for m in members for vnet in m.endpoints))
    answers = [all_of([m.stands_in(v) for m in members], _holds_all(members, v)) for v in vnets]
    whole = any_of(answers, fail(""))
    return _scattered(members, vnets) if whole.failed else whole


def _member(env: Environment, path: AccessPath) -> Member:
    approved = {key(e.vnet_id): e for e in path.endpoints if e.approved and e.vnet_id}
    return Member(path, approved, tuple(dict.fromkeys(_gaps(env, path))))


def _gaps(env: Environment, path: AccessPath) -> Iterator[Missing]:
    """Why a path may have approved endpoints beside those that are known."""
    target = path.resource
    for endpoint in path.endpoints:
        if endpoint.approved and not endpoint.vnet_id:
            yield from endpoint.within.missing
        elif not endpoint.approved and endpoint.ready.unknown:
            yield from endpoint.ready.missing
    if not isinstance(target.raw(CONNECTIONS), list):
        if path.endpoint.unknown:
            yield from path.endpoint.missing
        elif path.endpoints:
            yield target.missing(CONNECTIONS, "Azure's answer does not list the connections")
    elif not path.endpoint.failed:  # it fails only where every endpoint was read
        yield from _unread(env, path)


def _unread(env: Environment, path: AccessPath) -> Iterator[Missing]:
    """The approved connections of the target whose endpoints were not read. Those of a managed network do not count."""
    every = (env.workspace_path, env.blob, env.file, env.dfs, env.queue, env.table, env.vault, env.registry)
    known = {key(e.id) for p in every if p is not None for e in p.endpoints}
    for at, connection in path.resource.objects(CONNECTIONS):
        name = dig_text(connection, "properties", "privateEndpoint", "id")
        status = dig(connection, "properties", "privateLinkServiceConnectionState", "status")
        groups = dig_texts(connection, "properties", "groupIds")
        managed = "__sys_pe_" in f"{dig_text(connection, 'name')}{name}".lower()
        other = bool(groups) and not any(equal(g, path.group) for g in groups)
        if key(name) in known or managed or other or (isinstance(status, str) and not equal(status, "Approved")):
            continue
        reason = f"the private endpoint {ArmId.parse(name).name or '(not named)'} was not read"
        yield Missing(name or path.target_id, "" if name else at, reason, None, f"{PRIVATE_ENDPOINTS}/read")


def _holds_all(members: list[Member], vnet: str) -> str:
    return f"{_name(members, vnet)} holds private endpoints of {', '.join(m.path.name for m in members)}"


def _name(members: list[Member], vnet: str) -> str:
    return ArmId.parse(next(m.endpoints[vnet].vnet_id for m in members if vnet in m.endpoints)).name


def _scattered(members: list[Member], vnets: list[str]) -> Verdict:
    best = max(vnets, key=lambda v: sum(v in m.endpoints for m in members))  # of several, the workspace's comes first
    absentee = next(m for m in members if m.stands_in(best).failed).path
    shared = ArmId.parse(next(m.endpoints[best].vnet_id for m in members if best in m.endpoints))
    places = [(m.path.name, " and ".join(_name(members, v) for v in m.endpoints)) for m in members if m.endpoints]
    where = "; ".join(f"{name} in {vnets_}" for name, vnets_ in places)
    return fail(
        f"no VNet holds a private endpoint of each: {where}",
        *(e for m in members for e in m.evidence()),
        names={
            "shared_vnet": shared.name,
            "shared_group": shared.resource_group,
            "absentee": ArmId.parse(absentee.target_id).name,
            "absentee_id": absentee.target_id,
            "absentee_kind": absentee.group,
        },
    )
