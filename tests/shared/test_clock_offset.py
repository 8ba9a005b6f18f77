"""How far a node's monotonic clock is ahead of the balancer's."""

from shared.clock_offset import KEPT, ClockOffset, Sample

MS = 1_000_000
DAY = 24 * 3600 * 1000 * MS


def test_the_error_is_at_most_half_the_time_the_answer_took():
    """The node read its clock somewhere in between."""
    for shown_ms in (10, 13, 20):
        sample = Sample.of(10 * MS, shown_ms * MS, 20 * MS)
        assert abs(sample.offset_ns) <= sample.bound_ns


def test_on_one_machine_there_is_none():
    """However slow the answers are: not a nanosecond, so that all processes go on sharing one anchor."""
    offset = ClockOffset()
    for slow_ms in (1000, 1, 30):
        offset.learn(Sample.of(0, slow_ms * MS, slow_ms * MS))
        assert (offset.known, offset.ns) == (True, 0)


def test_on_another_machine_the_quickest_answer_counts():
    """And a slower one after it changes nothing."""
    offset = ClockOffset()
    offset.learn(Sample.of(0, DAY + 90 * MS, 100 * MS))
    assert abs(offset.ns - DAY) <= 50 * MS
    offset.learn(Sample.of(0, DAY + 1 * MS, 1 * MS))
    held = offset.ns
    assert abs(held - DAY) <= 1 * MS
    offset.learn(Sample.of(0, DAY + 70 * MS, 100 * MS))
    assert offset.ns == held


def test_what_is_within_the_error_is_no_change():
    """Each change would seal a new stamp."""
    offset = ClockOffset()
    offset.learn(Sample(DAY, 2 * MS))
    offset.learn(Sample(DAY + 1 * MS, 2 * MS))

    assert offset.ns == DAY


def test_a_drift_is_followed():
    """Old answers are forgotten, however quick they were."""
    offset = ClockOffset()
    offset.learn(Sample(DAY, MS // 10))
    for _ in range(KEPT):
        offset.learn(Sample(DAY + 5 * MS, MS))

    assert offset.ns == DAY + 5 * MS


def test_who_answers_without_a_reading_is_taken_to_be_here():
    offset = ClockOffset()
    offset.has_none()

    assert (offset.known, offset.ns) == (True, 0)
