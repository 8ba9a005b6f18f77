"""Issues, people and the tracker that holds them."""

from dataclasses import replace

import pytest

from node.issues.model import People, Person
from tests.support.issues import PEOPLE, TRACKER


def test_find_by_id_or_key():
    """An issue is found by its id and by its key in any case."""
    assert TRACKER.find("TEST-3") is TRACKER.find("test-3") is TRACKER.find("10002")
    assert TRACKER.find("TEST-99") is TRACKER.find("") is None


def test_keys_and_ids_are_unique():
    """A tracker refuses two issues with one key or one id."""
    first = TRACKER.issues[0]
    for twin in (first, replace(first, id=99_999), replace(first, number=99)):
        with pytest.raises(ValueError, match="share a key or an id"):
            replace(TRACKER, issues=(first, twin))


def test_people_by_any_name():
    """A person is found by user name, full name, e-mail address or key; the user name beats the others."""
    alice = PEOPLE.by_key("alice")
    assert [PEOPLE.named(word) for word in ("ALICE", "Alice Archer", "alice@example.com")] == [alice] * 3
    assert PEOPLE.named("nobody") is PEOPLE.by_key("nobody") is None
    impostor = Person("k1", "mallory", "alice", "m@example.com")
    assert People([impostor, alice]).named("alice") is alice


def test_renamed_user_keeps_the_key():
    """Issues name user keys, so a renamed user is still found behind them."""
    people = People([Person("alice", "user-1", "Former user", "x@example.com", active=False)])
    assert people.by_key("alice").username == "user-1"
    assert people.named("user-1").user_key == "alice"


def test_members():
    """A group has its members, an empty one none, and an unknown one is None."""
    assert PEOPLE.members("Jira-Administrators") == {"admin"}
    assert PEOPLE.members("empty-group") == frozenset()
    assert PEOPLE.members("x") is None
