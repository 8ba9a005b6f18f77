"""Latency histograms and request rates, cheap enough for every request."""

from bisect import bisect_left

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RATE_WINDOW_S = 10.0


class Histogram:
    """Durations in buckets; `counts[i]` is how many were at most `BOUNDS_S[i]` seconds, the last one all the rest."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, duration_s: float) -> None:
        self.counts[bisect_left(BOUNDS_S, duration_s)] += 1
        self.sum_s += duration_s

    def quantile(self, share: float) -> float | None:
        """The bound under which that share of all durations lies, in seconds; None when nothing was counted."""
        total = sum(self.counts)
        seen = 0
        for bound, count in zip(BOUNDS_S, self.counts, strict=False):
            seen += count
            if total and seen >= share * total:
                return bound
        return BOUNDS_S[-1] if total else None


class Rate:
    """Events per second, averaged over about the last ten seconds. Call `tick` regularly with the running total."""

    def __init__(self) -> None:
        self.per_s = 0.0
        self._total = 0
        self._at: float | None = None

    def tick(self, total: int, now: float) -> None:
        if self._at is not None and now > self._at:
            current = (total - self._total) / (now - self._at)
            share = min(1.0, (now - self._at) / _RATE_WINDOW_S)
            self.per_s += (current - self.per_s) * share
        self._total, self._at = total, now
