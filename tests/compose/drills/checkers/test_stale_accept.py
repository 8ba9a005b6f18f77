"""The judge of stale accepts, on histories of a few lines."""

from compose.drills.checkers.stale_accept import Answer, History, Invalidation, Request, Session, judge
from compose.drills.verdict import Verdict

ALICE = Session("s1", "alice", "node-2", born_ns=10)


def ask(started, ended, answer=Answer.ACCEPTED, session=ALICE, because=None):
    return Request(session, started, ended, answer, because)


def call(called, returned, user="alice", ended=None):
    return Invalidation(user, "node-1", called, returned, ended or returned or 1 << 63)


def test_a_request_started_after_the_call_returned_and_accepted_is_stale():
    """The evidence names both, and how late it was."""
    judgement = judge(History([ask(31, 32)], [call(20, 30)]))
    assert judgement.verdict is Verdict.FAIL
    assert [(one.request.started_ns, one.late_ns) for one in judgement.stale] == [(31, 1)]
    assert judgement.upper_bound is None


def test_refused_it_is_evidence_for_the_cluster():
    judgement = judge(History([ask(31, 32, Answer.REFUSED), ask(40, 41, Answer.REFUSED)], [call(20, 30)]))
    assert (judgement.verdict, judgement.checked, judgement.upper_bound) == (Verdict.PASS, 2, 1.5)


def test_what_was_started_before_the_return_may_go_either_way():
    """Even if it is answered long after; and the very instant of the return counts as before."""
    requests = [ask(5, 100), ask(25, 100), ask(30, 31), ask(29, 33, Answer.REFUSED)]
    assert judge(History(requests, [call(20, 30)])).stale == ()


def test_a_session_that_may_be_younger_than_the_call_is_not_judged_by_it():
    """Its login ended after the call began."""
    newer = Session("s2", "alice", "node-2", born_ns=21)
    assert judge(History([ask(40, 41, session=newer)], [call(20, 30)])).stale == ()


def test_another_users_call_ends_nothing():
    assert judge(History([ask(40, 41)], [call(20, 30, user="bob")])).verdict is Verdict.UNKNOWN


def test_a_call_that_failed_promises_nothing():
    """Nor does one that never came back; a later one that did, does."""
    history = [ask(60, 61), ask(90, 91)]
    assert judge(History(history, [call(20, None)])).stale == ()
    assert len(judge(History(history, [call(20, None), call(70, 80)])).stale) == 1


def test_of_several_calls_the_first_to_return_counts():
    """It may have begun later than another one."""
    judgement = judge(History([ask(45, 46)], [call(20, 50), call(30, 40)]))
    assert [one.late_ns for one in judgement.stale] == [5]


def test_an_answer_that_never_came_is_no_answer():
    assert judge(History([ask(40, 41, Answer.INFO)], [call(20, 30)])).verdict is Verdict.UNKNOWN


def test_nothing_to_judge_is_unknown():
    assert judge(History()).verdict is Verdict.UNKNOWN
    assert judge(History([ask(11, 12)], [])).verdict is Verdict.UNKNOWN


def test_a_user_thrown_out_for_nothing_is_collateral():
    """Unless somebody was invalidating him, successfully or not, or his node lost its memory."""
    out = [ask(40, 41, Answer.REFUSED)]
    assert len(judge(History(out, [call(20, 30, user="bob")])).collateral) == 1
    for excuse in (call(42, 50), call(5, 9)):
        assert len(judge(History(out, [excuse])).collateral) == 1
    for excuse in (call(20, None), call(35, 50), call(5, None, ended=12)):
        assert judge(History(out, [excuse])).collateral == ()
    assert judge(History(out, [], {"node-2": [20]})).collateral == ()
    assert len(judge(History(out, [], {"node-2": [9, 42], "node-1": [20]})).collateral) == 1


def test_a_session_that_reached_a_limit_of_time_is_not_collateral():
    """The node says why it ended; whatever else it says is no excuse, and a stale accept stays one."""
    reasons = ("idle", "max-age", "crowd", "invalidated", "unknown", None)
    judgement = judge(History([ask(40, 41, Answer.REFUSED, because=reason) for reason in reasons]))
    assert [request.ended for request in judgement.expired] == ["idle", "max-age"]
    assert [request.ended for request in judgement.collateral] == ["crowd", "invalidated", "unknown", None]
    assert len(judge(History([ask(31, 32, because="idle")], [call(20, 30)])).stale) == 1


def test_verdicts_add_up():
    """One failure fails all; one unknown leaves the rest unknown."""
    assert Verdict.of(Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL) is Verdict.FAIL
    assert Verdict.of(Verdict.PASS, Verdict.UNKNOWN) is Verdict.UNKNOWN
    assert Verdict.of(Verdict.PASS, Verdict.PASS) is Verdict.PASS
    assert Verdict.of() is Verdict.UNKNOWN
    assert [verdict.exit_code for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN)] == [0, 1, 3]
