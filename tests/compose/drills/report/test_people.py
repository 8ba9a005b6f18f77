"""What became of each person."""

from compose.drills.history.records import OpKind, Outcome
from compose.drills.report.people import Fate, natural, worst_first
from compose.drills.report.seen import Came
from tests.compose.drills.report.variants import variant_of
from tests.support.histories import Story


def fates(story):
    return {name: person.fate for name, person in variant_of(story).people.by_name.items()}


def test_the_worst_that_happened_gives_the_mark():
    story = Story()
    for user in ("alice", "bob", "carol", "dave", "erin"):
        story.login(user)
    story.act("alice")
    story.ask("alice")
    story.refused("alice")
    story.refused("bob")
    story.silent("carol")
    story.failed("carol")
    story.failed("dave")
    story.ask("erin")
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
    story.ask("admin", group="operators")
    story.login("alice")
    story.act("alice", by="alice", group="office")
    story.ask("alice")
    assert list(fates(story)) == ["alice"]


def test_whoever_is_refused_again_and_again_was_thrown_out_once():
    """And once more after his next login."""
    story = Story()
    story.login("script")
    for _ in range(3):
        story.refused("script")
    story.login("script")
    story.refused("script")
    counts = variant_of(story).people.by_name["script"].counts
    assert (counts[Came.THROWN_OUT], counts[Came.REFUSED]) == (2, 2)


def test_nobody_knows_what_came_of_a_request_without_an_end():
    """Neither of one whose answer was lost. Both count as an error the person saw."""
    for lost in ({"took": None}, {"outcome": Outcome.INFO}):
        story = Story()
        story.login("alice")
        story.failed("alice", **lost)
        assert fates(story) == {"alice": Fate.ERROR}


def test_a_wrong_password_is_a_failed_login():
    story = Story()
    story.refused("alice", kind=OpKind.LOGIN)
    variant = variant_of(story)
    assert variant.seen[variant.history.operations[0]] is Came.LOGIN_FAILED


def test_the_worst_off_in_any_variant_comes_first_then_the_name():
    """user-2 stands before user-10, and both variants get the same order."""
    left, right = Story(), Story()
    for story in (left, right):
        for user in ("user-10", "user-2", "user-3"):
            story.login(user)
            story.ask(user)
    right.refused("user-3")
    order = worst_first([variant_of(left).people, variant_of(right).people])
    assert order == ["user-3", "user-2", "user-10"]
    assert natural("a9") < natural("a10")
