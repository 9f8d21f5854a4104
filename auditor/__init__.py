"""Audits secure AKS inference environments on Azure Machine Learning.

`run` is the whole audit as a function, for programs that call it again and again; `AuditError` is what it raises.
Importing this package is cheap: what an audit needs is imported by the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import AuditError

if TYPE_CHECKING:
    from auditor.auditing import TokenCredential
    from auditor.model.report import Report

__version__ = "0.1.0"
__all__ = ["AuditError", "__version__", "run"]


def run(
    *subscriptions: str,
    workspaces: Iterable[str] = (),
    resource_groups: Iterable[str] = (),
    management_group: str | None = None,
    snapshot: Path | str | None = None,
    replay: Path | str | None = None,
    record: Path | str | None = None,
    anonymize: bool = False,
    service_tags: Path | str | None = None,
    credential: TokenCredential | None = None,
    cloud: str = "AzureCloud",
    tenant: str | None = None,
    timeout: float | None = None,
    concurrency: int = 32,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Audit, and answer with the report; its ``snapshot`` is what was seen.

    It prints nothing, ends no process and leaves nothing behind: no thread, no connection, no file but ``record``. It
    can be called any number of times, and in several threads at once.

    Args:
        subscriptions: ids or names; none means every one that the identity sees.
        workspaces: names or ids to narrow the audit to.
        resource_groups: names of resource groups to narrow it to.
        management_group: the id of a management group, to audit every subscription in it.
        snapshot: a file of ``--save-snapshot`` to judge instead of Azure.
        replay: a folder of ``--record`` to run the collectors over instead of Azure.
        record: a new folder for the raw exchange, without secrets.
        anonymize: record under other names.
        service_tags: the file of service tags that Microsoft publishes.
        credential: any credential of azure-identity; by default a `DefaultAzureCredential`, closed in the end.
        cloud: a cloud's name, or the ``https://`` URL of its Resource Manager.
        tenant: the tenant to sign in to.
        timeout: the seconds that collecting may take; what was read by then is judged, the rest is unknown.
        concurrency: how many reads are made at a time.
        progress: is called after each read with its ARM type, how many reads are done, and how many are known of.

    Raises:
        AuditError: no audit was possible: arguments that exclude each other, no credentials, no such subscription, an
            unreadable file. Its ``help`` says what to do. What could not be read of Azure raises nothing: it is unknown
            in the report.
    """
    from auditor import auditing
    from auditor.model.snapshot import Scope

    def path(given: Path | str | None) -> Path | None:
        return None if given is None else Path(given)

    def names(given: Iterable[str]) -> list[str]:
        return [given] if isinstance(given, str) else list(given)

    source = auditing.Source(
        subscriptions=subscriptions,
        management_group=management_group,
        snapshot=path(snapshot),
        replay=path(replay),
        record=path(record),
        anonymize=anonymize,
        service_tags=path(service_tags),
        credential=credential,
        cloud=cloud,
        tenant=tenant,
        seconds=timeout,
        threads=concurrency,
    )
    auditing.check(source)
    scope = Scope(workspaces=names(workspaces), resource_groups=names(resource_groups))
    listener = None if progress is None else auditing.Reads(progress)
    return auditing.run(source, scope, progress=listener)
