"""What stands where in the swim lanes."""

from compose.drills.report.lanes import SHOWN_PEOPLE, lay_out
from compose.drills.report.page import variants_of
from compose.drills.report.people import worst_first
from compose.drills.report.run import read_run
from compose.drills.report.seen import Came
from tests.compose.drills.report.variants import variant_of
from tests.support.histories import Story
from tests.support.sample_run import Sample


def lanes_of(story, *, linked=frozenset(), budget=1000):
    variant = variant_of(story)
    return lay_out(variant, worst_first([variant.people]), biographies={}, linked=linked, budget=budget)


def row(lanes, label):
    return next(row for row in lanes.rows if row.label == label)


def office(count):
    story = Story()
    for number in range(count):
        story.login(f"user-{number}")
        story.ask(f"user-{number}")
    return story


def test_there_is_a_row_for_each_node_and_person_and_one_for_administrators():
    story = office(2)
    story.act("user-0")
    assert [row.label for row in lanes_of(story).rows] == [
        "node-1",
        "node-2",
        "node-3",
        "user-0",
        "user-1",
        "administrators",
    ]


def test_many_people_share_one_row_but_evidence_keeps_its_mark_there():
    """Their operations are ticks; an operation that something links to is never only a tick."""
    story = office(SHOWN_PEOPLE + 6)
    last = story.ask(f"user-{SHOWN_PEOPLE + 5}")
    lanes = lanes_of(story, linked=frozenset({last}))
    others = row(lanes, "6 others")
    assert lanes.others == 6
    assert [dot.anchor for dot in others.dots] == [f"v0-op{last}"]
    assert others.ticks[Came.SERVED].count("M") == 6


def test_beyond_the_budget_ordinary_operations_are_ticks_and_the_rest_is_counted():
    story = Story()
    story.login("alice")
    for _ in range(5):
        story.ask("alice")
    story.refused("alice")
    story.login("alice")
    story.refused("alice")
    roomy, tight, tiny = (lanes_of(story, budget=budget) for budget in (100, 4, 2))
    assert [len(row(lanes, "alice").dots) for lanes in (roomy, tight, tiny)] == [9, 4, 2]
    assert [lanes.left_out for lanes in (roomy, tight, tiny)] == [0, 0, 2]


def test_a_fault_is_a_stretch_from_its_confirmation_to_its_healing():
    """One nobody saw says so, and one nobody healed lasts to the end."""
    story = Story()
    story.fault("crash", after=1.5)
    story.fault("cut", target="node-1->redis", confirmed=False)
    story.heal("crash", after=1)
    story.ask("alice")
    crash, cut = lanes_of(story).faults
    total_ns = story.history().ends_ns
    assert crash.percent == round(100 * 2e9 / total_ns, 3)
    assert round(crash.width) == round(100 * 2e9 / total_ns)
    assert "Seen: seen" in crash.words
    assert cut.label == "cut (node-1->redis), unconfirmed"
    assert cut.kind == "fault unconfirmed"
    assert "never healed" in cut.words
    assert round(cut.percent + cut.width) == 100


def test_jumps_of_policy_time_are_hatched_and_stand_on_the_axis():
    """Neighbours become one stretch that says how many there were."""
    story = Story()
    for _ in range(200):
        story.ask("alice")
    story.policy(minutes=1)
    story.policy(minutes=1)
    for _ in range(200):
        story.ask("alice")
    lanes = lanes_of(story)
    assert [jump.label for jump in lanes.jumps] == ["+2 min in 2 jumps"]
    assert lanes.axis[0].policy == "09:00:00"
    assert lanes.axis[-1].policy == "09:02:00"


def test_marks_carry_their_name_and_no_label_covers_another():
    story = Story()
    for name in ("setup", "method", "reset", "reset:end"):
        story.mark(name)
    story.ask("alice")
    marks = lanes_of(story).marks
    assert [mark.label for mark in marks] == ["setup", "method", "reset"]
    assert len({mark.line for mark in marks}) == 3


def test_time_is_drawn_from_shortly_before_the_first_operation(tmp_path):
    """Twins begin at the same instant of their runs, so that both are of one scale; what was before stands at the edge."""
    Sample().write(tmp_path / "run")
    before, after = variants_of(read_run(tmp_path / "run"))
    assert before.timeline.starts_ns == after.timeline.starts_ns
    assert before.timeline.ends_ns == max(before.history.ends_ns, after.history.ends_ns)
    first = before.history.operations[0]
    assert 0 <= before.timeline.percent(first.started_ns) <= 3
    assert before.timeline.percent(-1) == 0
