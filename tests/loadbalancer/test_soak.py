"""The long ones: thousands of slow clients, a gigabyte each way, a hundred kills. `pytest -m soak tests/loadbalancer`."""

import asyncio
import resource
import socket
import subprocess
import time

import aiohttp
import pytest

from tests.support.backends import running_backends, running_recorder
from tests.support.balancers import read_answer, read_to_end, running_balancer
from tests.support.load import run_twice, under_load

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
GET = b"GET /work HTTP/1.1\r\nHost: a\r\n"


def allow_files(count):
    """Raises this process's limit of open files; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        pytest.skip(f"{count} open files are not allowed here, only {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.mark.parametrize(
    "begun", [b"GET /x HT", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome"], ids=["head", "body"]
)
def test_five_thousand_slow_clients_hold_no_node(begun):
    """5,000 clients that never finish: others are served meanwhile, each slow one gets 408, no node saw one of them."""
    allow_files(12_000)
    with running_recorder() as node:
        with running_balancer([node.upstream], head_timeout_s=12.0, body_timeout_s=12.0) as balancer:
            node.forget()
            clients = []
            for _ in range(5_000):
                sock = balancer.connect(timeout_s=60)
                sock.sendall(begun)
                clients.append(sock)
            started = time.monotonic()
            for _ in range(50):
                assert balancer.exchange(GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")
            assert time.monotonic() - started < 10
            assert balancer.memory_kib() < 150 * 1024
            assert node.received().count(b" /x ") == 0
            for sock in clients:
                assert read_to_end(sock).startswith(b"HTTP/1.1 408 ")
                sock.close()
            balancer.wait_for(lambda status: status["connections"] == 0)


def test_a_gigabyte_up_and_down_in_constant_memory():
    """1 GB each way, with a length and in chunks, leaves the balancer's memory where it was."""
    size = 1_000_000_000
    patient = {"health_timeout_s": 60.0}  # the node hashes what it gets, and this machine has other work
    with running_backends(1) as nodes, running_balancer(nodes.upstreams, **patient) as balancer:
        balancer.exchange(GET + b"Connection: close\r\n\r\n")
        before_kib = balancer.memory_kib()
        most_kib = 0
        for flags, path in (
            (["-T", "-", "-X", "PUT"], "/work"),
            (["-T", "-", "-X", "PUT", "-H", f"Content-Length: {size}", "-H", "Transfer-Encoding:"], "/work"),
            ([], f"/download?n={size}"),
            ([], f"/download?n={size}&chunked=1"),
        ):
            source = subprocess.Popen(["head", "-c", str(size if flags else 0), "/dev/zero"], stdout=subprocess.PIPE)
            sink = subprocess.Popen(
                ["curl", "-sf", *flags, balancer.url + path], stdin=source.stdout, stdout=subprocess.PIPE
            )
            source.stdout.close()
            received = 0
            while data := sink.stdout.read(1 << 20):
                received += len(data)
                most_kib = max(most_kib, balancer.memory_kib())
            sink.stdout.close()
            assert sink.wait() == 0
            source.wait()
            if not flags:
                assert received == size
        most_kib = max(most_kib, balancer.memory_kib())
    assert most_kib - before_kib <= 8 * 1024


async def test_a_hundred_kills_under_load():
    """Nodes die 100 times under load: every answer belongs to its request, no GET is lost, no POST is run twice."""
    with running_backends(3) as nodes, running_balancer(nodes.upstreams, health_interval_s=0.1) as balancer:

        async def during(_load):
            for number in range(100):
                node = nodes[number % 3]
                await asyncio.sleep(0.3)
                node.kill()
                await asyncio.sleep(0.2)
                await asyncio.to_thread(node.start)
                await asyncio.to_thread(balancer.wait_for_health, node.id, "up")

        load = await under_load(balancer.url, during)
        executed = nodes.executed()
    assert [one for one in load.seen if one.status == 200 and not one.matched] == []
    assert [one for one in load.of("GET") if one.status != 200] == []
    lost = [one for one in load.of("POST") if one.status != 200]
    assert {(one.status, one.balancer_error) for one in lost} <= {(502, "node-lost"), (502, "node-unreachable")}
    assert {nonce for nonce in run_twice(executed) if nonce.startswith("POST")} == set()


async def test_websocket_of_a_hundred_megabytes_is_byte_exact():
    """100 MB of messages come back through the tunnel exactly as they went in."""
    with running_backends(1) as nodes, running_balancer(nodes.upstreams) as balancer:
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(balancer.url + "/socket", max_msg_size=0) as web_socket:
                for number in range(100):
                    message = bytes([number]) * 1_000_000
                    await web_socket.send_bytes(message)
                    assert await web_socket.receive_bytes() == message


def test_ten_thousand_connections_come_and_go():
    """Clients that connect and leave at once leave nothing behind."""
    with running_recorder() as node, running_balancer([node.upstream]) as balancer:
        before_kib = balancer.memory_kib()
        for number in range(10_000):
            with socket.create_connection(("127.0.0.1", balancer.port)) as sock:
                if number % 3:
                    sock.sendall(GET[: number % 20])
        balancer.wait_for(lambda status: status["connections"] == 0)
        with balancer.connect() as sock:
            sock.sendall(GET + b"\r\n")
            assert read_answer(sock)[0] == 200
        assert balancer.memory_kib() - before_kib < 16 * 1024
