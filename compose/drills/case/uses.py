"""What else was done with a session: when it was last used, given, logged out, replaced."""

from bisect import bisect_left
from collections import defaultdict

from compose.drills.history.history import History, Operation
from compose.drills.history.records import OpKind, Outcome


class Uses:
    """Operations by the session they showed or got, each in the order they were sent."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._shown: dict[str, list[Operation]] = defaultdict(list)
        self._place: dict[int, int] = {}
        for operations in history.by_user.values():
            for place, operation in enumerate(operations):
                self._place[operation.number] = place
        for operation in history.operations:
            if operation.invoke.session is not None:
                self._shown[operation.invoke.session].append(operation)

    def logout_of(self, operation: Operation, *, since_ns: int) -> Operation | None:
        """Somebody logged out with the session this operation shows, and may have been heard."""
        return next(
            (
                other
                for other in self._before(operation)
                if other.kind is OpKind.LOGOUT and other.outcome is not Outcome.FAIL and other.started_ns >= since_ns
            ),
            None,
        )

    def last_use(self, operation: Operation) -> tuple[Operation | None, int]:
        """The last time before that the session was used for certain, at the latest when it was given; and how often
        it was shown since then at all."""
        node = operation.node
        shown = [other for other in self._before(operation) if other.user == operation.user]
        answered = [other for other in shown if other.node == node and other.is_answered_by_node]
        if answered:
            return answered[-1], len(shown)
        return self._given(operation), len(shown)

    def replaced_by(self, operation: Operation) -> Operation | None:
        """A login that showed this session and was given another, or whose answer was lost."""
        for other in self._before(operation):
            gives = other.kind is OpKind.LOGIN or other.invoke.token is not None
            answer = other.completion
            if gives and (answer is None or answer.session != operation.invoke.session):
                return other
        return None

    def latest_given(self, operation: Operation) -> Operation | None:
        """The last of this person's operations after which his browser had got a session."""
        for other in reversed(self._earlier_of_user(operation)):
            answer = other.completion
            if answer is not None and answer.session is not None and answer.session != other.invoke.session:
                return other
        return None

    def last_answer_from(self, node: str, operation: Operation) -> int:
        """When this person was last answered by that node; 0 if never."""
        for other in reversed(self._earlier_of_user(operation)):
            if other.node == node:
                return other.ended_ns
        return 0

    def _given(self, operation: Operation) -> Operation | None:
        for other in reversed(self._earlier_of_user(operation)):
            answer = other.completion
            if answer is not None and answer.session == operation.invoke.session:
                return other
        return None

    def _before(self, operation: Operation) -> list[Operation]:
        shown = self._shown.get(operation.invoke.session or "", [])
        return shown[: bisect_left(shown, operation.started_ns, key=lambda other: other.started_ns)]

    def _earlier_of_user(self, operation: Operation) -> tuple[Operation, ...]:
        earlier = self._history.by_user[operation.user][: self._place[operation.number]]
        return tuple(other for other in earlier if other.invoke.group == operation.invoke.group)
