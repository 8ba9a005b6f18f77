"""Policy time of a whole cluster, moved from outside."""

import asyncio
import time

import pytest

from compose.cluster.admin_client import AdminClient, Refused, Silent, open_admin_client
from compose.cluster.ports import PortReservation
from compose.cluster.steering import Steering
from shared.clock import LAST_MS, Anchor
from shared.errors import HarnessError, OperatorError
from tests.support.clocks import TOKEN, clocked_processes

START_MS = 1_772_442_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def rate() -> float:
    """How fast policy time runs at first."""
    return 0.0


@pytest.fixture
async def processes(rate):
    anchor = Anchor(4, START_MS, time.monotonic_ns(), rate)
    async with clocked_processes("balancer", "node-1", "node-2", anchor=anchor) as processes:
        yield processes


@pytest.fixture
async def client():
    async with open_admin_client(TOKEN) as client:
        yield client


@pytest.fixture
async def steering(processes, client):
    return Steering(client, lambda: {name: process.url for name, process in processes.items()})


def anchors(processes) -> set[Anchor]:
    return {process.clock.anchor for process in processes.values()}


async def test_a_step_moves_everybody_by_the_same(steering, processes):
    """All clocks show the same instant afterwards, and policy time goes on standing still."""
    steered = await steering.step(by_ms=15 * 60_000)

    assert (steered.before_ms, steered.after_ms) == (START_MS, START_MS + 15 * 60_000)
    assert {process.clock.now_ms() for process in processes.values()} == {steered.after_ms}
    assert anchors(processes) == {steered.anchor}
    assert (steered.anchor.rate, steered.late) == (0, ())


async def test_a_step_to_an_instant_ends_there(steering, processes):
    """To the millisecond."""
    await steering.step(to_ms=START_MS + 899_999)

    assert processes["node-2"].clock.now_ms() == START_MS + 899_999


@pytest.mark.parametrize("rate", [60.0])
async def test_a_jump_freezes_sets_and_resumes(steering, processes):
    """Everybody stops, goes forward to the latest, beats a minute before the end, and runs on as fast as before; each
    anchor is a generation newer and the same for all."""
    steered = await steering.step(by_ms=HOUR_MS)

    for process in processes.values():
        frozen, level, approach, there, running = process.told
        assert [anchor.generation for anchor in process.told] == [5, 6, 7, 8, 9]
        assert [anchor.rate for anchor in process.told] == [0, 0, 0, 0, 60]
        assert frozen.policy_ms <= level.policy_ms == steered.before_ms
        assert approach.policy_ms == steered.after_ms - 60_000
        assert there.policy_ms == running.policy_ms == steered.after_ms
    assert anchors(processes) == {steered.anchor}


async def test_the_rate_changes_where_time_stands(steering, processes):
    """Nothing jumps; resuming means real speed."""
    for change, expected in ((steering.rate(3600), 3600), (steering.pause(), 0), (steering.resume(), 1)):
        steered = await change
        assert steered.anchor.rate == expected
        assert steered.before_ms == steered.after_ms == steered.anchor.policy_ms
        assert anchors(processes) == {steered.anchor}


async def test_a_new_anchor_is_newer_than_any_that_is_known(steering, processes):
    """Also when one process is ahead of the others: its time is the one in force."""
    ahead = Anchor(40, START_MS + HOUR_MS, time.monotonic_ns(), 0)
    processes["node-1"].clock.adopt(ahead)
    assert await steering.newest() == ahead

    steered = await steering.step(by_ms=1)

    assert steered.before_ms == START_MS + HOUR_MS
    assert steered.anchor.generation > 40
    assert anchors(processes) == {steered.anchor}


async def test_a_process_that_does_not_answer_is_late_for_the_clock(steering, processes):
    """It is named, the others are moved without it, and it can be brought up to date when it is back."""
    processes["node-1"].deaf = True

    steered = await steering.step(by_ms=HOUR_MS)

    assert steered.late == ("node-1",)
    assert processes["node-2"].clock.now_ms() == START_MS + HOUR_MS
    assert processes["node-1"].clock.now_ms() == START_MS

    processes["node-1"].deaf = False
    await steering.bring_up_to_date("node-1")

    assert processes["node-1"].clock.anchor == steered.anchor


async def test_a_process_that_falls_silent_in_the_middle_is_late_too(steering, processes, client, monkeypatch):
    """It took part in the first round; the rest is done without it."""
    set_clock = AdminClient.set_clock

    async def fall_silent(self, url, anchor, **options):
        if anchor.policy_ms > START_MS and url == processes["node-2"].url:
            raise Silent("fell silent")
        return await set_clock(self, url, anchor, **options)

    monkeypatch.setattr(AdminClient, "set_clock", fall_silent)

    steered = await steering.step(by_ms=HOUR_MS)

    assert steered.late == ("node-2",)
    assert processes["node-1"].clock.now_ms() == START_MS + HOUR_MS


async def test_a_process_that_is_dead_is_late(client, processes):
    """Nobody listens there."""
    with PortReservation() as nobody:
        urls = {"node-1": processes["node-1"].url, "node-9": f"http://127.0.0.1:{nobody.port}"}
        steered = await Steering(client, lambda: urls).step(by_ms=1)

    assert steered.late == ("node-9",)


async def test_reading_says_who_is_silent(steering, processes):
    processes["node-1"].deaf = True
    processes["node-2"].clock.skew(7000)

    readings = await steering.read()

    assert readings["node-1"] is None
    assert readings["node-2"].skew_ms == 7000
    assert readings["node-2"].now_ms == START_MS + 7000
    assert readings["balancer"].anchor.generation == 4


