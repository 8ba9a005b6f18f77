"""A node dies, hangs, or leaves while clients are bound to it: the failover table, its best cell in every row.

The load is 8 GET and 8 POST clients with a 20 ms handler, as in the reference (load-balancer.md 2.8).
"""

import asyncio
import signal

import aiohttp
import pytest

from tests.support.backends import running_backends
from tests.support.balancers import running_balancer
from tests.support.eventually import eventually
from tests.support.load import one_request, run_twice, under_load

IN_FLIGHT = 16


@pytest.fixture
def nodes():
    with running_backends(2) as nodes:
        yield nodes


def posts_twice(nodes):
    return {nonce: count for nonce, count in run_twice(nodes.executed()).items() if nonce.startswith("POST")}


def assert_answers_belong_to_their_requests(load):
    assert [one for one in load.seen if not one.matched and one.error is None] == []


def assert_no_get_was_lost(load):
    assert [one for one in load.of("GET") if one.status != 200] == []


def assert_lost_posts_are_explicit(load, nodes):
    """Every POST that was not served got a 502 or 504 from the balancer, none was run twice."""
    lost = [one for one in load.of("POST") if one.status != 200]
    assert {(one.status, one.balancer_error) for one in lost} <= {(502, "node-lost"), (504, "node-timeout")}, lost
    assert len(lost) <= IN_FLIGHT
    assert posts_twice(nodes) == {}


async def test_kill_loses_no_get_and_runs_no_post_twice(nodes):
    """kill -9 of a busy node: every GET is answered, each POST that was lost is an explicit 502."""
    with running_balancer(nodes.upstreams) as balancer:

        async def during(load):
            await asyncio.sleep(0.6)
            nodes["node-1"].kill()
            await asyncio.sleep(1.2)

        load = await under_load(balancer.url, during)
    assert_answers_belong_to_their_requests(load)
    assert_no_get_was_lost(load)
    assert_lost_posts_are_explicit(load, nodes)
    assert any(one.route == "redispatched" for one in load.seen)


async def test_a_hung_node_is_freed_when_it_is_detected(nodes):
    """SIGSTOP of a busy node: its requests wait until the checks call it down, not for it nor for limits of their own."""
    with running_balancer(nodes.upstreams) as balancer:
        found_down = {}

        async def during(load):
            await eventually(lambda: "node-1" in {one.node for one in load.of("POST")})
            nodes["node-1"].signal(signal.SIGSTOP)
            status = await asyncio.to_thread(balancer.wait_for_health, "node-1", "down", within_s=30.0)
            found_down.update(next(node for node in status["nodes"] if node["id"] == "node-1"))

        load = await under_load(balancer.url, during)
    assert found_down["last_check"] == "no answer within 1 s"
    assert (found_down["in_flight"], found_down["lost"], found_down["timeouts"]) == (0, 0, 0)
    assert_answers_belong_to_their_requests(load)
    assert_no_get_was_lost(load)
    assert_lost_posts_are_explicit(load, nodes)
    assert {one.status for one in load.of("POST")} == {200, 502}


async def test_a_node_that_closes_without_a_word_loses_no_get_and_runs_no_post_twice(nodes):
    """SIGTERM of a node that stops listening at once: a POST written at that very moment is an explicit 502 at worst."""
    with running_balancer(nodes.upstreams) as balancer:

        async def during(load):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(nodes["node-1"].terminate)
            await asyncio.sleep(0.4)

        load = await under_load(balancer.url, during)
    assert_answers_belong_to_their_requests(load)
    assert_no_get_was_lost(load)
    assert_lost_posts_are_explicit(load, nodes)


async def test_sigterm_rolling_restart_costs_nothing():
    """Nodes that say STOPPING for a second before they close, one after the other: not one GET or POST fails."""
    with running_backends(2, stop_delay_s=1.0) as nodes, running_balancer(nodes.upstreams) as balancer:

        async def during(load):
            for node in nodes:
                await asyncio.sleep(0.4)
                await asyncio.to_thread(node.terminate)
                await asyncio.to_thread(node.start)
                await asyncio.to_thread(balancer.wait_for_health, node.id, "up")

        load = await under_load(balancer.url, during)
        assert_answers_belong_to_their_requests(load)
        assert [one for one in load.seen if one.status != 200] == []
        assert posts_twice(nodes) == {}


