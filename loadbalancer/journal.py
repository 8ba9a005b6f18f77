"""The access log: what became of each request. Kept in memory for the operator, and written to a file if one is named.

A request costs one tuple here; text is made when somebody reads it, or in batches by `flush`.
"""

import itertools
import json
import sys
import time
from collections import Counter, deque
from io import FileIO
from typing import Any, NamedTuple

from shared.contract import BalancerError, RouteReason
from shared.errors import OperatorError

_UNWRITTEN_MAX = 100_000


class Entry(NamedTuple):
    """One request. Times in seconds of real time; `status` is None when the client got no whole head."""

    at: float
    client: str
    method: bytes
    target: bytes
    status: int | None
    node_id: str | None
    reason: RouteReason | None
    attempts: int
    bytes_in: int
    bytes_out: int
    first_byte_s: float | None
    total_s: float
    error: BalancerError | None
    cut: str | None

    def as_json(self) -> dict[str, Any]:
        """The entry as the access log and the operator see it; durations in whole microseconds."""
        values: dict[str, Any] = self._asdict()
        values["method"] = self.method.decode("latin-1")
        values["target"] = self.target.decode("latin-1")
        del values["first_byte_s"], values["total_s"]
        values["first_byte_us"] = None if self.first_byte_s is None else round(self.first_byte_s * 1e6)
        values["total_us"] = round(self.total_s * 1e6)
        return values


Row = tuple[
    float,
    str,
    bytes,
    bytes,
    int | None,
    str | None,
    RouteReason | None,
    int,
    int,
    int,
    float | None,
    float,
    BalancerError | None,
    str | None,
]
"""An `Entry` as it is kept until somebody reads it, because making one costs more than all the counting."""


class Journal:
    """The last `kept` requests, sums over all of them, and the log file (`-` is standard error)."""

    def __init__(self, *, path: str, kept: int) -> None:
        self._recent: deque[Row] = deque(maxlen=kept)
        self.reasons: Counter[RouteReason | None] = Counter()
        self.errors: Counter[BalancerError] = Counter()
        self.cuts: Counter[str] = Counter()
        self.requests = 0
        self.lost_lines = 0
        self._file = _open(path)
        self._unwritten: list[Row] = []

    def add(self, row: Row) -> None:
        self.requests += 1
        self._recent.append(row)
        reason, error, cut = row[6], row[12], row[13]
        self.reasons[reason] += 1
        if error is not None:
            self.errors[error] += 1
        if cut is not None:
            self.cuts[cut] += 1
        if self._file is not None:
            if len(self._unwritten) < _UNWRITTEN_MAX:
                self._unwritten.append(row)
            else:
                self.lost_lines += 1

    def latest(self, limit: int) -> list[Entry]:
        """The last requests, newest first."""
        return [Entry(*row) for row in itertools.islice(reversed(self._recent), limit)]

    def flush(self) -> None:
        """Writes what has gathered. A file that cannot be written loses lines, never requests."""
        if self._file is None or not self._unwritten:
            return
        rows, self._unwritten = self._unwritten, []
        try:
            self._file.write("".join(json.dumps(Entry(*row).as_json()) + "\n" for row in rows).encode())
        except OSError:
            self.lost_lines += len(rows)

    def close(self) -> None:
        self.flush()
        if self._file is not None:
            self._file.close()


def _open(path: str) -> FileIO | None:
    """Unbuffered: what cannot be written is lost at once, not raised again when the file closes."""
    if not path:
        return None
    if path == "-":
        return FileIO(sys.stderr.fileno(), "a", closefd=False)
    try:
        return FileIO(path, "a")
    except OSError as error:
        raise OperatorError(f"cannot write the access log {path}: {error.strerror}; name another file") from error


def wall_time() -> float:
    """Real time as the log shows it, seconds since the epoch."""
    return time.time()
