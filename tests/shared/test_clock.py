"""Policy time: anchors, generations, sleeping, seals. The system clock and its fake twin pass the same tests."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import Anchor, AnchorSeal, Clocks, FakeClock, PolicyClock, as_datetime, as_ms, jira_time
from shared.errors import OperatorError

START_MS = 1_772_442_000_000
DAY_MS = 86_400_000


@pytest.fixture(params=["system", "fake"])
def clock(request):
    """A clock that stands still at START_MS, real or fake underneath."""
    if request.param == "fake":
        return FakeClock(START_MS, rate=0)
    return PolicyClock(Anchor(0, START_MS, time.monotonic_ns(), 0))


def step(clock, by_ms):
    clock.adopt(clock.anchor.moved(clock.anchor.monotonic_ns, to_ms=clock.now_ms() + by_ms))


def test_a_paused_clock_reads_its_anchor(clock):
    """While the rate is 0 policy time is exactly where it was put."""
    assert clock.now_ms() == START_MS
    step(clock, 15 * 60_000 - 1)
    assert clock.now_ms() == START_MS + 15 * 60_000 - 1


def test_only_a_newer_generation_is_taken(clock):
    """An anchor that arrives late, or twice, changes nothing."""
    newer = Anchor(5, START_MS + 1000, 0, 0)
    assert clock.adopt(newer)
    assert not clock.adopt(newer)
    assert not clock.adopt(Anchor(4, START_MS + DAY_MS, 0, 0))
    assert clock.now_ms() == START_MS + 1000


async def test_a_sleeper_wakes_when_time_is_stepped_past_its_deadline(clock):
    """Sleeping until a policy instant ends by a step exactly when the instant is reached, and not before."""
    sleeper = asyncio.create_task(clock.sleep_until(START_MS + 1000))
    await asyncio.sleep(0)
    assert clock.next_alarm_ms == START_MS + 1000
    step(clock, 999)
    await asyncio.sleep(0)
    assert not sleeper.done()
    step(clock, 1)
    await asyncio.wait_for(sleeper, 5)
    assert clock.next_alarm_ms is None


async def test_sleepers_wake_in_the_order_of_their_deadlines(clock):
    """Who is due earlier wakes earlier, whoever began to sleep first."""
    woken = []

    async def sleep(name, at_ms):
        await clock.sleep_until(at_ms)
        woken.append(name)

    tasks = [asyncio.create_task(sleep(name, START_MS + at)) for name, at in (("late", 300), ("early", 100))]
    await asyncio.sleep(0)
    step(clock, 1000)
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert woken == ["early", "late"]


async def test_a_cancelled_sleeper_leaves_no_deadline(clock):
    """Nobody jumps to a deadline that nobody waits for any more."""
    sleeper = asyncio.create_task(clock.sleep_until(START_MS + 1000))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)
    assert clock.next_alarm_ms is None


async def test_a_running_clock_wakes_its_sleepers_by_itself():
    """At 3600 times real speed, an hour of policy time ends within seconds without anybody stepping."""
    clock = PolicyClock(Anchor(0, START_MS, time.monotonic_ns(), 3600))
    await asyncio.wait_for(clock.sleep_until(START_MS + 3_600_000), 10)
    assert clock.now_ms() >= START_MS + 3_600_000


async def test_resuming_arms_the_sleepers_again():
    """Whoever sleeps across a pause wakes by running time after it."""
    clock = PolicyClock(Anchor(0, START_MS, time.monotonic_ns(), 0))
    sleeper = asyncio.create_task(clock.sleep_until(START_MS + 1000))
    await asyncio.sleep(0)
    clock.adopt(clock.anchor.moved(time.monotonic_ns(), rate=3600))
    await asyncio.wait_for(sleeper, 10)


def test_the_fake_clock_runs_at_its_rate():
    """Policy time is rate times real time since the anchor."""
    clock = FakeClock(START_MS, rate=60)
    clock.tick(1000)
    assert clock.now_ms() == START_MS + 60_000
    clock.step(5)
    assert clock.now_ms() == START_MS + 60_005


def test_skew_moves_one_process_only():
    """A skewed clock is off by its skew, now and after every new anchor."""
    clock = FakeClock(START_MS, rate=0)
    clock.skew(7 * 60_000)
    assert clock.now_ms() == START_MS + 7 * 60_000
    clock.step(1000)
    assert clock.now_ms() == START_MS + 7 * 60_000 + 1000


def test_two_processes_with_one_anchor_agree():
    """The formula needs nothing but the anchor and the host's monotonic clock."""
    anchor = Anchor(3, START_MS, 10_000, 60)
    assert anchor.at(1_000_010_000) == Anchor.parse(str(anchor)).at(1_000_010_000) == START_MS + 60_000


