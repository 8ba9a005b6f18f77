"""What a drill means that its form does not show: names that lead nowhere are told before anything runs."""

from pathlib import Path

import pytest

from compose.drills.scenario.check import check
from compose.drills.scenario.load import loaded
from compose.drills.scenario.source import parse_source
from tests.support.drills import HEAD

SMALL = (
    HEAD
    + """\
traffic:
  office: {users: 3, mix: reader}
  thief: {mix: thief, login-as: office-001}
steady-state-hypothesis: {title: calm, probes: [{probe: nodes.up, tolerance: 3}]}
method:
  - wait-until: {probe: nodes.up, at-least: 1}
expectations:
  - {id: served, never: {event: request.failed}}
report: {answer: "x"}
"""
)
EXPECTED = "never: {event: request.failed}"


def problems(old, new, text=SMALL):
    assert old in text
    return check(loaded(parse_source(text.replace(old, new), Path("small.yaml"))))


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("always: {probe: nodes.up, where: {node: node-1}, equals: 3}", "limited by nothing, not by node"),
        ("always: {probe: sessions, where: {group: office}, equals: 3}", "limited by node, not by group"),
        ("always: {probe: sessions, where: {authenticated-before: method}, equals: 3}", "not by authenticated-before"),
        ("always: {probe: sessions, where: {node: node-9}, equals: 3}", "did you mean node-"),
        ("always: {probe: node.db-state, equals: ACTIVE}", "is of one node"),
        ("always: {probe: captcha.due, where: {user: alcie}, equals: 0}", "did you mean alice"),
        ("never: {event: request.failed, where: {user: alcie}}", "no user 'alcie'; did you mean alice"),
        ("never: {event: request.failed, where: {group: '!ofice'}}", "no group 'ofice'; did you mean office"),
        ("never: {event: request.failed, where: {node: '!node-22'}}", "no node 'node-22'"),
        ("never: {event: request.failed, where: {kind: borwse}}", "no kind 'borwse'; did you mean browse"),
        ("never: {event: fault, where: {kind: link.cutt}}", "no kind 'link.cutt'; did you mean link.cut"),
        ("always: {metric: requests, op: '>', value: 0, where: {user: office-9}}", "no user 'office-9'"),
    ],
)
def test_a_where_that_means_nobody_is_told_with_its_line(where, words):
    """Nothing would ever fit it, or the probe would not know what to do with it."""
    (problem,) = problems(EXPECTED, where)
    assert "small.yaml, line 13" in problem
    assert words in problem


@pytest.mark.parametrize(
    "where",
    [
        "never: {event: request.failed, where: {user: thief-001, group: thief, node: node-3, kind: browse}}",
        "never: {event: request.failed, where: {user: '!admin', group: operators, kind: act}}",
        "never: {event: fault, where: {kind: link.cut}}",
        "always: {probe: remember-me.count, where: {user: office-002}, equals: 0}",
    ],
)
def test_a_where_that_means_somebody_is_good(where):
    assert problems(EXPECTED, where) == []


def test_a_node_that_will_join_can_be_named():
    """Start-first numbers the new ones on."""
    text = SMALL.replace("method:", "method:\n  - rolling-restart: {order: start-first}")
    assert problems(EXPECTED, "never: {event: request.failed, where: {node: node-4}}", text) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("{probe: nodes.up, tolerance", "{probe: nodes.up, where: {node: node-1}, tolerance", 9),
        ("{probe: nodes.up, at-least", "{probe: nodes.up, where: {node: node-1}, at-least", 11),
    ],
)
def test_what_is_waited_for_is_looked_at_as_closely(old, new, line):
    """So is the steady state; either would end the run where it stands."""
    (problem,) = problems(old, new)
    assert f"small.yaml, line {line}" in problem
    assert "nodes.up can be limited by nothing, not by node" in problem


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("rolling-restart: {nodes: [node-9]}", "no node 'node-9'"),
        ("rolling-restart: {everyone-returns: [ofice]}", "no group 'ofice'; did you mean office"),
        ("rolling-restart: {parallelism: 7}", "of 3 nodes, 7 at once leave 0, fewer than min-available 1"),
        ("rolling-upgrade: {to: '9.11', min-available: 3}", "1 at once leave 2, fewer than min-available 3"),
        ("fault: {inject: clock.skew, target: node-2, by: {policy: 0s}}", "is longer than nothing"),
        (
            "fault: {inject: node.slow-loop, target: node-2, block: {real: 0s}, every: {real: 1s}}",
            "is longer than nothing",
        ),
        (
            "fault: {clear: cut}\n  - fault: {inject: link.cut, target: node-2->redis, as: cut}",
            "no fault 'cut' has been injected by then",
        ),
    ],
)
def test_a_step_that_cannot_be_done_is_told_with_its_line(steps, words):
    (problem,) = problems("wait-until: {probe: nodes.up, at-least: 1}", steps)
    assert "small.yaml, line 11" in problem
    assert words in problem


@pytest.mark.parametrize(
    "steps",
    [
        "rolling-restart: {nodes: [node-1, one], everyone-returns: [all, office], parallelism: 2}",
        "rolling-restart: {parallelism: 7, order: start-first}\n  - rolling-restart: {nodes: [node-4]}",
        "parallel: [{fault: {clear: cut}}, {fault: {inject: link.cut, target: node-2->redis, as: cut}}]",
    ],
)
def test_a_step_that_can_be_done_is_good(steps):
    assert problems("wait-until: {probe: nodes.up, at-least: 1}", steps) == []
