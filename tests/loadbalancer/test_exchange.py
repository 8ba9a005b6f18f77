"""Requests and answers through a running balancer: bodies, back-pressure, upgrades, disconnects, deadlines, cuts."""

import asyncio
import hashlib
import os
import threading
import time

import aiohttp
import pytest

from tests.support.backends import ClosingAnswer, running_backends, running_recorder
from tests.support.balancers import read_answer, read_to_end, running_balancer
from tests.support.eventually import eventually

GET = b"GET /work HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def nodes():
    with running_backends(2) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def balancer(nodes):
    with running_balancer(nodes.upstreams) as balancer:
        yield balancer


@pytest.fixture(scope="module")
def scripted():
    """A node that answers what a test tells it, and a balancer in front of it."""
    with running_recorder() as node, running_balancer([node.upstream], health_timeout_s=20.0) as balancer:
        yield node, balancer


@pytest.fixture
def script(scripted):
    """Sets the answer of the scripted node; returns node and balancer."""
    node, balancer = scripted

    def answering(answer=node.ANSWER):
        node.answer = answer
        node.forget()
        return node, balancer

    yield answering
    node.answer = node.ANSWER


async def facts(node):
    async with aiohttp.request("GET", f"http://127.0.0.1:{node.port}/facts") as answer:
        return await answer.json()


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 1_000_000])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_arrives_whole(size, chunked, balancer):
    """A body of any size, with a length or in chunks, reaches the node byte for byte."""
    body = os.urandom(size)

    async def pieces():
        for start in range(0, size, 7000):
            yield body[start : start + 7000]

    async with aiohttp.ClientSession() as session:
        async with session.post(balancer.url + "/work", data=pieces() if chunked else body) as answer:
            seen = await answer.json()
    assert (seen["length"], seen["sha256"]) == (size, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("query", ["n=0", "n=1", "n=3000000", "n=3000000&chunked=1", "n=0&chunked=1"])
async def test_an_answer_arrives_whole(query, balancer):
    """An answer of any size and framing reaches the client whole, and the connection stays usable."""
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(f"{balancer.url}/download?{query}") as answer:
                body = await answer.read()
                assert len(body) == int(query.split("&")[0][2:])
                assert set(body) <= {ord("1"), ord("2")}


def test_one_connection_serves_many_requests_over_few_connections_to_nodes(nodes):
    """Connections to nodes are reused: 200 requests one after the other open no more than one per node."""
    with running_balancer(nodes.upstreams, sticky="none") as balancer, balancer.connect() as sock:
        for _ in range(200):
            sock.sendall(GET + b"\r\n")
            assert read_answer(sock)[0] == 200
        assert [node["connects"] for node in balancer.status()["nodes"]] == [1, 1]
        assert [node["requests"] for node in balancer.status()["nodes"]] == [100, 100]


def test_head_has_the_length_but_no_body(balancer):
    """An answer to HEAD passes its Content-Length on, sends no body, and the next request works."""
    with balancer.connect() as sock:
        for _ in range(3):
            sock.sendall(b"HEAD /download?n=5 HTTP/1.1\r\nHost: a\r\n\r\n")
            status, headers, _ = read_answer(sock, to_head=True)
            assert (status, headers["content-length"]) == (200, "5")
        sock.sendall(GET + b"\r\n")
        assert read_answer(sock)[0] == 200


def test_expect_continue_is_answered_by_the_node(balancer):
    """A client that waits for 100 gets the node's, sends its body, and gets one answer."""
    with balancer.connect() as sock:
        sock.sendall(b"POST /work HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert read_answer(sock)[0] == 100
        sock.sendall(b"hello")
        status, _, body = read_answer(sock)
        assert status == 200
        assert b'"length": 5' in body


def test_http_1_0_gets_an_unchunked_answer_and_a_close(balancer):
    """A 1.0 client gets no chunks: the end of a chunked answer is the end of the connection."""
    raw = balancer.exchange(b"GET /download?n=70000&chunked=1 HTTP/1.0\r\nHost: a\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert len(body) == 70000


def test_http_1_0_may_keep_its_connection(balancer):
    """A 1.0 client that asks for keep-alive gets it when the answer has a length."""
    with balancer.connect() as sock:
        for _ in range(2):
            sock.sendall(b"GET /work HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            assert read_answer(sock)[1]["connection"] == "keep-alive"


def test_an_answer_until_close_becomes_chunked(script):
    """A node that ends its answer by closing is understood; the client gets chunks and keeps its connection."""
    _, balancer = script(ClosingAnswer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"))
    with balancer.connect() as sock:
        for _ in range(2):
            sock.sendall(GET + b"\r\n")
            status, headers, body = read_answer(sock)
            assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"until the end")


def test_interim_answers_pass(script):
    """1xx answers of a node reach the client before the final one."""
    _, balancer = script(
        b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    with balancer.connect() as sock:
        for _ in range(2):
            sock.sendall(GET + b"\r\n")
            status, headers, _ = read_answer(sock)
            assert (status, headers["link"]) == (103, "</s>")
            assert read_answer(sock)[2] == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"Content-Length: 0\r\n\r\n",
        ClosingAnswer(b""),
        ClosingAnswer(b"HTTP/1.1 200"),
    ],
)
def test_an_invalid_answer_is_a_502(answer, script):
    """What a node must not send never reaches a client; it gets an explicit 502."""
    _, balancer = script(answer)
    with balancer.connect() as sock:
        sock.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        status, headers, _ = read_answer(sock)
        assert status == 502
        assert headers["x-dcsim-balancer-error"] in ("node-answer-invalid", "node-lost")


def test_surplus_after_an_answer_does_not_answer_the_next_request(script):
    """Bytes a node sends beyond its answer are thrown away with the connection, not taken for the next answer."""
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    _, balancer = script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + poison)
    with balancer.connect() as sock:
        for _ in range(5):
            sock.sendall(GET + b"\r\n")
            assert read_answer(sock)[2] == b"ok"


def test_a_body_that_began_behind_another_request_arrives_whole(script):
    """Half a request that came while the one before it was being answered is read on when its turn comes."""
    asked, may_answer = threading.Event(), threading.Event()

    def answer(request):
        if request.startswith(b"GET"):
            asked.set()
            may_answer.wait(20)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    node, balancer = script(answer)
    with balancer.connect() as sock:
        sock.sendall(GET + b"\r\n")
        assert asked.wait(5)
        sock.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        balancer.status()  # once this is answered, what was sent before it has been read
        may_answer.set()
        assert read_answer(sock)[0] == 200
        sock.sendall(b"67890")
        assert read_answer(sock)[0] == 200
    assert node.received().endswith(b"\r\n\r\n1234567890")


def test_an_early_answer_is_passed_on_and_the_connection_closes(balancer):
    """A node that refuses a body it has not read is heard, although the client is still sending."""
    with balancer.connect() as sock:
        sock.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000)
        status, headers, _ = read_answer(sock)
        assert (status, headers["connection"]) == (413, "close")


async def test_websocket_passes_byte_for_byte(balancer):
    """Messages of many sizes come back unchanged through the tunnel."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(balancer.url + "/socket", max_msg_size=0) as socket,
    ):
        for size in (0, 1, 125, 126, 65535, 65536, 300_000):
            message = os.urandom(size)
            await socket.send_bytes(message)
            assert await socket.receive_bytes() == message


async def test_bytes_sent_ahead_of_an_upgrade_are_not_lost(script):
    """What a client sends right behind its upgrade request reaches the node, and the node's first bytes the client."""
    agreed = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nfirst"
    node, balancer = script(agreed)
    with balancer.connect() as sock:
        sock.sendall(GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nahead")
        assert read_answer(sock)[0] == 101
        await eventually(lambda: node.received().endswith(b"\r\n\r\nahead"))


def test_a_refused_upgrade_goes_on_as_http(script):
    """A node that answers an upgrade with 200 keeps the connection in HTTP, and so do we."""
    _, balancer = script()
    with balancer.connect() as sock:
        upgrade = GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        sock.sendall(upgrade + GET + b"\r\n")
        assert read_answer(sock)[2] == b"ok"
        assert read_answer(sock)[2] == b"ok"
        sock.sendall(upgrade)
        assert read_answer(sock)[2] == b"ok"


def test_a_client_may_wait_for_the_refusal_of_its_upgrade(script):
    """What it sends once it has read the refusal is a request like any other."""
    _, balancer = script(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
    with balancer.connect(timeout_s=5) as sock:
        for fields in (b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"", b""):
            sock.sendall(GET + fields + b"\r\n")
            assert read_answer(sock)[2] == b"no"


async def test_events_are_not_held_back(balancer):
    """Server-sent events arrive one by one while the answer is still running."""
    async with aiohttp.ClientSession() as session, session.get(balancer.url + "/events?every=0.05") as answer:
        for number in range(5):
            assert await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5) == b"data: %d\n\n" % number


@pytest.mark.parametrize("path", ["/work?s=30", "/events"])
async def test_a_client_that_leaves_stops_its_request(path, balancer, nodes):
    """When a client disconnects, the node's handler is cancelled instead of working for nobody."""

    async def aborted():
        return sum([(await facts(node))["aborted"].get(path.partition("?")[0], 0) for node in nodes])

    await eventually(lambda: sum(node["in_flight"] for node in balancer.status()["nodes"]) == 0)
    before = await aborted()
    _, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
    writer.write(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
    await writer.drain()
    await eventually(lambda: sum(node["in_flight"] for node in balancer.status()["nodes"]) > 0)
    await asyncio.sleep(0.1)
    writer.close()

    async def one_more():
        return await aborted() > before

    await eventually(one_more)


@pytest.mark.parametrize(
    ("fields", "answer", "counted", "cut"),
    [
        (b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 200, "client-left"),
        (
            b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            101,
            None,
        ),
    ],
    ids=["stream", "tunnel"],
)
def test_an_answer_counts_although_the_client_left_before_its_end(fields, answer, counted, cut, script):
    """Streams and tunnels end with their clients: what was answered is known from the moment the head went out."""
    _, balancer = script(answer)
    group = f"{counted // 100}xx"
    before, requests = balancer.node("node-1")["answers"][group], balancer.status()["requests"]
    with balancer.connect() as sock:
        sock.sendall(GET + fields + b"\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 %d " % counted)
    balancer.wait_for(lambda status: status["requests"] > requests)
    assert balancer.node("node-1")["answers"][group] == before + 1
    latest = balancer.admin("GET", "/-/requests?limit=1")[1][0]
    assert (latest["status"], latest["cut"]) == (counted, cut)


async def test_a_node_killed_mid_answer_cuts_the_client(balancer):
    """Once part of an answer is out, its failure shows as a broken connection, never as a short or mixed answer."""
    with running_backends(2) as nodes, running_balancer(nodes.upstreams) as balancer:
        async with aiohttp.ClientSession() as session:
            async with session.get(balancer.url + "/download?n=50000000&pause=0.01") as answer:
                await answer.content.readexactly(100_000)
                nodes[answer.headers["X-ANODEID"]].kill()
                with pytest.raises(aiohttp.ClientError):
                    await answer.read()
        assert balancer.status()["cut"] == {"node-lost": 1}


async def test_a_node_killed_mid_upload_is_a_502(balancer):
    """A node that dies while a large body is on its way to it is an explicit 502, and the body is not sent elsewhere."""
    with running_backends(2) as nodes, running_balancer(nodes.upstreams) as balancer:

        async def endless():
            for number in range(10_000):
                yield b"x" * 20_000
                if number == 20:
                    (begun,) = await eventually(nodes.executed, what="the handler has begun")
                    nodes[begun["node"]].kill()
                await asyncio.sleep(0.001)

        async with aiohttp.ClientSession() as session:
            async with session.put(balancer.url + "/work", data=endless()) as answer:
                assert (answer.status, answer.headers["X-Dcsim-Balancer-Error"]) == (502, "node-lost")
        assert len({one["node"] for one in nodes.executed()}) == 1


def test_a_slow_head_times_out_and_never_reaches_a_node():
    """A client that does not finish its head gets 408 after the limit, however it drips."""
    with running_recorder() as node, running_balancer([node.upstream], head_timeout_s=0.5) as balancer:
        with balancer.connect() as sock:
            sock.settimeout(0.1)
            answer = b""
            for byte in b"GET /" + b"x" * 60:
                try:
                    sock.sendall(bytes([byte]))
                    answer = sock.recv(4096)
                    break
                except TimeoutError:
                    continue
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert node.received() == b""


def test_a_slow_body_times_out_without_holding_a_node():
    """A client whose body does not come gets 408, and no node was bothered with it."""
    with running_recorder() as node, running_balancer([node.upstream], body_timeout_s=0.3) as balancer:
        raw = balancer.exchange(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome")
        assert raw.startswith(b"HTTP/1.1 408 ")
        assert b"client-too-slow" in raw
        assert node.received() == b""


def test_a_dripping_body_is_cut_by_its_rate():
    """A body that keeps coming, but slower than the least rate, ends in 408 once body_timeout_s is over."""
    with running_recorder() as node:
        with running_balancer([node.upstream], body_timeout_s=0.5, body_bytes_per_s=1000) as balancer:
            with balancer.connect() as sock:
                sock.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
                sock.settimeout(0.05)
                answer = b""
                for _ in range(100):
                    try:
                        sock.sendall(b"x")
                        answer = sock.recv(4096)
                        break
                    except TimeoutError:
                        continue
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert node.received() == b""


def test_a_node_that_does_not_answer_in_time_is_a_504(nodes):
    """The first byte has a limit of its own; a node that misses it is a 504, and the request is not repeated."""
    with running_balancer(nodes.upstreams, first_byte_timeout_s=0.3) as balancer, balancer.connect() as sock:
        sock.sendall(b"GET /work?s=20 HTTP/1.1\r\nHost: a\r\n\r\n")
        status, headers, _ = read_answer(sock)
        assert (status, headers["x-dcsim-balancer-error"]) == (504, "node-timeout")
        assert sum(node["retries"] for node in balancer.status()["nodes"]) == 0


def test_an_idle_client_connection_closes():
    """A kept-alive connection without requests closes silently after its limit."""
    with running_recorder() as node, running_balancer([node.upstream], keep_alive_s=0.2) as balancer:
        with balancer.connect() as sock:
            sock.sendall(GET + b"\r\n")
            assert read_answer(sock)[0] == 200
            assert read_to_end(sock) == b""


def test_a_client_that_does_not_read_is_cut():
    """An answer nobody takes holds neither memory nor node for longer than the idle limit."""
    with running_backends(1) as nodes, running_balancer(nodes.upstreams, idle_timeout_s=0.5) as balancer:
        with balancer.connect() as sock:
            sock.sendall(b"GET /download?n=200000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            status = balancer.wait_for(lambda status: status["cut"])
        assert status["cut"] == {"idle": 1}
        assert balancer.memory_kib() < 100_000


def test_a_connection_the_node_closed_while_idle_costs_nothing(script):
    """The keep-alive race: GET and POST after the node closed its idle connections are both served, by the same node."""
    state = {"closed": 0}

    def answer(request):
        state["closed"] += 1
        return ClosingAnswer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    _, balancer = script(answer)
    with balancer.connect() as sock:
        for method in (b"GET", b"POST") * 5:
            sock.sendall(method + b" /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            assert read_answer(sock)[2] == b"ok"
    assert state["closed"] == 10


def test_too_many_connections_are_told_so():
    """Beyond max_connections a client gets 503 at once instead of silence."""
    with running_recorder() as node, running_balancer([node.upstream], max_connections=2) as balancer:
        with balancer.connect(), balancer.connect(), balancer.connect() as third:
            assert read_answer(third)[0] == 503


def test_a_client_that_pipelines_and_does_not_read_holds_little_memory():
    """Who sends request after request and takes no answer is not served further, and memory stays bounded."""
    with running_backends(1) as nodes, running_balancer(nodes.upstreams) as balancer, balancer.connect() as sock:
        before_kib = balancer.memory_kib()
        sock.sendall(b"GET /download?n=1000000 HTTP/1.1\r\nHost: a\r\n\r\n" * 200)
        requests = balancer.wait_for(lambda status: status["requests"] > 0)["requests"]
        while requests != (requests := _requests_a_moment_later(balancer)):
            pass
        assert requests < 50
        assert balancer.memory_kib() - before_kib < 20_000
        for _ in range(200):
            assert len(read_answer(sock)[2]) == 1_000_000


def _requests_a_moment_later(balancer):
    time.sleep(0.2)
    return balancer.status()["requests"]


async def test_answers_larger_than_every_buffer_leave_the_connection_usable(balancer):
    """A slow reader pauses the node's connection; the next request over that connection is not left waiting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port, limit=1 << 16)
    for _ in range(5):
        writer.write(b"GET /download?n=3000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(0.05)
        await asyncio.wait_for(reader.readexactly(3_000_000), 10)
    writer.close()
