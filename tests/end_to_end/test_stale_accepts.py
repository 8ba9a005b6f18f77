"""The question of stale accepts, asked in short; `python -m tests.bench.stale_accepts` asks it at length."""

import pytest

from compose.drills.verdict import Verdict
from shared.settings import Delivery
from tests.bench.stale_accepts import cheap_cluster, run_fault
from tests.support.nemeses import NEMESES


async def run(delivery, *faults, operations, **settings):
    async with cheap_cluster(nodes=3, delivery=delivery) as (cluster, stores):
        results = [
            await run_fault(cluster, stores, fault, operations=operations, seed=1, **settings) for fault in faults
        ]
        assert cluster.ended == []
        return results


async def test_fenced_has_none_whatever_is_cut_or_hangs():
    """A bus that is silently cut off, a database that is, a node or its loop that stands still: nobody is let in who was put out,
    and nobody is put out who was not."""
    faults = ("bus-cut", "database-cut-out", "node-pause-1-lease", "loop-blocked")
    for result in await run(Delivery.FENCED, *faults, operations=1_500, hold_s=2.0, rest_s=0.2, askers=2, users=10):
        assert result.verdict is Verdict.PASS, result
        assert result.judgement.checked > 30
        assert result.judgement.collateral == ()


async def test_pubsub_has_some_when_a_node_is_cut_off_from_the_bus():
    """The same harness finds them: the message is lost, and the node goes on believing in the session."""
    (result,) = await run(Delivery.PUBSUB, "bus-cut", operations=1_500, hold_s=3.0, rest_s=0.2, askers=2, users=10)
    assert result.hits
    assert result.verdict is Verdict.FAIL
    assert result.judgement.stale[0].late_ns > 0


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("nodes", [3, 5])
async def test_fenced_has_none_under_any_fault_for_long(nodes):
    """A hundred thousand answered requests for each."""
    async with cheap_cluster(nodes=nodes, delivery=Delivery.FENCED) as (cluster, stores):
        for fault in NEMESES:
            result = await run_fault(cluster, stores, fault, operations=100_000, seed=2)
            assert result.verdict is Verdict.PASS, (fault, result)
