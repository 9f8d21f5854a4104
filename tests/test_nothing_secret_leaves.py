"""Secrets in every place where Azure has put one, or where users do: none reaches anything that is kept or shown."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from requests.adapters import BaseAdapter

from auditor.cli import main
from auditor.cli.outputs import RENDERERS
from auditor.model.clouds import CLOUDS
from auditor.model.ids import ArmId
from auditor.model.report import Report
from auditor.model.snapshot import Snapshot
from auditor.model.types import WORKSPACES
from auditor.model.verdict import Status
from auditor.reports import evidence
from auditor.reports.sarif import Options
from collectors.collect import Request, collect, replay
from collectors.errors import from_answer, from_exception
from collectors.recording import Manifest, RecordingAdapter, start
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import NOW, Estate
from tests.arm.scenarios import default_cluster, hub_and_spoke, service_endpoints
from tests.audits import report_on

CANARY = "c4n4ryDoNotKeepMe"
LONG = CANARY + "0" * (86 - len(CANARY))  # the length of a storage key
JWT = f"eyJhbGciOiJub25lIn0.eyJ{CANARY}.{CANARY}"
SAS = f"https://st.blob.core.windows.net/c?sv=2024-01-01&sig={CANARY}%3D&se=2027"
BUS = f"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={CANARY}=;EntityPath=y"
STORAGE = f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={CANARY}==;EndpointSuffix=core.windows.net"

# Azure names what stands there as a secret.
NAMED: dict[str, Any] = dict.fromkeys(
    """
    relayConnectionString serviceBusConnectionString primaryConnectionString connectionString sharedAccessKey accountKey
    primaryKey secondaryKey primaryAccessKey secondaryAccessKey instrumentationKey appInsightsKey subscriptionKey apiKey
    api-key API_KEY masterKey functionKey adminPassword adminUserPassword password passwd sasToken sasUri sas_token
    accessToken access_token refreshToken bearerToken idToken token secret clientSecret client_secret secretValue_secret
    privateKey private-key sslCert sslKey sslKeyPem sslCertPem protectedSettings kubeconfig authorization cookie
    storageAccountKey
    """.split(),  # noqa: SIM905
    CANARY,
) | {
    "keys": [{"keyName": "key1", "value": CANARY, "permissions": "Full"}],
    "kubeconfigs": [{"name": "admin", "value": CANARY}],
    "connectionStrings": [{"connectionString": CANARY}],
    "configurationProtectedSettings": {"anything": CANARY},
    "environmentVariables": {"DB": CANARY},
    "credentials": {"credentialsType": "Sas", "secrets": {"secretsType": "Sas", "sasToken": CANARY}},
    "passwords": [{"name": "password", "value": CANARY}],
    "addonProfiles": {"omsagent": {"enabled": True, "config": {"workspace": CANARY}}},
    "linuxProfile": {"ssh": {"publicKeys": [{"keyData": CANARY}]}},
}
# A secret stands in a text of any name.
TEXTS: list[str] = [
    SAS,
    BUS,
    STORAGE,
    f"{LONG}==",
    f"Authorization: Bearer {CANARY}.x.y",
    f"authorization=Basic {CANARY}",
    f"Bearer {CANARY}{CANARY}",
    f"SharedKey account:{CANARY}=",
    f"the token {JWT} was refused",
    f'{{"accountKey": "{CANARY}"}}',
    f'{{\\"clientSecret\\": \\"{CANARY}\\"}}',
    f"password: {CANARY}",
    f"https://me:{CANARY}@host/x",
    f"https://fn.azurewebsites.net/api/x?code={CANARY}",
    f"Set-Cookie: ARRAffinity={CANARY}; path=/",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    f"abc8Q~{CANARY}{'x' * (34 - len(CANARY))}",
    f"sig%3D{CANARY}%26se",
]


class Credential:
    """Signs in with a token that must not be seen again."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken(JWT, 2**40)


