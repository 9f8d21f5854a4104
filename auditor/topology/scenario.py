"""How AKS reaches each part of an environment, and the row of the article's table that follows."""

from __future__ import annotations

from itertools import product

from auditor.model.environment import Access, AccessPath, Scenario
from auditor.model.resource import Resource
from auditor.model.snapshot import Lookup

WORSE = (Access.PRIVATE_ENDPOINT, Access.SERVICE_ENDPOINT, Access.PUBLIC, Access.NONE)


def possible(path: AccessPath) -> frozenset[Access]:
    """How AKS may reach a target by what was read. Open to the public network is public, whatever endpoint there is;
    closed, the way in decides."""
    if path.closed.failed:
        return frozenset({Access.PUBLIC})
    ways = {Access.PUBLIC} if path.closed.unknown else set()
    if path.endpoint.passed or path.endpoint.unknown:
        ways.add(Access.PRIVATE_ENDPOINT)
    if not path.endpoint.passed:
        if path.service_endpoint.passed or path.service_endpoint.unknown:
            ways.add(Access.SERVICE_ENDPOINT)
        if not path.service_endpoint.passed:
            ways.add(Access.NONE)
    return frozenset(ways)


def possible_storage(blob: AccessPath, file: AccessPath) -> frozenset[Access]:
    """The worse of blob and, where an endpoint is used, file."""
    ways = possible(blob)
    if Access.PRIVATE_ENDPOINT not in ways:
        return ways
    both = {max(b, f, key=WORSE.index) for b in ways for f in (possible(file) if b is Access.PRIVATE_ENDPOINT else {b})}
    return frozenset(both)


def possible_cluster(cluster: Lookup | None, paths: list[AccessPath]) -> frozenset[Access]:
    """Private when the API server is, or when an endpoint of a part of the environment is within the nodes' reach."""
    either = frozenset({Access.PRIVATE, Access.PUBLIC})
    if not isinstance(cluster, Resource):
        return either
    if cluster.raw("properties.apiServerAccessProfile.enablePrivateCluster") is True:
        return frozenset({Access.PRIVATE})
    if any(p.endpoint.passed for p in paths):
        return frozenset({Access.PRIVATE})
    return either if any(p.endpoint.unknown for p in paths) else frozenset({Access.PUBLIC})


def named(ways: frozenset[Access]) -> Access:
    return next(iter(ways)) if len(ways) == 1 else Access.UNKNOWN


def row(ways: dict[str, frozenset[Access]]) -> Scenario:
    """The scenario; undetermined only where what is unknown could still change it."""
    rows = {_row(dict(zip(ways, guess, strict=True))) for guess in product(*ways.values())}
    return rows.pop() if len(rows) == 1 else Scenario.UNDETERMINED


def _row(parts: dict[str, Access]) -> Scenario:
    resources = [a for name, a in parts.items() if name not in ("workspace", "cluster")]
    inside = all(a in (Access.PRIVATE_ENDPOINT, Access.SERVICE_ENDPOINT) for a in resources)
    private = parts["cluster"] is Access.PRIVATE
    if inside and private and parts["workspace"] is Access.PRIVATE_ENDPOINT:
        return Scenario.SECURED
    if inside and private and parts["workspace"] is Access.PUBLIC:
        return Scenario.PUBLIC_WORKSPACE
    if not private and all(a is Access.PUBLIC for a in parts.values()):
        return Scenario.NO_VIRTUAL_NETWORK
    return Scenario.MIXED
