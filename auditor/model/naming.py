"""One answer about the names of all private endpoints that AKS uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.model.access import ZoneAnswer
from auditor.model.environment import Environment
from auditor.model.ids import ArmId
from auditor.model.verdict import Verdict, each_of, require, unknown

Pick = Callable[[ZoneAnswer], Verdict]


def every_name(env: Environment, pick: Pick, every: str, none: str) -> Verdict:
    """`each_of` what is picked of the zones of each path; of several endpoints of a path, one has to do."""
    answers = [path.each_zone(pick) for path in env.paths()]
    return _whole(env, answers, every, none)


def every_zone(env: Environment, pick: Pick, every: str, none: str) -> Verdict:
    """`each_of` what is picked of each zone that AKS asks, whichever endpoint it is for."""
    answers: list[Verdict] = []
    for path in env.paths():
        if path.endpoint.unknown:
            answers.append(path.endpoint)
        answers += [pick(zone) for endpoint in path.in_use for zone in endpoint.zones]
    return _whole(env, answers, every, none)


def _whole(env: Environment, answers: list[Verdict], every: str, none: str) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    return each_of([*answers, *_unlisted(env)], every, none).once()


def _unlisted(env: Environment) -> Iterator[Verdict]:
    """Other storage accounts that could not be told may have endpoints, too."""
    for gap in env.unlisted_storage:
        name = ArmId.parse(gap.resource_id).name
        yield unknown(f"the other storage of the workspace is not known ({name}): {gap.reason}", gap)
