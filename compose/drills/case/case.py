"""One variant's history with everything that more than one judge needs to know of it, worked out once."""

from collections.abc import Iterable
from functools import cached_property

from compose.drills.case.acts import Acts
from compose.drills.case.causes import Causes
from compose.drills.case.credentials import Credentials
from compose.drills.case.limits import Limits
from compose.drills.case.logouts import Logouts
from compose.drills.case.stale import StaleJudgement, find_stale_accepts
from compose.drills.case.troubles import Troubles
from compose.drills.history.history import History, Operation
from compose.drills.logout import Logout
from compose.drills.scenario.cluster import ClusterSection


class Case:
    """`cluster` is what the drill's file says, for what the history leaves out; `marks_of_acts` are the marks that
    stand for an act. Every property raises OperatorError for a history without a beginning."""

    def __init__(
        self, history: History, cluster: ClusterSection | None = None, *, marks_of_acts: Iterable[str] = ()
    ) -> None:
        self.history = history
        self.marks_of_acts = frozenset(marks_of_acts)
        self._cluster = cluster

    @cached_property
    def limits(self) -> Limits:
        return Limits.of(self.history.opened.limits, self._cluster)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """All that were ever part of the cluster."""
        names = [*self.history.opened.nodes, *(change.node for change in self.history.node_changes)]
        return tuple(dict.fromkeys(names))

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self.history, nodes=self.nodes)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Those that are not another application's, in the order they were sent."""
        some = [operation for operation in self.history.operations if not self.credentials.is_foreign(operation)]
        return tuple(sorted(some, key=lambda operation: operation.started_ns))

    @cached_property
    def acts(self) -> Acts:
        return Acts(self.history, self.credentials, self.history.opened.switches)

    @cached_property
    def troubles(self) -> Troubles:
        return Troubles(self.history, self.nodes)

    @cached_property
    def stale(self) -> StaleJudgement:
        return find_stale_accepts(self.history, self.credentials, self.acts)

    @cached_property
    def logouts(self) -> tuple[Logout, ...]:
        causes = Causes(
            self.history,
            self.credentials,
            self.acts,
            self.troubles,
            limits=self.limits,
            switches=self.history.opened.switches,
        )
        return Logouts(self.history, self.credentials, causes).all()
