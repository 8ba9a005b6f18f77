"""What the commands about links say. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from compose.cluster.links.panel import full_name

if TYPE_CHECKING:
    from compose.cluster.links.panel import LinkReading

_LATER = {"ms": "{:g} ms (real)", "jitter_ms": "give or take {:g} ms", "hold_ms": "for at most {:g} ms (real)"}


def links_text(readings: "Sequence[LinkReading]") -> str:
    """A line for each link."""
    width = max((len(reading.name) for reading in readings), default=0)
    return "\n".join(f"{reading.name:{width}}  {_state(reading)}" for reading in readings)


def link_text(reading: "LinkReading") -> str:
    return f"{reading.name}: {_state(reading)}"


def healed_text(hits: Mapping[str, int], faulty: Collection[str]) -> str:
    """What was healed; `faulty` are the links that had a fault before."""
    healed = [(full_name(name), count) for name, count in hits.items() if full_name(name) in faulty]
    if not healed:
        return "there was nothing to heal"
    return "\n".join(f"{name}: healed; the fault hit {_times(count)}" for name, count in healed)


def _state(reading: "LinkReading") -> str:
    if reading.fault is not None:
        return f"{_fault(reading.fault)}; hit {_times(reading.hits)} so far"
    if not reading.is_open:
        return "closed, as nobody listens at its end"
    connections = "1 connection" if reading.connections == 1 else f"{reading.connections} connections"
    return f"well, {connections}, {reading.bytes_out} bytes out, {reading.bytes_in} bytes in"


def _fault(fault: Mapping[str, Any]) -> str:
    """Kind and settings; zeros and the seed say nothing to people."""
    told = [
        _LATER[name].format(value) if name in _LATER else f"{name} {value:g}"
        for name, value in fault.items()
        if name not in ("kind", "seed") and value
    ]
    return " ".join([str(fault["kind"]), *(["(" + ", ".join(told) + ")"] if told else [])])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
