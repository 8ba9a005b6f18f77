"""`dcsim invalidations` as another terminal runs it, on two real nodes."""

import asyncio
import json
import os

import pytest

from compose.cli import main
from compose.cli.invalidations_text import receipts_text
from compose.cluster.keeper import born_at
from tests.support.nodes import TOKEN, two_nodes

RECEIPT = {
    "position": 3,
    "action": "admin-password",
    "user_key": "JIRAUSER10001",
    "user": "alice",
    "origin": "node-1",
    "at_ms": 1_772_452_800_000,
    "nodes": [
        {"node": "node-2", "outcome": "applied", "real_ms": 1.24},
        {"node": "node-3", "outcome": "queued", "real_ms": 20.0},
    ],
    "waited_real_ms": 20.5,
    "commit_real_ms": 4.25,
}


def test_people_read_who_what_when_and_how_long():
    """Instants say policy, durations say real, and a node that cannot be asked is named."""
    assert receipts_text([RECEIPT], ["node-4"]).splitlines() == [
        "     3  2026-03-02 12:00:00.000 UTC (policy)  admin-password, alice (JIRAUSER10001), by node-1: "
        "committed in 4.2 ms, then waited 20.5 ms (real)",
        "        node-2: applied after 1.2 ms (real)",
        "        node-3: queued",
        "node-4 does not answer; what was invalidated there is missing",
    ]


def test_everyone_and_nobody_any_more():
    """A user who is gone is his key; an entry without a user is everyone."""
    assert "admin-password, JIRAUSER10001, by" in receipts_text([RECEIPT | {"user": None}], [])
    assert "everyone" in receipts_text([RECEIPT | {"user": None, "user_key": None}], [])
    assert receipts_text([], []) == "nothing was invalidated yet"


@pytest.fixture
async def cluster(stores, database_url, tmp_path, monkeypatch):
    """Two nodes, and a run file that also names a process nobody hears."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    async with two_nodes(stores, database_url) as nodes:
        urls = {node.id: f"http://127.0.0.1:{node.settings.operator_port}" for node in nodes}
        content = {
            "base_url": nodes[0].url,
            "admin_token": TOKEN,
            "pid": os.getpid(),
            "born": born_at(os.getpid()),
            "operator_urls": {**urls, "node-3": "http://127.0.0.1:1"},
        }
        (tmp_path / f"dcsim-{os.getuid()}").mkdir(mode=0o700)
        (tmp_path / f"dcsim-{os.getuid()}" / f"{os.getpid()}.json").write_text(json.dumps(content))
        yield nodes


async def test_all_nodes_are_asked_and_the_newest_comes_first(cluster, capsys):
    """The order is the log's, whichever node an entry was made on."""
    for node, name in zip((cluster[0], cluster[1], cluster[0]), ("alice", "bob", "carol"), strict=True):
        admin = await node.logged_in("admin")
        assert (await admin.request("DELETE", f"/rest/api/2/user/session/{name}")).status == 200
    capsys.readouterr()  # the nodes log to the same place
    assert await asyncio.to_thread(main, ["invalidations", "--json", "--limit", "2"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["position"], one["user"], one["origin"]) for one in answer["invalidations"]] == [
        (3, "carol", "node-1"),
        (2, "bob", "node-2"),
    ]
    assert answer["silent"] == ["node-3"]
    assert await asyncio.to_thread(main, ["invalidations"]) == 0
    said = capsys.readouterr().out
    assert said.count("rest-end-session") == 3
    assert "node-3 does not answer" in said
