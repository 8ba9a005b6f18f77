"""`EditUser.jspa`: name, address and whether the user is active. pycontribs/jira deactivates users by this form.

As in every form, a box that is not ticked is not sent: a form without `active` deactivates.
"""

from aiohttp import web

from node.forms import form_of
from node.pages.admin.user_actions import view_of
from node.pages.fields import form_text
from node.pages.shell import Shell
from node.pages.telling import tell_deactivation
from node.profiles import ProfileChange, Profiles
from node.request import Request
from node.rest.user import find_user
from node.routes import Needs, Route, Xsrf
from node.store.engine import Database
from shared.settings import NodeSettings

EDIT = "/secure/admin/user/EditUser.jspa"


def edit_user_routes(database: Database, profiles: Profiles, shell: Shell, settings: NodeSettings) -> list[Route]:
    async def show(request: Request) -> web.Response:
        account = await find_user(database, request.query.get("editName"), None)
        return shell.page(request, "admin/edit_user.html", user=account)

    async def save(request: Request) -> web.Response:
        form = await form_of(request)
        account = await find_user(database, form_text(form, "editName"), None)
        active = form.get("active") == "true"
        change = ProfileChange(
            username=form_text(form, "username"),
            display_name=form_text(form, "fullName"),
            email=form_text(form, "email"),
            active=active if active is not account.active else None,
        )
        outcome = await profiles.change(account, change, actor=request.context.user)
        changed = await find_user(database, None, account.user_key)
        facts = ["Name, full name and address are saved; sessions that are open stay open."]
        if change.active is False:
            facts = tell_deactivation(outcome, settings)
        elif change.active:
            facts = ["The user may log in again. Remember-me tokens that were not cleared work again, too."]
        return shell.page(request, "done.html", title=_title(change), facts=facts, back=view_of(changed))

    def _title(change: ProfileChange) -> str:
        words = {None: "is saved", True: "is active again", False: "is deactivated"}
        return f"{change.username} {words[change.active]}"

    return [
        Route("GET", EDIT, show, Needs.WEBSUDO),
        Route("GET", "/secure/admin/user/EditUser!default.jspa", show, Needs.WEBSUDO),
        Route("POST", EDIT, save, Needs.WEBSUDO, xsrf=Xsrf.TOKEN),
    ]
