"""The snapshot: what one collection saw of Azure, and what it could not see.

Everything that judges starts here, and nothing after it touches the network, the clock or an SDK: the same file gives
the same verdicts for ever. It holds only the properties that the collectors name, so no secret can enter it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from auditor.model.clouds import Cloud
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, equal, key, parent_key
from auditor.model.permissions import action
from auditor.model.resource import Resource
from auditor.model.shapes import targets
from auditor.model.types import PRIVATE_ENDPOINTS

T = TypeVar("T")
LINK_SERVICES = "/providers/microsoft.network/privatelinkservices/"


class Failure(BaseModel):
    """Why something could not be read, as Azure put it."""

    model_config = ConfigDict(frozen=True)

    reason: str
    http_status: int | None = None
    needs_action: str | None = None

    def missing(self, resource_id: str, path: str) -> Missing:
        return Missing(resource_id, path, self.reason, self.http_status, self.needs_action)


class Listing(BaseModel):
    """One collection that was asked for. ``failure`` is None when every page of it was read.

    A listing that was narrowed (``query``) also says which items answered it, and since when, if it is bounded in time.
    """

    model_config = ConfigDict(frozen=True)

    scope: str
    type: str
    query: str = ""
    failure: Failure | None = None
    items: list[str] = Field(default_factory=list)
    since: AwareDatetime | None = None


class Unread(BaseModel):
    """One resource that was asked for by id and not read. ``gone``: Azure says that it does not exist."""

    model_config = ConfigDict(frozen=True)

    id: str
    gone: bool
    failure: Failure


class Subscription(BaseModel):
    id: str
    name: str
    audited: bool
    failure: Failure | None = None


class Scope(BaseModel):
    """What the run was narrowed to; empty lists mean everything."""

    workspaces: list[str] = Field(default_factory=list)
    resource_groups: list[str] = Field(default_factory=list)

    def admits(self, workspace_id: str) -> bool:
        arm = ArmId.parse(workspace_id)
        names = [key(w) if w.startswith("/") else w.lower() for w in self.workspaces]
        return self._in_group(arm) and (not names or key(workspace_id) in names or arm.name.lower() in names)

    def covers(self, cluster_id: str) -> bool:
        """Whether a cluster is looked at though no workspace of the run uses it: not where workspaces were named."""
        return not self.workspaces and self._in_group(ArmId.parse(cluster_id))

    def _in_group(self, arm: ArmId) -> bool:
        return not self.resource_groups or arm.resource_group.lower() in {g.lower() for g in self.resource_groups}


class ServiceTags(BaseModel):
    """The public addresses of Azure Machine Learning, from the file that Microsoft publishes: prefixes by the name of
    the tag in lower case, ``azuremachinelearning`` and ``azuremachinelearning.<region>``."""

    model_config = ConfigDict(frozen=True)

    file: str
    cloud: str
    change_number: int
    prefixes: dict[str, list[str]]

    @property
    def name(self) -> str:
        """What a reader knows the file by."""
        return f"{self.file} (change {self.change_number})"


class Traffic(BaseModel):
    """What the collection cost. ``retries`` counts requests that were sent again, ``throttled`` the 429 answers."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0


Keys = Callable[[Resource], Iterable[str]]
Groups = dict[str, dict[str, Resource]]


@dataclass
class Index:
    """What a snapshot is looked up by: ids, types and names without case."""

    by_id: dict[str, Resource] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)  # where a resource stands among all
    by_type: defaultdict[str, dict[str, Resource]] = field(default_factory=lambda: defaultdict(dict))
    # The resources of a type by what a function says of each, from when they are first asked for that way: of most
    # types of a large subscription, nobody ever does.
    grouped: defaultdict[str, dict[Keys, Groups]] = field(default_factory=lambda: defaultdict(dict))
    listings: dict[tuple[str, str, str], Listing] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)
    once: dict[Callable[[Snapshot], Any], Any] = field(default_factory=dict)

    def take(self, at: str, place: int, resource: Resource) -> None:
        """Find a resource from now on, in place of the one of its id and type that was there."""
        kind = resource.type.lower()
        known = self.by_id.get(at)
        self.by_id[at] = self.by_type[kind][at] = resource
        self.places[at] = place
        if kind in self.grouped:
            for by, groups in self.grouped[kind].items():
                for name in set(by(known)) - set(by(resource)) if known is not None else ():
                    del groups[name][at]
                _put(groups, by(resource), at, resource)


