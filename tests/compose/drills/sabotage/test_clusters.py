"""Real clusters with a guard taken out, and faults that are none: the drill that would pass otherwise does not."""

import secrets
from typing import ClassVar

import pytest

from compose.drills.faults import KINDS, Fault, Unconfirmed
from compose.drills.targets import TargetKind
from compose.drills.verdict import Verdict
from tests.compose.drills.sabotage.stage import stage, written

FRAME = """
drill: 1
title: A sabotaged cluster
question: Does anybody notice what is wrong here?
teaches: That it is noticed.
theme: failover
report: {answer: "no"}
"""
CUT_OFF = """
cluster: {nodes: {count: 2}, lease: {real: 400ms}}
traffic:
  office: {mix: reader, pin-to: node-1}
  thief: {mix: thief, login-as: office-001, pin-to: node-2}
method:
  - everyone: {group: all}
  - fault: {inject: link.cut, target: node-2->redis, as: cut}
  - do: {act: admin-password, user: office-001, via: node-1}
    mark: reset
  - everyone: {group: thief, times: 5}
  - fault: {clear: cut}
  - everyone: {group: thief, times: 5}
expectations:
  - id: the-thief-is-out
    after: reset
    never: {event: request.accepted, where: {user: thief-001, authenticated-before: reset}}
  - {id: nothing-is-left, at-end: {probe: caches.divergent, equals: 0}}
"""
LAPTOP = """
cluster: {nodes: {count: 1}}
traffic:
  owner: {mix: reader}
  laptop: {mix: thief, login-as: owner-001, remember-me: 1}
method:
  - everyone: {group: laptop}
  - do: {act: rest-end-session, user: owner-001}
    mark: ended
  - everyone: {group: laptop, times: 2}
expectations:
  - {id: it-stays-out, after: ended, never: {event: request.accepted, where: {user: laptop-001}}}
"""
SLOW_START = """
cluster: {nodes: {count: 2}, lame-duck: {real: 300ms}, balancer: {health: {interval: {real: 100ms}}}}
traffic:
  office: {users: 20, mix: reader, rate: 40/s, remember-me: 1}
method:
  - fault: {inject: node.slow-start, target: node-2, for: {real: 1s}, as: slow}
  - hold: {real: 2s}
  - fault: {clear: slow}
expectations:
  - {id: everybody-is-served, never: {event: request.failed}}
"""
CRASH = """
cluster: {nodes: {count: 2}}
traffic:
  office: {users: 3, mix: reader, pin-to: node-1}
method:
  - everyone: {group: all}
  - fault: {inject: node.crash, target: node-2, as: crash}
  - everyone: {group: all}
  - fault: {clear: crash}
expectations:
  - {id: served, always: {checker: availability}}
"""


@pytest.fixture
async def judged(stores, warm, tmp_path):
    """Runs a drill and returns what was found."""

    async def judged(text, *, node="node", **settings):
        folder = tmp_path / secrets.token_hex(2)
        async with stage(stores, warm, node=node) as play:
            return await play(written(FRAME + text, folder, **settings), folder)

    return judged


def verdicts(played):
    (variant,) = played.judgement.variants
    return {one.id: one.verdict for one in (*variant.expectations, *variant.guards)}


@pytest.mark.parametrize("drill", [CUT_OFF, LAPTOP, SLOW_START, CRASH.replace(", pin-to: node-1", "")])
async def test_a_cluster_as_it_should_be_passes(judged, drill):
    """Otherwise what follows would show nothing."""
    played = await judged(drill)
    assert played.in_doubt == {}
    assert played.verdict is Verdict.PASS


async def test_a_fenced_node_that_trusts_itself_without_a_lease(judged):
    """Cut off from the bus it goes on letting the thief in."""
    played = await judged(CUT_OFF, node="tests.support.unfenced_node")
    assert verdicts(played)["the-thief-is-out"] is Verdict.FAIL


