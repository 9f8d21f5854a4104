"""Holds what the tool writes against the JSON Schema that it prints."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from auditor.cli.options import Schema
from auditor.reports.schemas import schema

VALIDATORS = {which: Draft202012Validator(schema(which), format_checker=FormatChecker()) for which in Schema}


def mistakes(document: Any, which: Schema = Schema.REPORT) -> list[str]:
    """What the schema says against a document, with the place."""
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATORS[which].iter_errors(document)]


def read(text: str | bytes, which: Schema = Schema.REPORT) -> Any:
    """A report or snapshot as a reader takes it, who trusts the schema."""
    document = json.loads(text)
    assert mistakes(document, which) == []
    return document
