"""JSON as bytes: what orjson writes, and what it turns down."""

import json
from datetime import UTC, datetime

import pytest

from shared.json_text import to_json


def test_the_text_is_compact_and_utf_8():
    """As Jira's own answers are."""
    assert to_json({"name": "Zoë", "ids": [1, 2]}) == '{"name":"Zoë","ids":[1,2]}'.encode()


def test_an_instant_is_written_with_its_microseconds_and_a_z():
    """The form log lines have always had."""
    assert to_json(datetime(2026, 3, 2, 9, 0, 1, 5, tzinfo=UTC)) == b'"2026-03-02T09:00:01.000005Z"'


@pytest.mark.parametrize("value", ["half \ud800 a pair", 1 << 70, {1: "a key that is no text"}])
def test_what_the_fast_encoder_turns_down_is_written_all_the_same(value):
    """A path of a URL may hold half a surrogate pair, and a log line must not fail because of it."""
    written = json.loads(to_json({"value": value}))
    assert written == json.loads(json.dumps({"value": value}))


def test_what_has_no_json_form_is_left_to_the_caller():
    """Log lines show its repr; anything else is a bug and says so."""
    assert to_json({"value": {1}}, default=repr) == b'{"value":"{1}"}'
    with pytest.raises(TypeError):
        to_json(object())
