"""What a request with a live session costs a node: `python -m tests.bench.node_request`.

Server processes that are all aiohttp on uvloop, built on `shared.serving` and on kept-alive connections. One is a node
as `dcsim up` starts it, log lines included, asked for `serverInfo` by somebody who is logged in. One answers from its
only handler with that node's answer as a constant, the same header lines and the same body; the bar is against this one.
One answers with a constant body and no header of its own but the content type, for those who know that number. The same
client asks all of them with the same request in interleaved rounds; what counts is the CPU time of the server processes
(from /proc), so what else the machine does meanwhile matters little. The client has a processor of its own and the
servers share another: left to the scheduler, a server now and then shares the client's, and a request costs a third
more or less for no reason of its own.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aiohttp import web

from compose.cluster.ports import PortReservation
from shared.clock import Anchor
from shared.serving import announce_ready, listen, run_program, serving
from shared.settings import NodeSettings
from tests.support.stores import running_stores

TOKEN = "bench-admin-token"
PATH = "/rest/api/2/serverInfo"
CONNECTIONS = 8
BAR = 1.6
NAMES = ("node, live session", "its answer as a constant", "bare constant")
ANSWER = "BENCH_ANSWER"
PROCESSORS = sorted(os.sched_getaffinity(0))
NOT_COPIED = {"content-length", "date", "server"}
"""aiohttp writes these itself."""


class Server:
    """A server process and the connections to it."""

    def __init__(self, process, port, path, cookies=""):
        self.process = process
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookies}\r\n\r\n".encode()
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
        self.answer = self._ask(self.sockets[0])

    def _ask(self, sock):
        sock.sendall(self.request)
        return read_answer(sock)

    def cpu_s(self):
        """Of all its threads, to the nanosecond; the counters of /proc/PID/stat move in steps of 10 ms."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def cpu_us(self, count):
        """CPU of one request, on average over `count` of them."""
        size = len(self.answer)
        before = self.cpu_s()
        for _ in range(count // CONNECTIONS):
            for sock in self.sockets:
                sock.sendall(self.request)
            for sock in self.sockets:
                left = size
                while left > 0:
                    left -= len(sock.recv(65536))
        return (self.cpu_s() - before) / count * 1e6


def read_answer(sock):
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def program(*command, **environment):
    """Started and ready."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **environment, "DCSIM_READY_FD": str(writing)},
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    assert os.read(reading, 4096), "it ended before it was ready"
    try:
        yield process
    finally:
        os.close(reading)
        process.terminate()
        process.wait(20)


def constant(port):
    """The program on the other side of the ratio; its environment says what it answers."""
    headers, body = json.loads(os.environ[ANSWER])
    body = body.encode()

    async def answer(_request):
        return web.Response(body=body, headers=headers)

    async def run(stop):
        app = web.Application()
        app.router.add_get(PATH, answer)
        async with serving(app, listen("127.0.0.1", port, reuse_port=True)):
            announce_ready(int(os.environ["DCSIM_READY_FD"]), port=port)
            await stop.wait()

    return run_program(run)


def session_cookies(port):
    """Logs alice in; the cookies a browser would then bring."""
    form = b"os_username=alice&os_password=alice"
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(
            b"POST /login.jsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\nX-Atlassian-Token: no-check\r\n\r\n" % len(form) + form
        )
        head = read_answer(sock).partition(b"\r\n\r\n")[0].decode()
    assert " 302 " in head.splitlines()[0], head
    lines = [line.partition(": ")[2] for line in head.splitlines() if line.lower().startswith("set-cookie:")]
    return "; ".join(line.partition(";")[0] for line in lines)


def node_environment(stores, url, port, operator_port, log_level):
    settings = NodeSettings(
        admin_token=TOKEN,
        node_id="node-1",
        port=port,
        operator_port=operator_port,
        reuse_port=True,
        url=f"http://127.0.0.1:{port}",
        postgres_url=url,
        redis_url=stores.redis_url,
        redis_namespace=url.rpartition("/")[2],
        clock=Anchor(0, 1_772_442_000_000, time.monotonic_ns(), 1),
        lame_duck_s=0,
        log_level=log_level,
    )
    return settings.to_environment()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=1_600)
    parser.add_argument("--launches", type=int, default=3, help="how often all servers are started afresh")
    parser.add_argument("--log-level", default="info")
    parser.add_argument("--constant", type=int)
    given = parser.parse_args()
    if given.constant:
        sys.exit(constant(given.constant))
    rounds = [one for _ in range(given.launches) for one in measured(given)]
    print(
        f"CPU of one request, {given.launches} x {given.rounds} rounds of {given.requests}, log level {given.log_level}"
    )
    for index, name in enumerate(NAMES):
        times = [one[index] for one in rounds]
        ratios = [one[0] / one[index] for one in rounds]
        against = "" if index == 0 else f"; the node takes {ratio(ratios)} x that"
        bar = f" (bar: at most {BAR})" if index == 1 else ""
        print(f"  {name:<24} {statistics.median(times):6.1f} us, at least {min(times):5.1f}{against}{bar}")


def measured(given):
    """One launch of all servers: a row a round, the three costs in us. Launches differ by a few hundredths, since where
    things lie in memory is settled at the start of a process."""
    os.sched_setaffinity(0, PROCESSORS)
    with ExitStack() as stack:
        ports = [stack.enter_context(PortReservation()).port for _ in range(4)]
        stores = stack.enter_context(running_stores())
        url = asyncio.run(stores.fresh_database())
        environment = node_environment(stores, url, ports[0], ports[1], given.log_level)
        process = stack.enter_context(program("-m", "node", **environment))
        cookies = session_cookies(ports[0])
        node = Server(process, ports[0], PATH, cookies)
        assert b"X-Dcsim-Known-Via: web-session" in node.answer, node.answer
        headers, body = parts_of(node.answer)
        answers = (headers, body), ({"Content-Type": "application/json"}, body)
        like, bare = (
            Server(stack.enter_context(constant_program(port, answer)), port, PATH, cookies)
            for port, answer in zip(ports[2:], answers, strict=True)
        )
        assert parts_of(like.answer) == (headers, body), like.answer
        servers = node, like, bare
        keep_apart(servers)
        for server in servers:
            server.cpu_us(given.requests)
        return [[server.cpu_us(given.requests) for server in servers] for _ in range(given.rounds)]


def keep_apart(servers):
    """The client on one processor, all servers on another, where there are two."""
    mine, *others = PROCESSORS
    os.sched_setaffinity(0, {mine})
    for server in servers:
        for thread in os.listdir(f"/proc/{server.process.pid}/task"):
            os.sched_setaffinity(int(thread), others[:1] or {mine})


def ratio(values):
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def parts_of(answer):
    """The header lines that are not aiohttp's own, and the body."""
    head, _, body = answer.decode().partition("\r\n\r\n")
    lines = (line.split(": ", 1) for line in head.split("\r\n")[1:])
    return {name: value for name, value in lines if name.lower() not in NOT_COPIED}, body


def constant_program(port, answer):
    return program("-m", "tests.bench.node_request", "--constant", str(port), **{ANSWER: json.dumps(answer)})


if __name__ == "__main__":
    main()
