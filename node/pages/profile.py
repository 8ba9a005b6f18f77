"""The user about himself: profile, own password, own remember-me tokens."""

from aiohttp import web

from node.admin_actions import AdminActions
from node.forms import form_of
from node.own_password import OwnPassword
from node.pages.fields import form_text, same_twice
from node.pages.shell import Shell
from node.pages.telling import tell
from node.request import Request
from node.rest.arguments import PASSWORD_MAX
from node.routes import Route, Xsrf
from node.store import credentials, remember_me
from node.store.engine import Database
from shared.errors import CallerError
from shared.settings import NodeSettings

PROFILE = "/secure/ViewProfile.jspa"


def profile_routes(
    database: Database, own_password: OwnPassword, actions: AdminActions, shell: Shell, settings: NodeSettings
) -> list[Route]:
    async def show(request: Request, problem: str | None = None) -> web.Response:
        user = request.context.user
        async with database.transaction() as connection:
            tokens = await remember_me.count(connection, user.user_key)
            counters = await credentials.counters_of(connection, user.user_key)
        return shell.page(
            request,
            "profile.html",
            status=400 if problem else 200,
            problem=problem,
            tokens=tokens,
            counters=counters,
            spared=settings.switches.own_password_change_spares_current,
        )

    async def profile(request: Request) -> web.Response:
        return await show(request)

    async def change_password(request: Request) -> web.Response:
        context, form = request.context, await form_of(request)
        try:
            new = same_twice(form, "password", "confirm", limit=PASSWORD_MAX)
            old = form_text(form, "current", limit=PASSWORD_MAX)
            outcome = await own_password.change(context.user, old=old, new=new, session=context.session)
        except CallerError as error:
            return await show(request, str(error))
        facts = tell(outcome, settings)
        if not settings.switches.own_password_change_spares_current:
            facts.append("This browser's own session is among them: log in again with the new password.")
        return shell.page(request, "done.html", title="Your password is changed", facts=facts, back=PROFILE)

    async def forget_browsers(request: Request) -> web.Response:
        facts = tell(await actions.clear_remember_me(request.context.user), settings)
        return shell.page(request, "done.html", title="Your browsers are forgotten", facts=facts, back=PROFILE)

    return [
        Route("GET", PROFILE, profile),
        Route("GET", "/secure/ChangePassword!default.jspa", profile),
        Route("POST", "/secure/ChangePassword.jspa", change_password, xsrf=Xsrf.TOKEN),
        Route("GET", "/secure/ClearRememberMeCookies!default.jspa", profile),
        Route("POST", "/secure/ClearRememberMeCookies.jspa", forget_browsers, xsrf=Xsrf.TOKEN),
    ]
