"""The end of a program's log, for people who never asked to read a log."""

import json
from pathlib import Path

MAX_LINES = 8
MAX_BYTES = 16 * 1024


def last_words(log: Path) -> str:
    """A text to put behind a message: the last lines of the log, JSON lines in plain words, or that there are none."""
    lines = [_plain(line) for line in _tail(log).decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        return "; it logged nothing"
    return "; its last words:\n" + "\n".join(f"    {line}" for line in lines[-MAX_LINES:])


def _tail(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MAX_BYTES))
            return file.read()
    except FileNotFoundError:
        return b""


def _plain(line: str) -> str:
    """`{"event": "x", "level": "info", "port": 1}` as `info: x (port=1)`; any other line as it is."""
    try:
        facts = json.loads(line)
    except ValueError:
        return line
    if not isinstance(facts, dict) or "event" not in facts:
        return line
    level, event, trace = facts.pop("level", "log"), facts.pop("event"), facts.pop("exception", "")
    facts.pop("real_time", None)
    beside = ", ".join(f"{key}={value}" for key, value in facts.items())
    cause = f": {str(trace).strip().splitlines()[-1]}" if trace else ""
    return f"{level}: {event}{f' ({beside})' if beside else ''}{cause}"
