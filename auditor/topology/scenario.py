"""How AKS reaches each part of an environment, and the row of the article's table that follows."""

from __future__ import annotations

from itertools import product

from auditor.model.environment import Access, AccessPath, Scenario
from auditor.model.resource import Resource
from auditor.model.snapshot import Lookup

WORSE = (Access.PRIVATE_ENDPOINT, Access.SERVICE_ENDPOINT, Access.PUBLIC, Access.NONE)


def of_path(path: AccessPath) -> Access:
    """Open to the public network is public, whatever endpoint there is; closed, the way in decides."""
    if path.closed.failed:
        return Access.PUBLIC
    if path.closed.unknown:
        return Access.UNKNOWN
    if path.endpoint.passed:
        return Access.PRIVATE_ENDPOINT
    if path.endpoint.unknown:
        return Access.UNKNOWN
    if path.service_endpoint.passed:
        return Access.SERVICE_ENDPOINT
    return Access.UNKNOWN if path.service_endpoint.unknown else Access.NONE


def of_storage(blob: AccessPath, file: AccessPath) -> Access:
    """The worse of blob and, where an endpoint is used, file."""
    accesses = [of_path(blob)]
    if blob.endpoint.passed:
        accesses.append(of_path(file))
    if Access.UNKNOWN in accesses:
        return Access.UNKNOWN
    return max(accesses, key=WORSE.index)


def of_cluster(cluster: Lookup | None, paths: list[AccessPath]) -> Access:
    """Private when the API server is, or when an endpoint of a part of the environment is within the nodes' reach."""
    if not isinstance(cluster, Resource):
        return Access.UNKNOWN
    if cluster.raw("properties.apiServerAccessProfile.enablePrivateCluster") is True:
        return Access.PRIVATE
    if any(p.endpoint.passed for p in paths):
        return Access.PRIVATE
    return Access.UNKNOWN if any(p.endpoint.unknown for p in paths) else Access.PUBLIC


def row(access: dict[str, Access | None]) -> Scenario:
    """The scenario; undetermined only where what is unknown could still change it."""
    parts = {name: a for name, a in access.items() if a is not None}
    open_parts = [name for name, a in parts.items() if a is Access.UNKNOWN]
    rows = {
        _row({**parts, **dict(zip(open_parts, guess, strict=True))})
        for guess in product((Access.PRIVATE_ENDPOINT, Access.PUBLIC, Access.NONE), repeat=len(open_parts))
    }
    return rows.pop() if len(rows) == 1 else Scenario.UNDETERMINED


def _row(parts: dict[str, Access]) -> Scenario:
    resources = [a for name, a in parts.items() if name not in ("workspace", "cluster")]
    inside = all(a in (Access.PRIVATE_ENDPOINT, Access.SERVICE_ENDPOINT) for a in resources)
    private = parts["cluster"] in (Access.PRIVATE, Access.PRIVATE_ENDPOINT)
    if inside and private and parts["workspace"] is Access.PRIVATE_ENDPOINT:
        return Scenario.SECURED
    if inside and private and parts["workspace"] is Access.PUBLIC:
        return Scenario.PUBLIC_WORKSPACE
    if not private and all(a is Access.PUBLIC for a in parts.values()):
        return Scenario.NO_VIRTUAL_NETWORK
    return Scenario.MIXED
