"""Outermost: opens the request's context, and turns what the others left on it into headers and one log line."""

import time
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from aiohttp import web
from multidict import istr

from node.cookies import CookieJarRules, cookie_reader
from node.filters import Filter, Handler
from node.request import Request
from node.request_context import RequestContext
from node.routes import Route
from node.web_sessions import WebSession, WebSessions
from shared import contract
from shared.clock import AnchorSeal, PolicyClock
from shared.log import get_logger

log = get_logger()

MINUTE_MS = 60_000
MINUTES_A_DAY = 24 * 60

# What every request is asked for and what stands in every answer, in the form that needs no folding of case each time.
_CLOCK_STAMP = istr(contract.CLOCK_STAMP)
_REQUEST_ID = istr(contract.REQUEST_ID)
_SERVED_BY = istr(contract.SERVED_BY)
_USER_NAME = istr(contract.USER_NAME)
_KNOWN_VIA = istr(contract.KNOWN_VIA)
_SESSION_HASH = istr(contract.SESSION_HASH)
_LOGIN_REASON = istr(contract.LOGIN_REASON)


class RequestMeter:
    """Counts requests; names them as Jira does: minute of the day x number since start x running at once."""

    def __init__(self) -> None:
        self.total = 0
        self.in_flight = 0

    def begin(self, now_ms: int) -> str:
        self.total += 1
        self.in_flight += 1
        return f"{now_ms // MINUTE_MS % MINUTES_A_DAY}x{self.total}x{self.in_flight}"

    def end(self) -> None:
        self.in_flight -= 1


def request_context_filter(
    clock: PolicyClock,
    web_sessions: WebSessions,
    meter: RequestMeter,
    *,
    seal: AnchorSeal,
    jar: CookieJarRules,
    node_id: str | None,
) -> Filter:
    """`seal` opens the balancer's clock stamps, so that no request is served on an older clock than its sender's.
    `node_id` None is a node of no cluster, which does not say who it is."""

    lines = log.bind()  # looked up once and not for every request
    session_cookies_of = cookie_reader(jar.session_name)

    def first_known(session_ids: Sequence[str], now_ms: int) -> WebSession | None:
        """Where the first of several names no session, the first of the others that does (`node.cookies` says why)."""
        found = (web_sessions.find(session_id, now_ms=now_ms) for session_id in session_ids)
        return next((session for session in found if session is not None), None)

    def request_context_of(route: Route, handler: Handler) -> Handler:
        is_status = route.is_status
        write = lines.debug if is_status else lines.info

        async def request_context(request: Request) -> web.StreamResponse:
            started_ns = time.monotonic_ns()
            stamp = request.headers.get(_CLOCK_STAMP)
            if stamp is not None:
                _catch_up(clock, seal, stamp)
            now_ms = clock.now_ms()
            context = request.context = RequestContext(meter.begin(now_ms))
            asked = session_cookies_of(request)
            if asked:
                session_id = context.asked_session_id = asked[0]
                context.session = web_sessions.find(session_id, now_ms=now_ms) or first_known(asked[1:], now_ms)
                if context.session is None:
                    context.session_ended = web_sessions.cause_of_end(session_id)
            try:
                response = await handler(request)
            finally:
                meter.end()
            _write_headers(response, context, node_id)
            if is_status and seal.asks(request.headers.get(contract.CLOCK_ASK)):
                response.headers[contract.CLOCK_READING] = seal.answer(clock.reading())
            write(
                "request",
                request_id=context.request_id,
                method=request.method,
                path=request.path,
                status=response.status,
                user=context.account.username if context.account else None,
                known_via=context.known_via,
                session_ended=context.session_ended,
                real_ms=(time.monotonic_ns() - started_ns) // 10_000 / 100,
            )
            return response

        return request_context

    return request_context_of


def _catch_up(clock: PolicyClock, seal: AnchorSeal, stamp: str) -> None:
    """A node that slept through a jump of the clock re-anchors before it judges anything."""
    if stamp.startswith(f"{clock.anchor.generation};"):
        return
    anchor = seal.open(stamp)
    if anchor is not None:
        clock.adopt(anchor)


def _write_headers(response: web.StreamResponse, context: RequestContext, node_id: str | None) -> None:
    headers = response.headers
    headers[_REQUEST_ID] = context.request_id
    if node_id is not None:
        headers[_SERVED_BY] = node_id
    headers[_USER_NAME] = _shown(context.account.username) if context.account else "anonymous"
    headers[_KNOWN_VIA] = context.known_via
    if context.session is not None:
        headers[_SESSION_HASH] = context.session.hash
    if context.session_ended is not None:
        headers[contract.SESSION_ENDED] = context.session_ended
    if context.login_reason is not None:
        headers[_LOGIN_REASON] = context.login_reason
    for line in context.set_cookies.values():
        headers.add("Set-Cookie", line)


@lru_cache(maxsize=4096)
def _shown(username: str) -> str:
    return quote(username, safe="")
