"""The SDK clients, all on one session, and the raw JSON of what they read.

What the SDKs make of an answer is not used: what `collectors.capture` keeps of it is what gets normalised.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from azure.core import AzureClouds
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    ContentDecodePolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest

from auditor import __version__
from auditor.model.clouds import Cloud
from auditor.model.ids import ArmId
from auditor.model.snapshot import Failure
from collectors.capture import CapturingAdapter, Page
from collectors.deadline import Deadline
from collectors.errors import from_answer, from_exception
from collectors.login import Credential
from collectors.retry import Retry, Transport

USER_AGENT = f"aks-inference-auditor/{__version__}"
# So many reads of a kind, one after another, that all tries were not enough for: the next ones get one try each.
ENOUGH = 4

logging.getLogger("azure").setLevel(logging.CRITICAL)


@dataclass
class Answer:
    """What one read brought: the bodies of its pages, why it is not whole, whether Azure says it does not exist, and
    whether it failed for a token that another may replace."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    failure: Failure | None = None
    gone: bool = False
    stale: bool = False

    def items(self) -> Iterable[dict[str, Any]]:
        """The items of all pages; what is not an object is left out and makes the answer not whole."""
        for body in self.bodies:
            values = body.get("value")
            for item in values if isinstance(values, list) else []:
                if isinstance(item, dict):
                    yield item


class _Token(BearerTokenCredentialPolicy):  # type: ignore[misc]  # the SDK is not followed by mypy
    """Asks the credential for each request, and that keeps the token. What the policy itself would keep, an answer in
    another thread may take away while it is looked at."""

    def __init__(self, credential: TokenCredential, scope: str) -> None:
        super().__init__(credential, scope)
        self.credential, self.scope = credential, scope

    def on_request(self, request: Any) -> None:
        request.context.options.pop("enforce_https", None)  # the guard does
        self.authorize_request(request, self.scope)

    def authorize_request(self, request: Any, *scopes: str, **kwargs: Any) -> None:
        """Also asked for a token with the claims that Azure misses in the one that it refused.
        https://learn.microsoft.com/entra/identity-platform/claims-challenge"""
        token = self.credential.get_token(*scopes, **kwargs).token
        request.http_request.headers["Authorization"] = f"Bearer {token}"


