"""``audit permissions``: the smallest custom role for a full audit, and what each of its permissions is for."""

from __future__ import annotations

import json
import re
import sys

from rich.console import Console
from rich.table import Table

from auditor.cli.errors import AuditError
from auditor.model.permissions import actions

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PLACEHOLDER = "/subscriptions/<subscription-id>"


def show(subscriptions: list[str]) -> None:
    """Print the role, ready for ``az role definition create --role-definition @FILE``."""
    scopes = list(dict.fromkeys(_scope(given) for given in subscriptions))
    role = {
        "Name": "AKS Inference Auditor",
        "IsCustom": True,
        "Description": "Reads what 'audit' judges secure AKS inference environments by. Reads no data and no secrets.",
        "Actions": list(actions()),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": scopes or [PLACEHOLDER],
    }
    sys.stdout.write(json.dumps(role, indent=2) + "\n")
    if not scopes:
        sys.stderr.write(f"{PLACEHOLDER} stands for yours: --subscription ID puts it in\n")


def explain() -> None:
    """Print what each permission is for."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("permission", no_wrap=True)
    table.add_column("what is read", overflow="fold")
    for name, what in actions().items():
        table.add_row(name, what)
    Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 180).print(table)


def _scope(given: str) -> str:
    number = given.strip().rstrip("/").lower().removeprefix("/subscriptions/")
    if not GUID.fullmatch(number):
        raise AuditError(
            f"{given} is not the id of a subscription", "'az account list --output table' shows names with their ids"
        )
    return f"/subscriptions/{number}"
