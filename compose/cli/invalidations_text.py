"""What `dcsim invalidations` says to people. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.clock import as_datetime


def receipts_text(receipts: Sequence[Mapping[str, Any]], silent: Iterable[str]) -> str:
    """One line an invalidation and one a node, and who could not be asked."""
    lines = [line for receipt in receipts for line in _lines(receipt)] or ["nothing was invalidated yet"]
    lines += [f"{name} does not answer; what was invalidated there is missing" for name in silent]
    return "\n".join(lines)


def _lines(receipt: Mapping[str, Any]) -> Iterable[str]:
    at = as_datetime(receipt["at_ms"])
    yield (
        f"{receipt['position']:>6}  {at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC (policy)  "
        f"{receipt['action']}, {_whom(receipt)}, by {receipt['origin']}: "
        f"committed in {receipt['commit_real_ms']:.1f} ms, then waited {receipt['waited_real_ms']:.1f} ms (real)"
    )
    for part in receipt["nodes"]:
        after = f" after {part['real_ms']:.1f} ms (real)" if part["outcome"] in ("applied", "fenced") else ""
        yield f"        {part['node']}: {part['outcome']}{after}"


def _whom(receipt: Mapping[str, Any]) -> str:
    if receipt["user_key"] is None:
        return "everyone"
    name = receipt["user"]
    return f"{name} ({receipt['user_key']})" if name else f"{receipt['user_key']}"
