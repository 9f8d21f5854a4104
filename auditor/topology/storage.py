"""The storage accounts behind datastores other than the workspace's own."""

from __future__ import annotations

from auditor.model.environment import OtherStorage
from auditor.model.facts import Missing
from auditor.model.ids import ArmId, equal, key
from auditor.model.related import account_id
from auditor.model.resource import Resource
from auditor.model.shapes import storage_groups
from auditor.model.snapshot import Lookup, Snapshot
from auditor.model.types import DATASTORES
from auditor.topology.paths import PathFinder


def other_storage(
    snapshot: Snapshot, workspace: Resource, default_id: str, default: Lookup, paths: PathFinder
) -> tuple[list[OtherStorage], tuple[Missing, ...]]:
    """Each other account with its paths, and why some accounts may not be known."""
    gaps: list[Missing] = []
    gap = snapshot.unlisted(workspace.id, DATASTORES)
    if gap is not None:
        gaps.append(gap)
    if not default_id and isinstance(default, Missing):
        return [], (*gaps, default)
    by_account: dict[str, tuple[str, Lookup, list[Resource]]] = {}
    for datastore in snapshot.children(workspace.id, DATASTORES):
        kind = datastore.text("properties.datastoreType")
        if isinstance(kind, Missing):
            gaps.append(kind)
        name = datastore.raw("properties.accountName")
        if not storage_groups(datastore) or equal(name, ArmId.parse(default_id).name):
            continue
        located = account_id(snapshot, datastore)
        if located is None:
            why = f"the storage account {name or ''} of the datastore {datastore.name} could not be located".replace(
                "  ", " "
            )
            unlocated = datastore.missing("properties.accountName", why)
            by_account.setdefault(key(datastore.id), (datastore.id, unlocated, []))[2].append(datastore)
        else:
            by_account.setdefault(key(located), (located, snapshot.find(located), []))[2].append(datastore)
    found = []
    for at, lookup, datastores in by_account.values():
        groups = dict.fromkeys(g for d in datastores for g in storage_groups(d))
        made = [paths.to(f"{g} of {ArmId.parse(at).name}", g, at, lookup) for g in groups]
        ways = {path.group: path for path in made}
        blob, dfs = (ways.get(g) or paths.to(f"{g} of {ArmId.parse(at).name}", g, at, lookup) for g in ("blob", "dfs"))
        found.append(
            OtherStorage(
                id=at,
                target=lookup,
                located=paths.network.located,
                datastores=tuple(datastores),
                paths=tuple(made),
                blob=blob,
                dfs=dfs,
            )
        )
    return found, tuple(gaps)
