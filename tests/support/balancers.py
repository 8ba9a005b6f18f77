"""The balancer as a child process, and plain sockets to talk to it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from shared.contract import OPERATOR_TOKEN
from shared.settings import BalancerSettings
from tests.support.backends import REPOSITORY

TOKEN = "token-of-the-tests"


class RunningBalancer:
    """`python -m loadbalancer` on free ports."""

    def __init__(self, process, port, admin_port):
        self.process = process
        self.port = port
        self.admin_port = admin_port
        self.url = f"http://127.0.0.1:{port}"

    def admin(self, method, path, body=None, *, token=TOKEN, headers=None):
        """(status, JSON or text) of an operator endpoint; bytes are sent as they are."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin_port}{path}", data, headers or {}, method=method
        )
        if token:
            request.add_header(OPERATOR_TOKEN, token)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text, status = answer.read().decode(), answer.status
        except urllib.error.HTTPError as error:
            with error:
                text, status = error.read().decode(), error.code
        return status, json.loads(text) if text.startswith(("{", "[")) else text

    def status(self):
        return self.admin("GET", "/-/status")[1]

    def node(self, node_id):
        return next(node for node in self.status()["nodes"] if node["id"] == node_id)

    def wait_for(self, check, *, within_s=10.0):
        """The first status document for which `check` holds."""
        deadline = time.monotonic() + within_s
        while True:
            status = self.status()
            if check(status):
                return status
            assert time.monotonic() < deadline, f"not so after {within_s} s: {status}"
            time.sleep(0.02)

    def wait_for_health(self, node_id, *health, within_s=10.0):
        return self.wait_for(
            lambda status: any(n["id"] == node_id and n["health"] in health for n in status["nodes"]), within_s=within_s
        )

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def connect(self, *, timeout_s=20.0, source=None):
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout_s, source_address=(source, 0) if source else None
        )

    def exchange(self, raw, *, timeout_s=20.0):
        """Sends these bytes on a connection of their own; all bytes that come back until the balancer closes."""
        with self.connect(timeout_s=timeout_s) as sock:
            sock.sendall(raw)
            return read_to_end(sock)


def read_to_end(sock):
    received = bytearray()
    try:
        while data := sock.recv(65536):
            received += data
    except ConnectionResetError:
        received += b"<reset>"
    return bytes(received)


def read_answer(sock, *, to_head=False):
    """(status, headers by lower-case name, body) of one answer; not a byte of what follows it is read."""
    with sock.makefile("rb", buffering=0) as reader:
        status = int(reader.readline().split()[1])
        headers = {}
        while line := reader.readline().strip():
            name, _, value = line.partition(b": ")
            headers[name.decode().lower()] = value.decode()
        return status, headers, b"" if to_head or status in (204, 304) or status < 200 else _read_body(reader, headers)


def _read_body(reader, headers):
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(reader.readline(), 16):
            body += _read_exactly(reader, size)
            reader.readline()
        reader.readline()
        return body
    return _read_exactly(reader, int(headers["content-length"])) if "content-length" in headers else reader.readall()


def _read_exactly(reader, size):
    body = b""
    while len(body) < size:
        piece = reader.read(size - len(body))
        assert piece, f"the connection ended {size - len(body)} bytes too early"
        body += piece
    return body


def settings_of(upstreams, **changes):
    values = {"admin_token": TOKEN, "port": 0, "admin_port": 0, "nodes": upstreams, "log_level": "warning"}
    return BalancerSettings(**{**values, **changes})


@contextmanager
def running_balancer(upstreams, **changes):
    """A balancer in front of these nodes, ready; `changes` are settings. Killed at the end if it still runs."""
    reader, writer = os.pipe()
    settings = settings_of(upstreams, ready_fd=writer, **changes)
    process = subprocess.Popen(
        [sys.executable, "-m", "loadbalancer"],
        cwd=REPOSITORY,
        env={**os.environ, **settings.to_environment()},
        pass_fds=[writer],
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            line = pipe.read()
        assert line, "the balancer ended before it was ready"
        facts = json.loads(line)
        yield RunningBalancer(process, facts["port"], facts["admin_port"])
    finally:
        process.kill()
        process.wait()
