"""The drill's history as the judge of stale accepts wants it, and back again with operations and policy time.

What counts is the login behind what somebody is known by. A session that a remember-me cookie gave is as old as the
cookie's login, so whoever walks back in with an old cookie stays stale for as long as he is in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compose.drills.case.acts import Act, Acts
from compose.drills.case.credentials import Credentials
from compose.drills.checkers import stale_accept
from compose.drills.checkers.stale_accept import Answer
from compose.drills.history.history import History, Operation
from compose.drills.history.records import OpKind
from shared.contract import KnownVia


@dataclass(frozen=True, slots=True)
class StaleAccept:
    """An operation that an act should have been the end of."""

    operation: Operation
    act: Act
    account: str

    @property
    def late_real_ms(self) -> float:
        """From the act's return to the sending."""
        return (self.operation.started_ns - self.act.operation.ended_ns) / 1e6

    @property
    def late_policy_ms(self) -> int:
        assert self.act.operation.completion is not None
        return self.operation.invoke.policy_ms - self.act.operation.completion.policy_ms


@dataclass(frozen=True, slots=True)
class StaleJudgement:
    """`opportunities` are answered operations that an act had ended the right to, accepted or not."""

    stale: tuple[StaleAccept, ...]
    opportunities: tuple[StaleAccept, ...]


def find_stale_accepts(history: History, credentials: Credentials, acts: Acts) -> StaleJudgement:
    """An opportunity is what would be a stale accept if it had been accepted; the one judge says which are."""
    done = [act for act in acts.invalidating if act.is_done and act.account is not None]
    calls = [_call(act) for act in done]
    act_of = {id(call): act for call, act in zip(calls, done, strict=True)}
    asked = list(_questions(history, credentials, done))
    operation_of = {id(request): operation for operation, request in asked}
    judged = stale_accept.judge(stale_accept.History([request for _, request in asked], calls))
    opportunities = tuple(
        StaleAccept(operation_of[id(one.request)], act_of[id(one.invalidation)], one.request.session.user)
        for one in judged.stale
    )
    return StaleJudgement(tuple(one for one in opportunities if one.operation.is_let_in), opportunities)


def _call(act: Act) -> stale_accept.Invalidation:
    operation = act.operation
    assert act.account is not None
    return stale_accept.Invalidation(
        act.account, operation.node or "", operation.started_ns, operation.ended_ns, operation.ended_ns
    )


def _questions(
    history: History, credentials: Credentials, acts: Iterable[Act]
) -> Iterator[tuple[Operation, stale_accept.Request]]:
    """Each request that a node answered for somebody who had logged in by then, as if it had been accepted."""
    spared: dict[str, list[int]] = defaultdict(list)
    for act in acts:
        if act.spares is not None:
            spared[act.spares].append(act.operation.ended_ns)
    voided = {act.account for act in acts}
    for operation in history.operations:
        if not _is_question(operation) or credentials.is_foreign(operation):
            continue
        login = credentials.login_behind(operation)
        if login is None or login.completion is None:
            continue
        account = credentials.account_of(operation)
        if account not in voided:
            continue
        # What carries a session over carries it from then on; it makes nothing good that was before.
        carried_ns = [at_ns for at_ns in spared.get(operation.invoke.session or "", ()) if at_ns < operation.started_ns]
        born_ns = max([login.ended_ns, *carried_ns])
        name = operation.invoke.session or operation.invoke.token or ""
        session = stale_accept.Session(name, account, operation.node or "", born_ns)
        yield operation, stale_accept.Request(session, operation.started_ns, operation.ended_ns, Answer.ACCEPTED)


def _is_question(operation: Operation) -> bool:
    """Could it have been let in by something older? A password shown with it answers for itself."""
    return (
        operation.is_answered_by_node
        and operation.kind in (OpKind.BROWSE, OpKind.WRITE, OpKind.ACT)
        and (operation.is_let_in or operation.known_via is KnownVia.NOBODY)
        and (operation.invoke.session is not None or operation.invoke.token is not None)
    )


@dataclass(frozen=True, slots=True)
class StaleWindow:
    """For so long after an act's return a node went on accepting what was older than it: until `last`."""

    act: Act
    account: str
    node: str
    last: StaleAccept
    accepts: int

    @property
    def policy_ms(self) -> int:
        return self.last.late_policy_ms

    @property
    def real_ms(self) -> float:
        return self.last.late_real_ms


def windows_of(stale: Iterable[StaleAccept]) -> list[StaleWindow]:
    """One for each act, account and node that accepted anything stale, the longest in policy time first."""
    found: dict[tuple[int, str, str], list[StaleAccept]] = {}
    for one in stale:
        found.setdefault((one.act.operation.number, one.account, one.operation.node or ""), []).append(one)
    windows = [
        StaleWindow(some[0].act, account, node, max(some, key=lambda one: one.late_real_ms), len(some))
        for (_, account, node), some in found.items()
    ]
    return sorted(windows, key=lambda window: (-window.policy_ms, -window.real_ms))
