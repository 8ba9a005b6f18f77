"""Acknowledgements: who sends one to whom, and how a call waits for them."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from node.invalidation.acknowledgements import Acknowledgements
from node.invalidation.lease import LeaseRow, boot_ns
from node.invalidation.receipts import Outcome
from node.store import invalidation_log
from shared.messages import Ack, Invalidation, decode
from tests.support.eventually import eventually
from tests.support.fenced_nodes import fenced_nodes

LONG_S = 60.0
"""A lease so long that no heartbeat helps during the test."""
ROWS = [LeaseRow(f"node-{n}", "life", beats=1, applied=0, lease_ms=2_000) for n in (2, 3, 4)]


class HandClock:
    """Boot time that stands until it is moved."""

    def __init__(self):
        self.now_ns = boot_ns()

    def __call__(self):
        return self.now_ns


@asynccontextmanager
async def waiting(acknowledgements, position, over_at_ns, committed_ns=0):
    """A call that has begun to wait."""
    call = asyncio.create_task(acknowledgements.wait_for(position, over_at_ns, committed_ns=committed_ns))
    await asyncio.sleep(0)
    yield call
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


def parts(receipts):
    return [(one.node_id, one.outcome, one.after_ms) for one in receipts]


async def test_each_node_has_its_own_instant_and_the_order_is_that_of_the_rows():
    """The caller is woken when the last has answered; what it reads is when each did, from the commit on."""
    clock = HandClock()
    acknowledgements = Acknowledgements(clock)
    committed_ns = clock.now_ns
    far_ns = committed_ns + 60 * 10**9
    async with waiting(acknowledgements, 5, dict.fromkeys(ROWS, far_ns), committed_ns) as call:
        for row in reversed(ROWS):
            assert not call.done()
            clock.now_ns += 1_000_000
            acknowledgements.note((row.node_id, row.incarnation), 5)
            await asyncio.sleep(0)
        applied = Outcome.APPLIED
        assert parts(await call) == [("node-2", applied, 3.0), ("node-3", applied, 2.0), ("node-4", applied, 1.0)]


@pytest.mark.parametrize(
    ("life", "applied"), [(("node-2", "life"), 4), (("node-2", "earlier"), 5), (("node-3", "life"), 5)]
)
async def test_only_the_position_of_that_very_life_counts(life, applied):
    """A lower position, the same node before its restart and another node say nothing about this one."""
    acknowledgements = Acknowledgements(boot_ns)
    async with waiting(acknowledgements, 5, {ROWS[0]: boot_ns() + 60 * 10**9}) as call:
        acknowledgements.note(life, applied)
        await asyncio.sleep(0.01)
        assert not call.done()
        acknowledgements.note(("node-2", "life"), 6)
        (part,) = await call
        assert part.outcome is Outcome.APPLIED


async def test_what_was_acknowledged_before_the_call_waits_is_not_waited_for():
    """A node may find the entry in the log before the caller has said a word; late and repeated copies take nothing back."""
    acknowledgements = Acknowledgements(boot_ns)
    for applied in (7, 5, 7):
        acknowledgements.note(("node-2", "life"), applied)
    (part,) = await acknowledgements.wait_for(7, {ROWS[0]: boot_ns() + 60 * 10**9}, committed_ns=boot_ns())
    assert part.outcome is Outcome.APPLIED


async def test_a_lease_that_is_over_does_not_wait_for_a_longer_one():
    """The call ends with the last lease of those who say nothing, whoever has a longer one and answered."""
    clock = HandClock()
    acknowledgements = Acknowledgements(clock)
    now_ns = clock.now_ns
    over_at_ns = {ROWS[0]: now_ns + 60 * 10**9, ROWS[1]: now_ns + 20_000_000, ROWS[2]: now_ns + 60_000_000}
    async with waiting(acknowledgements, 5, over_at_ns, now_ns) as call:
        acknowledgements.note(("node-2", "life"), 5)
        (wait,) = acknowledgements._waits
        clock.now_ns = now_ns + 20_000_000
        await eventually(lambda: list(wait.open) == [("node-4", "life")])
        assert not call.done()
        clock.now_ns = now_ns + 60_000_000
        applied, fenced = Outcome.APPLIED, Outcome.FENCED
        assert parts(await asyncio.wait_for(call, 10)) == [
            ("node-2", applied, 0.0),
            ("node-3", fenced, 20.0),
            ("node-4", fenced, 60.0),
        ]


async def test_nobody_is_waited_for_where_nobody_has_a_lease():
    """A cluster of one."""
    assert await Acknowledgements(boot_ns).wait_for(1, {}, committed_ns=0) == ()


async def test_a_call_that_was_broken_off_is_forgotten():
    """Or each such call would be gone through at every acknowledgement for good."""
    acknowledgements = Acknowledgements(boot_ns)
    async with waiting(acknowledgements, 5, {ROWS[0]: boot_ns() + 60 * 10**9}):
        assert len(acknowledgements._waits) == 1
    assert len(acknowledgements._waits) == 0


def acknowledged_to(node):
    """Who told that node what, in any order."""
    acks = [message for payload in node.bus.heard if isinstance(message := decode(payload.payload), Ack)]
    return sorted((ack.node, ack.applied) for ack in acks)


async def test_an_acknowledgement_reaches_the_caller_and_nobody_else(database_url):
    """Heard by all, those of one call would rise with the square of the number of nodes; one's own event needs none."""
    async with fenced_nodes(database_url, 3, lease_s=LONG_S) as nodes:
        await nodes[0].invalidate()
        await nodes[1].invalidate()
        await heard_all(nodes)
        assert [acknowledged_to(node) for node in nodes] == [
            [("node-2", 1), ("node-3", 1)],
            [("node-1", 2), ("node-3", 2)],
            [],
        ]


