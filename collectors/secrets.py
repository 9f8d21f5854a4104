"""What must not be kept: values that Azure names as secret, and secrets inside texts."""

from __future__ import annotations

import re
from typing import Any

REDACTED = "REDACTED"
# A value of any kind under such a name is one, or holds one.
NAMED = re.compile(
    r"(connectionstrings?|passwords?|accountkeys?|sastoken|sasuri|accesskeys?|primarykey|secondarykey|apikey|storagekey|"
    r"authorizationkey|subscriptionkey|privatekey|instrumentationkey|appinsightskey|kubeconfigs?|protectedsettings|"
    r"keydata|certdata|clientsecret|ssl(cert|key)\w*|(access|refresh|sas|bearer)tokens?|environmentvariables)$"
    r"|^(keys|key[12]?|sharedkey|token|tokens|secret|secrets|certificate)$",
    re.IGNORECASE,
)
IN_TEXT = (
    # signatures and keys in URLs and connection strings
    (
        re.compile(
            r"(?i)\b(sig|sharedaccesssignature|accountkey|sharedaccesskey|password|pwd|instrumentationkey)=[^&;\s\"']+"
        ),
        r"\1=",
    ),
    # JSON web tokens
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), ""),
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)", re.DOTALL), ""),
    # a user and password before a host
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), r"\1"),
)


def clean(text: str) -> str:
    """A text without the secrets in it."""
    for pattern, kept in IN_TEXT:
        text = pattern.sub(kept + REDACTED, text)
    return text


def redact(value: Any) -> Any:
    """A body without secrets: whatever stands under a secret name, and secrets inside texts. Flags stay: they say how
    something is set, and hold nothing."""
    if isinstance(value, dict):
        return {k: REDACTED if _secret(k, v) else redact(v) for k, v in value.items()}
    if isinstance(value, list):
        return [redact(v) for v in value]
    return clean(value) if isinstance(value, str) else value


def _secret(name: str, value: Any) -> bool:
    return bool(value) and not isinstance(value, bool) and bool(NAMED.search(name))
