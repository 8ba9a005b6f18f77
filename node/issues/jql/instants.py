"""Dates, periods and day arithmetic, in UTC. Instants are policy ms since the epoch.

A date names a span: `2024-01-31` a day, `2024-01-31 10:30` a minute. `=` asks whether an instant lies in the span,
`<` and `>` compare with its start, which is why `created <= 2024-01-31` leaves that day's issues out (as in Jira).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.clock import as_datetime, as_ms

MINUTE_MS = 60_000
DAY_MS = 86_400_000

_DATE = re.compile(r"(\d{4})([/-])(\d{1,2})\2(\d{1,2})(?: +(\d{1,2}):(\d{2}))?", re.ASCII)
_PERIOD = re.compile(r"([+-])?((?:\d{1,6}[wdhm] *)+)", re.ASCII | re.IGNORECASE)
_PART = re.compile(r"(\d+)([wdhm])", re.ASCII | re.IGNORECASE)
_INCREMENT = re.compile(r"([+-])?(\d{1,6})([yMwdhm])?", re.ASCII)
_UNIT_MS = {"w": 7 * DAY_MS, "d": DAY_MS, "h": 3_600_000, "m": MINUTE_MS}


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_ms` up to and including `end_ms`."""

    start_ms: int
    end_ms: int

    @classmethod
    def instant(cls, at_ms: int) -> "Span":
        return cls(at_ms, at_ms)


def parse_date(text: str, now_ms: int) -> Span | None:
    """A date in one of Jira's four formats, or a period counted from now such as -1w or 4w 2d; None for neither."""
    text = text.strip()
    if match := _DATE.fullmatch(text):
        return _span(*match.group(1, 3, 4, 5, 6))
    if match := _PERIOD.fullmatch(text):
        length_ms = sum(int(count) * _UNIT_MS[unit.lower()] for count, unit in _PART.findall(match[2]))
        return Span.instant(now_ms - length_ms if match[1] == "-" else now_ms + length_ms)
    return None


def _span(year: str, month: str, day: str, hour: str | None, minute: str | None) -> Span | None:
    try:
        start = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
    except ValueError:
        return None
    length_ms = DAY_MS if hour is None else MINUTE_MS
    return Span(as_ms(start), as_ms(start) + length_ms - 1)


def day_start(now_ms: int) -> int:
    """Midnight of the day of that instant."""
    return now_ms - now_ms % DAY_MS


def date_ms(day: date) -> int:
    """Midnight of a calendar day."""
    return as_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def shifted_day_start(now_ms: int, increment: str) -> int | None:
    """`day_start` of the instant moved by n(yMwdhm), days when there is no unit; None for no such increment."""
    match = _INCREMENT.fullmatch(increment.strip())
    if match is None:
        return None
    count, unit = int(match[2]) * (-1 if match[1] == "-" else 1), match[3] or "d"
    if unit not in "yM":
        return day_start(now_ms + count * _UNIT_MS[unit])
    return _months_later(now_ms, count * (12 if unit == "y" else 1))


def _months_later(now_ms: int, months: int) -> int | None:
    """The same day of another month, or that month's last; None outside the calendar."""
    now = as_datetime(now_ms)
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    last_day = monthrange(year, month + 1)[1]
    return date_ms(date(year, month + 1, min(now.day, last_day)))
