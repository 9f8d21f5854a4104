"""Signing in, within a deadline, and finding the cloud behind a Resource Manager URL."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from typing import Any

import requests
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential
from urllib3.util.retry import Retry

from auditor.model.clouds import CLOUDS, STORAGE_SUFFIXES, Cloud
from collectors.deadline import Deadline, LateError, OverError, within
from collectors.errors import CollectionError
from collectors.https import HTTPSAdapter
from collectors.jsontext import parse
from collectors.secrets import clean

# DefaultAzureCredential waits minutes for an instance metadata service that accepts and stays silent.
SIGN_IN_SECONDS = 11.0
SIGN_IN_HELP = "sign in with 'az login', or run where a managed identity is; 'az account show' tells who you are"
# A token is renewed this long before it runs out, as azure-core does; a short one in the middle of its life.
EARLY_SECONDS = 300.0
# The first words with a cloud are not the SDKs', which would ask again when it is busy.
ONCE_MORE = Retry(
    total=3,
    connect=1,
    read=1,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    respect_retry_after_header=False,
    raise_on_status=False,
)


class Credential:
    """One token for all clients, from a credential that may start a program for each: by default
    `DefaultAzureCredential`, for one cloud and, if named, one tenant.

    Whatever is behind it has `SIGN_IN_SECONDS` to answer. Where it did not, it is not asked again for a while, so that
    what is still to be read does not wait for it one by one.
    """

    def __init__(self, cloud: Cloud, tenant: str | None, inner: TokenCredential | None = None) -> None:
        for name in ("azure.identity", "msal"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.tenant = tenant
        self._own = None if inner is not None else _default(cloud)
        self._inner = inner or self._own
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, ...], tuple[AccessToken, float, str]] = {}
        self._errors: dict[tuple[str, ...], tuple[Exception, float]] = {}

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """The token at hand, unless it is about to run out or does not answer the ``claims`` that Azure asks for."""
        claims = kwargs.get("claims") or ""
        with self._lock:
            now = time.time()
            token, renew_at, answered = self._tokens.get(scopes, (None, 0.0, ""))
            if token is not None and now < renew_at and claims in ("", answered):
                return token
            # Claims that cannot be met are the trouble of the one read that they are demanded for.
            asked = (*scopes, claims)
            error, failed_at = self._errors.get(asked, (None, 0.0))
            if error is not None and now - failed_at < SIGN_IN_SECONDS:
                raise error
            try:
                token = self._ask(scopes, kwargs)
            except Exception as error:
                self._errors[asked] = (error, time.time())
                raise
            self._errors.pop(asked, None)
            life = token.expires_on - now
            self._tokens[scopes] = (token, token.expires_on - min(EARLY_SECONDS, life / 2), claims)
            return token

    def renew(self) -> None:
        """Azure does not take the token any more: the next one is a new one."""
        with self._lock:
            self._tokens.clear()

    def close(self) -> None:
        if self._own is not None:
            self._own.close()

    def _ask(self, scopes: tuple[str, ...], kwargs: dict[str, Any]) -> AccessToken:
        if self.tenant:
            kwargs["tenant_id"] = self.tenant
        inner = self._inner
        assert inner is not None  # noqa: S101  (one of the two was given)
        try:
            return within(SIGN_IN_SECONDS, lambda: inner.get_token(*scopes, **kwargs))
        except LateError:
            raise ClientAuthenticationError(message="no token for Azure in time") from None


def _default(cloud: Cloud) -> DefaultAzureCredential:
    return DefaultAzureCredential(
        authority=cloud.authority,
        additionally_allowed_tenants=["*"],
        # Entra's instance discovery knows the authorities of the public clouds only.
        disable_instance_discovery=cloud.name not in CLOUDS,
        process_timeout=8,
        # A request that was given up ends by itself soon after, and its thread with it.
        connection_timeout=SIGN_IN_SECONDS,
        read_timeout=SIGN_IN_SECONDS,
    )


class ReplayCredential:
    """Stands where a credential has to; nothing of it leaves."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("replay", 2**40)


def sign_in(credential: TokenCredential, cloud: Cloud, deadline: Deadline) -> None:
    """See that a credential brings a token.

    Raises:
        CollectionError: none of the ways to sign in worked within `SIGN_IN_SECONDS`.
    """
    scope = f"{cloud.audience.rstrip('/')}/.default"
    try:
        within(deadline.left(SIGN_IN_SECONDS), lambda: credential.get_token(scope))
    except LateError:
        raise CollectionError("no credentials for Azure in time", SIGN_IN_HELP) from None
    except Exception as error:
        raise CollectionError(f"no credentials for {cloud.name}: {_why(error)}", SIGN_IN_HELP) from error


def _why(error: Exception) -> str:
    """One line: what Entra ID said, if anything did; azure-identity lists every way that it tried."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in lines if "AADSTS" in line), None)
    if said:
        return clean(said[said.index("AADSTS") :])[:200]
    return "none of the ways that DefaultAzureCredential tries is set up"


def find_cloud(name: str, deadline: Deadline) -> Cloud:
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
    with contextlib.closing(requests.Session()) as session:
        session.mount("https://", HTTPSAdapter(deadline, retries=ONCE_MORE))
        for version in ("2022-09-01", "2015-01-01"):
            try:
                answer = session.get(
                    f"{base}/metadata/endpoints", params={"api-version": version}, allow_redirects=False
                )
                described = _described(base, parse(answer.text)) if answer.ok else None
            except (requests.RequestException, OverError) as error:
                raise CollectionError(f"cannot reach {base}: {_reason(error)}", help_) from error
            except OSError as error:
                raise CollectionError(f"cannot reach {base}: {error}", help_) from error
            except (ValueError, RecursionError):
                break
            if described is not None:
                return described
            if answer.status_code >= 429:
                raise CollectionError(f"{base} is not ready: it answers {answer.status_code}", "try again later")
    raise CollectionError(f"{base} does not describe a cloud at /metadata/endpoints", help_)


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


def _reason(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not trusted (REQUESTS_CA_BUNDLE or SSL_CERT_FILE names a private CA)"
    return "no answer in time" if isinstance(error, requests.Timeout | OverError) else "no connection could be made"
