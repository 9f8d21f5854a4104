"""A stable path for each ARM id, for consumers that want files: as a URI in SARIF, as a file name for the evidence."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final
from urllib.parse import quote

from auditor.model.ids import key

LONGEST: Final = 160  # bytes of one name: file systems take 255
# What some file system does not take as a name, or takes as another; and what would be both a file and a folder.
TROUBLE: Final = re.compile(
    r"[\x00-\x1f\x7f\"*:<>?\\|~\ud800-\udfff]|^\.+$|[. ]$|^ |\.json$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)"
)


def pseudo_path(arm_id: str) -> str:
    """``azure/<subscription>/<resource group>/<provider>/<type>/<name>.json``, percent-encoded.

    Children and extensions follow their parent (``…/workspaces/w/computes/c.json``), an extension with the word
    ``providers`` between them, so that no two ids share a path. It is in lower case, because Azure writes one id in
    several casings and a path that changed would close an alert and open another.
    """
    parts = [p for p in key(arm_id).split("/") if p]
    if parts[:1] == ["subscriptions"]:
        parts = parts[1:]
        if parts[1:2] == ["resourcegroups"]:
            del parts[1]
        at = 2 if len(parts) > 2 and parts[2] == "providers" else 1
    else:
        parts = ["tenant", *parts]
        at = 1
    if parts[at : at + 1] == ["providers"]:
        del parts[at]
    return "/".join(["azure", *map(_segment, parts)]) + ".json"


def _segment(part: str) -> str:
    """A name as it is where every file system takes it; else its harmless characters with a hash of all."""
    same = unicodedata.normalize("NFKC", part).casefold() == part
    if same and not TROUBLE.search(part) and len(part.encode()) <= LONGEST:
        return quote(part, safe="")
    harmless = re.sub(r"[^a-z0-9_-]+", "_", part)[:40]
    return f"{harmless}~{hashlib.sha256(part.encode(errors='surrogatepass')).hexdigest()[:12]}"
