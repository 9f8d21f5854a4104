"""What is not known, followed both ways.

A judgement is written as if all were known, and asks a `World` where it is not. It then runs once for each way that the
unknown may be: where every way ends alike the question was not needed, else what it turned on is what is missing. One
question that several rules ask has one answer in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

from auditor.model.facts import Missing

T = TypeVar("T")
MOST_RUNS = 256


class Fork(Exception):  # noqa: N818  (a question, not an error)
    """A question that the world at hand has no answer to."""

    def __init__(self, question: Hashable, missing: Missing) -> None:
        super().__init__(missing.reason)
        self.question = question
        self.missing = missing


class World(NamedTuple):
    """One way in which what was not read may be."""

    answers: Mapping[Hashable, bool]

    def holds(self, question: Hashable, missing: Missing) -> bool:
        """The answer in this world; ``missing`` is what would tell it."""
        if question not in self.answers:
            raise Fork(question, missing)
        return self.answers[question]


class Ways(NamedTuple, Generic[T]):
    """How a judgement may end, and what was missing to tell which; nothing was where all ends come to the same."""

    ends: tuple[T, ...]
    missing: tuple[Missing, ...] = ()


def explore(run: Callable[[World], T], comes_to: Callable[[T], Hashable]) -> Ways[T]:
    """Run a judgement in every world. Past a number of worlds that no real body comes near, the rest is missing."""
    runs = 0

    def follow(answers: dict[Hashable, bool]) -> Ways[T]:
        nonlocal runs
        runs += 1
        try:
            return Ways((run(World(answers)),))
        except Fork as fork:
            if runs > MOST_RUNS:
                return Ways((), (fork.missing,))
            yes, no = (follow({**answers, fork.question: answer}) for answer in (True, False))
            differ = {comes_to(end) for end in yes.ends} != {comes_to(end) for end in no.ends}
            own = (fork.missing,) if differ else ()
            return Ways((*yes.ends, *no.ends), tuple(dict.fromkeys((*own, *yes.missing, *no.missing))))

    return follow({})
