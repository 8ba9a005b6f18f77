"""`stale-accept` and `stale-window` on a drill's history, and against the definition word by word."""

from hypothesis import given
from hypothesis import strategies as st

from compose.drills.case.case import Case
from compose.drills.history.records import OpKind, Outcome
from compose.drills.verdict import Verdict
from shared.actions import Action
from shared.contract import KnownVia
from tests.support.histories import Story


def test_somebody_let_in_by_an_older_session_after_the_act_returned_is_a_stale_accept(check):
    """The evidence names the act and the request."""
    story = Story()
    story.login("alice", node="node-2")
    act = story.act("alice", node="node-1")
    late = story.ask("alice")
    found = check("stale-accept", story)
    assert found.verdict is Verdict.FAIL
    assert [piece.operations for piece in found.evidence] == [(act, late)]
    assert found.measures["stale-accepts"].value == 1


def test_refused_after_the_act_is_evidence_that_it_works(check):
    story = Story()
    story.login("alice")
    story.act("alice")
    story.refused("alice", ended="invalidated")
    found = check("stale-accept", story)
    assert (found.verdict, found.checked) == (Verdict.PASS, 1)


def test_nobody_asked_afterwards_says_nothing(check):
    """Nor does somebody else, nor a request that was on its way when the act returned."""
    story = Story()
    story.login("alice")
    story.login("bob")
    story.act("alice")
    story.ask("bob")
    assert check("stale-accept", story).verdict is Verdict.UNKNOWN


def test_a_new_login_is_not_older_than_the_act(check):
    story = Story()
    story.login("alice")
    story.act("alice")
    story.login("alice", session="s-new")
    story.ask("alice")
    assert check("stale-accept", story).verdict is Verdict.UNKNOWN


def test_carrying_a_session_over_makes_nothing_good_that_was_before(check):
    """Alice changes her own password after an administrator did; a second time hides the first no more."""
    for times in (0, 1, 2):
        story = Story(switches={"own_password_change_spares_current": True})
        story.login("alice", node="node-2")
        act = story.act("alice", node="node-1")
        late = story.ask("alice")
        for _ in range(times):
            story.act("alice", Action.OWN_PASSWORD, by="alice", node="node-2", group="office")
            story.ask("alice")
        found = check("stale-accept", story)
        assert [piece.operations for piece in found.evidence] == [(act, late)]


def test_an_act_that_was_refused_ends_nothing(check):
    """A 404 from a 9.10 node is no invalidation."""
    story = Story()
    story.login("alice")
    story.act("alice", Action.REST_END_SESSION, status=404)
    story.ask("alice")
    assert check("stale-accept", story).verdict is Verdict.UNKNOWN


def test_walking_back_in_with_an_old_remember_me_cookie_is_stale_and_so_is_what_it_gives(check):
    """A session that a cookie gave is as old as the login that gave the cookie."""
    story = Story()
    story.login("alice", remember=True)
    story.act("alice", Action.REST_END_SESSION)
    back = story.silent("alice")
    inside = story.ask("alice")
    assert [piece.operations[1] for piece in check("stale-accept", story).evidence] == [back, inside]


def test_the_thief_is_judged_by_the_account_he_uses(check):
    """He is called thief-001, and the act is upon alice."""
    story = Story()
    story.login("thief-001", account="alice")
    story.act("alice")
    story.ask("thief-001")
    assert check("stale-accept", story).verdict is Verdict.FAIL


def test_the_session_that_changes_its_own_password_is_spared_by_the_switch(check):
    """Only this one, and only with the switch."""
    for switch, verdict in ((True, Verdict.UNKNOWN), (False, Verdict.FAIL)):
        story = Story(switches={"own_password_change_spares_current": switch})
        story.login("alice")
        story.act("alice", Action.OWN_PASSWORD, by="alice", group="office", session="s-alice-1", login_op=1)
        story.ask("alice")
        assert check("stale-accept", story).verdict is verdict


