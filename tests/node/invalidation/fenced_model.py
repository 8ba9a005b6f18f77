"""The `fenced` protocol as a model that is explored exhaustively: `uv run python -m tests.node.invalidation.fenced_model`.

Node B holds, or is about to open, a session of one user; node A invalidates that user once. The bus may lose or delay
the hint, and every step of B may be delayed without limit: a pause, a frozen link, a slow database. Time is a few ticks.
Unlike the form with an expiry instant in the lease row, A never learns when B's lease ends: it only sees, at moments of
its own choosing, how often B has renewed it, and waits one lease from when it first saw that count. A row that was
not renewed for longer than a lease, by all A knows, may be removed; B writes it anew when it is back.

Every interleaving is visited. The whole protocol must never let B accept the old session in a request that started
after A's call returned; with any one guard removed there must be an interleaving in which it does.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

LEASE = 2
TICKS = 7
NEVER = -1
BEATS_MAX = 4

GUARDS = {
    "lock": "the heartbeat's transaction and the invalidation exclude each other",
    "noted": "a lease counts from before it was asked for",
    "wait": "the call waits for an acknowledgement or the end of the lease",
    "seen": "a renewal that A has not seen yet starts A's patience anew",
    "insert": "a session born under a revoked epoch does not enter the cache",
    "caught up": "a lease is renewed only when the log has been applied",
    "as seen": "a row is removed only if it still is as it was seen to be over",
    "rising": "a row that is written anew has a count that nobody has seen",
}


@dataclass(frozen=True)
class State:
    """Everything both nodes, the database and the bus know."""

    now: int = 0
    # database
    head: int = 0
    epoch: int = 0
    row: bool = True
    beats: int = 0
    row_applied: int = 0
    lock: str = ""
    # node B
    applied: int = 0
    revoked: int = 0
    trusts_until: int = NEVER
    session: int = 0
    beat: str = "idle"
    beat_noted: int = 0
    beat_head: int = 0
    beat_claim: int = 0
    login: int = NEVER
    # node A
    seen_beats: int = NEVER
    seen_at: int = NEVER
    call: str = "idle"
    patience_ends: int = NEVER
    hint: bool = False
    stale: bool = False


def steps(s: State, guards: set[str], ticks: int) -> Iterator[tuple[str, State]]:
    """Everything that may happen next."""
    if s.now < ticks:
        yield "time passes", replace(s, now=s.now + 1)
    yield from _heartbeat_of_b(s, guards)
    yield from _cache_of_b(s, guards)
    yield from _call_of_a(s, guards)


def _heartbeat_of_b(s: State, guards: set[str]) -> Iterator[tuple[str, State]]:
    lock = "lock" in guards
    if s.beat == "idle":
        yield "B notes the time", replace(s, beat="noted", beat_noted=s.now, beat_claim=s.applied)
    if s.beat == "noted" and (not lock or not s.lock):
        yield "B reads the head", replace(s, beat="read", beat_head=s.head, lock="B" if lock else s.lock)
    if s.beat == "read":
        released = "" if lock else s.lock
        beats = s.beats + 1 if s.row or "rising" in guards else 1
        yield "B commits", replace(s, beat="done", row=True, beats=beats, row_applied=s.beat_claim, lock=released)
    if s.beat == "done":
        start = s.beat_noted if "noted" in guards else s.now
        renewed = replace(s, beat="idle", trusts_until=max(s.trusts_until, start + LEASE))
        if s.applied >= s.beat_head or "caught up" not in guards:
            yield "B's lease is renewed", renewed
        else:
            yield "B replays and renews", _apply(renewed, s.beat_head)


def _cache_of_b(s: State, guards: set[str]) -> Iterator[tuple[str, State]]:
    if s.hint:
        yield "the hint arrives", _apply(replace(s, hint=False), s.head)
        yield "the hint is lost", replace(s, hint=False)
    if s.login == NEVER and s.session == NEVER and s.call == "idle":
        yield "a login reads the epoch", replace(s, login=s.epoch)
    if s.login != NEVER:
        enters = s.login >= s.revoked or "insert" not in guards
        yield "the login enters or is turned away", replace(s, session=s.login if enters else s.session, login=NEVER)
    if s.call == "returned" and s.session != NEVER and s.session < s.epoch and s.now < s.trusts_until:
        yield "B ACCEPTS THE OLD SESSION", replace(s, stale=True)


def _call_of_a(s: State, guards: set[str]) -> Iterator[tuple[str, State]]:
    lock = "lock" in guards
    if s.call == "idle" and s.row and s.seen_beats != s.beats:
        yield "A sees B's renewals", replace(s, seen_beats=s.beats, seen_at=s.now)
    if s.call == "idle" and s.row and s.beat != "read" and s.seen_beats != NEVER:
        as_seen = s.seen_beats == s.beats or "as seen" not in guards
        if as_seen and s.now > s.seen_at + LEASE:
            yield "A removes B's row", replace(s, row=False)
    if s.call == "idle" and (not lock or not s.lock):
        # The lease rows are read here, in the transaction: what has changed since A last looked counts from now.
        unchanged = s.seen_beats == s.beats or "seen" not in guards
        since = s.seen_at if unchanged and s.seen_at != NEVER else s.now
        ends = since + LEASE if s.row else s.now
        yield "A reads the rows", replace(s, call="open", patience_ends=ends, lock="A" if lock else s.lock)
    if s.call == "open":
        released = "" if lock else s.lock
        committed = replace(s, call="committed", head=s.head + 1, epoch=s.epoch + 1, hint=True, lock=released)
        yield "A commits", committed
    if s.call == "committed":
        satisfied = (s.row and s.row_applied >= s.head) or s.now >= s.patience_ends
        if satisfied or "wait" not in guards:
            yield "the call returns", replace(s, call="returned")


def _apply(s: State, position: int) -> State:
    if position <= s.applied:
        return s
    session = NEVER if s.session < position else s.session
    return replace(s, applied=position, revoked=position, session=session)


STARTS = (
    State(beats=1, trusts_until=LEASE),
    State(beats=1, trusts_until=LEASE, session=NEVER),
    State(beats=1, trusts_until=LEASE, seen_beats=1, seen_at=0),
    State(beats=1, trusts_until=LEASE, seen_beats=1, seen_at=0, session=NEVER),
)


def explore(guards: set[str], *, ticks: int = TICKS) -> tuple[int, list[str] | None]:
    """How many states were visited in that many ticks, and the shortest way to a stale accept, or None."""
    came: dict[State, tuple[State, str] | None] = dict.fromkeys(STARTS)
    queue = deque(STARTS)
    while queue:
        s = queue.popleft()
        if s.stale:
            return len(came), _way_to(s, came)
        for label, after in steps(s, guards, ticks):
            if after not in came and after.beats <= BEATS_MAX:
                came[after] = (s, label)
                queue.append(after)
    return len(came), None


def _way_to(s: State, came: dict[State, tuple[State, str] | None]) -> list[str]:
    trail: list[str] = []
    while (step := came[s]) is not None:
        s, label = step
        trail.append(label)
    return trail[::-1]


if __name__ == "__main__":
    everything = set(GUARDS)
    for removed in (None, *GUARDS):
        visited, trail = explore(everything - {removed})
        name = "the whole protocol" if removed is None else f"without {removed!r}"
        print(f"{name:24} {visited:8} states  {'no stale accept' if trail is None else ' > '.join(trail)}")
