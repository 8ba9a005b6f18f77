"""`matrix`: does each act end sessions on the nodes where, by Atlassian's table, it does, and nowhere else?

Measured from what happened: after an act returned, a node that still lets an older session in has not ended it; one
that refuses it has. On a 9.11 node the news may take the `grace` of real time. A refusal says nothing once policy time
has passed, because then the session may be over for another reason, unless the node says that it was invalidated. Nor
does it where two acts can have been the end of the session: nobody can tell which of them was.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compose.drills.case.acts import Act
from compose.drills.case.scope import Scope
from compose.drills.case.stale import StaleAccept
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.finding import Evidence, Finding
from compose.drills.history.history import History
from compose.drills.scenario.model import Part, Real, real
from shared.actions import MATRIX_ACTIONS, Action, Cell, Reach, expected
from shared.errors import OperatorError
from shared.versions import Version

AT_ONCE_POLICY_MS = 1000
"""No limit of a cluster runs out within so much policy time, but by chance."""


class Settings(Part):
    """`grace`: real time that a node has to end a session "at once"."""

    grace: Real = real("1s")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one act did on one node, and what the table says about it."""

    act: Act
    action: Action
    node: str
    reach: Reach
    version: Version
    should: Cell
    did: Cell
    proof: int | None = None

    @property
    def is_right(self) -> bool:
        return self.should is self.did


def check(scope: Scope, settings: Settings) -> Finding:
    cells = list(measured_cells(scope, settings))
    wrong = [cell for cell in cells if not cell.is_right]
    kinds = {(cell.action, cell.version, cell.reach) for cell in cells}
    return judged(
        map(_evidence, wrong),
        len(cells),
        good=f"{several(len(kinds), 'cell')} of the table measured {several(len(cells), 'time')}, all as documented.",
        bad=f"{len(wrong)} of {several(len(cells), 'measurement')} are not as the table says.",
        nothing="No act of the table was followed by a request that shows what it did.",
    )


def measured_cells(scope: Scope, settings: Settings) -> Iterator[Measured]:
    after: dict[tuple[int, str], list[StaleAccept]] = defaultdict(list)
    for one in scope.stale_opportunities:
        after[one.act.operation.number, one.operation.node or ""].append(one)
    for act in scope.case.acts.invalidating:
        action, origin = act.action, act.operation.node
        if action not in MATRIX_ACTIONS or origin is None or act.operation.started_ns not in scope.window:
            continue
        acting = version_of(scope.history, origin, act.operation.started_ns)
        if act.operation.status == 404 and action is Action.REST_END_SESSION:
            should = expected(action, acting, Reach.LOCAL)
            yield Measured(act, action, origin, Reach.LOCAL, acting, should, Cell.NOT_AVAILABLE, act.operation.number)
            continue
        for node in scope.case.nodes:
            reach = Reach.LOCAL if node == origin else Reach.CLUSTER
            # A node that is older than 9.11 neither sends nor understands what the cluster is told.
            version = min(acting, version_of(scope.history, node, act.operation.started_ns))
            did = _did(scope, after.get((act.operation.number, node), ()), settings)
            if did is not None:
                yield Measured(act, action, node, reach, version, expected(action, version, reach), *did)


def version_of(history: History, node: str, real_ns: int) -> Version:
    """What the node had been started as by then. Raises OperatorError for a node of which no version is recorded."""
    changes = [change for change in history.node_changes if change.node == node and change.real_ns <= real_ns]
    text = changes[-1].version if changes else history.opened.nodes.get(node)
    if text is None:
        later = next((change.version for change in history.node_changes if change.node == node), None)
        if later is None:
            raise OperatorError(f"the history does not say which version {node} has")
        text = later
    return Version.parse(text)


def _did(scope: Scope, asked: Iterable[StaleAccept], settings: Settings) -> tuple[Cell, int] | None:
    """NO with one acceptance after the grace; else YES with one refusal that counts; None when nothing was seen."""
    refused: StaleAccept | None = None
    for one in asked:
        if one.operation.is_let_in:
            if one.late_real_ms > settings.grace.ms:
                return Cell.NO, one.operation.number
        elif refused is None and _counts(one) and not _can_be_anothers(scope, one):
            refused = one
    return None if refused is None else (Cell.YES, refused.operation.number)


def _counts(one: StaleAccept) -> bool:
    answer = one.operation.completion
    return answer is not None and (
        answer.session_ended == "invalidated"
        or (answer.session_ended == "crowd" and one.late_policy_ms < AT_ONCE_POLICY_MS)
    )


def _can_be_anothers(scope: Scope, one: StaleAccept) -> bool:
    """Was anything else done to the account between its login and the end of this request?"""
    login = scope.case.credentials.login_behind(one.operation)
    since_ns = 0 if login is None else login.ended_ns
    return any(
        act.action is not None
        and act.may_be_done
        and act.operation.number != one.act.operation.number
        and since_ns <= act.operation.ended_ns
        and act.operation.started_ns <= one.operation.ended_ns
        for act in scope.case.acts.upon(one.account)
    )


def _evidence(cell: Measured) -> Evidence:
    where = f"{cell.action.sentence} ({cell.version}, {cell.reach})"
    text = f"{where}: the table says {cell.should}, {cell.node} did {cell.did}"
    numbers = (cell.act.operation.number, *(() if cell.proof is None else (cell.proof,)))
    return Evidence(text, numbers, cell.act.operation.started_ns, cell.act.account, cell.node)


MATRIX = Checker("Does each act end sessions where Atlassian's table says?", check, Settings)
