"""Names that lint refuses, since they would hide something from whoever judges by them."""

from pathlib import Path

import pytest

from compose.drills.scenario.check import check
from compose.drills.scenario.load import loaded
from compose.drills.scenario.source import parse_source
from tests.support.drills import HEAD

DRILL = (
    HEAD
    + """\
traffic:
  {group}: {{users: 3, mix: reader}}
method:
  - fault: {{inject: node.crash, target: node-1, as: crash}}
  - {step}
expectations:
  - {{id: served, never: {{event: request.failed}}}}
report: {{answer: "x"}}
"""
)


def problems(*, group="office", step="mark: nothing"):
    return check(loaded(parse_source(DRILL.format(group=group, step=step), Path("small.yaml"))))


@pytest.mark.parametrize("group", ["operators", "all"])
def test_a_group_has_a_name_of_its_own(group):
    """Requests of operators are left out of every judgement, and a group called so would be too."""
    assert problems() == []
    (problem,) = problems(group=group)
    assert f"line 7: traffic.{group}: a group cannot be called {group}" in problem


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("mark: crash", "'crash' is a fault; give the mark"),
        ("{name: crash, hold: {real: 1s}}", "'crash' is a fault; give the step"),
        ("{name: crash:end, hold: {real: 1s}}", "'crash:end' is the end of a fault"),
        ("mark: setup", "'setup' is a phase"),
        ("{name: method, hold: {real: 1s}}", "'method' is a phase"),
        ("{name: pause, hold: {real: 1s}, mark: pause}", "'pause' is a step"),
        ("{parallel: [{mark: a}, {mark: a}]}", "two marks 'a'"),
    ],
)
def test_a_name_is_one_things(step, words):
    """`during: crash` would look at the step, and see nothing of the fault."""
    (problem,) = problems(step=step)
    assert words in problem


def test_the_same_step_or_another_time_may_have_the_same_name():
    """Looking during it looks at each."""
    assert problems(step="{parallel: [{name: a, hold: {real: 1s}}, {name: a, hold: {real: 1s}}]}") == []
