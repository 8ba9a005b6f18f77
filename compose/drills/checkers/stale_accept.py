"""Was anybody let in with a session that an invalidation had already ended everywhere?

A *stale accept* is a request that was started after an invalidating call for its user had returned, and that was
answered as authenticated by a session born before that call was started. What runs at the same time as the call may go
either way, and so may a session whose login ended after the call began. All instants are what the client saw, on one
monotonic clock, in nanoseconds.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from compose.drills.verdict import Verdict

NEVER = 1 << 63
TIME_LIMITS = frozenset({"idle", "max-age"})
"""What a node says of a session that ended by its age alone, such as one that Jira's Bot Session Killer took for a
script's when the clock was stepped. It is no doing of an invalidation."""


class Answer(Enum):
    """What came of a request: the node took the session for its user's, it did not, or nobody knows (`info`)."""

    ACCEPTED = auto()
    REFUSED = auto()
    INFO = auto()


@dataclass(frozen=True, slots=True)
class Session:
    """A session a client got. `born_ns`: when the answer to its login had arrived; it cannot be younger."""

    id: str
    user: str
    node: str
    born_ns: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request with a session cookie and nothing else to be known by. `ended` is why the session was not honoured,
    as the node that refused it says; None where it says nothing."""

    session: Session
    started_ns: int
    ended_ns: int
    answer: Answer
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One invalidating call. `returned_ns` is None unless it returned and said that it was done."""

    user: str
    node: str
    called_ns: int
    returned_ns: int | None
    ended_ns: int = NEVER


@dataclass(frozen=True)
class History:
    """Everything that is judged together. `node_ends` are instants at which a node's memory was lost."""

    requests: Sequence[Request] = ()
    invalidations: Sequence[Invalidation] = ()
    node_ends: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StaleAccept:
    """The evidence. `late_ns` is how long after the call's return the request was started."""

    request: Request
    invalidation: Invalidation

    @property
    def late_ns(self) -> int:
        assert self.invalidation.returned_ns is not None
        return self.request.started_ns - self.invalidation.returned_ns


@dataclass(frozen=True)
class Judgement:
    """`checked` are answered requests that would have been stale, had they been accepted. Of refused ones whose user
    nobody had invalidated and whose node had lived all the while, `expired` are those whose session had reached a limit
    of policy time, as the node said, and `collateral` all others."""

    verdict: Verdict
    checked: int
    stale: tuple[StaleAccept, ...]
    collateral: tuple[Request, ...]
    expired: tuple[Request, ...] = ()

    @property
    def upper_bound(self) -> float | None:
        """With 95 % confidence the share of stale accepts is below this, if none was seen: the rule of three."""
        return 3 / self.checked if self.checked and not self.stale else None


def judge(history: History) -> Judgement:
    """FAIL with one stale accept, UNKNOWN when no answered request could have been one."""
    calls = _Calls(history.invalidations)
    stale: list[StaleAccept] = []
    collateral: list[Request] = []
    expired: list[Request] = []
    checked = 0
    for request in history.requests:
        if request.answer is Answer.INFO:
            continue
        ended_by = calls.first_to_end(request.session)
        if ended_by is not None and _returned(ended_by) < request.started_ns:
            checked += 1
            if request.answer is Answer.ACCEPTED:
                stale.append(StaleAccept(request, ended_by))
        elif request.answer is Answer.REFUSED and _is_collateral(request, calls, history.node_ends):
            (expired if request.ended in TIME_LIMITS else collateral).append(request)
    verdict = Verdict.FAIL if stale else Verdict.PASS if checked else Verdict.UNKNOWN
    return Judgement(verdict, checked, tuple(stale), tuple(collateral), tuple(expired))


def _returned(call: Invalidation) -> int:
    return NEVER if call.returned_ns is None else call.returned_ns


def _is_collateral(request: Request, calls: "_Calls", node_ends: Mapping[str, Sequence[int]]) -> bool:
    """A call that failed may have been carried out all the same, so it excuses a refusal; so does one under way."""
    session = request.session
    lived = not any(session.born_ns <= at_ns <= request.ended_ns for at_ns in node_ends.get(session.node, ()))
    return lived and not calls.touched(session, until_ns=request.ended_ns)


class _Calls:
    """The calls of each user in the order they began, with the one of those from there on that returned first."""

    def __init__(self, calls: Iterable[Invalidation]) -> None:
        by_user: dict[str, list[Invalidation]] = defaultdict(list)
        for call in calls:
            by_user[call.user].append(call)
        self._calls = {user: sorted(some, key=lambda call: call.called_ns) for user, some in by_user.items()}
        self._began = {user: [call.called_ns for call in some] for user, some in self._calls.items()}
        self._first = {user: _first_from_each(some) for user, some in self._calls.items()}

    def first_to_end(self, session: Session) -> Invalidation | None:
        """Of the calls begun after the session's birth, the one that returned first; None if none has."""
        at = bisect_left(self._began.get(session.user, ()), session.born_ns)
        first = self._first.get(session.user, ())
        return first[at] if at < len(first) else None

    def touched(self, session: Session, *, until_ns: int) -> bool:
        """Was any call for this user under way between the session's birth and then? Its login may have begun earlier,
        so a call that ended just before the birth is no excuse, but one that overlaps it is."""
        return any(
            call.called_ns <= until_ns and call.ended_ns >= session.born_ns
            for call in self._calls.get(session.user, ())
        )


def _first_from_each(calls: Sequence[Invalidation]) -> list[Invalidation | None]:
    first: list[Invalidation | None] = [None] * len(calls)
    best: Invalidation | None = None
    for at in range(len(calls) - 1, -1, -1):
        call = calls[at]
        if call.returned_ns is not None and (best is None or call.returned_ns < _returned(best)):
            best = call
        first[at] = best
    return first
