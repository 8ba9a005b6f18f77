"""What the matrix measured, as values: cells with their evidence. Knows nothing of how to measure or how to print."""

from dataclasses import dataclass
from enum import StrEnum

from shared.actions import Action, Cell, Reach
from shared.errors import EXIT_FAIL, EXIT_PASS
from shared.versions import Version


class Clock(StrEnum):
    """Which clock a duration was read from."""

    REAL = "real"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Observation:
    """How one node took the news about one user.

    `after_ms` is how long after the call returned the node refused the user's web session, on `clock`; None when it
    still accepted it at the end. `remember_me_walks_in` tells whether a browser with only the remember-me cookie was
    let in by this node right after the call.
    """

    node: str
    after_ms: float | None
    clock: Clock
    accepted_until_ms: int
    session_ended: str | None
    remember_me_walks_in: bool

    @property
    def at_once(self) -> bool:
        """Refused without policy time having to pass."""
        return self.after_ms is not None and self.clock is Clock.REAL


@dataclass(frozen=True, slots=True)
class CellResult:
    """One cell: what the table says and what was measured, with what it was measured from."""

    action: Action
    version: Version
    reach: Reach
    expected: Cell
    measured: Cell
    status: int
    observations: tuple[Observation, ...]

    @property
    def right(self) -> bool:
        return self.expected is self.measured


@dataclass(frozen=True, slots=True)
class StatusCheck:
    """One documented answer of `DELETE /rest/api/2/user/session/{username}`."""

    version: Version
    caller: str
    expected: int
    measured: int
    empty_body: bool

    @property
    def right(self) -> bool:
        """200 comes without a body (source: "Invalidating user sessions in Jira Data Center")."""
        return self.expected == self.measured and (self.measured != 200 or self.empty_body)


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """The whole table."""

    cells: tuple[CellResult, ...]
    statuses: tuple[StatusCheck, ...]

    @property
    def exit_code(self) -> int:
        right = all(cell.right for cell in self.cells) and all(check.right for check in self.statuses)
        return EXIT_PASS if right else EXIT_FAIL

    def __add__(self, other: "MatrixResult") -> "MatrixResult":
        return MatrixResult(self.cells + other.cells, self.statuses + other.statuses)

    def cell(self, action: Action, version: Version, reach: Reach) -> CellResult:
        return next(c for c in self.cells if (c.action, c.version, c.reach) == (action, version, reach))
