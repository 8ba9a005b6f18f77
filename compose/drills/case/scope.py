"""What one judgement looks at: a case, a stretch of it, and whose operations."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

from compose.drills.case.case import Case
from compose.drills.case.stale import StaleAccept
from compose.drills.history.history import History, Operation, Window
from compose.drills.history.records import OPERATORS, OpKind
from compose.drills.logout import Logout
from compose.drills.scenario.expectations import Where

SETUP_ENDS = "setup:end"


EVERYTHING = Window()
ANYBODY = Where()


def same(wanted: str | None, *found: str | None) -> bool:
    """Is it one of those found? `!x` is anybody but x; None anybody at all."""
    if wanted is None:
        return True
    if wanted.startswith("!"):
        return wanted[1:] not in found
    return wanted in found


@dataclass(frozen=True)
class Scope:
    """`where` narrows what belongs to an operation: user, group, node, kind, status, authenticated before. What no node
    answered belongs to the node it was for, or nobody would see how that node failed. Its `cause` narrows logouts."""

    case: Case
    window: Window = EVERYTHING
    where: Where = ANYBODY

    @property
    def history(self) -> History:
        return self.case.history

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Sent within the window, by whom and where it is asked for; without those of other applications."""
        some = self.case.operations
        lower = bisect_left(some, self.window.starts_ns, key=lambda operation: operation.started_ns)
        upper = bisect_right(some, self.window.ends_ns, key=lambda operation: operation.started_ns)
        if self.where == ANYBODY:
            return tuple(operation for operation in some[lower:upper] if self._is_of_people(operation))
        return tuple(
            operation for operation in some[lower:upper] if self._is_of_people(operation) and self.fits(operation)
        )

    @cached_property
    def logouts(self) -> tuple[Logout, ...]:
        numbers = self.numbers
        return tuple(
            logout for logout in self.case.logouts if logout.op in numbers and same(self.where.cause, logout.cause)
        )

    @cached_property
    def stale(self) -> tuple[StaleAccept, ...]:
        numbers = self.numbers
        return tuple(one for one in self.case.stale.stale if one.operation.number in numbers)

    @cached_property
    def stale_opportunities(self) -> tuple[StaleAccept, ...]:
        numbers = self.numbers
        return tuple(one for one in self.case.stale.opportunities if one.operation.number in numbers)

    @cached_property
    def numbers(self) -> frozenset[int]:
        return frozenset(operation.number for operation in self.operations)

    @property
    def starts_ns(self) -> int:
        return max(self.window.starts_ns, 0)

    @property
    def ends_ns(self) -> int:
        return min(self.window.ends_ns, self.history.ends_ns)

    @property
    def real_ms(self) -> float:
        """How long it is."""
        return max(0, self.ends_ns - self.starts_ns) / 1e6

    def fits(self, operation: Operation) -> bool:
        where, invoke = self.where, operation.invoke
        return (
            (where.user is None or same(where.user, invoke.user, self.case.credentials.account_of(operation)))
            and same(where.group, invoke.group)
            and same(where.node, operation.place)
            and same(where.kind, operation.kind)
            and where.status in (None, operation.status)
            and self._is_old_enough(operation)
        )

    def _is_of_people(self, operation: Operation) -> bool:
        """An administrator is there for his acts; how he logs in for them is nobody's question, unless asked for."""
        return self.where.group == OPERATORS or operation.invoke.group != OPERATORS or operation.kind is OpKind.ACT

    def _is_old_enough(self, operation: Operation) -> bool:
        """Rests what he shows on a login that was over before the mark? A mark that never came has nobody before it."""
        if self.where.authenticated_before is None:
            return True
        before_ns = self._before_ns
        login = self.case.credentials.login_behind(operation)
        return before_ns is not None and login is not None and login.ended_ns <= before_ns

    @cached_property
    def _before_ns(self) -> int | None:
        """The mark of an act is set some time after it, when people may have logged in anew already: the act itself
        counts. Who logged in while it was carried out may have been before it or not, and is not said to be."""
        mark = self.history.first_mark(self.where.authenticated_before or "")
        if mark is None:
            return None
        if mark.name in self.case.marks_of_acts:
            sent = [act.operation.started_ns for act in self.case.acts.all if act.operation.started_ns <= mark.real_ns]
            if sent:
                return sent[-1]
        return mark.real_ns


def whole_run(case: Case, where: Where | None = None) -> Scope:
    """All but the setup, in which nothing is judged: that everybody logs in there is no forced login."""
    mark = case.history.first_mark(SETUP_ENDS)
    return Scope(case, Window(0 if mark is None else mark.real_ns), where or ANYBODY)
