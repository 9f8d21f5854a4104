"""What must not be kept: values that Azure names as secret, what users fill in freely, and secrets inside texts."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from collectors.shapes import EXTENSION_SETTINGS

REDACTED = "REDACTED"
DEEPEST = 100
# A value under such a name is a secret, or holds one; names are compared without case, hyphens and underscores.
NAMED = re.compile(
    r"(connectionstrings?|passwords?|passwd|pwd|passphrase|(account|access|primary|secondary|api|storage|authorization|"
    r"subscription|master|function|host|private|shared|secret|instrumentation|appinsights|sas|signing)keys?|"
    r"sas(uri|url)s?|kubeconfigs?|protectedsettings|keydata|certdata|ssl(cert|key)\w*|(?<!skip)tokens?|(?<!ssl)secrets?|"
    r"environmentvariables|authorization|cookies?)$|^(keys|key[12]?|certificate)$"
)
# What users write there is theirs, and no verdict needs it.
FREE = {"tags", "metadata", "annotations", "labels", "nodelabels", "config", "configurationsettings", "claims"}
_NAME = (
    r"(?i:(?<![a-z])(sig|shared_?access_?signature|(account|shared_?access|access|api|subscription|storage|"
    r"instrumentation|secret)[-_]?key|pass(word|wd|phrase)|pwd|client[-_]?secret|(access|refresh|id|sas)[-_]?token))"
)
_VALUE = r"(?!REDACTED)[^&;\s\"'\\,}<>]+"
IN_TEXT = (
    # signatures and keys in URLs, connection strings and JSON inside a text
    re.compile(rf"(?P<before>{_NAME}[\\\"']*\s*(?i:=|:|%3d)\s*[\\\"']*){_VALUE}"),
    re.compile(rf"(?P<before>(?i:[?&](code|key|token)=)){_VALUE}"),
    # a token or a key of a kubeconfig, the arguments of a command
    re.compile(
        rf"(?P<before>(?i:(?<![a-z])(token|client-(key|certificate)-data))[\\\"']*\s*[=:]\s*[\\\"']*)(?=\S{{8}}){_VALUE}"
    ),
    re.compile(rf"(?P<before>(?i:(?<!\S)--[a-z-]*(secret|password|token|key))[ =]+){_VALUE}"),
    # headers
    re.compile(r"(?P<before>(?i:\b(bearer|sharedkey(lite)?) ))(?!REDACTED)[\w.~+/=:-]{8,}"),
    re.compile(
        rf"(?P<before>(?i:\b(x-identity-header|x-functions-key|ocp-apim-subscription-key)[\"']?\s*[:=]\s*[\"']?)){_VALUE}"
    ),
    re.compile(rf"(?P<before>(?i:\bauthorization[\"']?\s*[:=]\s*[\"']?(basic )?)){_VALUE}"),
    re.compile(r"(?P<before>(?i:\b(set-)?cookie[\"']?\s*[:=]\s*[\"']?))(?!REDACTED)[^\r\n\"']+"),
    # JSON web tokens, keys in PEM
    re.compile(r"(?P<before>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"(?P<before>)-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)", re.DOTALL),
    # a user and password, or a token, before a host
    re.compile(r"(?P<before>://)(?!REDACTED)[^/\s@\"'<>]+@"),
    # keys by their form: of storage and of shared access, of a registry, of an application in Entra ID
    re.compile(r"(?P<before>)(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])"),
    re.compile(r"(?P<before>)[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9]{6}"),
    re.compile(r"(?P<before>)(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}"),
)
# Texts without any of these hold nothing of the kind, and most texts are such: ids, names and states. The marks come
# first, since each is looked for in a twentieth of the time that the pattern takes.
_MARKS = ("=", ":", "~", "+", "%", "eyJ", "--", " ")
_SUSPECT = re.compile(r"[=:~+]|%3d|eyJ|--|(bearer|sharedkey(lite)?) ", re.IGNORECASE)


def clean(text: str, salt: bytes = b"") -> str:
    """A text without the secrets in it. With a ``salt``, different secrets stay different: a link to the next page must
    not become the link to another."""
    for mark in _MARKS:
        if mark in text:
            break
    else:
        return text
    if not _SUSPECT.search(text):
        return text

    def replace(match: re.Match[str]) -> str:
        before = match.group("before")
        return before + _mark(match.group()[len(before) :], salt)

    for pattern in IN_TEXT:
        text = pattern.sub(replace, text)
    return text


def _mark(secret: str, salt: bytes) -> str:
    at = "@" if secret.endswith("@") else ""
    return (
        f"{REDACTED}-{hmac.digest(salt, unquote_plus(secret).encode(), 'sha256').hex()[:8]}{at}"
        if salt
        else f"{REDACTED}{at}"
    )


def redact(value: Any, salt: bytes = b"", depth: int = 0) -> Any:
    """A body without secrets: whatever stands under a secret name or was filled in freely, and secrets inside texts.

    Flags stay: they say how something is set, and hold nothing. So does the structure, which the SDKs parse.
    """
    if depth > DEEPEST:
        return REDACTED
    if isinstance(value, dict):
        return {clean(k, salt): _under(k, v, salt, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [redact(v, salt, depth + 1) for v in value]
    return clean(value, salt) if isinstance(value, str) else value


def _under(name: str, value: Any, salt: bytes, depth: int) -> Any:
    plain = re.sub(r"[-_. ]", "", name).lower()
    if plain in FREE and isinstance(value, dict):
        return {
            clean(k, salt): redact(v, salt, depth + 1) if k in EXTENSION_SETTINGS else _blank(v)
            for k, v in value.items()
        }
    return _blank(value) if NAMED.search(plain) else redact(value, salt, depth)


def _blank(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0
    return _each(value, lambda text: REDACTED if text else text)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """A value with every text in it changed."""
    if isinstance(value, dict):
        return {k: _each(v, change) for k, v in value.items()}
    if isinstance(value, list):
        return [_each(v, change) for v in value]
    return change(value) if isinstance(value, str) else value
