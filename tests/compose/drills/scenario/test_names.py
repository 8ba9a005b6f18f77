"""Names that lint refuses, since they would hide something from whoever judges by them."""

from pathlib import Path

import pytest

from compose.drills.scenario.check import check
from compose.drills.scenario.load import loaded
from compose.drills.scenario.source import parse_source

DRILL = """\
drill: 1
title: A small drill
question: What happens when nothing does?
teaches: That nothing happens then.
theme: failover
traffic:
  {group}: {{users: 3, mix: reader}}
method:
  - fault: {{inject: node.crash, target: node-1, as: crash}}
  - {step}
expectations:
  - {{id: served, never: {{event: request.failed}}}}
report: {{answer: "x"}}
"""


def problems(*, group="office", step="mark: nothing"):
    return check(loaded(parse_source(DRILL.format(group=group, step=step), Path("small.yaml"))))


@pytest.mark.parametrize("group", ["operators", "all"])
def test_a_group_has_a_name_of_its_own(group):
    """Requests of operators are left out of every judgement, and a group called so would be too."""
    assert problems() == []
    (problem,) = problems(group=group)
    assert f"line 7: traffic.{group}: a group cannot be called {group}" in problem
