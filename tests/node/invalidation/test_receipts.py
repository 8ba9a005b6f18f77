"""Receipts: what became of each invalidation on each node, for whoever asks afterwards."""

import pytest
from structlog.testing import capture_logs

from node.invalidation.receipts import KEPT_MAX, NodeReceipt, Outcome, Receipt, Receipts
from shared.messages import Invalidation
from tests.support.nodes import running_node, two_nodes
from tests.support.stores import SEEDED_AT_MS


def receipt(position, action="own-password"):
    event = Invalidation(f"e{position}", position, "KEY", 1, action, "node-1", 0)
    return Receipt(event, (NodeReceipt("node-2", Outcome.APPLIED, 1.25),), 1.5, 2.5)


def test_the_latest_are_kept_newest_first():
    """Memory is bounded; what was counted stays counted."""
    receipts = Receipts()
    for position in range(KEPT_MAX + 10):
        receipts.keep(receipt(position))
    assert [one.event.position for one in receipts.latest(2)] == [KEPT_MAX + 9, KEPT_MAX + 8]
    assert len(receipts.latest(10**6)) == KEPT_MAX
    assert receipts.counts == {"own-password": KEPT_MAX + 10}


def test_each_leaves_one_line_in_the_log():
    """The same facts whatever the delivery; durations say that they are real."""
    with capture_logs() as lines:
        Receipts().keep(receipt(7))
    assert lines == [
        {
            "event": "invalidation complete",
            "log_level": "info",
            "event_id": "e7",
            "position": 7,
            "action": "own-password",
            "user": "KEY",
            "nodes": {"node-2": "applied"},
            "waited_real_ms": 1.5,
            "commit_real_ms": 2.5,
        }
    ]


@pytest.mark.parametrize(
    ("delivery", "outcomes"),
    [
        ("fenced", {"applied", "fenced"}),
        ("queue", {"queued", "applied"}),
        ("pubsub", {"told"}),
        ("local", {"not told"}),
    ],
)
async def test_the_operator_reads_them(stores, database_url, delivery, outcomes):
    """Every delivery names the other node and what is known of it when the call returns."""
    async with two_nodes(stores, database_url, delivery=delivery) as (here, there):
        admin = await here.logged_in("admin")
        for name in ("alice", "bob"):
            assert (await admin.request("DELETE", f"/rest/api/2/user/session/{name}")).status == 200
        newest, older = (await here.operator("GET", "/invalidations"))["invalidations"]
        assert (older["user"], newest["user"], newest["user_key"]) == ("alice", "bob", "JIRAUSER10002")
        assert (newest["position"], newest["action"], newest["origin"]) == (2, "rest-end-session", "node-1")
        assert newest["at_ms"] == SEEDED_AT_MS
        (part,) = newest["nodes"]
        assert (part["node"], part["outcome"] in outcomes) == ("node-2", True)
        assert newest["commit_real_ms"] > 0
        assert newest["waited_real_ms"] >= 0
        assert len((await here.operator("GET", "/invalidations?limit=1"))["invalidations"]) == 1
        assert (await there.operator("GET", "/invalidations"))["invalidations"] == []


async def test_a_limit_that_is_no_number_is_refused(stores, database_url):
    """400 in JSON, as on every operator endpoint."""
    async with running_node(stores, database_url) as node:
        url = f"http://127.0.0.1:{node.settings.operator_port}/-/invalidations?limit=many"
        async with node.client.get(url, headers={"X-Dcsim-Token": "test-admin-token"}) as response:
            assert response.status == 400
