"""What became of each person."""

from compose.drills.history.records import OpKind, Outcome
from compose.drills.report.people import Fate, natural, worst_first
from compose.drills.report.seen import Came
from shared.contract import KnownVia
from tests.compose.drills.report.story import Story


def fates(story):
    return {name: person.fate for name, person in story.variant().people.by_name.items()}


def test_the_worst_that_happened_gives_the_mark():
    story = Story()
    for user in ("alice", "bob", "carol", "dave", "erin"):
        story.log_in(user)
    story.act("alice")
    story.tell("alice")
    story.refused("alice")
    story.refused("bob")
    story.tell("carol", via=KnownVia.REMEMBER_ME)
    story.fails("carol")
    story.fails("dave")
    story.tell("erin")
    assert fates(story) == {
        "alice": Fate.WRONGLY_IN,
        "bob": Fate.THROWN_OUT,
        "carol": Fate.SILENT,
        "dave": Fate.ERROR,
        "erin": Fate.UNAFFECTED,
    }


def test_an_administrator_is_nobody_it_happens_to():
    """Whoever only acts is left out; a user who changes his own password is not."""
    story = Story()
    story.act("alice")
    story.tell("admin", group="operators")
    story.log_in("alice")
    story.act("alice", user="alice", group="")
    story.tell("alice")
    assert list(fates(story)) == ["alice"]


def test_whoever_is_refused_again_and_again_was_thrown_out_once():
    """And once more after his next login."""
    story = Story()
    story.log_in("script")
    for _ in range(3):
        story.refused("script")
    story.log_in("script")
    story.refused("script")
    counts = story.variant().people.by_name["script"].counts
    assert (counts[Came.THROWN_OUT], counts[Came.REFUSED]) == (2, 2)


def test_nobody_knows_what_came_of_a_request_without_an_end():
    """Neither of one whose answer was lost. Both count as an error the person saw."""
    for outcome in (None, Outcome.INFO):
        story = Story()
        story.log_in("alice")
        story.tell("alice", outcome=outcome, status=None, node=None, via=KnownVia.NOBODY)
        assert fates(story) == {"alice": Fate.ERROR}


def test_a_wrong_password_is_a_failed_login():
    story = Story()
    story.tell("alice", kind=OpKind.LOGIN, via=KnownVia.NOBODY)
    variant = story.variant()
    assert variant.seen[variant.history.operations[0]] is Came.LOGIN_FAILED


def test_the_worst_off_in_any_variant_comes_first_then_the_name():
    """user-2 stands before user-10, and both variants get the same order."""
    left, right = Story(), Story()
    for story in (left, right):
        for user in ("user-10", "user-2", "user-3"):
            story.log_in(user)
            story.tell(user)
    right.refused("user-3")
    order = worst_first([left.variant().people, right.variant().people])
    assert order == ["user-3", "user-2", "user-10"]
    assert natural("a9") < natural("a10")
