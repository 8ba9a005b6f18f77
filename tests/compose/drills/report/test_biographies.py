"""Why was I logged out?"""

from compose.drills.judging.judgement import Logout
from compose.drills.report.biographies import EVENTS, PEOPLE, write
from compose.drills.report.people import Fate, worst_first
from compose.drills.report.seen import Came
from tests.compose.drills.report.variants import variant_of
from tests.support.histories import START_MS, Story


def biographies(*variants):
    return write(variants, worst_first([variant.people for variant in variants]))


def test_a_life_tells_login_move_and_end_with_its_causes():
    """The chain of causes is judging's, word for word."""
    story = Story()
    story.login("alice")
    for _ in range(3):
        story.ask("alice")
    out = story.refused("alice", node="node-2")
    logout = Logout("alice", out, 0, START_MS, "node-2", "node-gone", ("node-1 crashed", "its sessions died with it"))
    (biography,) = biographies(variant_of(story, logouts=(logout,)))
    events = biography.lives[0].events
    assert [event.words for event in events] == [
        "logged in on node-1",
        "served on node-1",
        "moved from node-1 to node-2",
        "thrown out on node-2",
    ]
    assert events[1].times == 3
    assert events[3].why == ("cause: node-gone", "node-1 crashed", "its sessions died with it")
    assert events[3].operation == out


def test_what_was_done_to_him_stands_among_what_he_did():
    """Also to a thief, by the account he uses; and the time he stayed wrongly is told on both clocks."""
    story = Story()
    story.login("thief-001", account="alice")
    act = story.act("alice")
    story.ask("thief-001")
    story.policy(minutes=10)
    story.ask("thief-001")
    (biography,) = biographies(variant_of(story))
    events = biography.lives[0].events
    assert biography.fate is Fate.WRONGLY_IN
    assert [event.came for event in events] == [Came.LOGGED_IN, Came.ACT, Came.STALE]
    assert f"operation {act}" in events[2].words
    assert (events[2].times, events[2].lasted_words) == (2, "over 1.1 s (real), 10 min (policy)")


def test_without_a_judgement_the_causes_are_found_in_the_history():
    story = Story()
    story.login("alice")
    act = story.act("alice")
    story.refused("alice", ended="invalidated")
    (biography,) = biographies(variant_of(story))
    why = biography.lives[0].events[-1].why
    assert why[0] == "cause: invalidated"
    assert any(f"op {act}" in step for step in why)


def test_who_logs_in_unasked_because_his_cookie_was_lost_had_to():
    """He counts as thrown out, as in the verdicts."""
    story = Story()
    story.login("alice")
    story.forget("alice", "session")
    story.login("alice")
    (biography,) = biographies(variant_of(story))
    assert biography.fate is Fate.THROWN_OUT
    assert biography.lives[0].events[-1].words == "had to log in again on node-1"


def test_only_those_to_whom_something_happened_and_at_most_ten():
    story = Story()
    for number in range(PEOPLE + 5):
        story.login(f"user-{number}")
        story.ask(f"user-{number}")
    assert biographies(variant_of(story)) == []
    for number in range(PEOPLE + 5):
        story.refused(f"user-{number}")
    assert len(biographies(variant_of(story))) == PEOPLE


def test_a_long_life_is_cut_and_says_so():
    story = Story()
    story.login("alice")
    for number in range(EVENTS + 10):
        story.silent("alice", ended=f"cause-{number}")
    (biography,) = biographies(variant_of(story))
    assert (len(biography.lives[0].events), biography.lives[0].left_out) == (EVENTS, 11)


def test_both_variants_are_told_also_where_he_took_no_part():
    left, right = Story(), Story()
    left.login("alice")
    left.refused("alice")
    right.login("bob")
    alice = biographies(variant_of(left, "before", 0), variant_of(right, "after", 1))[0]
    assert [life.person is None for life in alice.lives] == [False, True]
