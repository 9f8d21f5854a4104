"""An environment: one workspace × one attached AKS cluster, with everything they lean on, correlated.

The topology fills these in; rules only read them. Every question that joins several resources is answered here as a
`Verdict` with its proof, so that a rule stays a straight line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from auditor.model.access import Access, AccessPath, Endpoint, Hop, Listed, Network, Proof, ZoneAnswer, existing
from auditor.model.clouds import Cloud
from auditor.model.facts import Fact, Missing, Seen, Undecided
from auditor.model.hops import api_server, proof
from auditor.model.ids import ArmId, equal
from auditor.model.resource import Resource
from auditor.model.shapes import is_azureml
from auditor.model.snapshot import Gone, Lookup, ServiceTags
from auditor.model.verdict import NotApplicable, Verdict, fail

__all__ = [
    "Access",
    "AccessPath",
    "AddressSpace",
    "Attachment",
    "ClusterEndpoint",
    "Endpoint",
    "Environment",
    "ExtendedCluster",
    "Hop",
    "Listed",
    "Network",
    "OtherStorage",
    "Proof",
    "Scenario",
    "StartHistory",
    "ZoneAnswer",
    "existing",
]


class Scenario(StrEnum):
    """The row of the article's table that the environment is in."""

    NO_VIRTUAL_NETWORK = "no-virtual-network"
    PUBLIC_WORKSPACE = "public-workspace"
    SECURED = "secured"
    MIXED = "mixed"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class OtherStorage:
    """A storage account behind datastores that is not the workspace's default.

    ``target`` is Missing when the account could not be located; ``paths`` has one path per group that its datastores
    need; ``located`` says whether the AKS VNet is known.
    """

    id: str
    target: Lookup
    located: Verdict
    datastores: tuple[Resource, ...]
    paths: tuple[AccessPath, ...]
    blob: AccessPath
    dfs: AccessPath
    resources: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClusterEndpoint:
    """A private endpoint that somebody made to the cluster's API server (not AKS's own)."""

    id: str
    lookup: Lookup
    created: Fact[datetime]
    history: StartHistory
    cluster_side: Verdict
    resources: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attachment:
    """A compute that attaches a cluster to a workspace; or a workspace whose computes could not be listed, which makes
    no environment and must not fall silent."""

    environment_id: str | None
    attached: Verdict
    resources: dict[str, str]
    names: dict[str, str]


@dataclass(frozen=True)
class ExtendedCluster:
    """A cluster that carries the AzureML extension, or may: ``extensions`` are those that were read.

    ``attached`` passes when a compute of a workspace that was read refers to it.
    """

    id: str
    extensions: Listed
    attached: Verdict
    resources: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def extension(self) -> Resource | None:
        """Its AzureML extension; None when it has none, and `Undecided` when that cannot be told."""
        return azureml(self.extensions)


def azureml(extensions: Listed) -> Resource | None:
    """The AzureML extension among those of a cluster. Where it was not found, but not all were listed, or one does not
    say of which type it is, that cannot be told."""
    for extension in filter(is_azureml, extensions.found):
        return extension
    unnamed = [t for e in extensions.whole if isinstance(t := e.text("properties.extensionType"), Missing)]
    if unnamed:
        raise Undecided(*unnamed)
    return None


@dataclass(frozen=True)
class AddressSpace:
    """The address prefixes of a VNet that an environment uses: ``use`` says as what, ``endpoints`` are the addresses of
    the needed private endpoints in it."""

    vnet_id: str
    use: str
    prefixes: Fact[list[str]]
    endpoints: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return ArmId.parse(self.vnet_id).name


@dataclass(frozen=True)
class StartHistory:
    """The successful starts of a cluster in the readable part of the activity log, latest last.

    ``since`` is the beginning of the window that was asked for; ``gap`` is why not all of it was read.
    """

    starts: tuple[tuple[datetime, str], ...]
    since: Fact[datetime]
    gap: Missing | None

    @property
    def last(self) -> Seen[datetime] | None:
        """The latest start that is seen; None when none is."""
        return Seen(self.starts[-1][1], "eventTimestamp", self.starts[-1][0]) if self.starts else None


