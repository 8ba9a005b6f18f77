"""`version-honest`: does each node say the version it was started as?"""

from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, NoSettings, judged, unknown
from compose.drills.finding import Evidence, Finding
from compose.drills.history.records import NodeChange, NodeCondition
from shared.errors import OperatorError
from shared.versions import Version


def check(scope: Scope, _settings: NoSettings) -> Finding:
    asked = [change for change in scope.history.node_changes if change.says_version is not None]
    bad = [
        Evidence(
            f"{change.node} was started as {change.version} and says that it is {change.says_version}",
            real_ns=change.real_ns,
            node=change.node,
        )
        for change in asked
        if not _is_honest(change)
    ]
    nodes = {change.node for change in asked}
    silent = [
        Evidence(f"{change.node} was up and did not say its version", real_ns=change.real_ns, node=change.node)
        for change in scope.history.node_changes
        if change.condition is NodeCondition.UP and change.says_version is None
    ]
    if silent and not bad:
        return unknown(f"{silent[0].text}.", silent, checked=len(asked))
    return judged(
        bad,
        len(asked),
        good=f"{several(len(nodes), 'node')} asked {several(len(asked), 'time')}; each says the version it has.",
        bad=f"{several(len({piece.node for piece in bad}), 'node')} of {len(nodes)} lied about the version.",
        nothing="No node was asked for its version.",
    )


def _is_honest(change: NodeChange) -> bool:
    """9.11 and 9.11.0 are the same."""
    try:
        return Version.parse(change.says_version or "") == Version.parse(change.version)
    except OperatorError:
        return change.says_version == change.version


VERSION_HONEST = Checker("Does each node say the version it has?", check)