class Clients:
    """Makes each SDK client once per subscription (per workspace for azure-ai-ml), and reads through them."""

    def __init__(
        self,
        credential: TokenCredential,
        cloud: Cloud,
        session: requests.Session,
        answers: CapturingAdapter,
        deadline: Deadline,
        *,
        retries: bool = True,
    ) -> None:
        self.credential = credential
        self.cloud = cloud
        self.retries = retries
        self.retry = Retry(retries)
        self.scope = f"{cloud.audience.rstrip('/')}/.default"
        self.pipeline = Pipeline(
            Transport(session, deadline),
            [
                RequestIdPolicy(),
                UserAgentPolicy(base_user_agent=USER_AGENT),
                ContentDecodePolicy(),
                self.retry,
                _Token(credential, self.scope),
            ],
        )
        self._answers = answers
        self._made: dict[tuple[str, ...], Any] = {}
        self._in_vain: Counter[str] = Counter()
        self._locks: dict[str, threading.Lock] = {}

    # -- making clients --------------------------------------------------------------------------------------------

    def management(self, module: str, name: str, subscription: str | None) -> Any:
        """A management client; its module is imported on first use, since each costs up to seconds."""

        def make() -> Any:
            client = getattr(imported(f"azure.mgmt.{module}"), name)
            arguments = {"base_url": self.cloud.resource_manager, "credential_scopes": [self.scope], **self._given()}
            if subscription is None:
                return client(self.credential, **arguments)
            return client(self.credential, subscription, **arguments)

        return self._once((module, name, subscription or ""), make)

    def machine_learning(self, subscription: str, group: str | None = None, workspace: str | None = None) -> Any:
        """An ``MLClient``. It ignores ``base_url`` and takes its endpoints from a cloud's name and description."""

        def make() -> Any:
            arguments: dict[str, Any] = {"enable_telemetry": False, "cloud": self._ml_cloud(), **self._given()}
            if arguments["cloud"] not in _described:
                _described.add(arguments["cloud"])
                arguments["cloud_metadata"] = _ml_metadata(self.cloud)
            client = imported("azure.ai.ml").MLClient
            made = client(self.credential, subscription, group or "", workspace or "", **arguments)
            # Each client gives telemetry, which is off, one more handler that does nothing, for as long as we live.
            del logging.getLogger("azure.ai.ml._telemetry").handlers[1:]
            return made

        return self._once(("ml", subscription, group or "", workspace or ""), make)

    def _ml_cloud(self) -> str:
        # azure-ai-ml keeps one process-wide table of clouds by name, and its own constants for the well-known names.
        return f"audit-{self.cloud.resource_manager}"

    def _given(self) -> dict[str, Any]:
        # With a pipeline at hand no client makes one; an empty list keeps it from making the policies for it. Which
        # cloud it is for, its endpoint says: the setting only keeps it from reading all of azure-core's settings.
        return {"pipeline": self.pipeline, "policies": [], "cloud_setting": AzureClouds.AZURE_PUBLIC_CLOUD}

    def _once(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        # One lock for each package: its first client may be importing for seconds, and the others have work to do.
        with self._locks.setdefault(key[0], threading.Lock()):
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    # -- reading ---------------------------------------------------------------------------------------------------

    def read(self, operation: Callable[[Clients], Any], action: str, *, listing: bool) -> Answer:
        """Run one SDK operation to its end, and answer with what Azure said.

        ``action`` is the permission that the read needs; a ``listing`` must answer with pages of resources. A token
        that ran out on the way, or was taken back, is fetched again once.
        """
        with self.retry.patience(self._in_vain[action] < ENOUGH):
            answer = self._read(operation, action, listing)
        status = answer.failure and answer.failure.http_status
        self._in_vain[action] = self._in_vain[action] + 1 if status == 429 or (status or 0) >= 500 else 0
        if answer.stale and isinstance(self.credential, Credential):
            self.credential.renew()
            answer = self._read(operation, action, listing)
        return answer

    def _read(self, operation: Callable[[Clients], Any], action: str, listing: bool) -> Answer:
        """The one place that catches everything: a page that was captured counts even where the SDK then fails on it,
        and what is not whole says why."""
        self._answers.begin()
        error: Exception | None = None
        try:
            found = operation(self)
            if isinstance(found, Iterable) and not isinstance(found, str | bytes | dict) and hasattr(found, "__next__"):
                for _ in found:
                    pass
        except Exception as caught:  # noqa: BLE001  (an SDK may raise anything; it becomes the reason of the gap)
            error = caught
        answer = _answer(self._answers.seen, error, action, listing)
        refused = answer.failure is not None and answer.failure.http_status == 401
        # An error without an answer of Azure's is the credential's own: it has no other token.
        answer.stale = refused and not (isinstance(error, ClientAuthenticationError) and error.response is None)
        return answer


_described: set[str] = set()
_importing = threading.Lock()
_tidying = threading.Lock()
_imported: dict[str, Any] = {}


def imported(module: str) -> Any:
    """A module of an SDK. They are imported one at a time: two threads that import what imports each other may see half
    of it."""
    # Set by whatever used azure-ai-ml before, it makes that package look for a cloud of its own, even while imported.
    with _tidying:  # between looking and taking away, another thread may have taken it away
        os.environ.pop("AZUREML_CURRENT_CLOUD", None)
    if module not in _imported:
        with _importing:
            _imported[module] = importlib.import_module(module)
            # azure-ai-ml has a logger of its own that writes to stderr, tracebacks too.
            logging.getLogger(module).setLevel(logging.CRITICAL)
    return _imported[module]


def pages(client: Any, link: str | None) -> Iterator[Any]:
    """The pages from a link on, of what an SDK has no operation for or stops after the first page of."""
    while link:
        answer = client.send_request(HttpRequest("GET", link))
        answer.raise_for_status()
        page = answer.json()
        yield page
        link = page.get("nextLink")


def import_ahead() -> None:
    """Import what every subscription needs and takes longest, while something else is waited for: nothing can be read
    before, and a person or a service may take as long to sign in."""

    def run() -> None:
        for module in ("azure.mgmt.resource.subscriptions", "azure.ai.ml", "azure.mgmt.network"):
            with contextlib.suppress(Exception):  # whoever needs the module meets the same error, and says so
                imported(module)

    threading.Thread(target=run, name="import", daemon=True).start()


def _answer(seen: list[Page], error: Exception | None, action: str, listing: bool) -> Answer:
    answer = Answer()
    more = False
    for page in seen:
        status, body = page.status, page.body
        if status != 200:  # a part (206), or what somebody between changed (203), is not the answer either
            answer.failure, answer.gone = from_answer(status, body, action)
            return answer
        if not isinstance(body, dict):
            answer.failure = Failure(reason="Azure's answer is not a JSON object", http_status=status)
            return answer
        if body.get("error"):
            answer.failure, _ = from_answer(status, body, action)
            return answer
        answer.bodies.append(body)
        more = bool(body.get("nextLink"))
        if listing and not _is_page(body):
            answer.failure = Failure(reason="Azure's answer is not a list of resources", http_status=status)
    if more or not seen:
        lost = (
            Failure(reason="Azure's answer has more pages than were read") if error is None else from_exception(error)
        )
        answer.failure = answer.failure or lost
    return answer


def _is_page(body: dict[str, Any]) -> bool:
    """Whether a body is a page of resources, each with an id; one that cannot be told must not be lost in silence."""
    value = body.get("value")
    return isinstance(value, list) and all(
        isinstance(i, dict) and str(i.get("id") or "").startswith("/") for i in value
    )


def _ml_metadata(cloud: Cloud) -> dict[str, str]:
    """All six are demanded; the reads that are made use the Resource Manager only."""
    return {
        "azure_portal": "https://portal.azure.com/",
        "resource_manager": cloud.resource_manager.rstrip("/") + "/",
        "active_directory": cloud.authority.rstrip("/") + "/",
        "aml_resource_id": "https://ml.azure.com/",
        "storage_endpoint": "core.windows.net",
        "registry_discovery_endpoint": cloud.resource_manager.rstrip("/") + "/",
    }


def parts(arm_id: str) -> tuple[str, str, str]:
    """Subscription, resource group and name of an id, as SDK operations take them."""
    arm = ArmId.parse(arm_id)
    return arm.subscription, arm.resource_group, arm.name