def test_actions_and_grace_narrow_what_counts(check):
    story = Story()
    story.login("alice")
    story.act("alice", Action.DEACTIVATE)
    story.ask("alice", after=0.2)
    assert check("stale-accept", story, actions=["anonymize"]).verdict is Verdict.UNKNOWN
    assert check("stale-accept", story, grace={"real": "250ms"}).verdict is Verdict.UNKNOWN
    assert check("stale-accept", story, grace={"real": "150ms"}).verdict is Verdict.FAIL


def test_the_window_lasts_from_the_acts_return_to_the_last_stale_accept_on_each_node(check):
    """In policy time, and in real time too."""
    story = Story(version="9.10")
    story.login("alice", node="node-2")
    story.act("alice", node="node-1")
    story.policy(minutes=14)
    story.ask("alice")
    story.policy(minutes=2)
    story.refused("alice", ended="crowd")
    found = check("stale-window", story)
    assert found.verdict is Verdict.PASS
    assert found.measures["max"].value == 14 * 60_000
    assert found.measures["real-max"].value == 1000


def test_a_window_longer_than_a_crowd_entry_lives_fails_and_another_limit_may_be_given(check):
    story = Story()
    story.login("alice", node="node-2")
    story.act("alice", node="node-1")
    story.policy(minutes=16)
    story.ask("alice")
    assert check("stale-window", story).verdict is Verdict.FAIL
    assert check("stale-window", story, **{"at-most": {"policy": "20m"}}).verdict is Verdict.PASS
    assert check("stale-window", story, **{"at-most": {"real": "900ms"}}).verdict is Verdict.FAIL


def test_without_a_request_that_could_have_been_stale_there_is_no_window_to_judge(check):
    story = Story()
    story.login("alice")
    story.act("alice")
    assert check("stale-window", story).verdict is Verdict.UNKNOWN


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["login", "ask", "refused", "act", "silent", "logout"]),
        st.sampled_from(["alice", "bob"]),
        st.floats(-0.05, 0.5).map(lambda gap: round(gap, 2)),
        st.booleans(),
    ),
    max_size=25,
)


@given(_STEPS)
def test_it_finds_exactly_what_the_definition_says(steps):
    """Started after the act's return, let in, and the password behind it shown before the act was sent."""
    story, logged_in = Story(), set()
    for what, user, gap, flag in steps:
        if what == "act":
            story.act(user, after=max(gap, 0.0), took=0.3 if flag else None)
        elif what == "login":
            story.login(user, remember=flag, after=max(gap, 0.0))
            logged_in.add(user)
        elif user in logged_in and what == "silent" and story._holds[user]["token"]:
            story.silent(user, after=max(gap, 0.0))
        elif user in logged_in and what in ("ask", "refused"):
            getattr(story, what)(user, after=max(gap, 0.0))
    history = story.history()
    by_definition = set()
    for operation in history.operations:
        if not operation.is_let_in:
            continue
        if operation.known_via is KnownVia.REMEMBER_ME:
            shown = int(operation.invoke.token.rsplit("-", 1)[1])
        else:
            shown = _root(history, operation)
        login = history.by_number[shown]
        for act in history.operations:
            done = act.kind is OpKind.ACT and act.outcome is Outcome.OK and act.completion is not None
            over = done and act.invoke.victim == operation.user and act.ended_ns < operation.started_ns
            if over and login.ended_ns <= act.started_ns:
                by_definition.add(operation.number)
    assert {one.operation.number for one in Case(history).stale.stale} == by_definition


def _root(history, operation):
    """The login that gave the session shown, by way of the token if it was a cookie that gave it."""
    session = operation.invoke.session
    gave = next(o for o in history.operations if o.completion and o.completion.session == session)
    return gave.number if gave.kind is OpKind.LOGIN else int(str(gave.invoke.token).rsplit("-", 1)[1])
