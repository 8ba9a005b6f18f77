"""`availability`: the share of failures, and the longest stretch of them."""

from compose.drills.history.records import Outcome
from compose.drills.verdict import Verdict
from tests.support.histories import Story


def troubled():
    """Two failures in a row among five requests; from the first of them to the next good one it takes 2.2 s."""
    story = Story()
    story.login("alice")
    story.ask("alice")
    story.failed("alice")
    story.failed("alice", outcome=Outcome.INFO)
    story.ask("alice")
    return story


def test_everybody_answered_passes(check):
    story = Story()
    story.login("alice")
    story.refused("alice")
    found = check("availability", story)
    assert (found.verdict, found.checked) == (Verdict.PASS, 2)


def test_failures_fail_unless_so_many_are_allowed(check):
    found = check("availability", troubled())
    assert found.verdict is Verdict.FAIL
    assert found.measures["failed"].value == 2
    assert [piece.operations for piece in found.evidence] == [(3,), (4,)]
    assert check("availability", troubled(), **{"failed-at-most": 0.4}).verdict is Verdict.PASS


def test_a_gap_that_is_too_long_fails_though_few_requests_do(check):
    story = troubled()
    allowed = {"failed-at-most": 1.0}
    assert check("availability", story, **allowed).measures["longest-gap"].value == 2200
    assert check("availability", story, **allowed, **{"gap-at-most": {"real": "2s"}}).verdict is Verdict.FAIL
    assert check("availability", story, **allowed, **{"gap-at-most": {"real": "3s"}}).verdict is Verdict.PASS


def test_a_gap_at_the_end_lasts_to_the_end(check):
    story = Story()
    story.failed("alice")
    story.mark("end", after=10)
    assert check("availability", story).measures["longest-gap"].value == 10_100


def test_nobody_asking_says_nothing(check):
    assert check("availability", Story()).verdict is Verdict.UNKNOWN
