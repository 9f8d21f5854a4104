"""The snapshot: what one collection saw of Azure, and what it could not see.

Everything that judges starts here, and nothing after it touches the network, the clock or an SDK: the same file gives
the same verdicts for ever. It holds only the properties that the collectors name, so no secret can enter it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from auditor.model.clouds import Cloud
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, key
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


@dataclass
class Index:
    """What a snapshot is looked up by: ids, types and names without case."""

    by_id: dict[str, Resource] = field(default_factory=dict)
    by_type: dict[str, dict[str, Resource]] = field(default_factory=dict)
    by_name: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)
    to: dict[str, list[Resource]] = field(default_factory=dict)  # private endpoints, by what they connect to
    into: dict[str, list[Resource]] = field(default_factory=dict)  # those to a private link service, by its group
    under: dict[tuple[str, str], dict[str, Resource]] = field(default_factory=dict)
    listings: dict[tuple[str, str, str], Listing] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)
    once: dict[Callable[[Snapshot], Any], Any] = field(default_factory=dict)


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
        return Index()

    def model_post_init(self, context: Any) -> None:
        for resource in self.resources:
            self._take(resource)
        for listing in self.listings:
            self._index.listings[_listing_key(listing.scope, listing.type, listing.query)] = listing
        for item in self.unread:
            self._index.unread[key(item.id)] = item

    # -- growing, while collecting ---------------------------------------------------------------------------------

    def add(self, resource: Resource) -> bool:
        """Take a resource in. One that is there already stays, unless the new one was read by id and it was not."""
        known = self._index.by_id.get(key(resource.id))
        if known is not None:
            if known.whole or not resource.whole:
                return False
            self._forget(known)
        self._index.once.clear()
        self.resources.append(resource)
        if self._index.unread.pop(key(resource.id), None) is not None:
            self.unread = [item for item in self.unread if key(item.id) != key(resource.id)]
        self._take(resource)
        return True

    def add_listing(self, listing: Listing) -> None:
        self._index.once.clear()
        self.listings.append(listing)
        self._index.listings[_listing_key(listing.scope, listing.type, listing.query)] = listing

    def add_unread(self, item: Unread) -> None:
        self._index.once.clear()
        self.unread.append(item)
        self._index.unread[key(item.id)] = item

    def _forget(self, resource: Resource) -> None:
        at = next(i for i, known in enumerate(self.resources) if known is resource)
        del self.resources[at]
        self._index.by_name[resource.type.lower(), resource.name.lower()].remove(resource)
        for pointing in (*self._index.to.values(), *self._index.into.values()) if _is_endpoint(resource) else ():
            if resource in pointing:
                pointing.remove(resource)

    def _take(self, resource: Resource) -> None:
        at_key, kind, arm = key(resource.id), resource.type.lower(), resource.arm
        self._index.by_id[at_key] = resource
        self._index.by_type.setdefault(kind, {})[at_key] = resource
        self._index.by_name.setdefault((kind, arm.name.lower()), []).append(resource)
        if _is_endpoint(resource):
            for target in dict.fromkeys(key(t) for t in targets(resource)):
                self._index.to.setdefault(target, []).append(resource)
                if LINK_SERVICES in target:
                    self._index.into.setdefault(target.partition(LINK_SERVICES)[0], []).append(resource)
        self._index.under.setdefault((key(arm.parent), kind), {})[at_key] = resource

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
        return self._index.by_name.get((arm_type.lower(), name.lower()), [])

    def endpoints_to(self, target_id: str) -> list[Resource]:
        """The private endpoints that were read and connect to a resource."""
        return self._index.to.get(key(target_id), [])

    def endpoints_into(self, group_id: str) -> list[Resource]:
        """The private endpoints that were read and connect to a private link service of a resource group."""
        return self._index.into.get(key(group_id), [])

    def children(self, parent: str, arm_type: str) -> list[Resource]:
        """What was read directly under a resource or resource group, whether or not the listing was complete."""
        return list(self._index.under.get((key(parent), arm_type.lower()), {}).values())

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
        return cast(T, self._index.once[work])

    def asked(self, arm_id: str) -> bool:
        """Whether a resource was asked for by id, or is there."""
        return key(arm_id) in self._index.by_id or key(arm_id) in self._index.unread


def _is_endpoint(resource: Resource) -> bool:
    return resource.type.lower() == PRIVATE_ENDPOINTS.lower()


def _listing_key(scope: str, arm_type: str, query: str) -> tuple[str, str, str]:
    return key(scope), arm_type.lower(), query


@dataclass(frozen=True)
class Gone:
    """A resource that Azure says does not exist (404 ResourceNotFound or ResourceGroupNotFound)."""

    id: str
    failure: Failure


Lookup = Resource | Gone | Missing
