"""The event loop of our programs: uvloop, with a name looked up before its connection is begun.

uvloop waits for the name inside `create_connection` in such a way that a cancellation leaves the lookup behind. When
the name server cannot be reached the time limit of the connection wins, the lookup fails seconds later, and "Future
exception was never retrieved" is logged for each try: by the client of Redis, by that of Postgres, by the balancer.
`getaddrinfo` of the same loop has no such hole. (MagicStack/uvloop issue 437; once its pull request 590 is released,
this file can go.)
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvloop


class EventLoop(uvloop.Loop):
    """As its base, except that nothing is left behind by a connection that is given up."""

    async def create_connection(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | str | None = None,
        **options: Any,
    ) -> Any:
        """To the first of the host's addresses that takes it. Raises OSError when none does, or the name is unknown."""
        if host is None or _is_address(host):
            return await super().create_connection(protocol_factory, host, port, **options)  # type: ignore[arg-type]
        if options.get("ssl") and options.get("server_hostname") is None:
            options["server_hostname"] = host
        wanted = {name: options.pop(name, 0) for name in ("family", "proto", "flags")}
        problems = []
        for *_, address in await self.getaddrinfo(host, port, type=socket.SOCK_STREAM, **wanted):
            try:
                return await super().create_connection(protocol_factory, *address[:2], **options)
            except OSError as error:
                problems.append(error)
        raise _one_of(problems)


def _is_address(host: str) -> bool:
    """There is nothing to be looked up, so uvloop does not wait."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return False
    return True


def _one_of(problems: list[OSError]) -> OSError:
    """The first, if the others say the same."""
    said = list(dict.fromkeys(str(problem) for problem in problems))
    return problems[0] if len(said) == 1 else OSError(", ".join(said))
