"""What the operator endpoints of every program have in common: the token, JSON errors, and the clock.

They listen on a port of their own, on loopback unless the operator says otherwise, and every call needs the token in
`X-Dcsim-Token` or as a Bearer token.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from shared.clock import Anchor, PolicyClock
from shared.contract import OPERATOR_PREFIX, OPERATOR_TOKEN
from shared.errors import CallerError, DependencyError, OperatorError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY = 64 * 1024


def operator_app(token: str) -> web.Application:
    """An application that answers nobody without the token, and every refusal in JSON."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(OPERATOR_TOKEN) or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
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


def add_clock_routes(app: web.Application, clock: PolicyClock) -> None:
    """`GET` and `PUT /-/clock`: read this process's policy clock, or hand it a newer anchor."""

    async def read(_request: web.Request) -> web.Response:
        return web.json_response(describe_clock(clock))

    async def adopt(request: web.Request) -> web.Response:
        body = await json_object(request)
        anchor = Anchor.parse(str(body.get("anchor", "")))
        if not clock.adopt(anchor) and clock.anchor != anchor:
            ours = clock.anchor.generation
            raise CallerError(409, f"clock generation {anchor.generation} is not newer than {ours}, which is in force")
        return web.json_response(describe_clock(clock))

    app.router.add_get(f"{OPERATOR_PREFIX}/clock", read)
    app.router.add_put(f"{OPERATOR_PREFIX}/clock", adopt)


def describe_clock(clock: PolicyClock) -> dict[str, object]:
    """The clock as the operator endpoints show it; instants are policy ms since the epoch."""
    return {
        "anchor": str(clock.anchor),
        "generation": clock.anchor.generation,
        "rate": clock.anchor.rate,
        "now_ms": clock.now_ms(),
        "skew_ms": clock.skew_ms,
        "next_wake_ms": clock.next_wake_ms,
    }


async def json_object(request: web.Request) -> dict[str, Any]:
    """The request's body as a JSON object. Raises CallerError 400 for anything else."""
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise CallerError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise CallerError(400, "the body must be a JSON object")
    return body


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
