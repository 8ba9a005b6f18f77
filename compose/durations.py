"""Durations as people write and read them."""

import re
from datetime import UTC, datetime

from shared.clock import LAST_MS, as_ms
from shared.errors import OperatorError

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TERM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_ms(text: str) -> int:
    """ "90s", "15m", "1h30m", "14d" in ms. Raises OperatorError for anything else, and for thousands of years."""
    terms = _TERM.findall(text)
    if not terms or "".join(number + unit for number, unit in terms) != text:
        raise OperatorError(f"{text!r} is not a duration; write numbers with ms, s, m, h or d, such as 15m or 1h30m")
    duration_ms = sum(float(number) * _UNITS_MS[unit] for number, unit in terms)
    if duration_ms > LAST_MS:
        raise OperatorError(f"{text[:40]!r} is too long a duration; time here ends with the year 9999")
    return round(duration_ms)


def parse_instant_ms(text: str) -> int:
    """An ISO 8601 instant in policy ms since the epoch; without a zone it is UTC. Raises OperatorError for others."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"{text!r} is not an instant; write it as 2026-03-02T09:15:00Z") from None
    return as_ms(at if at.tzinfo else at.replace(tzinfo=UTC))


def in_words(duration_ms: int) -> str:
    """The same back, in the units it needs: 899999 is "14 min 59.999 s"."""
    parts = []
    rest_ms = duration_ms
    for name, unit_ms in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count:
            parts.append(f"{count} {name}")
    if rest_ms or not parts:
        parts.append(f"{rest_ms / 1000:g} s")
    return " ".join(parts)
