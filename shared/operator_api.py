"""What the operator endpoints of every program have in common: the token, JSON errors, and the clock.

They listen on a port of their own, on loopback unless the operator says otherwise, and every call needs the token in
`X-Dcsim-Token` or as a Bearer token.
"""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from shared.clock import LAST_MS, Anchor, PolicyClock
from shared.contract import OPERATOR_PREFIX, OPERATOR_TOKEN
from shared.errors import CallerError, DependencyError, OperatorError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY = 64 * 1024
SETTLE_LIMIT_S = 0.8
"""Real seconds an answer waits for what a change of the clock has made due."""
SKEW_MAX_MS = 10 * 365 * 24 * 3600 * 1000


def operator_app(token: str) -> web.Application:
    """An application that answers nobody without the token, and every refusal in JSON."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(OPERATOR_TOKEN) or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
            return _refusal(401, f"operator endpoints need the admin token in {OPERATOR_TOKEN}")
        try:
            return await handler(request)
        except CallerError as error:
            return _refusal(error.status, str(error))
        except OperatorError as error:
            return _refusal(400, str(error))
        except DependencyError as error:
            return _refusal(503, str(error))
        except web.HTTPException as error:
            return _refusal(error.status, error.reason)

    return web.Application(middlewares=[guard], client_max_size=MAX_BODY)


def add_clock_routes(app: web.Application, clock: PolicyClock, *, in_flight: Callable[[], int] = lambda: 0) -> None:
    """`GET` and `PUT /-/clock`: read this process's policy clock, or hand it a newer anchor or a skew.

    A PUT is answered when everything that came due by it has been done, or after SETTLE_LIMIT_S with `settled` false.
    `in_flight` counts the requests that are being served right now.
    """

    def describe() -> web.Response:
        return web.json_response(describe_clock(clock) | {"in_flight": in_flight()})

    async def read(_request: web.Request) -> web.Response:
        return describe()

    async def change(request: web.Request) -> web.Response:
        body = await json_object(request)
        if not body.keys() & {"anchor", "skew_ms"}:
            raise CallerError(400, "the body must have 'anchor' or 'skew_ms'")
        if "anchor" in body:
            _adopt(clock, Anchor.parse(str(body["anchor"])))
        if "skew_ms" in body:
            clock.skew(_skew(body["skew_ms"]))
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_LIMIT_S):
                await clock.settle()
        return describe()

    app.router.add_get(f"{OPERATOR_PREFIX}/clock", read)
    app.router.add_put(f"{OPERATOR_PREFIX}/clock", change)


def describe_clock(clock: PolicyClock) -> dict[str, object]:
    """The clock as the operator endpoints show it; instants are policy ms since the epoch. `monotonic_ns` is what the
    anchor refers to, so that whoever asks from another machine can tell how far its own clock is from it."""
    return {
        "monotonic_ns": clock.reading().monotonic_ns,
        "anchor": str(clock.anchor),
        "generation": clock.anchor.generation,
        "rate": clock.anchor.rate,
        "now_ms": clock.now_ms(),
        "skew_ms": clock.skew_ms,
        "next_alarm_ms": clock.next_alarm_ms,
        "settled": clock.settled,
    }


def _adopt(clock: PolicyClock, anchor: Anchor) -> None:
    if not 0 <= anchor.at(clock.reading().monotonic_ns) <= LAST_MS:
        raise CallerError(
            400, f"{anchor} puts policy time outside the years 1970 to 9999; is its monotonic ns one of this machine?"
        )
    if not clock.adopt(anchor) and not clock.anchor.is_same(anchor):
        ours = clock.anchor.generation
        raise CallerError(409, f"clock generation {anchor.generation} is not newer than {ours}, which is in force")


def _skew(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > SKEW_MAX_MS:
        raise CallerError(400, f"'skew_ms' must be a whole number of policy ms, at most {SKEW_MAX_MS} either way")
    return value


async def json_object(request: web.Request) -> dict[str, Any]:
    """The request's body as a JSON object, whatever it says it is. Raises CallerError 400 for anything else."""
    try:
        body = json.loads(await request.read())
    except web.RequestPayloadError as error:
        raise CallerError(400, "the body cannot be read; send JSON without a Content-Encoding") from error
    except (ValueError, RecursionError) as error:
        raise CallerError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise CallerError(400, "the body must be a JSON object")
    return body


def shown_limit(request: web.Request, *, default: int) -> int:
    """How many entries `?limit=` asks for. Raises CallerError 400 for what is no number, or has too many digits."""
    text = request.query.get("limit", str(default))
    if not re.fullmatch("[0-9]{1,9}", text):
        raise CallerError(400, f"limit {text[:20]!r} is not a whole number from 0 to 999999999")
    return int(text)


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
