"""The message diagram: what each node was told, and what is not known."""

from compose.drills.report.messages import PANELS, lay_out
from tests.compose.drills.report.variants import variant_of
from tests.support.histories import Story


def test_what_was_carried_out_ends_where_and_when_it_was():
    """Twice the time is twice as far to the right."""
    story = Story()
    story.receipt(node_1=("applied", 1.0), node_2=("fenced", 2.0), waited_ms=4.0)
    (panel,) = lay_out(variant_of(story)).panels
    first, second = panel.arrows
    assert (first.label, second.label) == ("applied 1.0 ms", "fenced 2.0 ms")
    assert second.percent - 18 == 2 * (first.percent - 18)
    assert first.arrives
    assert second.arrives


def test_what_nobody_knows_has_no_time():
    """Queued, told and never told are not drawn as if they had arrived."""
    story = Story()
    story.receipt(node_1=("queued", 0.0), node_2=("told", 0.0), node_3=("not told", 0.0))
    messages = lay_out(variant_of(story))
    assert [(arrow.label, arrow.arrives) for arrow in messages.panels[0].arrows] == [
        ("queued", False),
        ("told", False),
        ("not told", False),
    ]
    assert [one.median_ms for one in messages.summary] == [None, None, None]


def test_of_many_invalidations_those_that_went_wrong_are_drawn():
    """All are counted, node by node."""
    story = Story()
    for number in range(PANELS + 4):
        story.ask("alice")
        missed = number == PANELS + 3
        story.receipt(node_1=("applied", 1.0), node_2=("not told", 0.0) if missed else ("applied", 3.0))
    messages = lay_out(variant_of(story))
    assert messages.total == PANELS + 4
    assert len(messages.panels) == PANELS
    assert any(arrow.outcome == "not told" for panel in messages.panels for arrow in panel.arrows)
    assert [(one.node, one.outcome, one.count) for one in messages.summary] == [
        ("node-1", "applied", PANELS + 4),
        ("node-2", "applied", PANELS + 3),
        ("node-2", "not told", 1),
    ]


def test_a_node_that_joined_later_has_a_line_too():
    story = Story(nodes=("node-1", "node-2"))
    story.receipt(node_1=("applied", 0.5), node_2=("applied", 2.0), node_9=("applied", 1.0))
    (panel,) = lay_out(variant_of(story)).panels
    assert [node for node, _ in panel.lines] == ["node-1", "node-2", "node-9"]
