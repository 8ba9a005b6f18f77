"""No record may be missing or wrong, and no word of the drill may mean nothing, without costing the pass."""

import pytest

from compose.drills.verdict import Verdict
from tests.compose.drills.sabotage.sabotages import OF_RECORDS
from tests.compose.drills.sabotage.stage import Played

pytestmark = pytest.mark.asyncio(loop_scope="package")
HE_TRIED = "  - {id: he-really-tried, after: reset, sometimes:"
THRESHOLD = '"latency{phase:method,group:office}": ["p(95)<20000"]'
OF_THE_FILE = {
    "the window is empty": (HE_TRIED, f"{HE_TRIED.replace('after: reset', 'after: mended, before: reset')}", "unknown"),
    "the window hangs on what is never reached": (
        HE_TRIED,
        HE_TRIED.replace("after: reset", "after: rollback, before: baseline"),
        "unknown",
    ),
    "the expectation is about nobody": ("user: thief-001, node: node-2", "user: dave, node: node-2", "unknown"),
    "the threshold is about nobody": (THRESHOLD, '"latency{phase:method,user:nobody}": ["p(95)<20000"]', "unknown"),
    "the threshold is about nothing": (THRESHOLD, '"latency{phase:setup,kind:write}": ["p(95)<20000"]', "unknown"),
    "the threshold is too strict": (THRESHOLD, '"latency{phase:method,group:office}": ["p(95)<0.001"]', "fail"),
    "the oracle does not hold here": (
        'stale-window-max, op: "<=", of: oracle.staleness-max',
        'forced-logins-per-user, op: "<=", of: oracle.rolling-restart',
        "unknown",
    ),
    "the oracle counts with another lifetime": (
        "cluster: {nodes:",
        "cluster: {crowd: {ttl: {policy: 1m}}, nodes:",
        "fail",
    ),
    "a violation is announced that is none": ("{before: violated}", "{before: violated, after: violated}", "fail"),
    "the violation is not announced": ("    demonstrates: {before: violated}\n", "", "fail"),
    "the method has a fault more": (
        "  - name: node-1 dies",
        "  - fault: {inject: node.hang, target: node-2, as: more}\n  - name: node-1 dies",
        "unknown",
    ),
    "the steady state is another one": ("tolerance: 2", "tolerance: 3", "unknown"),
}


async def test_the_original_passes(original):
    """Otherwise what follows would show nothing."""
    assert original.in_doubt == {}
    assert original.judgement.problems == ()
    assert original.verdict is Verdict.PASS


@pytest.mark.parametrize("name", OF_RECORDS)
async def test_a_history_that_was_tampered_with_never_passes(original, name):
    sabotage, expected = OF_RECORDS[name]
    assert Played(original.drill, sabotage(original.records)).verdict is expected


@pytest.mark.parametrize("name", OF_THE_FILE)
async def test_a_drill_that_asks_for_nothing_or_for_something_else_never_passes(original, rewritten, name):
    """The records are what they were; the file is read as `dcsim drill report` would."""
    old, new, expected = OF_THE_FILE[name]
    assert Played(rewritten(old, new), original.records).verdict == expected
