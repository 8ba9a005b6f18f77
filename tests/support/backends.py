"""Nodes to stand behind a balancer: child processes that can be killed, and a recorder of the raw bytes that arrive."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from compose.cluster.ports import PortReservation

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def held_port():
    """A port for a server that does not know SO_REUSEPORT; nobody else gets it before the block ends."""
    with PortReservation() as reservation:
        reservation.hand_over()
        yield reservation.port


class Backend:
    """One aiohttp node as a child process (`tests.support.backend_program`) on a port that is reserved for it."""

    def __init__(self, node_id, reservation, *, journal, stop_delay_s=0.0):
        self.id = node_id
        self.host = reservation.host
        self.port = reservation.port
        self._journal = journal
        self._stop_delay_s = stop_delay_s
        self.process = None

    @property
    def upstream(self):
        return {"id": self.id, "host": self.host, "port": self.port}

    def start(self):
        assert self.process is None or self.process.poll() is not None, f"{self.id} still runs"
        reader, writer = os.pipe()
        arguments = [self.id, str(self.port), str(self._journal), str(writer), str(self._stop_delay_s), self.host]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.backend_program", *arguments], cwd=REPOSITORY, pass_fds=[writer]
        )
        os.close(writer)
        with os.fdopen(reader) as pipe:
            assert pipe.read() == "ready\n", f"{self.id} did not start"

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.terminate()
        self.process.wait(30)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()


class Backends(list):
    """Several nodes that write each request they execute into one journal."""

    def __init__(self, nodes, journal):
        super().__init__(nodes)
        self._journal = journal

    @property
    def upstreams(self):
        return [node.upstream for node in self]

    def executed(self):
        """Every execution in order: dicts of node, method, path and nonce."""
        return [json.loads(line) for line in self._journal.read_text().splitlines()]

    def __getitem__(self, key):
        return next(node for node in self if node.id == key) if isinstance(key, str) else super().__getitem__(key)


@contextmanager
def running_backends(count=2, *, stop_delay_s=0.0):
    """Nodes `node-1` ... as child processes; whatever is left of them is killed at the end."""
    with backends_to_start(count, stop_delay_s=stop_delay_s) as nodes:
        for node in nodes:
            node.start()
        yield nodes


@contextmanager
def backends_to_start(count, *, stop_delay_s=0.0, apart=False):
    """Nodes that the test starts itself; `apart`: on one port, each at an address of its own, 127.0.0.1 first."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        journal = Path(folder) / "executed.jsonl"
        journal.touch()
        nodes = Backends((), journal)
        for number in range(1, count + 1):
            port, host = (nodes[0].port if nodes else 0, f"127.0.0.{number}") if apart else (0, "127.0.0.1")
            reservation = stack.enter_context(PortReservation(port, host=host))
            nodes.append(Backend(f"node-{number}", reservation, journal=journal, stop_delay_s=stop_delay_s))
        try:
            yield nodes
        finally:
            for node in nodes:
                node.stop()


class ClosingAnswer(bytes):
    """An answer after which the recorder closes the connection."""


class Recorder:
    """A node of raw sockets in a thread: keeps the bytes of each connection, answers each head with `answer`.

    That is bytes, an iterator of those that are sent one by one, or what makes either from the request. Health checks are answered and not recorded.
    """

    RUNNING = b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{"state":"RUNNING"}'
    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def __init__(self, answer=ANSWER):
        self.answer = answer
        self.connections = []
        self._open = set()
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def upstream(self):
        return {"id": "node-1", "host": "127.0.0.1", "port": self.port}

    def received(self):
        """Every byte that came on any connection since the last `forget`."""
        return b"".join(bytes(data) for data in self.connections)

    def open_connections(self, *, within_s):
        """How many connections are open; waits that long for the last one to close."""
        deadline = time.monotonic() + within_s
        while self._open and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(self._open)

    def forget(self):
        self.connections = []

    def close(self):
        self._sock.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self._open.add(connection)
        try:
            self._answer_all(connection)
        finally:
            self._open.discard(connection)

    def _answer_all(self, connection):
        with connection:
            seen, request = bytearray(), b""
            while True:
                try:
                    data = connection.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                if not seen and data.startswith(b"GET /status "):
                    connection.sendall(self.RUNNING)
                    return
                if not any(one is seen for one in self.connections):  # first bytes since the last `forget`
                    seen, request = bytearray(), b""
                    self.connections.append(seen)
                seen += data
                request += data
                if is_whole(request):
                    answer = self.answer(request) if callable(self.answer) else self.answer
                    request = b""
                    if answer is None:
                        return
                    for piece in (answer,) if isinstance(answer, bytes) else answer:
                        connection.sendall(piece)
                    if isinstance(answer, ClosingAnswer):
                        return


def is_whole(request):
    """Has this request arrived to its end? Good enough for what proxies send; they do not pipeline."""
    head, separator, body = request.partition(b"\r\n\r\n")
    lower = head.lower()
    if not separator:
        return False
    if b"transfer-encoding:" in lower:
        return body.endswith(b"0\r\n\r\n")
    if b"\r\ncontent-length:" in lower:
        return len(body) >= int(lower.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0])
    return True


@contextmanager
def running_recorder(answer=Recorder.ANSWER):
    recorder = Recorder(answer)
    try:
        yield recorder
    finally:
        recorder.close()
