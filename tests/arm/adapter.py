"""A `requests` transport that answers as Resource Manager would, from an estate."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from . import graph, queries
from .estate import AUDITOR, Estate, Json, type_of
from .queries import Query

Fault = Callable[[requests.PreparedRequest], requests.Response | Exception | None]

METADATA: Json = {
    "name": "AzureCloud",
    "portal": "https://portal.azure.com",
    "resourceManager": "https://management.azure.com/",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com",
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
    "suffixes": {
        "storage": "core.windows.net",
        "keyVaultDns": "vault.azure.net",
        "acrLoginServer": "azurecr.io",
    },
    "microsoftGraphResourceId": "https://graph.microsoft.com/",
}


class ArmError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"code": code, "message": message}}


def respond(request: requests.PreparedRequest, status: int, body: object) -> requests.Response:
    """A JSON response to a request; of use to a fault as well."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    raw = HTTPResponse(BytesIO(json.dumps(body).encode()), headers, status, preload_content=False)
    return HTTPAdapter().build_response(request, raw)


class ArmAdapter(BaseAdapter):
    """Serves an estate: keeps every request, and lets only GET through, and queries of Resource Graph.

    ``known`` is the estate that Resource Graph knows, where it lags behind; ``asked`` keeps what that was asked.
    Lists hold the resources that the estate had when the adapter was made; edits of their bodies do show.
    """

    def __init__(
        self, estate: Estate, page_size: int = 100, fault: Fault | None = None, known: Estate | None = None
    ) -> None:
        super().__init__()
        self.estate, self.page_size, self.fault = estate, page_size, fault
        self.known, self.asked = known or estate, list[Json]()
        self.requests: list[tuple[str, str]] = []
        self._collections = queries.collections(estate)
        self._subscriptions = {row["subscriptionId"].lower(): row for row in estate.subscriptions}

    def close(self) -> None:
        """Nothing to let go of."""

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Answer one request."""
        self.requests.append((request.method or "", request.url or ""))
        outcome = self.fault(request) if self.fault else None
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            return outcome
        url = urlsplit(request.url or "")
        path, query = unquote(url.path).rstrip("/"), dict(parse_qsl(url.query))
        if path.lower() == "/metadata/endpoints":
            return respond(request, 200, [METADATA])
        try:
            if request.method == "POST" and path.lower() == "/providers/microsoft.resourcegraph/resources":
                return respond(request, 200, self._rows(path, json.loads(request.body or "")))
            if request.method != "GET":
                raise _forbidden(path, "write")
            answer = self._answer(path, query)
        except ArmError as error:
            return respond(request, error.status, error.body)
        if isinstance(answer, dict):
            return respond(request, 200, answer)
        start = int(query.get("$skiptoken", 0))
        end = start + self.page_size
        page: Json = {"value": answer[start:end]}
        if end < len(answer):
            page["nextLink"] = url._replace(query=urlencode(query | {"$skiptoken": end}, safe="$")).geturl()
        return respond(request, 200, page)

    def _rows(self, path: str, asked: Json) -> Json:
        self.asked.append(asked)
        if self._denied(path):
            raise _forbidden(path, "read")
        try:
            return graph.answer(self.known, asked, self.page_size)
        except ValueError as error:
            raise ArmError(400, "BadRequest", f"InvalidQuery: {error}") from error

    def _answer(self, path: str, query: Query) -> Json | list[Json]:
        low, estate = path.lower(), self.estate
        if low == "/subscriptions":
            return [self._subscription(key) for key in self._subscriptions if not self._denied(f"{low}/{key}")]
        if low.startswith("/subscriptions/"):
            self._check(path)
        elif low.endswith("/descendants") and not self._denied(path):
            return queries.descendants(estate, low.split("/")[4])
        if self._denied(path):
            raise _forbidden(path, "read")
        if re.fullmatch("/subscriptions/[^/]+", low):
            return self._subscription(low.split("/")[2])
        if low.endswith("/resources"):
            return self._visible(queries.summaries(estate, low.removesuffix("resources"), query))
        if low.endswith("/eventtypes/management/values"):
            return queries.events(estate, low, query)
        if low.endswith("/microsoft.authorization/roleassignments"):
            return self._visible(queries.assignments(estate, low.rpartition("/providers/")[0], query))
        if "/microsoft.authorization/roledefinitions" in low:
            found = queries.definitions(estate, low, query)
            if low.endswith("/roledefinitions"):
                return found
            return found[0] if found else self._nothing(path)
        if low in estate.resources:
            return estate.resources[low]
        if low in self._collections:
            return self._visible(self._collections[low])
        return self._embedded(low) or self._nothing(path)

    def _check(self, path: str) -> None:
        """Refuse a path whose subscription or resource group does not exist."""
        parts = path.split("/")
        if parts[2].lower() not in self._subscriptions:
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{parts[2]}' could not be found.")
        in_group = len(parts) > 4 and parts[3].lower() == "resourcegroups"
        if in_group and "/".join(parts[:5]).lower() not in self.estate.resources:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{parts[4]}' could not be found.")

    def _subscription(self, key: str) -> Json:
        row = {"id": f"/subscriptions/{key}", "tenantId": self.estate.tenant_id, "state": "Enabled"}
        return row | {"authorizationSource": "RoleBased", "managedByTenants": []} | self._subscriptions[key]

    def _denied(self, path: str) -> bool:
        return any(denial.covers(path) for denial in self.estate.denied)

    def _visible(self, bodies: list[Json]) -> list[Json]:
        """A list is silent about what the caller may not read."""
        return [body for body in bodies if not self._denied(body["id"])]

    def _embedded(self, low: str) -> Json | list[Json] | None:
        """Children that have no body of their own but stand in their parent's, such as subnets."""
        rest, _, last = low.rpartition("/")
        if items := self._listed_in(rest, last):
            return items
        owner, _, kind = rest.rpartition("/")
        return next((item for item in self._listed_in(owner, kind) if item.get("name", "").lower() == last), None)

    def _listed_in(self, owner: str, kind: str) -> list[Json]:
        properties: Json = self.estate.resources.get(owner, {}).get("properties", {})
        value = next((value for key, value in properties.items() if key.lower() == kind), None)
        return value if isinstance(value, list) else []

    def _nothing(self, path: str) -> list[Json]:
        """An empty collection, if the path is a collection of something that exists."""
        owner, is_collection = _owner(path)
        if is_collection and (owner.lower() in self.estate.resources or owner.count("/") == 2):
            return []
        missing = owner if is_collection else path
        kind, name, group = type_of(missing), missing.rpartition("/")[2], "".join(missing.split("/")[4:5])
        message = f"The Resource '{kind}/{name}' under resource group '{group}' was not found."
        more = " For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        raise ArmError(404, "ResourceNotFound", message + more)


def _owner(path: str) -> tuple[str, bool]:
    """Where a collection belongs, or the path itself where it names one resource; and which of them it is."""
    scope, _, tail = path.rpartition("/providers/")
    names = tail.split("/")
    if len(names) % 2:
        return path, False
    return scope if len(names) == 2 or "eventtypes" in names else path.rpartition("/")[0], True


def _forbidden(path: str, action: str) -> ArmError:
    message = (
        f"The client 'auditor@northwharf.example' with object id '{AUDITOR}' does not have authorization to "
        f"perform action '{type_of(path)}/{action}' over scope '{_owner(path)[0]}' or the scope is invalid. "
        "If access was recently granted, please refresh your credentials."
    )
    return ArmError(403, "AuthorizationFailed", message)
