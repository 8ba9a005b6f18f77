"""A node for balancer tests: `python -m tests.support.backend_program ID PORT JOURNAL READY_FD STOP_DELAY_S HOST`.

Each executed request is one line in the journal, so that a test can count what ran twice. On SIGTERM the status says
STOPPING at once; the program goes on serving for STOP_DELAY_S and then exits as aiohttp does, finishing what runs.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys

from aiohttp import WSMsgType, web


class Node:
    """Handlers of one node."""

    def __init__(self, node_id, journal):
        self.id = node_id
        self.state = "RUNNING"
        self.aborted = {}
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND)

    def _executed(self, request):
        line = {
            "node": self.id,
            "method": request.method,
            "path": request.path,
            "nonce": request.headers.get("X-Nonce", request.query.get("nonce", "")),
        }
        os.write(self._journal, (json.dumps(line) + "\n").encode())

    def _count_aborted(self, request):
        self.aborted[request.path] = self.aborted.get(request.path, 0) + 1

    async def status(self, _request):
        return web.json_response({"state": self.state}, headers={"X-ANODEID": self.id})

    async def set_state(self, request):
        self.state = request.match_info["state"]
        return web.Response()

    async def work(self, request):
        """Takes `?s=` seconds and answers with node, nonce and a digest of the body."""
        self._executed(request)
        digest, length = hashlib.sha256(), 0
        async for piece in request.content.iter_chunked(1 << 16):
            digest.update(piece)
            length += len(piece)
        try:
            await asyncio.sleep(float(request.query.get("s", "0")))
        except asyncio.CancelledError:
            self._count_aborted(request)
            raise
        nonce = request.headers.get("X-Nonce", request.query.get("nonce", ""))
        body = {"node": self.id, "nonce": nonce, "length": length, "sha256": digest.hexdigest()}
        body["headers"] = list(request.headers.items())
        return web.json_response(body, headers={"X-ANODEID": self.id, "X-Nonce": nonce})

    async def facts(self, _request):
        return web.json_response({"node": self.id, "aborted": self.aborted})

    async def download(self, request):
        """`?n=` bytes, with a length or (`?chunked=1`) without; `?pause=` seconds after the first piece."""
        left = int(request.query["n"])
        answer = web.StreamResponse(headers={"X-ANODEID": self.id})
        if request.query.get("chunked"):
            answer.enable_chunked_encoding()
        else:
            answer.content_length = left
        await answer.prepare(request)
        piece = self.id.encode()[-1:] * 65536
        while left:
            await answer.write(piece[: min(left, len(piece))])
            left -= min(left, len(piece))
            await asyncio.sleep(float(request.query.get("pause", "0")))
        await answer.write_eof()
        return answer

    async def events(self, request):
        """Server-sent events, one per `?every=` seconds, for ever."""
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-ANODEID": self.id})
        await answer.prepare(request)
        try:
            for number in range(1_000_000):
                await answer.write(b"data: %d\n\n" % number)
                await asyncio.sleep(float(request.query.get("every", "0.05")))
        except (asyncio.CancelledError, ConnectionResetError):
            self._count_aborted(request)
            raise
        return answer

    async def echo_socket(self, request):
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
        return socket

    async def early(self, request):
        """Refuses without reading the body."""
        self._executed(request)
        return web.Response(status=413, text="too much")


async def main(node_id, port, journal, ready_fd, stop_delay_s, host):
    node = Node(node_id, journal)
    app = web.Application(client_max_size=1 << 40)
    app.router.add_get("/status", node.status)
    app.router.add_post("/state/{state}", node.set_state)
    app.router.add_get("/facts", node.facts)
    app.router.add_get("/download", node.download)
    app.router.add_get("/events", node.events)
    app.router.add_get("/socket", node.echo_socket)
    app.router.add_route("*", "/early", node.early)
    app.router.add_route("*", "/{path:.*}", node.work)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024, reuse_address=True, reuse_port=True).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with os.fdopen(ready_fd, "w") as pipe:
        pipe.write("ready\n")
    await stop.wait()
    node.state = "STOPPING"
    await asyncio.sleep(stop_delay_s)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6]))
