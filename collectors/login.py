"""Signing in, within a deadline, and finding the cloud behind a Resource Manager URL."""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from typing import Any

import requests
from azure.core.credentials import AccessToken, TokenCredential
from azure.identity import DefaultAzureCredential

from auditor.model.clouds import CLOUDS, STORAGE_SUFFIXES, Cloud
from collectors.errors import CollectionError
from collectors.secrets import clean

# DefaultAzureCredential waits minutes for an instance metadata service that accepts and stays silent.
SIGN_IN_SECONDS = 11.0
SIGN_IN_HELP = "sign in with 'az login', or run where a managed identity is; 'az account show' tells who you are"


class Credential:
    """`DefaultAzureCredential` for one cloud and, if named, one tenant."""

    def __init__(self, cloud: Cloud, tenant: str | None) -> None:
        for name in ("azure.identity", "msal"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.tenant = tenant
        self._inner = DefaultAzureCredential(
            authority=cloud.authority,
            additionally_allowed_tenants=["*"],
            # Entra's instance discovery knows the authorities of the public clouds only.
            disable_instance_discovery=cloud.name not in CLOUDS,
            process_timeout=8,
        )

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        if self.tenant:
            kwargs["tenant_id"] = self.tenant
        return self._inner.get_token(*scopes, **kwargs)


class ReplayCredential:
    """Stands where a credential has to; nothing of it leaves."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("replay", 2**40)


def sign_in(cloud: Cloud, tenant: str | None, deadline: float | None = None) -> TokenCredential:
    """A credential that has brought a token.

    Raises:
        CollectionError: none of the ways to sign in worked within `SIGN_IN_SECONDS`.
    """
    credential = Credential(cloud, tenant)
    scope = f"{cloud.audience.rstrip('/')}/.default"
    outcome: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            credential.get_token(scope)
        except Exception as error:  # noqa: BLE001  (each way of signing in has errors of its own)
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=ask, name="sign-in", daemon=True).start()
    try:
        error = outcome.get(timeout=_seconds(SIGN_IN_SECONDS, deadline))
    except queue.Empty:
        raise CollectionError("no credentials for Azure in time", SIGN_IN_HELP) from None
    if error is not None:
        raise CollectionError(f"no credentials for {cloud.name}: {_why(error)}", SIGN_IN_HELP)
    return credential


def _why(error: Exception) -> str:
    """One line: what Entra ID said, if anything did; azure-identity lists every way that it tried."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in lines if "AADSTS" in line), None)
    if said:
        return clean(said[said.index("AADSTS") :])[:200]
    return "none of the ways that DefaultAzureCredential tries is set up"


def find_cloud(name: str, deadline: float | None = None) -> Cloud:
    """A cloud by its well-known name, or described by the Resource Manager at an ``https://`` URL.

    Raises:
        CollectionError: no such name, or nothing at the URL describes a cloud.
    """
    known = next((c for n, c in CLOUDS.items() if n.lower() == name.lower()), None)
    if known is not None:
        return known
    help_ = f"give --cloud one of {', '.join(CLOUDS)}, or the https:// URL of a Resource Manager"
    if not name.lower().startswith("https://"):
        raise CollectionError(f"there is no cloud called {name}", help_)
    base = name.rstrip("/")
    if re.search(r"[@?#]", base):  # not repeated: what follows may be a password or a token
        raise CollectionError("the address of the cloud has more in it than host and path", help_)
    for version in ("2022-09-01", "2015-01-01"):
        seconds = _seconds(10, deadline)
        try:
            answer = requests.get(
                f"{base}/metadata/endpoints",
                {"api-version": version},
                timeout=seconds,
                allow_redirects=False,
            )
            described = _described(base, answer.json()) if answer.ok else None
        except requests.RequestException as error:
            raise CollectionError(f"cannot reach {base}: {_reason(error)}", help_) from error
        except OSError as error:
            raise CollectionError(f"cannot reach {base}: {error}", help_) from error
        except (ValueError, RecursionError):
            described = None
        if described is not None:
            return described
    raise CollectionError(f"{base} does not describe a cloud at /metadata/endpoints", help_)


def _seconds(most: float, deadline: float | None) -> float:
    """How long to wait at most, and not past the deadline of the run."""
    return most if deadline is None else max(0.1, min(most, deadline - time.monotonic()))


def _described(base: str, body: Any) -> Cloud | None:
    """The newer form is a list of clouds or one; the older names neither the cloud nor its suffixes."""
    clouds = [c for c in (body if isinstance(body, list) else [body]) if isinstance(c, dict)]
    here = [c for c in clouds if str(c.get("resourceManager") or base).rstrip("/").lower() == base.lower()]
    named = [c for c in here if c.get("name") in CLOUDS]
    for cloud in named or here:
        login = cloud.get("authentication")
        if not isinstance(login, dict):
            continue
        authority, audiences = login.get("loginEndpoint"), login.get("audiences")
        if not isinstance(authority, str) or not authority.startswith("https://") or not isinstance(audiences, list):
            continue
        if not audiences or not isinstance(audiences[0], str):
            continue
        suffixes = cloud.get("suffixes")
        storage = str(suffixes.get("storage") or "").lower() if isinstance(suffixes, dict) else ""
        return Cloud(
            name=str(cloud.get("name") or base),
            family=STORAGE_SUFFIXES.get(storage, ""),
            resource_manager=base,
            authority=authority.rstrip("/"),
            audience=audiences[0],
        )
    return None


def _reason(error: requests.RequestException) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not trusted (REQUESTS_CA_BUNDLE or SSL_CERT_FILE names a private CA)"
    return "no answer in time" if isinstance(error, requests.Timeout) else "no connection could be made"