class Leaky(BaseAdapter):
    """Azure at its most talkative: secrets in headers, in links to next pages and in error messages."""

    def __init__(self, arm: ArmAdapter, broken: tuple[str, ...]) -> None:
        super().__init__()
        self.arm, self.broken = arm, broken
        self.tokens: set[str] = set()
        self._pages: dict[str, str] = {}

    def close(self) -> None:
        """Nothing to let go of."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.tokens.add(str(request.headers.get("Authorization")))
        path = urlsplit(str(request.url)).path.lower()
        text = TEXTS[len(path) % len(TEXTS)]
        if any(path.endswith(part) for part in self.broken):
            status = (400, 403, 404)[len(path) % 3]  # none that is tried again
            error = {"code": "Refused", "message": f"{text} is not accepted", "details": [{"message": text}]}
            return self._dressed(respond(request, status, {"error": error, "token": CANARY}))
        page = dict(parse_qsl(urlsplit(str(request.url)).query)).get("sig", "")
        meant = requests.Request("GET", self._pages.get(page, request.url)).prepare()
        answer = self.arm.send(meant, *args, **kwargs)
        body = answer.json()
        if isinstance(body, dict) and body.get("nextLink"):  # only the secret says which page it is
            secret = f"{CANARY}{len(self._pages)}/+"
            self._pages[secret] = body["nextLink"]
            url = urlsplit(str(request.url))
            query = dict(parse_qsl(url.query)) | {"sig": secret, "code": CANARY}
            body["nextLink"] = url._replace(query=urlencode(query, safe="$")).geturl()
        answer = respond(request, answer.status_code, body)
        return self._dressed(answer)

    def _dressed(self, answer: requests.Response) -> requests.Response:
        for name in (
            "Set-Cookie",
            "x-ms-request-id",
            "x-ms-correlation-id",
            "WWW-Authenticate",
            "x-ms-secret",
            "Location",
        ):
            answer.headers[name] = CANARY
        return answer


def seeded(estate: Estate) -> Estate:
    """Every resource gets every secret, beside what it has and in the places that are kept."""
    for body in estate:
        properties = body["properties"]
        texts = {f"note{number}": text for number, text in enumerate(TEXTS)}
        more = NAMED | texts | {"list": TEXTS, "metadata": {"owner": CANARY}}
        for name, value in more.items():
            properties.setdefault(name, value)
        inner = properties.get("properties")
        if isinstance(inner, dict):
            inner.update({name: value for name, value in more.items() if name not in inner})
        body["tags"] = {"owner": CANARY, "password": CANARY, "link": SAS, CANARY.lower(): "name of a tag"}
        del body["tags"][CANARY.lower()]
        for name in ("scoringUri", "description"):
            if name in properties:
                properties[name] = f"{properties[name]}?sig={CANARY}"
        if "configurationSettings" in properties:
            properties["configurationSettings"]["inferenceLoadBalancer.key"] = CANARY
            properties["configurationSettings"]["sslCname"] = f"x.example?sig={CANARY}"
    return estate


def run(estate: Estate, folder: Path, broken: tuple[str, ...] = ()) -> tuple[Snapshot, Leaky]:
    homes = tuple(dict.fromkeys(ArmId.parse(w["id"]).subscription for w in estate.find_all(WORKSPACES)))
    cloud = CLOUDS["AzureCloud"]
    start(folder, Manifest(recorded_at=NOW, cloud=cloud, tenant_id=estate.tenant_id, subscriptions=list(homes)))
    far = Leaky(ArmAdapter(estate, page_size=2), broken)
    snapshot = collect(Request(homes, threads=4), cloud, Credential(), RecordingAdapter(far, folder), NOW)
    return snapshot, far


def shown(report: Report) -> dict[str, str]:
    everything = Options(include=frozenset(Status), evidence=True)
    out = {name: "".join(render(report, everything)) for name, render in RENDERERS.items()}
    out |= evidence.files(report)
    out["evidence"] = repr([(r.verdict.evidence, r.verdict.missing, r.verdict.message) for r in report.results])
    return out


def leaks(texts: dict[str, str]) -> list[str]:
    low = CANARY.lower()
    return [
        f"{name}: {line.strip()[:160]}"
        for name, text in texts.items()
        for line in text.splitlines()
        if low in line.lower()
    ]


BROKEN = ("/datastores", "/storageaccounts", "/virtualnetworklinks", "/values", "/a", "/roleassignments", "/extensions")


@pytest.mark.parametrize("broken", [(), BROKEN], ids=["answers", "errors"])
@pytest.mark.parametrize("build", [hub_and_spoke, default_cluster, service_endpoints])
def test_nothing_leaves(
    build: Any,
    broken: tuple[str, ...],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in the snapshot, the recording, a report or a log, at the most talkative level; and the replay is the run."""
    caplog.set_level(logging.DEBUG)
    snapshot, far = run(seeded(build()), tmp_path / "kept", broken)
    assert far.tokens == {f"Bearer {JWT}"}
    report = report_on(snapshot)
    files = {p.name: p.read_text("utf-8") for p in (tmp_path / "kept").iterdir()}
    texts = files | shown(report) | {"snapshot": snapshot.model_dump_json(indent=1), "log": caplog.text}
    saved = tmp_path / "snapshot.json"
    saved.write_text(snapshot.model_dump_json())
    main(["--replay", str(tmp_path / "kept"), "-vv", "--fail-on", "never"])
    main(["--snapshot", str(saved), "-vv", "--fail-on", "never"])
    texts["stdout"], texts["stderr"] = capfd.readouterr()
    assert "mlw-" in texts["stdout"]
    assert "read " in texts["stderr"]
    assert not leaks(texts)
    again = report_on(replay(Request(), tmp_path / "kept"))
    assert [(r.fingerprint, r.status) for r in again.results] == [(r.fingerprint, r.status) for r in report.results]
    assert len(again.gaps) == len(report.gaps)
    assert "NotRecorded" not in str(again.gaps)


def test_the_secrets_are_there_at_first() -> None:
    """What is looked for does come over the wire."""
    arm = ArmAdapter(seeded(hub_and_spoke()), page_size=2)
    request = requests.Request("GET", f"https://management.azure.com{arm.estate.find(WORKSPACES)['id']}").prepare()
    text = arm.send(request).text
    assert text.count(CANARY) > len(NAMED) + len(TEXTS)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_an_error_is_told_without_its_secret(text: str, status: int) -> None:
    """Reasons are Azure's words, in every part of an error."""
    for error in (
        {"code": text, "message": "x"},
        {"code": "x", "message": text},
        {"code": "x", "message": f"a {text}"},
    ):
        failure, _ = from_answer(status, {"error": error}, "Microsoft.X/y/read")
        assert CANARY not in str(failure)
    failure, _ = from_answer(403, {"error": {"message": f"perform action '{text}' over"}}, "Microsoft.X/y/read")
    assert failure.needs_action == "Microsoft.X/y/read"
    assert CANARY not in str(failure)
    assert CANARY not in from_exception(ValueError(text)).reason


@pytest.mark.parametrize(
    "url", [f"https://me:{CANARY}@127.0.0.1:9", f"https://127.0.0.1:9/?sig={CANARY}", f"https://127.0.0.1:9/#{CANARY}"]
)
def test_a_cloud_is_given_without_secrets(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An address with more in it than a host is refused, and not repeated."""
    assert main(["--subscription", "x", "--cloud", url]) == 2
    out, err = capsys.readouterr()
    assert CANARY not in out + err
    assert len(err.splitlines()) == 2
