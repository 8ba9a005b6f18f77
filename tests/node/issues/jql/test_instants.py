"""Dates, periods and day arithmetic."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.issues.jql.instants import DAY_MS, MINUTE_MS, Span, date_ms, day_start, parse_date, shifted_day_start
from shared.clock import as_ms
from tests.support.issues import NOW_MS

HOUR_MS = 60 * MINUTE_MS


def at(*parts):
    return as_ms(datetime(*parts, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "start_ms", "length_ms"),
    [
        ("2026-03-02", at(2026, 3, 2), DAY_MS),
        ("2026/3/2", at(2026, 3, 2), DAY_MS),
        ("2024-02-29", at(2024, 2, 29), DAY_MS),
        ("2026-03-02 09:15", at(2026, 3, 2, 9, 15), MINUTE_MS),
        (" 2026/03/02  9:15 ", at(2026, 3, 2, 9, 15), MINUTE_MS),
        ("0001-01-01", at(1, 1, 1), DAY_MS),
        ("9999-12-31", at(9999, 12, 31), DAY_MS),
        ("-1w", NOW_MS - 7 * DAY_MS, 1),
        ("4w 2d", NOW_MS + 30 * DAY_MS, 1),
        ("+1D2H", NOW_MS + DAY_MS + 2 * HOUR_MS, 1),
        ("-90m", NOW_MS - 90 * MINUTE_MS, 1),
        ("999999w", NOW_MS + 999_999 * 7 * DAY_MS, 1),
    ],
)
def test_dates(text, start_ms, length_ms):
    """A date is its whole day, a time its whole minute, a period one instant counted from now."""
    assert parse_date(text, NOW_MS) == Span(start_ms, start_ms + length_ms - 1)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-02-30", "2026-03-02 24:00", "2026-03/02", "26-03-02", "1y", "1M x", "w", "-",
     "20/12/10", "٢٠٢٦-٠٣-٠٢", "0000-01-01", "1" * 400 + "d", "2026-03-02T09:15"],
)  # fmt: skip
def test_no_dates(text):
    """Everything else is none."""
    assert parse_date(text, NOW_MS) is None


@pytest.mark.parametrize(
    ("increment", "day"),
    [
        ("-1", date(2026, 3, 1)),
        ("1d", date(2026, 3, 3)),
        ("-1M", date(2026, 2, 2)),
        ("+1y", date(2027, 3, 2)),
        ("-1w", date(2026, 2, 23)),
        ("15h", date(2026, 3, 3)),
        ("-10m", date(2026, 3, 2)),
        ("-24M", date(2024, 3, 2)),
    ],
)
def test_start_of_day(increment, day):
    """The increment moves the instant, then the day's midnight is taken."""
    assert shifted_day_start(NOW_MS, increment) == date_ms(day)


def test_month_ends():
    """A month without that day gives its last."""
    assert shifted_day_start(at(2026, 3, 31, 12), "-1M") == date_ms(date(2026, 2, 28))


@pytest.mark.parametrize("increment", ["", "x", "1x", "--1", "1.5d", "9000y", "-3000y", "999999M", "9" * 400 + "y"])
def test_no_increments(increment):
    """Anything else, and whatever leaves the calendar, is none."""
    assert shifted_day_start(NOW_MS, increment) is None


@given(st.integers(0, 4 * 10**12))
def test_day_start_is_midnight(at_ms):
    """The start of a day is that day's midnight and not after the instant."""
    start_ms = day_start(at_ms)
    assert start_ms <= at_ms < start_ms + DAY_MS
    assert datetime.fromtimestamp(start_ms // 1000, UTC).hour == 0