async def heard_all(nodes):
    """What was on its way before has arrived."""
    for node in nodes:
        await node.bus.publish("fenced", b"the last word")
    for node in nodes:
        await eventually(lambda node=node: [m.payload for m in node.bus.heard].count(b"the last word") == len(nodes))


async def test_who_fills_a_gap_acknowledges_to_everybody_whose_entries_it_found(database_url):
    """The first caller's hint never came; both calls end without any help of a heartbeat."""
    async with fenced_nodes(database_url, 3, lease_s=LONG_S) as (a, b, c):
        c.bus.lose = 1
        first = asyncio.create_task(a.invalidate("alice"))
        await eventually(lambda: acknowledged_to(a) == [("node-2", 1)])
        second = asyncio.create_task(b.invalidate("bob"))
        await asyncio.wait_for(asyncio.gather(first, second), 10)
        assert c.delivery.counters.gaps == 1


async def test_who_finds_a_hole_in_the_log_acknowledges_to_whoever_told_it(database_url):
    """The entries are gone and a floor stands for them; the call that was heard of ends at once all the same."""
    async with fenced_nodes(database_url, 3, lease_s=LONG_S) as (a, b, c):
        c.bus.lose = 1
        lost = asyncio.create_task(a.invalidate("alice"))
        await eventually(lambda: acknowledged_to(a) == [("node-2", 1)])
        async with a.database.transaction() as connection:
            await invalidation_log.trim(connection, keep=0, head=1)
        await asyncio.wait_for(b.invalidate("bob"), 10)
        assert c.delivery.counters.floors == 1
        lost.cancel()


async def test_an_acknowledgement_that_could_not_be_sent_goes_with_the_next(database_url):
    """The bus was away for a moment; the first caller does not have to wait for a heartbeat when it is back."""
    async with fenced_nodes(database_url, 3, lease_s=LONG_S) as (a, b, c):
        c.bus.cut = True
        first = asyncio.create_task(a.invalidate("alice"))
        c.delivery._hear(await hint_of(a))
        await asyncio.sleep(0.05)
        c.bus.cut = False
        second = asyncio.create_task(b.invalidate("bob"))
        await asyncio.wait_for(asyncio.gather(first, second), 10)


async def hint_of(node):
    """The invalidation that a node has told the bus."""
    await eventually(lambda: any(isinstance(decode(payload), Invalidation) for payload in node.bus.published))
    return next(event for payload in node.bus.published if isinstance(event := decode(payload), Invalidation))


async def test_lives_that_are_over_are_forgotten():
    """Each restart of a node is another one."""
    acknowledgements = Acknowledgements(boot_ns)
    for number in range(100):
        acknowledgements.note(("node-2", f"life-{number}"), 1)
    acknowledgements.keep({("node-2", "life-99"), ("node-3", "life-1")})
    assert list(acknowledgements._applied) == [("node-2", "life-99")]
