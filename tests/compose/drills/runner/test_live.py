"""A run as it goes: what became of people so far, and the lines that a pipe gets."""

import io

import pytest
from rich.console import Console

from compose.drills.history.records import NodeChange, NodeCondition, Said
from compose.drills.runner.live import Tally, view_of_run, words_of
from tests.support.drills import a_drill
from tests.support.histories import START_MS, Story


def tally(story):
    tally = Tally()
    for record in story.records:
        tally.see(record)
    return tally


def test_everybody_is_in_the_state_of_his_latest_answer():
    """Thrown out, then in again; unserved counts as failed, and a silent login as in."""
    story = Story()
    for user in ("alice", "bob", "carol", "dave"):
        story.login(user, remember=user == "bob")
    story.refused("alice")
    story.silent("bob")
    story.failed("carol")
    story.logout("dave")
    found = tally(story)
    assert dict(found.states) == {"thrown out": 1, "in": 1, "unserved": 1, "out": 1}
    assert (found.requests, found.failed, found.thrown_out, found.silent) == (8, 1, 1, 1)
    story.login("alice")
    assert tally(story).states["in"] == 2


def test_phase_step_time_nodes_and_open_faults_are_kept():
    """A phase ends the step before it; a fault that was healed is gone."""
    story = Story()
    story.mark("setup")
    story.mark("method")
    story.mark("the password is reset")
    story.mark("the password is reset:end")
    story.node("node-2", "down")
    story.fault("crash", target="node-2")
    story.fault("cut", kind="link.cut", target="node-1->redis")
    story.heal("crash", target="node-2")
    story.policy(minutes=5)
    found = tally(story)
    assert (found.phase, found.step) == ("method", "the password is reset")
    assert found.faults == {"cut": "link.cut on node-1->redis"}
    assert found.nodes == {"node-2": "9.11 down"}
    assert found.passed_ms == 300_000
    story.mark("rollback")
    assert (tally(story).phase, tally(story).step) == ("rollback", "")


def lines(story):
    return [words for record in story.records if (words := words_of(record)) is not None]


def test_lines_are_what_a_reader_of_a_log_follows_a_run_by():
    """No requests, no ends of steps, no small change of policy time, no node that was there from the start."""
    story = Story()
    story.node("node-1", "up", cause="start")
    story.mark("method")
    story.login("alice")
    story.mark("node-1 dies")
    story.fault("crash")
    story.node("node-1", "down", cause="node.crash")
    story.mark("node-1 dies:end")
    story.policy(minutes=5)
    story.policy(minutes=120)
    story.heal("crash", hits=3)
    story.problem("node-1 ended unasked")
    assert lines(story) == [
        "== method",
        "-- node-1 dies",
        "fault crash (node.crash on node-1) injecting",
        "fault crash (node.crash on node-1) confirmed: seen",
        "node-1 is down, Jira 9.11",
        "policy time jumps by 2 h",
        "fault crash (node.crash on node-1) healed, struck 3 times",
        "!! node-1 ended unasked",
    ]


def test_the_narrator_is_quoted_as_he_speaks():
    assert words_of(Said(0, START_MS, "Now the lights go out.")) == "Now the lights go out."


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_pipe_gets_lines_with_their_time_and_a_terminal_a_panel_as_well(is_terminal):
    """Words in brackets are no markup."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=100)
    story = Story()
    story.mark("method", after=1.5)
    story.fault("crash", target="node-2")
    with view_of_run(console) as view:
        view.begin(a_drill(title="A crash"), "only")
        for record in story.records:
            view.watch(record)
        view.watch(NodeChange(3 * 10**9, START_MS, "node-2", NodeCondition.DOWN, "9.11", None, "node.crash"))
        view.note("[bold]over[/bold]")
    printed = out.getvalue()
    for line in ("A crash [only]", "    1.5 s  == method", "    3.0 s  node-2 is down, Jira 9.11", "[bold]over[/bold]"):
        assert line in printed
    assert ("\x1b[" in printed) == is_terminal
    assert ("0 thrown out, 0 silent logins" in printed) == is_terminal
    assert ("─ A crash [only] ─" in printed) == is_terminal
