"""The published JSON Schema is the one of the models."""

from compose.drills.scenario.schema import PUBLISHED, schema_text


def test_the_published_schema_is_up_to_date():
    """Editors complete what the loader accepts; `dcsim drill schema > compose/drills/scenario/drill.schema.json`."""
    assert PUBLISHED.read_text() == schema_text()
