"""Which of many subscriptions are worth reading: Azure Resource Graph, which spans the tenant, tells in a few queries.

It only chooses what Resource Manager is asked about, and decides no verdict: it may lag behind, and is silent about
what the caller may not see. So a subscription is left out only where Resource Graph shows it, and shows nothing to
audit in it; the report names it as not judged. The rest is judged as if each had been named. Where Resource Graph is of
no use, every subscription is read.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.core.rest import HttpRequest

from auditor.model import clouds
from auditor.model.permissions import action
from auditor.model.snapshot import Subscription
from auditor.model.types import (
    CLUSTERS,
    EXTENSIONS,
    GRAPH,
    PRIVATE_ENDPOINTS,
    RULESETS,
    SUBSCRIPTIONS,
    WORKSPACES,
    ZONES,
)
from collectors import subscriptions
from collectors.clients import Clients
from collectors.deadline import Deadline
from collectors.session import GRAPH_QUERY, SKIP_TOKEN

VERSION = "2021-03-01"
FEW = 5  # so many are read about as fast as the queries are answered
BATCH = 1000  # as many subscriptions as a query takes, and as many rows as a page holds
MOST_PAGES = 20
SECONDS = 30.0
TOO_LATE = "no answer in time"

# Every query answers with one row a subscription, so that a batch of subscriptions fits into a page.
SHOWN = f"resourcecontainers | where type =~ '{SUBSCRIPTIONS}' | distinct subscriptionId"
EXTENDED = (
    f"kubernetesconfigurationresources | where type =~ '{EXTENSIONS}'"
    " and properties.extensionType =~ 'Microsoft.AzureML.Kubernetes' | distinct subscriptionId"
)


class _UnansweredError(Exception):
    """Resource Graph gave no answer, or none to rely on."""


def idle(clients: Clients, among: list[Subscription], deadline: Deadline) -> tuple[list[Subscription], str]:
    """Those of many subscriptions that may be left out, and what to say of it; none of few, and none where that is not
    known in time."""
    if len(among) <= FEW:
        return [], ""
    shown: set[str] = set()
    holding: set[str] = set()
    try:
        for start in range(0, len(among), BATCH):
            ids = [s.id for s in among[start : start + BATCH]]
            shown |= _ask(clients, SHOWN, ids, deadline)
            holding |= _ask(clients, EXTENDED, ids, deadline)
            where = _where(clients.cloud)
            holding |= _ask(clients, f"resources | where {where} | distinct subscriptionId", ids, deadline)
    except _UnansweredError as error:
        return [], no_use(among, str(error))
    found = [s for s in among if s.id.lower() in shown - holding]
    if not found:
        return [], ""
    told = f"Resource Graph shows nothing to audit in {len(found)} of {len(among)} subscriptions: they are not read"
    return found, told


def no_use(among: list[Subscription], reason: str) -> str:
    """What is said where Resource Graph did not help."""
    return f"Resource Graph was of no use ({reason}): reading all {len(among)} subscriptions"


def _where(cloud: clouds.Cloud) -> str:
    """Workspaces, and what may concern those of other subscriptions and is found only by looking where it is.

    The endpoints that a workspace or another resource lists, and attached clusters, are followed to wherever they are.
    """
    names = [name for pairs in clouds.ZONES.get(cloud.family, {}).values() for name, _ in pairs]
    return " or ".join(
        [
            f"type in~ ({_quoted([WORKSPACES, RULESETS])})",
            *([f"(type =~ '{ZONES}' and name in~ ({_quoted(names)}))"] if names else []),
            f"(type =~ '{PRIVATE_ENDPOINTS}' and ({' or '.join(_pointing())}))",
        ]
    )


def _pointing() -> Iterator[str]:
    """Endpoints to workspaces, clusters and what may stand before them. AKS's own endpoint to a private cluster stands
    beside it, and makes nothing of a cluster that no workspace uses."""
    for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
        link = f"tostring(properties.{kind})"
        yield f"{link} contains '/{WORKSPACES}/'"
        yield f"{link} contains '/privateLinkServices/'"
        yield f"({link} contains '/{CLUSTERS}/' and name !~ 'kube-apiserver')"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _ask(clients: Clients, query: str, ids: list[str], deadline: Deadline) -> set[str]:
    """The subscriptions that a query names, in lower case.

    Raises:
        _UnansweredError: it was not answered to its end.
    """
    found: list[str] = []
    options: dict[str, Any] = {"resultFormat": "objectArray", "$top": BATCH}
    for _ in range(MOST_PAGES):
        if deadline.left() == 0:
            raise _UnansweredError(TOO_LATE)
        page = _page(clients, {"subscriptions": ids, "query": query, "options": options})
        rows = page.get("data")
        if not isinstance(rows, list):
            raise _UnansweredError("its answer holds no rows")
        named = [row.get("subscriptionId") for row in rows if isinstance(row, dict)]
        found += [name.lower() for name in named if isinstance(name, str)]
        token = page.get(SKIP_TOKEN)
        if isinstance(token, str) and token:
            options = {**options, SKIP_TOKEN: token}
            continue
        if len(found) != page.get("totalRecords") or str(page.get("resultTruncated")).lower() == "true":
            raise _UnansweredError("its answer is not whole")
        return set(found)
    raise _UnansweredError("its answer has no end")


def _page(clients: Clients, body: dict[str, Any]) -> dict[str, Any]:
    """One page of an answer. There is another way, so what fails is not tried for long."""
    request = HttpRequest("POST", f"{GRAPH_QUERY}?api-version={VERSION}", json=body)
    tries = {"retry_total": 2 if clients.retries else 0}
    answer = clients.read(
        lambda c: subscriptions.client(c).send_request(request, **tries), action(GRAPH), listing=False
    )
    if answer.failure is not None or not answer.bodies:
        raise _UnansweredError(answer.failure.reason if answer.failure else "no answer")
    return answer.bodies[0]
