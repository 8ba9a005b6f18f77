"""Which client belongs to which node, as far as the balancer remembers."""

import tracemalloc

from loadbalancer.bindings import Bindings


def bindings(limit=10, idle_ms=1000):
    return Bindings(limit=limit, idle_ms=idle_ms)


def test_a_bound_client_is_known_and_counted():
    """Binding counts one session on the node, moving it counts it elsewhere."""
    table = bindings()
    table.bind(b"c", "node-1", 0)
    assert (table.seen(b"c", 5).node_id, table.sessions("node-1")) == ("node-1", 1)
    table.bind(b"c", "node-2", 6)
    assert (table.sessions("node-1"), table.sessions("node-2"), len(table)) == (0, 1, 1)


def test_an_unknown_client_is_nobody():
    """A client never bound has no binding and is not counted."""
    table = bindings()
    assert table.seen(b"c", 0) is None
    assert len(table) == 0


def test_silent_clients_are_forgotten_in_policy_time():
    """A client silent for longer than the limit is forgotten, one that was seen meanwhile is not."""
    table = bindings(idle_ms=1000)
    table.bind(b"silent", "node-1", 0)
    table.bind(b"active", "node-1", 0)
    table.seen(b"active", 900)
    table.expire(1001)
    assert table.seen(b"silent", 1001) is None
    assert table.sessions("node-1") == 1


def test_the_table_is_bounded():
    """Beyond its limit the longest silent client makes room."""
    table = bindings(limit=3)
    for number in range(3):
        table.bind(b"%d" % number, "node-1", number)
    table.seen(b"0", 10)
    table.bind(b"new", "node-1", 11)
    assert [table.seen(key, 12) is not None for key in (b"0", b"1", b"2", b"new")] == [True, False, True, True]
    assert table.sessions("node-1") == 3


def test_long_names_are_told_apart_and_cost_no_more_than_short_ones():
    """A hundred clients named by 30 kB each stay bound, every one to its node, in less than one such name takes."""
    table = bindings(limit=100)

    def name(number):
        return b"x" * 30_000 + b"%d" % number

    tracemalloc.start()
    for number in range(100):
        table.bind(name(number), f"node-{number % 2}", number)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert used < 30_000
    assert [table.seen(name(number), 200).node_id for number in range(100)] == ["node-0", "node-1"] * 50
    table.bind(name(0), "node-1", 201)
    assert (table.sessions("node-0"), len(table)) == (49, 100)
