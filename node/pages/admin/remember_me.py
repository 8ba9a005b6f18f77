"""`AllUsersRememberMeCookies.jspa`: how many browsers are remembered, and forgetting all of them.

With a rolling restart afterwards everyone must log in again (source: "Invalidating user sessions", workarounds).
"""

from aiohttp import web

from node.admin_actions import AdminActions
from node.forms import form_of
from node.pages.fields import require_tick
from node.pages.shell import Shell
from node.pages.telling import tell
from node.request import Request
from node.routes import Needs, Route, Xsrf
from node.store import remember_me
from node.store.engine import Database
from shared.settings import NodeSettings

ALL_TOKENS = "/secure/admin/user/AllUsersRememberMeCookies.jspa"


def remember_me_page_routes(
    database: Database, actions: AdminActions, shell: Shell, settings: NodeSettings
) -> list[Route]:
    async def show(request: Request) -> web.Response:
        async with database.transaction() as connection:
            total = await remember_me.count(connection)
        return shell.page(request, "admin/remember_me.html", total=total, days=settings.remember_me_age_s / 86_400)

    async def clear(request: Request) -> web.Response:
        require_tick(await form_of(request), "sure")
        facts = tell(await actions.clear_all_remember_me(), settings)
        facts.append("To log everyone out, restart the nodes one after the other now.")
        return shell.page(request, "done.html", title="All browsers are forgotten", facts=facts, back=ALL_TOKENS)

    return [
        Route("GET", ALL_TOKENS, show, Needs.WEBSUDO),
        Route("GET", ALL_TOKENS.replace(".jspa", "!default.jspa"), show, Needs.WEBSUDO),
        Route("POST", ALL_TOKENS, clear, Needs.WEBSUDO, xsrf=Xsrf.TOKEN),
    ]
