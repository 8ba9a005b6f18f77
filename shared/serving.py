"""How every program of ours runs: signals, sockets, the readiness line, an orderly end.

A program's `main` is an async function that gets a `stop` event and returns when it is over. Readiness is an event:
the program writes one JSON line to the file descriptor its parent gave it.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from aiohttp import web

from shared.addresses import own_address
from shared.errors import EXIT_PASS, DcsimError, OperatorError
from shared.event_loop import EventLoop
from shared.log import get_logger

log = get_logger()

_OPTIONS: dict[str, Any] = {"access_log": None, "handler_cancellation": True}
"""Of every HTTP server here: our own log lines, and a client that leaves takes its request along."""

Main = Callable[[asyncio.Event], Awaitable[None]]


def run_program(main: Main) -> int:
    """Runs `main` on uvloop until it returns or SIGTERM/SIGINT sets its `stop` event. Returns the exit code."""

    async def with_signals() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    try:
        uvloop.run(with_signals(), loop_factory=EventLoop)
    except (DcsimError, BaseExceptionGroup) as error:
        return report(error)
    return EXIT_PASS


def report(error: BaseException) -> int:
    """Prints each of our messages once, without a stack trace; returns the worst exit code.

    What is not ours is raised again: a bug must not look like a message.
    """
    ours = _leaves(error)
    for one in ours:
        print(f"error: {one}", file=sys.stderr)
    return max(one.exit_code for one in ours)


def _leaves(error: BaseException) -> list[DcsimError]:
    if isinstance(error, DcsimError):
        return [error]
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    raise error


def listen(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """A bound TCP socket; `host` may be a network this machine is in. Raises OperatorError when it cannot be had."""
    host = own_address(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise OperatorError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another port or stop what uses it"
        ) from error
    sock.setblocking(False)
    return sock


def low_level_server(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], make_request: Callable[..., web.BaseRequest]
) -> web.Server:
    """A server without aiohttp's application around it, for `serving`."""
    return web.Server(handler, request_factory=make_request, **_OPTIONS)


@asynccontextmanager
async def serving(
    app: web.Application | web.Server, sock: socket.socket, *, stop_grace_s: float = 5.0
) -> AsyncIterator[None]:
    """Serves `app` on `sock`. At the end: accept no more, let running requests finish within the limit, cancel."""
    runner = _runner(app, stop_grace_s)
    await runner.setup()
    try:
        await web.SockSite(runner, sock, backlog=1024).start()
        yield
    finally:
        await runner.cleanup()


def _runner(app: web.Application | web.Server, stop_grace_s: float) -> web.BaseRunner:
    if isinstance(app, web.Server):
        return web.ServerRunner(app, shutdown_timeout=stop_grace_s)
    return web.AppRunner(app, shutdown_timeout=stop_grace_s, **_OPTIONS)


def announce_ready(ready_fd: int | None, **facts: object) -> None:
    """Tells whoever started us that we are ready. Without a descriptor there is nobody to tell."""
    if ready_fd is None:
        return
    try:
        with os.fdopen(ready_fd, "w") as pipe:
            pipe.write(json.dumps(facts) + "\n")
    except OSError as error:
        log.warning("nobody listens for readiness", error=str(error))