async def test_plain_pubsub_and_a_gate_that_asks_either(judged):
    """What was published while the node was cut off is lost, and nobody repeats it."""
    played = await judged(CUT_OFF, cluster__delivery="pubsub", cluster__switches__crowd_gate="either")
    found = verdicts(played)
    assert (found["the-thief-is-out"], found["nothing-is-left"]) == (Verdict.FAIL, Verdict.FAIL)


async def test_a_bus_that_nobody_mends(judged):
    """The fault is healed when the run is over, and what was lost by then is lost."""
    played = await judged(CUT_OFF.replace("  - fault: {clear: cut}\n", ""), cluster__delivery="pubsub")
    assert played.verdict is Verdict.FAIL
    assert verdicts(played)["nothing-is-left"] is Verdict.FAIL


async def test_a_token_that_outlives_its_sessions(judged):
    played = await judged(LAPTOP, cluster__switches__rest_delete_clears_tokens="false")
    assert verdicts(played)["it-stays-out"] is Verdict.FAIL


async def test_a_balancer_that_believes_every_200(judged):
    """It sends people to a node that is still starting."""
    played = await judged(
        SLOW_START, cluster__balancer__health__naive="true", cluster__balancer__health__passive="false"
    )
    assert verdicts(played)["everybody-is-served"] is Verdict.FAIL


async def test_a_node_that_lies_about_its_version(judged):
    played = await judged(
        LAPTOP, node="tests.support.lying_node", cluster__nodes__version="9.10", method__2__do__may_fail="true"
    )
    assert played.verdict is Verdict.FAIL
    assert verdicts(played)["versions-honest"] is Verdict.FAIL


class DoesNothing(Fault):
    """Says that it is in force."""

    kind = "node.crash"
    targets = TargetKind.NODE
    says: ClassVar[str | None] = None

    async def inject(self, _scene, _target):
        return self

    async def confirm(self):
        if self.says is None:
            raise Unconfirmed("the node is still there")
        return self.says

    async def heal(self):
        return 0


class ClaimsToWork(DoesNothing):
    says = "it is there, believe me"


async def test_a_fault_that_does_nothing(judged, monkeypatch):
    """Nothing is seen of it from outside."""
    monkeypatch.setitem(KINDS, "node.crash", DoesNothing)
    played = await judged(CRASH)
    assert played.verdict is Verdict.UNKNOWN
    assert verdicts(played)["faults-confirmed"] is Verdict.UNKNOWN


async def test_a_fault_that_is_confirmed_and_hits_nothing(judged, monkeypatch):
    monkeypatch.setitem(KINDS, "node.crash", ClaimsToWork)
    played = await judged(CRASH)
    assert played.verdict is Verdict.UNKNOWN
    assert verdicts(played)["faults-confirmed"] is Verdict.UNKNOWN


async def test_a_fault_on_a_node_that_nobody_uses(judged):
    played = await judged(CRASH)
    assert played.verdict is Verdict.UNKNOWN
    assert verdicts(played)["faults-confirmed"] is Verdict.UNKNOWN


async def test_a_cluster_that_was_not_well_is_not_broken(judged):
    """There is no fault in the history, and no verdict."""
    hypothesis = "steady-state-hypothesis: {title: Three nodes, probes: [{probe: nodes.up, tolerance: 3}]}\n"
    played = await judged(hypothesis + CRASH.lstrip())
    assert played.verdict is Verdict.UNKNOWN
    assert played.judgement.variants[0].metrics["requests"].value == 0


async def test_a_wait_that_is_given_up(judged):
    """What follows in the method is not done, and the run says why."""
    wait = "  - wait-until: {probe: nodes.up, equals: 3, within: {real: 200ms}}\n    mark: never\nexpectations:"
    played = await judged(LAPTOP.replace("expectations:", wait))
    assert played.verdict is Verdict.UNKNOWN
    (problem,) = played.judgement.problems
    assert "nodes.up was not as wanted within 0.2 s" in problem
