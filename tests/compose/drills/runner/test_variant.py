"""One variant on a real cluster: whatever goes wrong, what was recorded can be judged."""

from compose.drills.history.history import History
from compose.drills.runner.director import Director
from compose.drills.verdict import Verdict
from tests.compose.drills.sabotage.stage import stage, written

BROKEN = """\
drill: 1
title: A drill that breaks off
question: What is left of it?
teaches: That everything is.
theme: failover
cluster: {nodes: {count: 1}}
method:
  - fault: {inject: link.delay, target: node-1->redis, by: {real: 5ms}, as: slow}
  - say: and then
rollbacks:
  - mark: rolled-back
expectations:
  - {id: never-failed, never: {event: request.failed}}
report: {answer: "-"}
"""


async def test_a_mistake_of_dcsim_in_a_step_leaves_a_run_that_can_be_judged(stores, warm, tmp_path, monkeypatch):
    """Faults are healed, rollbacks done, the book is closed; what happened is told, and where is kept beside it."""

    async def mistaken(_director, _step):
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(Director, "_say", mistaken)
    async with stage(stores, warm) as play:
        played = await play(written(BROKEN, tmp_path), tmp_path)
    history = History(played.records["only"])
    (band,) = history.faults
    assert band.healed is not None
    assert history.first_mark("rolled-back") is not None
    assert not played.records["only"][-1].interrupted
    assert played.verdict is Verdict.UNKNOWN
    assert played.judgement.problems == (
        "only: method broke off by a mistake in dcsim: KeyError: 'nobody thought of this'",
    )
    assert "in mistaken" in (tmp_path / "only" / "mistakes.txt").read_text()
