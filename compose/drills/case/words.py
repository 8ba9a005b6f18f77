"""Instants and durations as sentences have them."""

from compose.durations import in_words
from shared.clock import as_datetime


class Clockface:
    """Policy instants of one run: the time of day, with the date where it is not the first day's."""

    def __init__(self, first_ms: int) -> None:
        self._first_day = as_datetime(first_ms).date()

    def at(self, policy_ms: int) -> str:
        at = as_datetime(policy_ms)
        return f"{at:%H:%M:%S}" if at.date() == self._first_day else f"{at:%d %b %H:%M:%S}"


def duration(ms: float) -> str:
    """As exact as a reader needs it: under a second in ms, under ten with a decimal, else in whole seconds."""
    if abs(ms) < 1000:
        return f"{ms:.3g} ms" if ms < 10 and ms != round(ms) else f"{ms:.0f} ms"
    return in_words(int(round(ms, -2)) if abs(ms) < 10_000 else int(ms // 1000) * 1000)


def several(count: int, one: str, many: str | None = None) -> str:
    """ "1 request", "3 requests"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}".replace(",", " ")
