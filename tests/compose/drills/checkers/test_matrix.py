"""`matrix`: acts against Atlassian's table, by the versions the nodes had."""

from compose.drills.verdict import Verdict
from shared.actions import Action
from tests.support.histories import Story


def two_sessions(**opened):
    """Alice on node-1 and on node-2, in two browsers."""
    story = Story(**opened)
    story.login("alice", node="node-1")
    story.login("phone", node="node-2", account="alice")
    story.act("alice", node="node-1")
    return story


def test_from_9_11_on_every_node_ends_the_sessions(check):
    story = two_sessions()
    story.refused("alice", ended="invalidated")
    story.refused("phone", ended="invalidated")
    found = check("matrix", story)
    assert (found.verdict, found.checked) == (Verdict.PASS, 2)


def test_a_9_11_node_that_still_lets_somebody_in_is_not_as_the_table_says(check):
    """Unless it has not had its grace yet."""
    story = two_sessions()
    story.ask("phone")
    assert check("matrix", story, grace={"real": "900ms"}).verdict is Verdict.FAIL
    assert check("matrix", story, grace={"real": "5s"}).verdict is Verdict.UNKNOWN


def test_before_9_11_the_other_nodes_must_let_them_in(check):
    """That is what the table says; a node that ends sessions there is not that version."""
    story = two_sessions(version="9.10")
    story.refused("alice", ended="invalidated")
    story.ask("phone")
    assert check("matrix", story, grace={"real": "500ms"}).verdict is Verdict.PASS
    story = two_sessions(version="9.10")
    story.refused("phone", ended="invalidated")
    assert check("matrix", story).verdict is Verdict.FAIL


def test_in_a_mixed_cluster_an_old_node_is_told_nothing_until_it_is_upgraded(check):
    story = two_sessions(versions={"node-2": "9.10"})
    story.ask("phone")
    assert check("matrix", story, grace={"real": "500ms"}).verdict is Verdict.PASS
    story = Story(versions={"node-2": "9.10"})
    story.node("node-2", "up", version="9.11", says="9.11")
    story.login("phone", node="node-2", account="alice")
    story.act("alice", node="node-1")
    story.ask("phone")
    assert check("matrix", story, grace={"real": "500ms"}).verdict is Verdict.FAIL


def test_ending_sessions_by_rest_is_not_there_before_9_11(check):
    for version, verdict in (("9.10", Verdict.PASS), ("9.11", Verdict.FAIL)):
        story = Story(version=version)
        story.act("alice", Action.REST_END_SESSION, status=404)
        assert check("matrix", story).verdict is verdict


def test_a_refusal_after_policy_time_has_passed_shows_nothing(check):
    """The Crowd entry may have run out."""
    story = two_sessions(version="9.10")
    story.policy(minutes=20)
    story.refused("phone", ended="crowd")
    assert check("matrix", story).verdict is Verdict.UNKNOWN


def test_a_refusal_after_two_acts_shows_what_neither_of_them_did(check):
    """One before the login is none of them; an acceptance shows that neither helped."""
    story = two_sessions()
    story.act("alice", Action.REST_END_SESSION, node="node-2")
    story.refused("phone", ended="invalidated")
    assert check("matrix", story).verdict is Verdict.UNKNOWN
    story = Story()
    story.act("alice", Action.REST_END_SESSION, node="node-2")
    story.login("phone", node="node-2", account="alice")
    story.act("alice", node="node-1")
    story.refused("phone", ended="invalidated")
    assert check("matrix", story).verdict is Verdict.PASS
    story = two_sessions()
    story.act("alice", Action.REST_END_SESSION, node="node-2")
    story.ask("phone")
    assert check("matrix", story, grace={"real": "0s"}).verdict is Verdict.FAIL