@given(st.integers(0, 10**6), st.integers(0, 10**13), st.integers(0, 10**18), st.sampled_from([0, 0.5, 1, 60, 3600]))
def test_an_anchor_survives_its_own_text(generation, policy_ms, monotonic_ns, rate):
    """What is written on the wire reads back as the same anchor."""
    anchor = Anchor(generation, policy_ms, monotonic_ns, rate)
    assert Anchor.parse(str(anchor)) == anchor


@pytest.mark.parametrize(
    "text", ["", "1;2;3", "1;2;3;4;5", "a;b;c;d", "1;2;3;nan", "1;2;3;-1", "-1;2;3;1", "1;2;3;1e9"]
)
def test_an_anchor_that_is_none_is_refused(text):
    """Garbage on the wire is an error with a message, never a wrong time."""
    with pytest.raises(OperatorError):
        Anchor.parse(text)


def test_only_the_right_secret_opens_a_stamp():
    """A client that invents a stamp cannot move a node's clock."""
    anchor = Anchor(7, START_MS, 1, 0)
    stamp = AnchorSeal("secret").stamp(anchor)
    assert AnchorSeal("secret").open(stamp) == anchor
    assert AnchorSeal("other").open(stamp) is None
    assert AnchorSeal("secret").open(stamp.replace("7;", "8;", 1)) is None
    assert AnchorSeal("secret").open("garbage") is None
    assert AnchorSeal("secret").open("ü;é") is None


@given(st.integers(0, 253_402_300_799_999))
def test_instants_convert_without_loss(at_ms):
    """Postgres gets datetimes and gives back the same millisecond."""
    assert as_ms(as_datetime(at_ms)) == at_ms


def test_times_look_as_jira_writes_them():
    """The seed's example, to the letter."""
    assert jira_time(1_386_143_699_824) == "2013-12-04T07:54:59.824+0000"


def test_an_anchor_means_the_same_on_a_machine_with_another_monotonic_clock() -> None:
    """Shifted by what that clock is ahead, and back again."""
    day_ns = 24 * 3600 * 1_000_000_000
    anchor = Anchor(3, 1_772_442_000_000, 17, 60.0)

    assert anchor.shifted(day_ns).at(5_000_000_000 + day_ns) == anchor.at(5_000_000_000)
    assert anchor.shifted(day_ns).shifted(-day_ns) == anchor


def test_a_reading_of_clocks_is_sealed() -> None:
    """Nobody without the secret can ask for one or give one."""
    seal, other = AnchorSeal("a-long-token"), AnchorSeal("another-token")
    reading = Clocks(Anchor(3, 1_772_442_000_000, 17, 0.5), 99)

    assert seal.read(seal.answer(reading)) == reading
    assert seal.asks(seal.question())
    for forged in (None, "", "x", other.answer(reading), seal.stamp(reading.anchor), seal.answer(reading)[:-1]):
        assert seal.read(forged) is None
    assert not any(seal.asks(forged) for forged in (None, "", other.question(), seal.answer(reading), "\udcff"))