class Snapshot(BaseModel):
    """Resources, listings and unread ids, with who saw them, when, and in which cloud."""

    schema_version: Literal["1.0"] = "1.0"
    taken_at: AwareDatetime
    finished_at: AwareDatetime
    cloud: Cloud
    tenant_id: str | None = None
    subscriptions: list[Subscription] = Field(default_factory=list)
    left_out: list[Subscription] = Field(default_factory=list)  # in scope, and shown to hold nothing to audit
    scope: Scope = Field(default_factory=Scope)
    resources: list[Resource] = Field(default_factory=list)
    listings: list[Listing] = Field(default_factory=list)
    unread: list[Unread] = Field(default_factory=list)
    created: dict[str, AwareDatetime] = Field(default_factory=dict)
    traffic: Traffic = Field(default_factory=Traffic)
    service_tags: ServiceTags | None = None
    cut_short: str = ""  # why the collection stopped before it had read all it wanted

    @cached_property
    def _index(self) -> Index:
        # Not a private attribute of pydantic's: each look at one of those costs more than the look-up that follows.
        index = Index()
        for place, resource in enumerate(self.resources):
            at = key(resource.id)
            if at in index.by_id:
                # Which of the two holds cannot be told, and to leave one out may be to leave out what fails.
                raise ValueError(f"resources.{place}: {resource.id} is there twice")
            index.take(at, place, resource)
        for listing in self.listings:
            index.listings[_listing_key(listing.scope, listing.type, listing.query)] = listing
        for item in self.unread:
            index.unread[key(item.id)] = item
        return index

    def model_post_init(self, context: Any) -> None:
        self._index  # noqa: B018  (made at once, since it says what is wrong)

    def __copy__(self) -> Snapshot:
        """Also behind ``model_copy(update=…)``: what is found in a copy is what stands in it."""
        copied = super().__copy__()
        copied.__dict__.pop("_index", None)
        for name in ("resources", "listings", "unread", "created"):
            copied.__dict__[name] = copy(getattr(self, name))
        return copied

    # -- growing, while collecting ---------------------------------------------------------------------------------

    def add(self, resource: Resource) -> bool:
        """Take a resource in. One that is there already stays, unless the new one was read by id and it was not; and
        what is known as one kind of resource does not become another."""
        at = key(resource.id)
        known = self._index.by_id.get(at)
        if known is not None and (known.whole or not resource.whole or not equal(known.type, resource.type)):
            return False
        self._index.once.clear()
        if self._index.unread.pop(at, None) is not None:
            self.unread = [item for item in self.unread if key(item.id) != at]
        if known is None:
            place = len(self.resources)
            self.resources.append(resource)
        else:
            place = self._index.places[at]
            self.resources[place] = resource
        self._index.take(at, place, resource)
        return True

    def add_listing(self, listing: Listing) -> None:
        self._index.once.clear()
        self.listings.append(listing)
        self._index.listings[_listing_key(listing.scope, listing.type, listing.query)] = listing

    def add_unread(self, item: Unread) -> None:
        self._index.once.clear()
        self.unread.append(item)
        self._index.unread[key(item.id)] = item

    def settle(self) -> None:
        """Put all of it in one order, whatever arrived first: what is looked up comes in that order, and reports of one
        estate read the same."""
        index = self._index
        index.by_id = dict(sorted(index.by_id.items()))
        index.listings = dict(sorted(index.listings.items()))
        index.unread = dict(sorted(index.unread.items()))
        index.places = {at: place for place, at in enumerate(index.by_id)}
        for found in (index.by_type, index.grouped, index.once):
            found.clear()
        for at, resource in index.by_id.items():
            index.by_type[resource.type.lower()][at] = resource
        self.resources, self.listings = [*index.by_id.values()], [*index.listings.values()]
        self.unread, self.created = [*index.unread.values()], dict(sorted(self.created.items()))

    @property
    def in_scope(self) -> list[Subscription]:
        """The subscriptions that the run was about, whether or not they were read."""
        return [*self.subscriptions, *self.left_out]

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, arm_id: str) -> Resource | None:
        return self._index.by_id.get(key(arm_id))

    def find(self, arm_id: str) -> Resource | Gone | Missing:
        """A resource by id: read, known not to exist, or not read and why."""
        resource = self._index.by_id.get(key(arm_id))
        if resource is not None:
            return resource
        item = self._index.unread.get(key(arm_id))
        if item is None:
            return Missing(arm_id, "", self.cut_short or "it was not read")
        return Gone(arm_id, item.failure) if item.gone else item.failure.missing(arm_id, "")

    def of_type(self, arm_type: str) -> Iterator[Resource]:
        return iter(list(self._index.by_type.get(arm_type.lower(), {}).values()))

    def named(self, arm_type: str, name: str) -> list[Resource]:
        """The resources of a type that have a name, wherever they are."""
        return self._grouped(arm_type, _name, name.lower())

    def endpoints_to(self, target_id: str) -> list[Resource]:
        """The private endpoints that were read and connect to a resource."""
        return self._grouped(PRIVATE_ENDPOINTS, _connected, key(target_id))

    def endpoints_into(self, group_id: str) -> list[Resource]:
        """The private endpoints that were read and connect to a private link service of a resource group."""
        return self._grouped(PRIVATE_ENDPOINTS, _connected_groups, key(group_id))

    def children(self, parent: str, arm_type: str) -> list[Resource]:
        """What was read directly under a resource or resource group, whether or not the listing was complete."""
        return self._grouped(arm_type, _parent, key(parent))

    def child(self, parent: str, arm_type: str, name: str) -> Resource | None:
        """What was read directly under a resource, by its name."""
        return self.get(f"{parent}/{arm_type.rpartition('/')[2]}/{name}")

    def listing(self, scope: str, arm_type: str, query: str = "") -> Listing | None:
        """The collection as it was asked for, with whatever result; None when it was not."""
        return self._index.listings.get(_listing_key(scope, arm_type, query))

    def unlisted(self, scope: str, arm_type: str, query: str = "") -> Missing | None:
        """None when the collection was read to its end; else why it was not."""
        listing = self.listing(scope, arm_type, query)
        if listing is None:
            reason = self.cut_short or f"the {arm_type} of {scope} were not listed"
            return Missing(scope, "", reason, None, action(arm_type))
        return listing.failure.missing(scope, "") if listing.failure else None

    def once(self, work: Callable[[Snapshot], T]) -> T:
        """What ``work`` makes of the snapshot, such as an index: made on first use, and anew once more was seen."""
        if work not in self._index.once:
            self._index.once[work] = work(self)
        made: T = self._index.once[work]
        return made

    def _grouped(self, arm_type: str, by: Keys, name: str) -> list[Resource]:
        kind = arm_type.lower()
        groups = self._index.grouped[kind].get(by)
        if groups is None:
            groups = {}
            for at, resource in self._index.by_type.get(kind, {}).items():
                _put(groups, by(resource), at, resource)
            self._index.grouped[kind][by] = groups  # now that they are whole: another thread may be judging as well
        return list(groups.get(name, {}).values())

    def asked(self, arm_id: str) -> bool:
        """Whether a resource was asked for by id, or is there."""
        return key(arm_id) in self._index.by_id or key(arm_id) in self._index.unread


def _put(groups: Groups, names: Iterable[str], at: str, resource: Resource) -> None:
    for name in names:
        groups.setdefault(name, {})[at] = resource


def _name(resource: Resource) -> Iterable[str]:
    return (resource.name.lower(),)


def _parent(resource: Resource) -> Iterable[str]:
    return (parent_key(resource.id),)


def _connected(endpoint: Resource) -> Iterable[str]:
    return dict.fromkeys(key(target) for target in targets(endpoint))


def _connected_groups(endpoint: Resource) -> Iterable[str]:
    """The resource groups of the private link services that an endpoint connects to."""
    return dict.fromkeys(at.partition(LINK_SERVICES)[0] for at in _connected(endpoint) if LINK_SERVICES in at)


def _listing_key(scope: str, arm_type: str, query: str) -> tuple[str, str, str]:
    return key(scope), arm_type.lower(), query


@dataclass(frozen=True)
class Gone:
    """A resource that Azure says does not exist (404 ResourceNotFound or ResourceGroupNotFound)."""

    id: str
    failure: Failure


Lookup = Resource | Gone | Missing
