"""Is there anything in the history by which somebody may lose his login, whatever the node says of it?

Independent of `causes`, which believes the node where the history agrees. Here it is enough that something happened;
which of several things it was is not asked.
"""

from compose.drills.case.case import Case
from compose.drills.case.causes import BOT_LEFT_MS, SETTLE_NS
from compose.drills.history.history import Operation
from compose.drills.history.records import OpKind, Outcome
from compose.drills.logout import Logout
from shared.contract import KnownVia
from shared.settings import Sticky


def justification(case: Case, logout: Logout) -> str | None:
    """In a word or two; None when this logout should not have been."""
    operation = case.history.by_number[logout.op]
    before = _before(case, operation)
    good = next((other for other in reversed(before) if _is_known(other)), None)
    if good is None:
        return "never logged in"
    if any(_may_have_left(other) for other in before if other.started_ns >= good.started_ns):
        return "logged out"
    named = operation.invoke.bound_to
    is_route_foreign = named is not None and case.credentials.is_foreign_node(named)
    if operation.invoke.session is None or is_route_foreign or _shows_another(operation, good):
        return "cookie"
    if _was_acted_upon(case, operation, good):
        return "act"
    if _took_too_long(case, operation, good):
        return "limit"
    if case.history.opened.sticky == Sticky.NONE:
        return "not sticky"
    home = case.credentials.session_shown(operation)
    node = good.node if home is None else home.node
    trouble = node and case.troubles.of(node, good.started_ns, operation.ended_ns, settle_ns=SETTLE_NS)
    return trouble.words if trouble else None


def _before(case: Case, operation: Operation) -> list[Operation]:
    own = case.history.by_user[operation.user]
    return [
        other
        for other in own
        if other.started_ns < operation.started_ns
        and other.invoke.group == operation.invoke.group
        and not case.credentials.is_foreign(other)
    ]


def _is_known(operation: Operation) -> bool:
    return operation.is_let_in or (operation.is_answered_by_node and operation.known_via is KnownVia.LOGIN)


def _may_have_left(operation: Operation) -> bool:
    """Logged out, or logged in anew with an answer that got lost."""
    if operation.kind is OpKind.LOGOUT:
        return operation.outcome is not Outcome.FAIL
    return operation.kind is OpKind.LOGIN and operation.outcome is Outcome.INFO


def _shows_another(operation: Operation, good: Operation) -> bool:
    """Another cookie than the last good answer left him with."""
    held = None if good.completion is None else good.completion.session
    return held is not None and held != operation.invoke.session


def _was_acted_upon(case: Case, operation: Operation, good: Operation) -> bool:
    login = case.credentials.login_behind(operation) or good
    return any(
        act.may_be_done
        and act.operation.started_ns <= operation.ended_ns
        and act.operation.ended_ns >= login.started_ns
        for act in case.acts.upon(case.credentials.account_of(operation))
    )


def _took_too_long(case: Case, operation: Operation, good: Operation) -> bool:
    if operation.completion is None:
        return False
    idle_ms = operation.completion.policy_ms - good.invoke.policy_ms
    limits = [limit for limit in (case.limits.session_idle_ms,) if limit is not None and limit > 0]
    if case.history.opened.switches.get("bot_killer", True) and good.kind is OpKind.LOGIN:
        limits.append(BOT_LEFT_MS)
    login = case.credentials.login_behind(operation) or good
    age_ms = operation.completion.policy_ms - login.invoke.policy_ms
    max_age_ms = case.limits.session_max_age_ms
    return any(idle_ms >= limit for limit in limits) or (max_age_ms is not None and age_ms >= max_age_ms)
