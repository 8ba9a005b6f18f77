"""`UserBrowser.jspa` and `ViewUser.jspa`: who there is, and what is open in a user's name."""

from urllib.parse import quote

from aiohttp import web

from node.caches import Caches
from node.pages.shell import Shell
from node.request import Request
from node.rest.arguments import whole_number
from node.rest.user import find_user
from node.routes import Needs, Route
from node.store import credentials, directory, remember_me
from node.store.engine import Database
from shared.versions import Version

BROWSER = "/secure/admin/user/UserBrowser.jspa"
VIEW = "/secure/admin/user/ViewUser.jspa"
PAGE_SIZE = 50


def user_page_routes(database: Database, caches: Caches, shell: Shell, *, version: Version) -> list[Route]:
    async def browse(request: Request) -> web.Response:
        text = request.query.get("userSearchFilter", "")
        start = whole_number(request.query.get("start"), "start", default=0)
        async with database.transaction() as connection:
            found = await directory.search(connection, text, start=start, limit=PAGE_SIZE + 1)
            tokens = await remember_me.count_by_user(connection, (account.user_key for account in found))
        rows = [
            {
                "account": account,
                "tokens": tokens.get(account.user_key, 0),
                "sessions": len(caches.web_sessions.of_user(account.user_key)),
            }
            for account in found[:PAGE_SIZE]
        ]
        link = f"?userSearchFilter={quote(text, safe='')}&start="
        return shell.page(
            request,
            "admin/users.html",
            text=text,
            rows=rows,
            back=f"{link}{max(0, start - PAGE_SIZE)}" if start else None,
            forth=f"{link}{start + PAGE_SIZE}" if len(found) > PAGE_SIZE else None,
        )

    async def view(request: Request) -> web.Response:
        account = await find_user(database, request.query.get("name"), None)
        async with database.transaction() as connection:
            tokens = await remember_me.count(connection, account.user_key)
            counters = await credentials.counters_of(connection, account.user_key)
        sessions = caches.web_sessions.of_user(account.user_key)
        return shell.page(
            request,
            "admin/user.html",
            user=account,
            tokens=tokens,
            counters=counters,
            sessions=[(session, caches.web_sessions.deadline_ms(session)) for session in sessions],
            can_end_sessions=version.has_rest_end_session,
        )

    return [Route("GET", BROWSER, browse, Needs.WEBSUDO), Route("GET", VIEW, view, Needs.WEBSUDO)]
