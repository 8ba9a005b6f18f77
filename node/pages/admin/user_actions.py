"""What an administrator does to one user, one path an action, each followed by a page that says what was ended."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from aiohttp import web

from node.admin_actions import AdminActions
from node.answers import redirect
from node.forms import form_of
from node.identity import Account
from node.pages.admin.users import BROWSER, VIEW
from node.pages.fields import form_text, require_tick, same_twice
from node.pages.shell import Shell
from node.pages.telling import tell
from node.profiles import refuse_self
from node.request import Request
from node.rest.arguments import PASSWORD_MAX
from node.rest.user import find_user
from node.routes import Needs, Route, Xsrf
from node.store.engine import Database
from shared.settings import NodeSettings

PREFIX = "/secure/admin/user"
Form = Mapping[str, str]


def user_action_routes(database: Database, actions: AdminActions, shell: Shell, settings: NodeSettings) -> list[Route]:
    """Ending sessions is there from 9.11 on only, as by REST."""

    def action(name: str, perform: Callable[[Request, Account, Form], Awaitable[web.Response]]) -> Route:
        async def handle(request: Request) -> web.Response:
            form = await form_of(request)
            return await perform(request, await find_user(database, form_text(form, "name"), None), form)

        return Route("POST", f"{PREFIX}/{name}.jspa", handle, Needs.WEBSUDO, xsrf=Xsrf.TOKEN)

    def done(request: Request, account: Account, title: str, facts: list[str], back: str = "") -> web.Response:
        if request.context.user.user_key == account.user_key:
            facts.append("This is the user you are logged in as: your own session may be among them.")
        return shell.page(request, "done.html", title=title, facts=facts, back=back or view_of(account))

    async def set_password(request: Request, account: Account, form: Form) -> web.Response:
        password = same_twice(form, "password", "confirm", limit=PASSWORD_MAX)
        outcome = await actions.change_password(account, password)
        return done(request, account, f"The password of {account.username} is changed", tell(outcome, settings))

    async def end_sessions(request: Request, account: Account, _form: Form) -> web.Response:
        outcome = await actions.end_sessions(account)
        return done(request, account, f"The sessions of {account.username} are ended", tell(outcome, settings))

    async def forget_browsers(request: Request, account: Account, _form: Form) -> web.Response:
        outcome = await actions.clear_remember_me(account)
        return done(request, account, f"The browsers of {account.username} are forgotten", tell(outcome, settings))

    async def delete(request: Request, account: Account, form: Form) -> web.Response:
        require_tick(form, "sure")
        refuse_self(request.context.user, account, "delete")
        outcome = await actions.delete_user(account)
        return done(request, account, f"{account.username} is deleted", tell(outcome, settings), BROWSER)

    routes = [
        action("SetPassword", set_password),
        action("UserRememberMeCookies", forget_browsers),
        action("DeleteUser", delete),
    ]
    if settings.version.has_rest_end_session:
        routes.append(action("EndSessions", end_sessions))

    async def nothing_asked(_request: Request) -> web.Response:
        """Where one lands whose secure session ran out between form and action: nothing was done."""
        return redirect(shell.paths.to(BROWSER))

    return [*routes, *(Route("GET", route.path, nothing_asked, Needs.WEBSUDO) for route in routes)]


def view_of(account: Account) -> str:
    """The page about a user, below the context path."""
    return f"{VIEW}?name={quote(account.username, safe='')}"