@pytest.mark.parametrize("sticky", ["cookie", "jvm-route", "source"])
async def test_a_failed_over_client_stays_on_one_node(sticky):
    """After failover the next 100 requests of a client all reach the same node, even when the old one is back."""
    with running_backends(3) as nodes, running_balancer(nodes.upstreams, sticky=sticky) as balancer:
        async with aiohttp.ClientSession(balancer.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            session.headers["Cookie" if sticky == "jvm-route" else "X-None"] = "JSESSIONID=A1.node-1"
            first = await one_request(session, "GET", "/work", "first")
            nodes[first.node].kill()
            second = await one_request(session, "GET", "/work", "second")
            assert (second.route, second.status) == ("redispatched", 200)
            await asyncio.to_thread(nodes[first.node].start)
            await asyncio.to_thread(balancer.wait_for_health, first.node, "up")
            after = [await one_request(session, "GET", "/work", f"after-{i}") for i in range(100)]
    assert {(one.node, one.route) for one in after} == {(second.node, "bound")}


async def test_requests_with_the_old_cookie_in_flight_land_on_one_node():
    """A browser's parallel requests, all with the cookie of a dead node, are moved to one and the same other node."""
    with running_backends(4) as nodes, running_balancer(nodes.upstreams) as balancer:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            async with session.get(balancer.url + "/work") as answer:
                bound = answer.headers["X-ANODEID"]
                cookie = answer.headers["Set-Cookie"].partition(";")[0]
            nodes[bound].kill()
            session.headers["Cookie"] = cookie
            urls = [balancer.url + "/work"] * 20
            seen = await asyncio.gather(*(one_request(session, "GET", url, f"n{i}") for i, url in enumerate(urls)))
    assert len({one.node for one in seen}) == 1
    assert {one.status for one in seen} == {200}


async def test_a_node_that_says_stopping_is_left_at_once():
    """A node that answers STOPPING gets no new request after one check, although it still serves."""
    with running_backends(2, stop_delay_s=3.0) as nodes, running_balancer(nodes.upstreams) as balancer:
        nodes["node-1"].signal(signal.SIGTERM)
        await asyncio.to_thread(balancer.wait_for_health, "node-1", "down")
        async with aiohttp.ClientSession() as session:
            seen = [await one_request(session, "GET", balancer.url + "/work", f"n{i}") for i in range(10)]
        assert {one.node for one in seen} == {"node-2"}
        assert balancer.node("node-1")["last_check"] == "HTTP 200, STOPPING"


async def test_without_any_node_the_answer_is_503_with_retry_after():
    """Nobody to serve is said with 503, Retry-After and the reason, and ends when a node is back."""
    with running_backends(1) as nodes, running_balancer(nodes.upstreams) as balancer:
        nodes["node-1"].kill()
        await asyncio.to_thread(balancer.wait_for_health, "node-1", "down")
        async with aiohttp.ClientSession() as session:
            async with session.get(balancer.url + "/work") as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"] == "1"
                assert answer.headers["X-Dcsim-Balancer-Error"] == "no-node"
            await asyncio.to_thread(nodes["node-1"].start)
            await asyncio.to_thread(balancer.wait_for_health, "node-1", "up")
            assert (await one_request(session, "GET", balancer.url + "/work", "n")).status == 200


async def test_a_refused_connection_sends_even_a_post_elsewhere(nodes):
    """A POST that was never written may go to another node: a dead node costs it nothing."""
    seldom = {"health_interval_s": 30.0, "health_timeout_s": 20.0, "passive_ejection_s": 30.0}
    with running_balancer(nodes.upstreams, **seldom) as balancer:
        nodes["node-1"].kill()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            seen = [await one_request(session, "POST", balancer.url + "/work", f"POST-{i}") for i in range(12)]
        assert {(one.status, one.node) for one in seen} == {(200, "node-2")}
        assert balancer.node("node-1")["health"] == "ejected"
        assert balancer.node("node-1")["retries"] == 3
    assert posts_twice(nodes) == {}


async def test_the_last_node_is_never_ejected():
    """The panic rule: a node that fails while it is the only one stays in, so that it can come back by itself."""
    with running_backends(1) as nodes:
        with running_balancer(nodes.upstreams, health_interval_s=30.0, health_timeout_s=20.0) as balancer:
            nodes["node-1"].kill()
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                for i in range(6):
                    assert (await one_request(session, "GET", balancer.url + "/work", f"n{i}")).status == 502
                assert balancer.node("node-1")["health"] == "up"
                await asyncio.to_thread(nodes["node-1"].start)
                assert (await one_request(session, "GET", balancer.url + "/work", "again")).status == 200
