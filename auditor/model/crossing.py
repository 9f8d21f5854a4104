"""One answer about what stands between AKS and the private endpoints that it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.model.access import AccessPath, Endpoint
from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.verdict import Verdict, each_of, require, unknown

Pick = Callable[[Endpoint], Verdict]


def crossing(env: Environment, pick: Pick, every: str, none: str) -> Verdict:
    """`each_of` what is picked of each endpoint that AKS comes to, in one sentence that names the endpoints."""
    require(env.network.located, "the AKS VNet is not identified")
    found = [item for path in env.paths() for item in _of(path, pick)]
    whole = each_of([verdict for _, verdict in found], every, none).once()
    if not whole.failed and not whole.unknown:
        return whole
    decisive = {name: v.message for name, v in found if v.status is whole.status}
    what = "AKS does not get to" if whole.failed else "it is not known whether AKS gets to"
    first = next(iter(decisive.values())).partition("; ")[0]
    return whole.saying(f"{what} {', '.join(decisive)}: {first}")


def _of(path: AccessPath, pick: Pick) -> Iterator[tuple[str, Verdict]]:
    """The endpoints of one path, by name. Of several none of which AKS surely finds by name, a lost one may not be the
    one that it comes to."""
    if path.endpoint.unknown:
        yield path.name, path.endpoint
    picked = [(endpoint, pick(endpoint)) for endpoint in path.in_use]
    all_lost = all(verdict.failed for _, verdict in picked)
    for endpoint, verdict in picked:
        if verdict.failed and not all_lost and not endpoint.sound:
            gap = Missing(endpoint.id, "", "which of several endpoints AKS finds by name was not decided")
            verdict = unknown(f"{verdict.message}, if AKS comes to {endpoint.resource.name}", gap)
        yield endpoint.resource.name, verdict
