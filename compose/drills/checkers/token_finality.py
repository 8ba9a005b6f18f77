"""`token-finality`: a remember-me token that was deleted never logs anybody in again."""

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope
from compose.drills.case.words import duration, several
from compose.drills.checkers.checker import Checker, NoSettings, judged
from compose.drills.finding import Evidence, Finding
from compose.drills.history.history import Operation
from compose.drills.history.records import OpKind, Outcome
from shared.contract import KnownVia


def check(scope: Scope, _settings: NoSettings) -> Finding:
    deleted = deletions(scope.case)
    shown = [
        (operation, by)
        for operation in scope.operations
        if operation.is_answered_by_node
        and operation.known_via in (KnownVia.REMEMBER_ME, KnownVia.NOBODY)
        and (by := deleted.get(operation.invoke.token or "")) is not None
        and operation.started_ns > by.ended_ns
    ]
    bad = [_evidence(operation, by) for operation, by in shown if operation.known_via is KnownVia.REMEMBER_ME]
    return judged(
        bad,
        len(shown),
        good=f"Deleted remember-me tokens were shown {several(len(shown), 'time')} and let nobody in.",
        bad=f"{len(bad)} of {several(len(shown), 'request')} let in by a remember-me token that had been deleted.",
        nothing="No deleted remember-me token was shown to a node that had nothing else to know the user by.",
    )


def deletions(case: Case) -> dict[str, Operation]:
    """By which operation each token was certainly deleted; the first of them."""
    found: dict[str, Operation] = {}
    for operation in sorted(case.history.operations, key=lambda one: one.ended_ns):
        token = operation.invoke.token
        if token is not None and _forgets_browser(operation):
            found.setdefault(token, operation)
    for act in case.acts.all:
        if act.is_done and act.clears_tokens:
            for token, born in case.credentials.tokens.items():
                is_older = born.valid_ns < act.operation.started_ns
                if is_older and act.concerns(case.credentials.account_of(born.by)):
                    _keep_first(found, token, act.operation)
    return found


def _keep_first(found: dict[str, Operation], token: str, operation: Operation) -> None:
    if token not in found or operation.ended_ns < found[token].ended_ns:
        found[token] = operation


def _forgets_browser(operation: Operation) -> bool:
    """A logout deletes the token it is shown, and so does a failed login."""
    if operation.outcome is not Outcome.OK or not operation.is_answered_by_node or (operation.status or 500) >= 400:
        return False
    if operation.kind is OpKind.LOGOUT:
        return True
    answer = operation.completion
    is_failed_login = operation.kind is OpKind.LOGIN and operation.known_via is KnownVia.NOBODY
    return is_failed_login and answer is not None and answer.token is None


def _evidence(operation: Operation, by: Operation) -> Evidence:
    late = duration((operation.started_ns - by.ended_ns) / 1e6)
    text = f"{operation.node} let {operation.user} in by a token that op {by.number} had deleted {late} (real) before"
    return Evidence(text, (by.number, operation.number), operation.started_ns, operation.user, operation.node)


TOKEN_FINALITY = Checker("Did a deleted remember-me token let anybody in again?", check)
