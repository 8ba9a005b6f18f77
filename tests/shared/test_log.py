"""Log lines: one JSON object each on standard error, from our own loggers and from other people's."""

import json
import subprocess
import sys

PROGRAM = """
import logging
from shared import log

log.configure(level="info", node="node-1")
mine = log.get_logger()
mine.debug("not worth a line")
mine.info("with facts", status=200, path="/half/\\udcff", ended=None)
mine.bind(link="a->b").warning("bound", at={1})
try:
    1 / 0
except ZeroDivisionError:
    mine.exception("went wrong", event_id="e1")
logging.getLogger("foreign").warning("said %s", "by a library")
logging.getLogger("foreign").info("not said")
"""


def lines():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_every_line_has_its_text_its_facts_and_where_it_comes_from():
    """Facts are fields; lines below the level are not written; the time is UTC to the microsecond."""
    facts, bound, error, foreign = lines()
    for line in (facts, bound, error, foreign):
        assert line["node"] == "node-1"
        assert line["real_time"].endswith("Z")
    assert facts["event"] == "with facts"
    assert (facts["level"], facts["status"], facts["path"], facts["ended"]) == ("info", 200, "/half/\udcff", None)
    assert (bound["level"], bound["link"], bound["at"]) == ("warning", "a->b", "{1}")
    assert (foreign["level"], foreign["event"]) == ("warning", "said by a library")


def test_an_exception_is_an_error_with_its_traceback():
    """In one field of the same line."""
    error = lines()[2]
    assert (error["level"], error["event"], error["event_id"]) == ("error", "went wrong", "e1")
    assert "ZeroDivisionError" in error["exception"]
    assert "exc_info" not in error
