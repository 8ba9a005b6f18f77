"""What may be done with a node in some state, and with a request that failed."""

import pytest

from loadbalancer.policy import (
    ADMISSION,
    Attempt,
    CheckOutcome,
    CheckRules,
    CheckState,
    Health,
    RetryBudget,
    Verdict,
    Wish,
    after_failure,
    needs_sure_connection,
    reason_to_leave,
)
from shared.contract import RouteReason

RUNNING, NOT_RUNNING, FAILED = CheckOutcome.RUNNING, CheckOutcome.NOT_RUNNING, CheckOutcome.FAILED


@pytest.mark.parametrize("health", Health)
@pytest.mark.parametrize("wish", Wish)
def test_the_truth_table_has_every_cell(health, wish):
    """Only a node that answers and that the operator wants takes new clients; a soft drain keeps the bound ones."""
    answers = health in (Health.UP, Health.STARTING)
    admission = ADMISSION[health, wish]
    assert admission.new == (answers and wish is Wish.READY)
    assert admission.bound == (answers and wish in (Wish.READY, Wish.SOFT_DRAIN))


@pytest.mark.parametrize(
    ("health", "wish", "reason"),
    [
        (Health.DOWN, Wish.READY, RouteReason.REDISPATCHED),
        (Health.EJECTED, Wish.READY, RouteReason.REDISPATCHED),
        (Health.DOWN, Wish.SOFT_DRAIN, RouteReason.REDISPATCHED),
        (Health.UP, Wish.READY, RouteReason.REDISPATCHED),  # a retry: the node failed this one request
        (Health.UP, Wish.HARD_DRAIN, RouteReason.DRAINED),
        (Health.UP, Wish.MAINTENANCE, RouteReason.DRAINED),
        (Health.DOWN, Wish.MAINTENANCE, RouteReason.DRAINED),
    ],
)
def test_who_sent_a_client_away(health, wish, reason):
    """A client that leaves its node learns whether the operator wished it or the node failed."""
    assert reason_to_leave(health, wish) is reason


def attempt(**changes):
    values = {
        "method": b"GET",
        "written": True,
        "answered": False,
        "replayable": True,
        "reused": False,
        "timed_out": False,
        "retries_left": 3,
        "budget_left": True,
    }
    return Attempt(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.OTHER_NODE),
        ({"method": b"PUT"}, Verdict.OTHER_NODE),
        ({"method": b"POST"}, Verdict.GIVE_UP),
        ({"method": b"PATCH"}, Verdict.GIVE_UP),
        ({"method": b"POST", "written": False}, Verdict.OTHER_NODE),
        ({"method": b"POST", "reused": True}, Verdict.GIVE_UP),  # reuse proves nothing about execution
        ({"reused": True}, Verdict.SAME_NODE),
        ({"answered": True}, Verdict.CUT),
        ({"answered": True, "method": b"POST", "retries_left": 0}, Verdict.CUT),
        ({"retries_left": 0}, Verdict.GIVE_UP),
        ({"retries_left": 0, "written": False}, Verdict.GIVE_UP),
        ({"budget_left": False}, Verdict.GIVE_UP),
        ({"budget_left": False, "written": False}, Verdict.OTHER_NODE),
        ({"replayable": False}, Verdict.GIVE_UP),
        ({"timed_out": True}, Verdict.GIVE_UP),
        ({"timed_out": True, "written": False}, Verdict.OTHER_NODE),
    ],
)
def test_the_retry_rule(changes, verdict):
    """Again only what was never written, or is idempotent with nothing of an answer out; never beyond the bounds."""
    assert after_failure(attempt(**changes)) is verdict


def test_what_must_not_be_repeated_gets_a_connection_that_was_looked_at():
    """POST and PATCH are worth a look at the connection, GET and PUT are not."""
    assert [needs_sure_connection(method) for method in (b"POST", b"PATCH", b"GET", b"PUT")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("outcomes", "up"),
    [
        ([RUNNING], True),
        ([FAILED], False),
        ([RUNNING, FAILED], True),
        ([RUNNING, FAILED, FAILED], False),
        ([RUNNING, FAILED, RUNNING, FAILED], True),
        ([RUNNING, NOT_RUNNING], False),
        ([RUNNING, FAILED, FAILED, RUNNING], False),
        ([RUNNING, FAILED, FAILED, RUNNING, FAILED, RUNNING], False),
        ([RUNNING, FAILED, FAILED, RUNNING, RUNNING], True),
    ],
)
def test_fall_and_rise(outcomes, up):
    """Checks change a node's health after enough in a row; the first one, and a node's own word, decide at once."""
    state = CheckState()
    for outcome in outcomes:
        state = state.after(outcome, CheckRules(fall=2, rise=2))
    assert state.up is up


def test_the_budget_bounds_retries_to_a_share_of_requests():
    """After the burst is used up, ten requests pay for two retries."""
    budget = RetryBudget(share=0.2, burst=5)
    for _ in range(5):
        assert budget.left
        budget.spend()
    assert not budget.left
    granted = 0
    for _ in range(10):
        budget.earn()
        if budget.left:
            budget.spend()
            granted += 1
    assert granted in (1, 2)  # a fifth is no exact binary number


def test_the_budget_does_not_grow_beyond_its_burst():
    """A long quiet time does not save up for a storm."""
    budget = RetryBudget(share=1.0, burst=2)
    for _ in range(100):
        budget.earn()
    for _ in range(2):
        budget.spend()
    assert not budget.left
