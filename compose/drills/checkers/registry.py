"""Every checker by the name that a drill's file calls it. Adding one: a file, a line here, a test."""

from collections.abc import Mapping
from typing import Any

from compose.drills.case.scope import Scope
from compose.drills.checkers.availability import AVAILABILITY
from compose.drills.checkers.checker import Checker
from compose.drills.checkers.convergence import CONVERGENCE
from compose.drills.checkers.explained_logouts import EXPLAINED_LOGOUTS
from compose.drills.checkers.fault_confirmed import FAULT_CONFIRMED
from compose.drills.checkers.matrix import MATRIX
from compose.drills.checkers.monotonic_policy_clock import MONOTONIC_POLICY_CLOCK
from compose.drills.checkers.spurious_logout import SPURIOUS_LOGOUT
from compose.drills.checkers.stale_accepts import STALE_ACCEPT
from compose.drills.checkers.stale_window import STALE_WINDOW
from compose.drills.checkers.stickiness import STICKINESS
from compose.drills.checkers.token_finality import TOKEN_FINALITY
from compose.drills.checkers.version_honest import VERSION_HONEST
from compose.drills.finding import Finding
from compose.nearest import unknown_word
from shared.errors import OperatorError

CHECKERS: Mapping[str, Checker] = {
    "stale-accept": STALE_ACCEPT,
    "stale-window": STALE_WINDOW,
    "spurious-logout": SPURIOUS_LOGOUT,
    "explained-logouts": EXPLAINED_LOGOUTS,
    "token-finality": TOKEN_FINALITY,
    "stickiness": STICKINESS,
    "convergence": CONVERGENCE,
    "availability": AVAILABILITY,
    "matrix": MATRIX,
    "monotonic-policy-clock": MONOTONIC_POLICY_CLOCK,
    "fault-confirmed": FAULT_CONFIRMED,
    "version-honest": VERSION_HONEST,
}


def checker(name: str) -> Checker:
    """Raises OperatorError for a name there is not, with the nearest right word."""
    found = CHECKERS.get(name)
    if found is None:
        raise OperatorError(unknown_word(name, list(CHECKERS), kind="checker"))
    return found


def run_checker(name: str, scope: Scope, settings: Mapping[str, Any] | None = None) -> Finding:
    """Raises OperatorError for a name or a setting there is not."""
    found = checker(name)
    return found.check(scope, found.configured(name, settings or {}))
