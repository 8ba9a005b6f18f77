"""The end of a log, in words."""

import json

import pytest

from compose.cluster.log_tail import MAX_LINES, last_words


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def test_a_program_that_said_nothing(log):
    """A missing log is as silent as an empty one."""
    assert last_words(log) == "; it logged nothing"
    log.write_text("\n")
    assert last_words(log) == "; it logged nothing"


def test_json_lines_become_words(log):
    """The level, what happened, and the facts beside it; the time is of no use here."""
    log.write_text(json.dumps({"real_time": "now", "level": "warning", "event": "no Redis", "port": 6379}) + "\n")

    assert last_words(log) == "; its last words:\n    warning: no Redis (port=6379)"


def test_of_a_stack_trace_only_the_error_is_shown(log):
    """Nobody reads frames of a program they did not write."""
    trace = "Traceback (most recent call last):\n  File x\nValueError: seven"
    log.write_text(json.dumps({"level": "error", "event": "broken", "exception": trace}) + "\n")

    assert last_words(log) == "; its last words:\n    error: broken: ValueError: seven"


def test_other_lines_stay_as_they_are(log):
    """Postgres has its own way of speaking, and not all JSON is a log line."""
    log.write_text('FATAL: could not map shared memory\n[1, 2]\n{"a": 1}\n')

    assert last_words(log).splitlines()[1:] == ["    FATAL: could not map shared memory", "    [1, 2]", '    {"a": 1}']


def test_only_the_last_lines_are_shown(log):
    """However long the log is."""
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))

    words = last_words(log).splitlines()[1:]

    assert len(words) == MAX_LINES
    assert words[-1] == "    line 99999"
