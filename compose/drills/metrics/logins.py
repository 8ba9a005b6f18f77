"""Metrics of people: who had to log in again, who did so without noticing, and how many at once."""

from bisect import bisect_left
from collections import Counter

from compose.drills.case.scope import Scope
from compose.drills.history.records import OpKind
from compose.drills.logout import Cause, Logout, LogoutKind
from shared.contract import KnownVia, LoginReason

DAY_MS = 24 * 3600 * 1000
SECOND_NS = 10**9


def forced(scope: Scope) -> list[Logout]:
    """Times at which somebody was asked for his password though he had not logged out."""
    return [
        logout for logout in scope.logouts if logout.kind is LogoutKind.THROWN_OUT and logout.cause is not Cause.LOGOUT
    ]


def users(scope: Scope) -> frozenset[str]:
    """Who did anything while he had a login, or logged in."""
    return frozenset(
        operation.user
        for operation in scope.operations
        if operation.invoke.login_op is not None or operation.kind is OpKind.LOGIN
    )


def forced_logins(scope: Scope) -> float | None:
    """How often people were asked for their password though they had not logged out (count)."""
    return len(forced(scope)) if users(scope) else None


def forced_logins_per_user(scope: Scope) -> float | None:
    """Forced logins divided by the people who did anything (count)."""
    return _per_user(scope, len(forced(scope)))


def users_hit_more_than_once(scope: Scope) -> float | None:
    """Share of the people who did anything who were asked for their password twice or more (ratio)."""
    hit = Counter(logout.user for logout in forced(scope))
    return _per_user(scope, sum(count > 1 for count in hit.values()))


def silent_logins(scope: Scope) -> float | None:
    """How often the remember-me cookie let somebody in whose session was not known; he saw nothing of it (count)."""
    return len(_silent(scope)) if users(scope) else None


def silent_logins_per_user(scope: Scope) -> float | None:
    """Silent logins divided by the people who did anything (count)."""
    return _per_user(scope, len(_silent(scope)))


def unexplained_logouts(scope: Scope) -> float | None:
    """Logouts without a cause that the history bears out (count)."""
    if not users(scope):
        return None
    return sum(not logout.is_explained for logout in scope.logouts)


def prompts_per_user_per_day(scope: Scope) -> float | None:
    """Forced logins for each person and each day of policy time that passed (count)."""
    passed_ms = scope.history.policy_at(scope.ends_ns) - scope.history.policy_at(scope.starts_ns)
    per_user = forced_logins_per_user(scope)
    return None if per_user is None or passed_ms <= 0 else per_user * DAY_MS / passed_ms


def captcha_denied(scope: Scope) -> float | None:
    """Requests at which no password and no cookie was looked at, because a CAPTCHA was due (count)."""
    answers = [operation.completion for operation in scope.operations if operation.completion is not None]
    if not answers:
        return None
    return sum(answer.denied_reason is not None or answer.login_reason == LoginReason.DENIED for answer in answers)


def lost_forms(scope: Scope) -> float | None:
    """Forms that took somebody work and were answered with the login page, or a page that says so (count)."""
    forms = [operation for operation in scope.operations if operation.kind is OpKind.WRITE]
    if not forms:
        return None
    return sum(operation.is_answered_by_node and operation.known_via is KnownVia.NOBODY for operation in forms)


def re_login_storm(scope: Scope) -> float | None:
    """The most logins, good and bad, that were sent within any second of real time (count)."""
    sent = [operation.started_ns for operation in scope.operations if operation.kind is OpKind.LOGIN]
    if not scope.operations:
        return None
    return max((at + 1 - bisect_left(sent, last - SECOND_NS + 1) for at, last in enumerate(sent)), default=0)


def _silent(scope: Scope) -> list[Logout]:
    return [logout for logout in scope.logouts if logout.kind is LogoutKind.SILENT]


def _per_user(scope: Scope, count: int) -> float | None:
    people = users(scope)
    return count / len(people) if people else None
