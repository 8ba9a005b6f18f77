"""The landing page: who is logged in, on which node, and what knew them."""

from aiohttp import web

from node.answers import redirect
from node.caches import Caches
from node.pages import page
from node.paths import Paths
from node.request_context import context_of
from node.routes import Needs, Route
from shared.clock import PolicyClock, as_datetime
from shared.settings import NodeSettings


def dashboard_routes(caches: Caches, clock: PolicyClock, settings: NodeSettings, *, paths: Paths) -> list[Route]:
    async def home(_request: web.Request) -> web.Response:
        return redirect(paths.to("/secure/Dashboard.jspa"))

    async def dashboard(request: web.Request) -> web.Response:
        context = context_of(request)
        session = context.session
        ends_ms = caches.web_sessions.deadline_ms(session) if session else None
        return page(
            "dashboard.html",
            {
                "paths": paths,
                "node_id": settings.node_id,
                "version": settings.version,
                "account": context.user,
                "known_via": context.known_via,
                "session": session,
                "session_ends": as_datetime(ends_ms) if ends_ms else None,
                "now": as_datetime(clock.now_ms()),
            },
        )

    return [
        Route("GET", "/", home, Needs.ANYONE),
        Route("GET", "/secure/Dashboard.jspa", dashboard, Needs.USER),
    ]
