"""Answers that would lose something in silence, run for ever, or carry a secret into a report."""

from __future__ import annotations

import json
import logging
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.types import VAULTS, WORKSPACES
from collectors.jsontext import parse
from collectors.secrets import IN_TEXT, clean, redact
from tests.arm.adapter import ArmAdapter, respond
from tests.arm.estate import Estate
from tests.arm.scenarios import secure
from tests.audits import report_on, snapshot_of


def spoilt(estate: Estate, arm_type: str, body: object, status: int = 200) -> ArmAdapter:
    """An adapter whose list of one type answers with a body."""

    def fault(request: requests.PreparedRequest) -> requests.Response | None:
        path = (request.url or "").partition("?")[0]
        return respond(request, status, body) if path.lower().endswith(f"/providers/{arm_type.lower()}") else None

    return ArmAdapter(estate, fault=fault)


@pytest.mark.parametrize("item", [{"name": "a"}, {"id": 7}, {"id": "/"}, {"id": "/subscriptions/x"}])
def test_an_item_without_an_id_is_not_lost_in_silence(item: object) -> None:
    """A workspace that cannot be told apart makes the scope unread, not empty."""
    estate = secure()
    report = report_on(snapshot_of(estate, spoilt(estate, WORKSPACES, {"value": [item]})))
    assert report.scope_unread
    assert report.gaps


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"value": ["x"]}, []])
def test_what_is_no_page_is_no_empty_page(body: object) -> None:
    """An answer without a list of resources says nothing about what there is."""
    estate = secure()
    report = report_on(snapshot_of(estate, spoilt(estate, WORKSPACES, body)))
    assert report.scope_unread


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (
            200,
            {"value": [], "error": {"code": "Partial", "message": "Not all providers answered."}},
            "Partial: Not all",
        ),
        (203, {"value": []}, "HTTP 203"),
        (206, {"value": []}, "HTTP 206"),
    ],
)
def test_half_an_answer_is_none(status: int, body: object, says: str) -> None:
    """An empty list beside an error, or as a part of the whole, says nothing about what there is."""
    estate = secure()
    report = report_on(snapshot_of(estate, spoilt(estate, WORKSPACES, body, status)))
    assert report.scope_unread
    assert any(says in gap.failure.reason for gap in report.gaps)


def test_the_sdk_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-ai-ml writes what it cannot parse to stderr, with a traceback."""
    said: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger("azure.ai.ml"), "handlers", [kept := logging.Handler()])
    monkeypatch.setattr(kept, "emit", said.append)
    estate = secure()
    assert report_on(snapshot_of(estate, spoilt(estate, WORKSPACES, "", 202))).scope_unread
    assert not said


def test_pages_that_go_in_a_circle_end() -> None:
    """A next page that is the first one again ends the list, as a gap."""
    estate = secure()
    url = f"https://management.azure.com/subscriptions/{estate.subscriptions[0]['subscriptionId']}/providers/{VAULTS}"
    page = {"value": [], "nextLink": f"{url}?api-version=2026-05-15&page=1"}
    began = time.monotonic()
    report = report_on(snapshot_of(estate, spoilt(estate, VAULTS, page)))
    assert time.monotonic() - began < 30
    assert any("circle" in gap.failure.reason for gap in report.gaps)


@pytest.mark.parametrize(
    "text",
    [
        "https://x.blob.core.windows.net/c?sv=1&sig=S3CR3T",
        "Endpoint=sb://x/;SharedAccessKey=S3CR3T;EntityPath=y",
        "AccountKey=S3CR3T",
        "Server=x;Pwd=S3CR3T",
        "token eyJhbGciOiJIUzI1NiJ9.S3CR3TS3CR3T.sig refused",
        "https://me:S3CR3T@host/x",
        "https://S3CR3T@host/x",
        "token=S3CR3T-S3CR3T",
        "users:\n- user:\n    token: S3CR3T-S3CR3T\n    client-key-data: S3CR3T-S3CR3T",
        "az login --service-principal --password S3CR3T",
        "X-IDENTITY-HEADER: S3CR3T",
        "Ocp-Apim-Subscription-Key: S3CR3T",
        "-----BEGIN PRIVATE KEY-----\nS3CR3T\n-----END PRIVATE KEY-----",
    ],
)
def test_a_text_is_kept_without_its_secret(text: str) -> None:
    assert "S3CR3T" not in clean(text)


@pytest.mark.parametrize(
    "body",
    [
        {"relayConnectionString": "S3CR3T"},
        {"keys": [{"keyName": "key1", "value": "S3CR3T"}]},
        {"connectionStrings": [{"connectionString": "S3CR3T"}]},
        {"kubeconfigs": [{"value": "S3CR3T"}]},
        {"configurationProtectedSettings": {"anything": "S3CR3T"}},
        {"claims": {"name": "S3CR3T"}},
        {"tags": {"https://me:S3CR3T@host/x": "x"}},
        {"environmentVariables": {"DB": "S3CR3T"}},
        {"adminPassword": ["S3CR3T"]},
        {"accessToken": "S3CR3T"},
    ],
)
def test_a_body_is_kept_without_its_secrets(body: object) -> None:
    assert "S3CR3T" not in json.dumps(redact({"a": [body]}))


def test_what_only_sounds_secret_stays() -> None:
    """Flags, ids and settings that a verdict needs are no secrets."""
    body = {"allowSharedKeyAccess": True, "keyVault": "/subscriptions/x", "sslSecret": "name", "tokens": None}
    assert redact(body) == body


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', "", "{"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        parse(text)


def test_every_text_can_be_written_again() -> None:
    """A lone surrogate in a name does not stop a report."""
    assert parse('{"a": ["\\ud800x"]}')["a"][0].encode()


PIECES = (
    "=",
    ":",
    "~",
    "+",
    "%3d",
    "eyJ",
    "--",
    " ",
    "sig",
    "password",
    "Bearer",
    "cookie",
    "token",
    "A" * 43,
    "a.b",
    "@",
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join))
def test_a_quick_look_misses_no_secret(text: str) -> None:
    """A text is left as it is only where none of the patterns finds anything in it."""
    assert (clean(text) == text) is not any(pattern.search(text) for pattern in IN_TEXT)
