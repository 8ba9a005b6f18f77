"""The table, measured on real clusters; and a table that is wrong is called wrong."""

import pytest

from compose.demo.story import tell_story
from compose.matrix.measure import measure
from compose.matrix.render import as_json
from compose.matrix.run import node_urls
from shared.actions import MATRIX_ACTIONS, Cell, Reach
from shared.settings import CrowdGate, Delivery, Switches
from shared.versions import JIRA_9_10, JIRA_9_11
from tests.support.clusters import running_cluster

QUARTER_MS = 15 * 60_000


async def measured(stores, warm, version, **spec):
    async with running_cluster(stores, warm, version=version, **spec) as cluster:
        return await measure(node_urls(cluster), cluster.clock, version, say=lambda _: None)


async def test_before_9_11_only_the_acting_node_ends_sessions(stores, warm):
    """Ten right cells; every other node stays stale for fifteen minutes of policy time, to the millisecond."""
    result = await measured(stores, warm, JIRA_9_10)
    assert result.exit_code == 0
    assert len(result.cells) == 10
    for cell in result.cells:
        if cell.reach is Reach.CLUSTER and cell.measured is Cell.NO:
            assert [(o.node, o.after_ms, o.accepted_until_ms) for o in cell.observations] == [
                ("node-2", QUARTER_MS, QUARTER_MS - 1),
                ("node-3", QUARTER_MS, QUARTER_MS - 1),
            ]
            assert {o.session_ended for o in cell.observations} == {"crowd"}
    assert [check.measured for check in result.statuses] == [404, 404, 404, 404]


async def test_since_9_11_every_node_ends_them_at_once(stores, warm):
    """Ten right cells, no policy time needed, no remember-me cookie that still works."""
    result = await measured(stores, warm, JIRA_9_11)
    assert result.exit_code == 0
    assert {cell.measured for cell in result.cells} == {Cell.YES}
    assert all(o.at_once and not o.remember_me_walks_in for cell in result.cells for o in cell.observations)
    assert [check.measured for check in result.statuses] == [200, 401, 403, 404]
    assert len(as_json(result, switches=Switches(), delivery=Delivery.PUBSUB)["cells"]) == 2 * len(MATRIX_ACTIONS)


async def test_a_cluster_that_does_not_do_what_its_version_should_is_found_out(stores, warm):
    """9.11 nodes that tell nobody: every cluster cell is measured as no and the run fails."""
    result = await measured(stores, warm, JIRA_9_11, delivery=Delivery.LOCAL)
    assert result.exit_code == 1
    assert {cell.measured for cell in result.cells if cell.reach is Reach.CLUSTER} == {Cell.NO}
    assert {cell.measured for cell in result.cells if cell.reach is Reach.LOCAL} == {Cell.YES}


async def test_with_gate_either_the_stale_session_never_ends_by_itself(stores, warm):
    """The other reading of the page: without the Crowd gate a session that is used lives on, table unchanged."""
    result = await measured(stores, warm, JIRA_9_10, switches=Switches(crowd_gate=CrowdGate.EITHER))
    stale = [o for cell in result.cells if cell.reach is Reach.CLUSTER for o in cell.observations]
    assert stale
    assert all(o.after_ms is None and o.accepted_until_ms == 6 * 3_600_000 for o in stale)


@pytest.mark.parametrize(("version", "policy"), [(JIRA_9_10, True), (JIRA_9_11, False)])
async def test_the_story_ends_as_the_version_has_it(stores, warm, version, policy):
    """The thief is out after fifteen minutes of policy time, or at the next click."""
    told = []
    async with running_cluster(stores, warm, version=version) as cluster:
        ending = await tell_story(node_urls(cluster), cluster.clock, version, tell=told.append)
    assert ending.as_documented
    assert ending.policy is policy
    assert not policy or ending.thief_out_after_ms == QUARTER_MS
    assert "thief" in told[-1].lower()
