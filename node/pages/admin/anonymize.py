"""`AnonymizeUser.jspa`: the same background task as by REST, and a page that shows how far it is."""

from aiohttp import web

from node.anonymizing import Anonymizing
from node.answers import redirect
from node.forms import form_of
from node.pages.fields import form_text, require_tick
from node.pages.shell import Shell
from node.request import Request
from node.rest.arguments import whole_number
from node.rest.user import find_user
from node.routes import Needs, Route, Xsrf
from node.store import anonymizations, directory, invalidation_log
from node.store.engine import Database
from shared.errors import CallerError

ANONYMIZE = "/secure/admin/user/AnonymizeUser.jspa"


def anonymize_page_routes(database: Database, anonymizing: Anonymizing, shell: Shell) -> list[Route]:
    async def start(request: Request) -> web.Response:
        form = await form_of(request)
        account = await find_user(database, form_text(form, "name"), None)
        require_tick(form, "sure")
        actor = request.context.user
        if problem := anonymizing.problem_with(account, actor):
            raise CallerError(400, problem)
        task = await anonymizing.start(account, actor)
        return redirect(shell.paths.to(f"{ANONYMIZE}?taskId={task.task_id}"))

    async def progress(request: Request) -> web.Response:
        task_id = whole_number(request.query.get("taskId"), "taskId", default=0, most=2**63 - 1)
        async with database.transaction() as connection:
            task = await anonymizations.find(connection, task_id)
            if task is None:
                raise CallerError(404, "There is no such anonymization.")
            person = await directory.by_key(connection, task.user_key)
            entry = await invalidation_log.latest_of_user(connection, task.user_key)
        return shell.page(request, "admin/anonymization.html", task=task, person=person, entry=entry)

    return [
        Route("POST", ANONYMIZE, start, Needs.WEBSUDO, xsrf=Xsrf.TOKEN),
        Route("GET", ANONYMIZE, progress, Needs.WEBSUDO),
    ]
