"""Where twins part."""

from compose.drills.report.divergence import compare_all
from tests.compose.drills.report.variants import variant_of
from tests.support.histories import Story


def twins(**seeds):
    left, right = Story(), Story(seed=seeds.get("right_seed", 1))
    for story in (left, right):
        for user in ("alice", "bob"):
            story.login(user)
            story.ask(user)
    return left, right


def compare(left, right):
    return compare_all([variant_of(left, "before", 0), variant_of(right, "after", 1)])


def test_the_first_operation_of_which_something_else_came_is_found():
    """Operations are paired by person, so an additional one of somebody else shifts nothing."""
    left, right = twins()
    right.ask("carol")
    left.ask("bob")
    right.refused("bob")
    left.refused("alice")
    right.ask("alice")
    (comparison,) = compare(left, right)
    first = comparison.first
    assert (first.person, first.ours.number, first.theirs.number, first.same_decision) == ("bob", 5, 6, True)
    assert first.words == "bob, operation 5. before: served; after: thrown out"


def test_twins_that_never_part_say_how_much_was_compared():
    """What only the longer one came to is no difference."""
    left, right = twins()
    left.ask("alice")
    (comparison,) = compare(left, right)
    assert (comparison.first, comparison.compared) == (None, 4)


def test_another_decision_is_told_from_another_outcome():
    left, right = twins()
    left.ask("alice", path="/browse/A-1")
    right.ask("alice", path="/browse/A-2")
    (comparison,) = compare(left, right)
    assert comparison.first.same_decision is False


def test_variants_of_another_seed_are_no_twins():
    assert compare(*twins(right_seed=2)) == []
    assert compare_all([]) == []
