"""What a request with a live session costs a node: `python -m tests.bench.node_request`.

Two server processes, both aiohttp on uvloop and both built on `shared.serving`: one answers constant bytes from its only
handler, the other one is a node as `dcsim up` starts it, log lines included, asked for `serverInfo` by somebody who is
logged in. The same client asks both with the same headers in interleaved rounds; what counts is the CPU time of the
server processes (user and system, from /proc), so it does not matter what else the machine does meanwhile.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

from aiohttp import web

from compose.cluster.ports import PortReservation
from shared.clock import Anchor
from shared.serving import announce_ready, listen, run_program, serving
from shared.settings import NodeSettings
from tests.support.stores import running_stores

TOKEN = "bench-admin-token"
PATH = "/rest/api/2/serverInfo"
CONNECTIONS = 8
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
BAR = 1.6


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
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

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
    """The program on the other side of the ratio."""
    body = b'{"constant":"' + b"x" * 330 + b'"}'

    async def answer(_request):
        return web.Response(body=body, content_type="application/json")

    async def run(stop):
        app = web.Application()
        app.router.add_get("/constant", answer)
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
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--log-level", default="info")
    parser.add_argument("--constant", type=int)
    given = parser.parse_args()
    if given.constant:
        sys.exit(constant(given.constant))
    with ExitStack() as stack:
        ports = [stack.enter_context(PortReservation()).port for _ in range(3)]
        stores = stack.enter_context(running_stores())
        url = asyncio.run(stores.fresh_database())
        bare = Server(
            stack.enter_context(program("-m", "tests.bench.node_request", "--constant", str(ports[0]))),
            ports[0],
            "/constant",
            "JSESSIONID=0123456789ABCDEF0123456789ABCDEF",
        )
        environment = node_environment(stores, url, ports[1], ports[2], given.log_level)
        process = stack.enter_context(program("-m", "node", **environment))
        node = Server(process, ports[1], PATH, session_cookies(ports[1]))
        assert b"X-Dcsim-Known-Via: web-session" in node.answer, node.answer
        for server in (bare, node):
            server.cpu_us(given.requests)
        pairs = [(bare.cpu_us(given.requests), node.cpu_us(given.requests)) for _ in range(given.rounds)]
    ratios = [other / one for one, other in pairs]
    least = [min(side) for side in zip(*pairs, strict=True)]
    print(f"CPU of one request, {given.rounds} rounds of {given.requests}, log level {given.log_level}")
    for name, side, best in zip(
        ("constant answer", "node, live session"), zip(*pairs, strict=True), least, strict=True
    ):
        print(f"  {name:<20} {statistics.median(side):6.1f} us, in the quietest round {best:6.1f} us")
    print(
        f"  ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}], of the quietest rounds "
        f"{least[1] / least[0]:.2f} (bar: at most {BAR})"
    )


if __name__ == "__main__":
    main()