async def test_without_any_answer_there_is_nothing_to_steer(steering, processes):
    for process in processes.values():
        process.deaf = True

    with pytest.raises(HarnessError, match="is it still running"):
        await steering.step(by_ms=1)


@pytest.mark.parametrize("jump", [{"by_ms": -1}, {"to_ms": START_MS - 1}, {"to_ms": LAST_MS + 1}])
async def test_time_does_not_go_back_nor_beyond_what_can_be_written(steering, processes, jump):
    """And nobody has been told anything."""
    with pytest.raises(OperatorError, match="only moves forward"):
        await steering.step(**jump)

    assert [process.told for process in processes.values()] == [[], [], []]


@pytest.mark.parametrize("impossible", [-1.0, 3601.0, float("nan"), float("inf")])
async def test_an_impossible_rate_is_refused(steering, processes, impossible):
    with pytest.raises(OperatorError, match="a rate is"):
        await steering.rate(impossible)

    assert processes["node-1"].told == []


async def test_changes_at_the_same_time_are_made_one_after_the_other(steering, processes):
    """None is lost."""
    await asyncio.gather(*(steering.step(by_ms=HOUR_MS) for _ in range(5)))

    assert processes["node-1"].clock.now_ms() == START_MS + 5 * HOUR_MS


async def test_somebody_else_who_steers_at_the_same_time_is_noticed(steering, processes, monkeypatch):
    """Two terminals cannot both win; the second is told to try again."""
    set_clock = AdminClient.set_clock

    async def beaten(self, url, anchor, **options):
        processes["node-1"].clock.adopt(Anchor(99, START_MS, 0, 1))
        return await set_clock(self, url, anchor, **options)

    monkeypatch.setattr(AdminClient, "set_clock", beaten)

    with pytest.raises(OperatorError, match="somebody else moved the clock"):
        await steering.step(by_ms=1)


async def test_the_client_tells_a_refusal_from_silence(processes):
    """A wrong token is an answer; whoever is asked with it keeps his clock."""
    async with open_admin_client("another-token") as stranger:
        with pytest.raises(Refused, match="admin token") as refusal:
            await stranger.set_clock(processes["node-1"].url, Anchor(9, 0, 0, 0))

    assert refusal.value.status == 401
    assert processes["node-1"].clock.anchor.generation == 4


async def test_a_jump_stops_at_every_alarm_in_order(steering, processes):
    """Alarms of different processes go off at their own instants, one after the other, before the jump is over."""
    went_off = []

    def alarm(name, at_ms):
        clock = processes[name].clock

        async def work():
            went_off.append((name, clock.now_ms() - START_MS))

        return asyncio.create_task(clock.at(START_MS + at_ms, work))

    alarms = [alarm("node-2", 50_000), alarm("node-1", 2 * HOUR_MS), alarm("balancer", 90_000), alarm("node-1", 90_000)]
    await asyncio.sleep(0)
    await steering.step(by_ms=HOUR_MS)

    assert went_off == [("node-2", 50_000), ("balancer", 90_000), ("node-1", 90_000)]
    assert not alarms[1].done()
    await steering.step(by_ms=HOUR_MS)
    assert went_off[-1] == ("node-1", 2 * HOUR_MS)


async def test_a_jump_waits_for_what_it_made_due(steering, processes):
    """The next stop is not made before the work of the last one is done."""
    order = []

    async def slow():
        order.append("begun")
        for _ in range(20):
            await asyncio.sleep(0.001)
        order.append("done")

    first = asyncio.create_task(processes["node-1"].clock.at(START_MS + 1000, slow))

    async def second_work():
        order.append("second")

    second = asyncio.create_task(processes["node-2"].clock.at(START_MS + 2000, second_work))
    await asyncio.sleep(0)
    await steering.step(by_ms=HOUR_MS)

    assert order == ["begun", "done", "second"]
    await asyncio.gather(first, second)


async def test_periodic_work_beats_at_the_end_of_a_jump_not_throughout(steering, processes):
    """A day has 1,440 minutes; a jump over it is two beats: one a minute before its end, and one at its end."""
    beats = []
    clock = processes["node-1"].clock

    async def beat():
        beats.append(clock.now_ms() - START_MS)

    task = asyncio.create_task(clock.every(60_000, beat))
    await asyncio.sleep(0)
    await steering.step(by_ms=24 * HOUR_MS)
    task.cancel()

    assert beats == [0, 24 * HOUR_MS - 60_000, 24 * HOUR_MS]


async def test_processes_on_other_machines_are_steered_as_well(client):
    """Their monotonic clocks are days ahead or behind; each is told the anchor in its own terms."""
    ahead_ns = {"node-1": 86_400_000_000_000, "node-2": -3_000_000_000_000}
    anchor = Anchor(4, START_MS, time.monotonic_ns(), 1.0)
    async with clocked_processes("balancer", "node-1", "node-2", anchor=anchor, ahead_ns=ahead_ns) as processes:
        steering = Steering(client, lambda: {name: process.url for name, process in processes.items()})
        steered = await steering.step(by_ms=HOUR_MS)
        assert steered.after_ms - steered.before_ms == HOUR_MS
        shown = [process.clock.now_ms() for process in processes.values()]
        assert max(shown) - min(shown) < 1000
        await steering.pause()
        assert len({process.clock.now_ms() for process in processes.values()}) == 1
        assert {process.clock.anchor.generation for process in processes.values()} == {
            (await steering.newest()).generation
        }
