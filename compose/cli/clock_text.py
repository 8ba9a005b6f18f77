"""Policy time in words. Every duration says which clock it is on."""

from collections.abc import Mapping

from compose.cluster.admin_client import ClockReading
from compose.cluster.steering import Deadline, Steered
from compose.durations import in_words
from shared.clock import as_datetime

_KINDS = {"web-session": "web session", "crowd": "Crowd entry", "remember-me": "remember-me token"}


def reading_text(readings: Mapping[str, ClockReading | None]) -> str:
    """One line a process."""
    width = max(map(len, readings), default=0)
    return "\n".join(f"{name:<{width}}  {_reading(reading)}" for name, reading in readings.items())


def steered_text(steered: Steered) -> str:
    """What a change came to, with the processes it has not reached."""
    jump_ms = steered.after_ms - steered.before_ms
    jump = f", {in_words(jump_ms)} (policy) later than before" if jump_ms else ""
    lines = [f"it is {_instant(steered.after_ms)}{jump}; {_speed(steered.anchor.rate)}"]
    if steered.late:
        lines.append(f"late for the clock, because they did not answer: {', '.join(steered.late)}")
    return "\n".join(lines)


def next_text(deadline: Deadline | None, steered: Steered) -> str:
    """What has just ended, and when that is."""
    if deadline is None:
        return "nothing is left to end: nobody has a session, a Crowd entry or a remember-me token"
    who = f" of {deadline.who}" if deadline.who else ""
    where = "" if deadline.kind == "remember-me" else f" on {deadline.node}"
    return f"{_KINDS.get(deadline.kind, deadline.kind)}{who}{where} has ended\n{steered_text(steered)}"


def _reading(reading: ClockReading | None) -> str:
    if reading is None:
        return "does not answer"
    skew = f"; its own clock is off by {in_words(abs(reading.skew_ms))} (policy)" if reading.skew_ms else ""
    return f"{_instant(reading.now_ms)}, {_speed(reading.anchor.rate)}, generation {reading.anchor.generation}{skew}"


def _instant(at_ms: int) -> str:
    return f"{as_datetime(at_ms):%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d} UTC (policy)"


def _speed(rate: float) -> str:
    if rate == 0:
        return "paused"
    return "at real speed" if rate == 1 else f"{rate:g} policy seconds per real second"
