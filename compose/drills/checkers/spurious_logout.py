"""`spurious-logout`: was anybody thrown out though nothing that happened justifies it?"""

from compose.drills.case.justification import justification
from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.finding import Evidence, Finding
from compose.drills.logout import Logout, LogoutKind
from compose.drills.scenario.model import Part


class Settings(Part):
    """`silent`: a session that the remember-me cookie had to make good for counts too."""

    silent: bool = False


def check(scope: Scope, settings: Settings) -> Finding:
    kinds = {LogoutKind.THROWN_OUT, LogoutKind.SILENT} if settings.silent else {LogoutKind.THROWN_OUT}
    spurious = [
        logout for logout in scope.logouts if logout.kind in kinds and justification(scope.case, logout) is None
    ]
    checked = answered_logged_in(scope)
    return judged(
        map(_evidence, spurious),
        checked,
        good=f"{several(checked, 'request')} of people who were logged in; nobody lost his login without a reason.",
        bad=f"{several(len(spurious), 'time')} somebody was thrown out though nothing justifies it.",
        nothing="Nobody who was logged in was answered by a node.",
    )


def answered_logged_in(scope: Scope) -> int:
    """Requests at which somebody could have found out that he was logged out."""
    return sum(
        operation.is_answered_by_node and (operation.is_let_in or operation.is_asked_to_log_in)
        for operation in scope.operations
    )


def _evidence(logout: Logout) -> Evidence:
    text = f"{logout.user} was not known any more by {logout.node}: {' '.join(logout.chain)}"
    return Evidence(text, (logout.op,), logout.real_ns, logout.user, logout.node)


SPURIOUS_LOGOUT = Checker("Was anybody thrown out though nothing justifies it?", check, Settings)
