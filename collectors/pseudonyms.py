"""Other names for what a recording holds, so that it can be shared and still replays to the same verdicts.

Kept is what the collectors look at and nothing else. In it, subscriptions, tenants, objects and names get other ones:
one for each, whatever the case, in ids, host names and filters alike. What Azure gives a meaning stays: types, regions,
states, the names of its zones, subnets and roles. So do addresses, since verdicts depend on them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from auditor.model.clouds import CLOUDS, ZONES, Cloud
from auditor.model.ids import ArmId
from auditor.model.paths import Tree, keep
from auditor.model.regions import PAIRS
from auditor.model.snapshot import Scope
from auditor.model.types import RESOURCES, SUBSCRIPTIONS
from collectors.session import GRAPH_QUERY, SKIP_TOKEN

GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ACTION: Final = re.compile(r"perform action '[\w./-]+'")
# Properties that hold names or ids of the tenant's own, host names, and addresses with a host in them. Any other text
# is looked at for an ARM id or a GUID.
NAMES: Final = frozenset(
    """
    name displayName accountName resourceGroup nodeResourceGroup namespace imageBuildCompute localSubnetNames
    remoteSubnetNames sslSecret scoringFe.sslSecret roleName principalId clientId condition
    """.split()  # noqa: SIM905
)
HOSTS: Final = frozenset(("fqdn", "privateFQDN", "fqdns", "loginServer", "domainName", "recordSetName", "sslCname"))
URIS: Final = frozenset(("scoringUri", "endpoint"))
# Names that Azure looks at, and we with it.
GIVEN: Final = frozenset(
    """
    default management gatewaysubnet azurebastionsubnet azurefirewallsubnet azurefirewallmanagementsubnet aks-subnet
    kube-apiserver msi system none @ *
    """.split()  # noqa: SIM905
)
MARKS: Final = ("HV_", "RemoteVnetToHubPeering_", "ANM_", "MC_")
MANAGED: Final = "__sys_pe_"
# Parts of Azure's own host names.
LABELS: Final = frozenset(
    {label for zones in ZONES.values() for pairs in zones.values() for z in pairs for n in z for label in n.split(".")}
    | {label for cloud in CLOUDS.values() for label in (urlsplit(cloud.resource_manager).hostname or "").split(".")}
    | set("azmk8s containerservice aks azk8s workspace cert inference instances data hcp ml".split())  # noqa: SIM905
    | set(PAIRS)
)
# The roles that rules know by their id.
ROLES: Final = frozenset(
    """
    8e3af657-a8ff-443c-a75c-2fe8c4bcb635 b24988ac-6180-42a0-ab88-20f7382dd24c acdd72a7-3385-48ef-bd42-f606fba81ae7
    ba92f5b4-2d11-453d-a403-e96b0029c9fe b7e6dc6d-f1e8-4753-8033-0f276bb0955b 17d1049b-9a84-46fb-8f53-869881c3d3ab
    7f951dda-4ed3-4680-a7ca-43fe172d538d 8311e382-0749-4cb8-b61a-304f252e45ec b93aa761-3e63-49ed-ac28-beffa264f7ac
    2a1e307c-b015-4ebd-883e-5b7698a07328 2efddaa5-3f1f-4df3-97df-af3f13818f4c 85cb6faf-e071-4c9b-8136-154b5a04f717
    0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8 4d97b98b-1d4f-4787-a291-c67834d212e7 b12aa53e-6015-4669-85d0-8515ebb3ae7f
    """.split()  # noqa: SIM905
)


class Pseudonyms:
    """The other names of one recording. ``trees`` says what the collectors look at, by ARM type."""

    def __init__(self, trees: Mapping[str, Tree]) -> None:
        self._trees = {arm_type.lower(): tree for arm_type, tree in trees.items()}
        self._given: dict[str, str] = {}
        self._lock = threading.Lock()

    # -- one name, id or address -----------------------------------------------------------------------------------

    def name(self, text: str) -> str:
        """The other name of a name or GUID."""
        low = text.strip().lower()
        if not low or low in GIVEN or low in LABELS or low in ROLES:
            return text
        with self._lock:
            if low not in self._given:
                number = len(self._given) + 1
                mark = MANAGED if MANAGED in low else next((m for m in MARKS if low.startswith(m.lower())), "")
                guid = f"00000000-0000-4000-8000-{number:012}"
                self._given[low] = guid if GUID.fullmatch(low) else f"{mark}name{number}"
            return self._given[low]

    def host(self, text: str) -> str:
        """A host name, or a part of one: label by label, so that what ends in a zone still does."""
        try:
            ip_address(text.strip("[]"))
        except ValueError:
            return ".".join(self.name(label) for label in text.split("."))
        return text

    def arm_id(self, text: str) -> str:
        """An id or path of Resource Manager: in pairs, of which the first says what the second is."""
        parts = text.split("/")
        out = parts[:1]
        for at in range(1, len(parts), 2):
            kind, names = parts[at].lower(), parts[at + 1 : at + 2]
            zone = kind == "privatednszones" or "privatednszones" in (p.lower() for p in parts[max(0, at - 2) : at])
            other = (lambda name: name) if kind == "providers" else self.host if zone else self.name
            out += [parts[at], *(other(name) for name in names)]
        return "/".join(out)

    def url(self, text: str) -> str:
        """A request, or the link to a next page. What it says of the page may be anything, and gets a name."""
        parts = urlsplit(text)
        query = [
            (key, self._query(key.lower(), value)) for key, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        path = quote(self.arm_id(unquote(parts.path)), safe="/$'()")
        return parts._replace(netloc=self._at(parts.netloc), path=path, query=urlencode(query, safe="$'")).geturl()

    def _query(self, key: str, value: str) -> str:
        if key in ("api-version", "$expand") or re.fullmatch(r"true|false|\d{1,6}", value):
            return value
        if key == "$filter":
            return re.sub(r"'([^']*)'", lambda found: f"'{self._quoted(found.group(1))}'", value)
        return self.name(value)

    def _quoted(self, text: str) -> str:
        if text.startswith("/"):
            return self.arm_id(text)
        plain = re.fullmatch(r"[A-Za-z]+\.[\w./]+|[\d:.TZ+-]+", text)
        return text if plain and not GUID.fullmatch(text) else self.name(text)

    def _at(self, netloc: str) -> str:
        host, colon, port = netloc.rpartition("@")[2].partition(":")
        return f"{self.host(host)}{colon}{port}"

    # -- what is recorded ------------------------------------------------------------------------------------------

    def asked(self, text: str) -> str:
        """What a user named: by id, or by name."""
        return self.arm_id(text) if text.startswith("/") else self.name(text)

    def scope(self, scope: Scope) -> Scope:
        groups = [self.name(group) for group in scope.resource_groups]
        return Scope(workspaces=[self.asked(w) for w in scope.workspaces], resource_groups=groups)

    def cloud(self, cloud: Cloud) -> Cloud:
        """A cloud of one's own has an address of one's own."""
        if cloud == CLOUDS.get(cloud.name):
            return cloud
        ends = {name: self._uri(getattr(cloud, name)) for name in ("resource_manager", "authority", "audience")}
        return cloud.model_copy(update={"name": self.name(cloud.name), **ends})

    def question(self, body: Any) -> Any:
        """What was asked of Resource Graph: the query itself names nothing of the tenant's."""
        if not isinstance(body, dict):
            return None
        options = {k: self.name(v) if k == SKIP_TOKEN else v for k, v in body["options"].items()}
        return {**body, "subscriptions": [self.name(s) for s in body["subscriptions"]], "options": options}

    def body(self, url: str, status: int, body: Any) -> Any:
        """An answer to a request, down to what the collectors look at."""
        if not isinstance(body, dict):
            return None
        if status >= 400:
            return _error(body)
        if urlsplit(url).path.lower() == GRAPH_QUERY.lower():
            return self._rows(body)
        tree = self._trees.get(_type_of(unquote(urlsplit(url).path)).lower(), {})
        if "value" not in body:
            return self._resource(body, tree)
        rows = body["value"]
        page: dict[str, Any] = {
            "value": [self._resource(row, tree) for row in rows] if isinstance(rows, list) else None
        }
        if isinstance(link := body.get("nextLink"), str):
            page["nextLink"] = self.url(link) if link else link
        return page

    def _rows(self, body: dict[str, Any]) -> Any:
        """An answer of Resource Graph: of each row, which subscription it is about."""
        page: dict[str, Any] = {k: body.get(k) for k in ("totalRecords", "count", "resultTruncated")}
        rows, page["data"] = body.get("data"), None
        if isinstance(rows, list):
            named = [row.get("subscriptionId") if isinstance(row, dict) else None for row in rows]
            page["data"] = [{"subscriptionId": self.name(n)} if isinstance(n, str) else None for n in named]
        if isinstance(token := body.get(SKIP_TOKEN), str):
            page[SKIP_TOKEN] = self.name(token)
        return page

    def _resource(self, body: Any, tree: Tree) -> Any:
        if not isinstance(body, dict):
            return None
        kept = self._value(keep(body, tree), "", "") if tree else {}
        if not isinstance(arm_id := body.get("id"), str):
            return kept
        other = self.arm_id(arm_id)
        return {"id": other, "name": other.rpartition("/")[2], "type": ArmId.parse(arm_id).type, **kept}

    def _value(self, value: Any, name: str, within: str) -> Any:
        if isinstance(value, dict):
            return {self.arm_id(k) if k.startswith("/") else k: self._value(v, k, name) for k, v in value.items()}
        if isinstance(value, list):
            return [self._value(item, name, within) for item in value]
        return self._text(value, name, within) if isinstance(value, str) else value

    def _text(self, text: str, name: str, within: str) -> str:
        if text.startswith("/"):
            return self.arm_id(text)
        if name in HOSTS:
            return self.host(text)
        if name in URIS:
            return self._uri(text)
        return self.name(text) if GUID.fullmatch(text) or (name in NAMES and within != "sku") else text

    def _uri(self, text: str) -> str:
        """Scheme and host; the path may hold names, and says nothing to a rule."""
        scheme, sign, rest = text.rpartition("://")
        return f"{scheme}{sign}{self._at(rest.partition('/')[0])}"


def _type_of(path: str) -> str:
    """The ARM type of what a path reads or lists."""
    last = path.rstrip("/").rpartition("/")[2].lower()
    listed = {"resources": RESOURCES, "subscriptions": SUBSCRIPTIONS}
    return listed.get(last) or ArmId.parse(path).type


def _error(body: dict[str, Any]) -> dict[str, Any]:
    """What of an error matters: its code, and the action that it names. The rest speaks of people and resources."""
    error = body.get("error", body)
    if not isinstance(error, dict):
        return {}
    action = ACTION.search(str(error.get("message") or ""))
    kept = {"message": action.group()} if action else {}
    code = str(error.get("code") or "")
    return {"error": {"code": code if re.fullmatch(r"\w{1,80}", code) else "", **kept}}
