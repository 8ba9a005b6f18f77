"""The published JSON Schema of drill files. `dcsim drill schema` prints it; the file beside this module is the same."""

import json
from pathlib import Path

from compose.drills.scenario.drill import Drill

PUBLISHED = Path(__file__).with_name("drill.schema.json")
_ID = "urn:dcsim:drill:1"


def schema_text() -> str:
    """Draft 2020-12."""
    schema = Drill.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": _ID}
    return json.dumps(head | schema, indent=2) + "\n"
