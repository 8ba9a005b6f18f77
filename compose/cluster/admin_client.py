"""HTTP client of the operator endpoints that nodes and balancer have in common (`shared.operator_api`)."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from shared.clock import Anchor
from shared.clock_offset import ClockOffset, Sample
from shared.contract import OPERATOR_PREFIX, OPERATOR_TOKEN, NodeState
from shared.errors import DcsimError, HarnessError, OperatorError
from shared.settings import Upstream
from shared.versions import Version

ANSWER_LIMIT_S = 5.0
NO_CONTENT = 204
LOOP_LIMIT_S = 15.0
"""Of a node whose loop stands still: the longest block there can be, and what an answer takes besides."""


class Silent(HarnessError):
    """A process did not answer on its operator port, or not in time. It may be dead, paused or cut off."""


class Refused(DcsimError):
    """A process answered that it will not. `status` is HTTP's, `said` its own words."""

    def __init__(self, status: int, message: str, said: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a process says about its policy clock; instants are policy ms since the epoch.

    `settled` is false while something that came due is still being done; `in_flight` counts requests being served.
    """

    anchor: Anchor
    now_ms: int
    skew_ms: int
    next_alarm_ms: int | None
    settled: bool
    in_flight: int

    @property
    def quiescent(self) -> bool:
        return self.settled and self.in_flight == 0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "ClockReading":
        """Raises HarnessError when the body is not what `GET /-/clock` answers."""
        try:
            return cls(
                Anchor.parse(body["anchor"]),
                body["now_ms"],
                body["skew_ms"],
                body["next_alarm_ms"],
                body["settled"],
                body["in_flight"],
            )
        except (KeyError, TypeError, DcsimError) as error:
            raise HarnessError(f"a process described its clock as {body!r}, which cannot be read") from error


class AdminClient:
    """Every `url` below is an operator URL: scheme, host and port, such as http://127.0.0.1:9000.

    Anchors are told and read in terms of this machine's monotonic clock, wherever the process is: each answer about a
    clock shows how far the other machine's is ahead.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._offsets: dict[str, ClockOffset] = {}

    async def status(self, url: str, *, limit_s: float = ANSWER_LIMIT_S) -> dict[str, Any]:
        return await self._call("GET", url, "/status", limit_s=limit_s)

    async def is_running(self, base_url: str) -> bool:
        """Does whoever answers there say that it is ready for users? 200 alone does not count."""
        try:
            async with self._session.get(f"{base_url}/status", timeout=aiohttp.ClientTimeout(total=1.0)) as response:
                body = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        return response.status == 200 and isinstance(body, dict) and body.get("state") == NodeState.RUNNING

    async def says_version(self, base_url: str) -> str | None:
        """The version a node tells its users in `serverInfo`, in the form 9.11 or 9.11.3; None when it tells none."""
        url = f"{base_url}/rest/api/2/serverInfo"
        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)) as response:
                body = await response.json()
            return str(Version.parse(body["version"])) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, DcsimError):
            return None

    async def order_state(self, url: str, state: NodeState) -> None:
        """Has a node say that it is in that state. Refused while it may not be ordered about."""
        await self._call("PUT", url, "/state", limit_s=ANSWER_LIMIT_S, json={"state": state})

    async def put_node(self, url: str, node: Upstream) -> None:
        """Tells the balancer of a node, which it serves after its first good check."""
        body = node.model_dump(mode="json", exclude={"id"})
        await self._call("PUT", url, f"/nodes/{node.id}", limit_s=ANSWER_LIMIT_S, json=body)

    async def remove_node(self, url: str, node_id: str) -> None:
        """The balancer forgets a node. Refused 404 for one it does not know."""
        await self._call("DELETE", url, f"/nodes/{node_id}", limit_s=ANSWER_LIMIT_S)

    async def balance(self, url: str, node_id: str, wish: str, **body: object) -> dict[str, Any]:
        """Tells the balancer what the operator wants of a node: ready, drain or maintenance. Refused 404 for a node it
        does not know."""
        return await self._call("POST", url, f"/nodes/{node_id}/{wish}", limit_s=ANSWER_LIMIT_S, json=body)

    async def caches(self, url: str, *, limit_s: float = ANSWER_LIMIT_S) -> dict[str, Any]:
        return await self._call("GET", url, "/caches", limit_s=limit_s)

    async def inspect(self, url: str, what: str, *, limit_s: float = ANSWER_LIMIT_S, **params: str) -> dict[str, Any]:
        """What a node says of itself and of the database: remember-me, captcha-due, divergent or cluster
        (`node.inspection`). Raises Refused 503 while its Postgres is away."""
        return await self._call("GET", url, f"/{what}", limit_s=limit_s, params=params)

    async def clock(self, url: str, *, limit_s: float = ANSWER_LIMIT_S) -> ClockReading:
        return await self._clock("GET", url, limit_s=limit_s)

    async def set_clock(self, url: str, anchor: Anchor, *, limit_s: float = ANSWER_LIMIT_S) -> ClockReading:
        """Raises Refused 409 when the process has a newer anchor."""
        if url not in self._offsets:
            await self.clock(url, limit_s=limit_s)
        there = anchor.shifted(self._offsets[url].ns)
        return await self._clock("PUT", url, limit_s=limit_s, json={"anchor": str(there)})

    async def set_skew(self, url: str, skew_ms: int) -> ClockReading:
        """Moves one process's policy clock away from the cluster's."""
        return await self._clock("PUT", url, limit_s=ANSWER_LIMIT_S, json={"skew_ms": skew_ms})

    async def _clock(self, method: str, url: str, *, limit_s: float, **options: Any) -> ClockReading:
        asked_ns = time.monotonic_ns()
        body = await self._call(method, url, "/clock", limit_s=limit_s, **options)
        offset = self._offsets.setdefault(url, ClockOffset())
        if isinstance(shown_ns := body.get("monotonic_ns"), int):
            offset.learn(Sample.of(asked_ns, shown_ns, time.monotonic_ns()))
        reading = ClockReading.parse(body)
        return replace(reading, anchor=reading.anchor.shifted(-offset.ns))

    async def invalidations(self, url: str, *, limit: int) -> list[dict[str, Any]]:
        """The receipts of that node's own invalidations, newest first. Raises Refused 404 for what is no node."""
        answer = await self._call("GET", url, f"/invalidations?limit={limit}", limit_s=ANSWER_LIMIT_S)
        return list(answer["invalidations"])

    async def slow_loop(self, url: str, *, block_ms: int, every_ms: int) -> dict[str, Any]:
        """Has that node's event loop stand still for real `block_ms`, again and again. Raises OperatorError for values
        out of bounds."""
        body = {"loop_block_ms": block_ms, "every_ms": every_ms}
        with _operators_fault():
            return await self._call("PUT", url, "/faults", limit_s=LOOP_LIMIT_S, json=body)

    async def loop_fault(self, url: str) -> dict[str, Any]:
        """`slow_loop`: what is set, null for nothing; `blocks`: how often it has struck."""
        return await self._call("GET", url, "/faults", limit_s=LOOP_LIMIT_S)

    async def heal_loop(self, url: str) -> int:
        """How often the loop stood still."""
        return int((await self._call("DELETE", url, "/faults", limit_s=LOOP_LIMIT_S))["blocks"])

    async def deadlines(self, url: str) -> list[dict[str, Any]]:
        """What ends next on that node; empty for a process that has nothing of the kind."""
        try:
            answer = await self._call("GET", url, "/deadlines", limit_s=ANSWER_LIMIT_S)
        except Refused as error:
            if error.status == 404:
                return []
            raise
        return list(answer["deadlines"])

    async def links(self, url: str) -> list[dict[str, Any]]:
        """Every link of the relay there, described."""
        return list((await self._call("GET", url, "/links", limit_s=ANSWER_LIMIT_S))["links"])

    async def look(self, url: str, *, gone: Sequence[str] = (), unseen: Sequence[str] = ()) -> None:
        """Has the relay there look which of its targets are there, but for those of which that is known, or cannot be
        told by looking."""
        body = {"gone": list(gone), "unseen": list(unseen)}
        await self._call("POST", url, "/look", limit_s=ANSWER_LIMIT_S, json=body)

    async def add_links(self, url: str, links: Sequence[Mapping[str, Any]]) -> None:
        """Opens further links in the relay there."""
        await self._call("POST", url, "/links", limit_s=ANSWER_LIMIT_S, json={"links": list(links)})

    async def remove_link(self, url: str, link: str) -> None:
        await self._call("DELETE", url, "/links", limit_s=ANSWER_LIMIT_S, params={"link": link})

    async def set_fault(self, url: str, fault: Mapping[str, Any]) -> dict[str, Any]:
        """`fault` names link, kind and settings. Raises OperatorError for one that cannot be."""
        with _operators_fault():
            return await self._call("PUT", url, "/fault", limit_s=ANSWER_LIMIT_S, json=fault)

    async def heal(self, url: str, link: str | None) -> dict[str, int]:
        """How often each healed link was hit. Raises OperatorError for a link that does not exist."""
        params = {} if link is None else {"link": link}
        with _operators_fault():
            return dict((await self._call("DELETE", url, "/fault", limit_s=ANSWER_LIMIT_S, params=params))["hits"])

    async def _call(self, method: str, url: str, path: str, *, limit_s: float, **options: Any) -> dict[str, Any]:
        """Raises Silent without an answer in real `limit_s`, Refused for any status but 2xx."""
        url = f"{url}{OPERATOR_PREFIX}{path}"
        limit = aiohttp.ClientTimeout(total=limit_s)
        try:
            async with self._session.request(method, url, timeout=limit, **options) as response:
                body = {} if response.status == NO_CONTENT else await response.json()
        except TimeoutError as error:
            raise Silent(f"{method} {url}: no answer within {limit_s:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Silent(f"{method} {url}: {error}") from error
        if not isinstance(body, dict):
            raise HarnessError(f"{method} {url} answered {body!r}; a JSON object was expected")
        if response.status // 100 != 2:
            said = str(body.get("error", response.reason))
            raise Refused(response.status, f"{method} {url}: {said}", said)
        return body


@contextmanager
def _operators_fault() -> Iterator[None]:
    """What a process refuses because of what it was asked for is for whoever asked to mend."""
    try:
        yield
    except Refused as error:
        if error.status not in (400, 404):
            raise
        raise OperatorError(error.said) from error


@asynccontextmanager
async def open_admin_client(token: str) -> AsyncIterator[AdminClient]:
    """A client for processes that share this admin token."""
    async with aiohttp.ClientSession(headers={OPERATOR_TOKEN: token}) as session:
        yield AdminClient(session)