@dataclass(frozen=True)
class Environment:
    """One workspace × one attached AKS, and the subject of most rules.

    ``shared`` is what holds storage, vault, registry, endpoints and public access: the workspace, or a Project's hub.
    """

    id: str
    cloud: Cloud
    workspace: Resource
    shared: Lookup
    compute: Resource
    identity: Fact[str]
    attached: Verdict
    cluster: Lookup | None
    network: Network
    workspace_path: AccessPath
    blob: AccessPath
    file: AccessPath
    dfs: AccessPath
    queue: AccessPath
    table: AccessPath
    vault: AccessPath
    registry: AccessPath | None
    registry_named: Fact[bool]
    named: tuple[tuple[str, str, Lookup], ...]
    other_storage: tuple[OtherStorage, ...]
    unlisted_storage: tuple[Missing, ...]
    cluster_endpoints: tuple[ClusterEndpoint, ...]
    unlisted_cluster_endpoints: tuple[Missing, ...]
    history: StartHistory
    api_server_created: Fact[datetime] | None
    api_server_closed: Verdict
    dependents: tuple[Resource, ...]
    unlisted_dependents: tuple[Missing, ...]
    computes: Listed
    datastores: Listed
    batch_endpoints: Listed
    extensions: Listed
    image_build: Verdict
    spaces: tuple[AddressSpace, ...]
    egress: Verdict
    registry_data: Verdict
    api_zone: Verdict
    service_tags: ServiceTags | None
    image_pull: Verdict
    attach_roles: Verdict
    subnet_role: Verdict
    service_endpoints: Verdict
    people: Verdict
    trusted_access: Verdict
    blob_contributor: Verdict
    storage_contributor: Verdict
    access: dict[str, Access | None]
    scenario: Scenario
    resources: dict[str, str]
    names: dict[str, str]

    @property
    def aks(self) -> Resource:
        """The cluster; raises `Undecided` when it was not read, `NotApplicable` when it does not exist."""
        if self.cluster is None:
            raise NotApplicable("the compute names no cluster")
        return existing(self.cluster)

    @property
    def home(self) -> Resource:
        """``shared``; raises `Undecided` when a Project's hub was not read."""
        return existing(self.shared)

    @property
    def named_registry(self) -> AccessPath:
        """The path to the registry; raises `NotApplicable` where the workspace names none yet: the first image build
        makes it."""
        if not self.registry_named.value or self.registry is None:
            raise NotApplicable("the workspace names no registry yet")
        return self.registry

    @property
    def cluster_id(self) -> str | None:
        if isinstance(self.cluster, Resource | Gone):
            return self.cluster.id
        return self.cluster.resource_id if self.cluster and self.cluster.resource_id != self.compute.id else None

    def paths(self) -> Iterator[AccessPath]:
        """Every path that the environment has, the workspace's first."""
        for path in (self.workspace_path, self.blob, self.file, self.vault, self.registry):
            if path is not None:
                yield path
        for account in self.other_storage:
            yield from account.paths

    @cached_property
    def proofs(self) -> tuple[Proof, ...]:
        """Each of the paths step by step, and the way to the API server; some reports show them, and no rule asks."""
        found = [proof(path, self.network) for path in self.paths()]
        if isinstance(self.cluster, Resource):
            found.append(api_server(self.cluster.id, self.network, self.api_zone))
        return tuple(found)

    @property
    def is_hbi(self) -> bool:
        """Whether the workspace is marked as high business impact. Absent means no:
        https://learn.microsoft.com/azure/machine-learning/concept-data-encryption"""
        return self.home.flag("properties.hbiWorkspace", absent=False).value

    @property
    def has_workspace_endpoint(self) -> bool:
        """Whether the workspace has any private endpoint; raises `Undecided` when that cannot be told."""
        path = self.workspace_path
        if path.resource and not path.connected and path.endpoint.unknown:
            raise Undecided(*path.endpoint.missing)
        return path.connected

    @property
    def is_legacy(self) -> bool:
        """Whether the cluster is attached in the legacy way, by an AksCompute; raises `Undecided` when unknown."""
        return equal(self.compute.text("properties.computeType").value, "AKS")

    @property
    def extension(self) -> Resource | None:
        """The AzureML extension of the cluster; None when it has none, and `Undecided` when that cannot be told."""
        return azureml(self.extensions)

    @property
    def workspace_trusted(self) -> Verdict:
        """Whether Trusted Access lets the workspace reach the cluster: not in other clouds, not for AksCompute.

        https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md
        """
        if self.cloud.family != "AzureCloud" or self.is_legacy:
            return fail("Trusted Access serves Kubernetes computes in the public cloud only")
        return self.trusted_access

    def unread(self) -> tuple[Missing, ...]:
        """What was not read of how AKS reaches the parts that the scenario looks at."""
        parts = (self.workspace_path, self.blob, self.file, self.vault, self.registry)
        found = [m for path in parts if path is not None for m in path.unread()]
        if self.network.located.unknown:
            found += self.network.located.missing
        return tuple(dict.fromkeys(found))

    @property
    def label(self) -> str:
        return f"{self.workspace.name} × {ArmId.parse(self.compute.id).name}"
