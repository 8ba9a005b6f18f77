"""The access log."""

import json

import pytest

from loadbalancer.journal import Entry, Journal
from shared.contract import BalancerError, RouteReason
from shared.errors import OperatorError


def entry(**changes):
    values = {
        "at": 1.5,
        "client": "127.0.0.1",
        "method": b"GET",
        "target": b"/x?\xff",
        "status": 200,
        "node_id": "node-1",
        "reason": RouteReason.BOUND,
        "attempts": 1,
        "bytes_in": 0,
        "bytes_out": 10,
        "first_byte_s": 0.001,
        "total_s": 0.0025,
        "error": None,
        "cut": None,
    }
    return Entry(**{**values, **changes})


def test_sums_and_the_latest_are_kept():
    """Reasons, errors and cuts are counted over all requests; only the latest are kept whole."""
    journal = Journal(path="", kept=2)
    for number in range(3):
        journal.add(entry(status=number, reason=RouteReason.NEW if number else None))
    journal.add(entry(error=BalancerError.NODE_LOST, cut="idle"))
    assert (journal.requests, len(journal.latest(9))) == (4, 2)
    assert [one.status for one in journal.latest(9)] == [200, 2]
    assert journal.reasons == {None: 1, RouteReason.NEW: 2, RouteReason.BOUND: 1}
    assert (journal.errors, journal.cuts) == ({"node-lost": 1}, {"idle": 1})


def test_lines_are_written_in_batches(tmp_path):
    """Nothing is written before a flush; then one JSON line a request, with durations in microseconds."""
    path = tmp_path / "log"
    journal = Journal(path=str(path), kept=0)
    journal.add(entry())
    journal.add(entry(first_byte_s=None, node_id=None))
    assert path.read_text() == ""
    journal.close()
    first, second = map(json.loads, path.read_text().splitlines())
    assert (first["target"], first["total_us"], first["first_byte_us"]) == ("/x?ÿ", 2500, 1000)
    assert (second["first_byte_us"], second["node_id"]) == (None, None)


def test_standard_error_is_a_log_file_too(capfd):
    """The path '-' writes to standard error and leaves it open."""
    journal = Journal(path="-", kept=1)
    journal.add(entry())
    journal.close()
    assert json.loads(capfd.readouterr().err)["status"] == 200


def test_a_file_that_cannot_be_written_is_the_operators_mistake(tmp_path):
    """A log in a folder that does not exist is one clear message."""
    with pytest.raises(OperatorError, match="cannot write the access log"):
        Journal(path=str(tmp_path / "nowhere" / "log"), kept=1)


def test_a_full_disk_costs_lines_and_no_request():
    """When the log cannot be written, its lines are lost and counted, and nothing is raised."""
    journal = Journal(path="/dev/full", kept=1)
    journal.add(entry())
    journal.flush()
    assert journal.lost_lines == 1
    journal.add(entry())
    journal.close()
    assert (journal.requests, journal.lost_lines) == (2, 2)
