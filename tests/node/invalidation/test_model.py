"""The protocol, explored exhaustively in a small world."""

import pytest

from tests.node.invalidation.fenced_model import GUARDS, explore

TICKS = 4


def test_the_whole_protocol_has_no_stale_accept():
    """Every interleaving of one invalidation, heartbeats, a login, loss, delay and pause."""
    visited, trail = explore(set(GUARDS), ticks=TICKS)
    assert visited > 50_000
    assert trail is None


@pytest.mark.parametrize("guard", GUARDS)
def test_every_guard_is_needed(guard):
    """Without it there is a way to a stale accept; a guard nobody needs would be decoration."""
    _, trail = explore(set(GUARDS) - {guard}, ticks=TICKS)
    assert trail is not None
    assert trail[-1] == "B ACCEPTS THE OLD SESSION"
