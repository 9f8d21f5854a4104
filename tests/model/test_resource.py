"""What is worked out of a resource is worked out once."""

from __future__ import annotations

import gc
import weakref

from auditor.model.resource import Resource, kept


def test_what_is_made_of_a_resource_is_kept_with_it() -> None:
    """For each resource, though another may have the same id, and for each function; no longer than the resource."""
    asked: list[Resource] = []

    class Made:
        def __init__(self, resource: Resource) -> None:
            asked.append(resource)
            self.size = len(resource.body)

    first, second = kept(Made), kept(lambda resource: resource.id)
    one, other = Resource("/a", "t", {}), Resource("/a", "t", {"location": "x"})

    made = first(one)
    assert (first(one), first(other).size, second(one)) == (made, 1, "/a")
    assert [r is one for r in asked] == [True, False]

    gone = weakref.ref(made)
    del made, one, asked[:]
    gc.collect()
    assert gone() is None
