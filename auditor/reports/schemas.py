"""JSON Schema of what ``audit`` writes for other programs, made from the types that write it."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from auditor.model.snapshot import Snapshot
from auditor.reports import json_shapes

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


KINDS: Final[dict[str, Any]] = {"report": json_shapes.Report, "snapshot": Snapshot}


def render(which: str) -> str:
    """The schema of one of `KINDS` as indented JSON text that ends in a newline."""
    return json.dumps(schema(which), indent=2) + "\n"


class _AsWritten(GenerateJsonSchema):
    """A model is written with all its fields, those with a default too; and a field's name is title enough."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return field["type"] in ("model-field", "dataclass-field") or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(which: str) -> dict[str, Any]:
    made = TypeAdapter(KINDS[which]).json_schema(mode="serialization", schema_generator=_AsWritten)
    return {"$schema": DRAFT, **made, "title": f"audit {which}"}
