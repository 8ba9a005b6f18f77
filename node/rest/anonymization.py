"""`/rest/api/2/user/anonymization`: a task that runs on one node and is reported by all (reference: jira.md 4.3)."""

from typing import Any

from aiohttp import web

from node.anonymizing import Anonymizing
from node.answers import error_collection, json_answer, no_content
from node.identity import Account
from node.request import Request
from node.rest.arguments import json_body, optional_text, text_field, whole_number
from node.rest.user import find_user
from node.routes import Needs, Route, rest
from node.store import anonymizations
from node.store.anonymizations import COMPLETED, AnonymizationTask
from node.store.engine import Database
from shared.clock import jira_time
from shared.contract import NOT_CLUSTERED
from shared.errors import CallerError

OPERATIONS = ["USER_NAME_CHANGE", "USER_DISABLE", "USER_NAME_CHANGE_PLUGIN_POINTS", "USER_ANONYMIZE_PLUGIN_POINTS"]
NO_TASK = "A user anonymization task could not be found"


def anonymization_routes(database: Database, anonymizing: Anonymizing, *, is_clustered: bool) -> list[Route]:
    async def user_with_key(user_key: str) -> Account:
        try:
            return await find_user(database, None, user_key)
        except CallerError as error:
            raise CallerError(400, fields={"userKey": str(error)}) from error

    async def validate(request: Request) -> web.Response:
        account = await user_with_key(request.query.get("userKey", ""))
        problem = anonymizing.problem_with(account, request.context.user)
        return json_answer(_validation(account, problem), 400 if problem else 200)

    async def start(request: Request) -> web.Response:
        body = await json_body(request)
        account = await user_with_key(text_field(body, "userKey"))
        if (new_owner := optional_text(body, "newOwnerKey")) is not None:
            await user_with_key(new_owner)
        task = await anonymizing.start(account, request.context.user)
        return json_answer(_progress(task), 202)

    async def progress(request: Request) -> web.Response:
        task_id = whole_number(request.query.get("taskId"), "taskId", default=0, most=2**63 - 1)
        async with database.transaction() as connection:
            task = await anonymizations.find(connection, task_id or None)
        if task is None:
            return error_collection(404, NO_TASK)
        return json_answer(_progress(task))

    async def unlock(_request: Request) -> web.Response:
        """Only a cluster can lose the node that runs a task and go on."""
        if not is_clustered:
            raise CallerError(400, NOT_CLUSTERED)
        await anonymizing.unlock()
        return no_content()

    return [
        rest("GET", "/user/anonymization", validate, Needs.ADMIN),
        rest("POST", "/user/anonymization", start, Needs.ADMIN),
        rest("GET", "/user/anonymization/progress", progress, Needs.ADMIN),
        rest("DELETE", "/user/anonymization/unlock", unlock, Needs.ADMIN),
    ]


def _validation(account: Account, problem: str | None) -> dict[str, Any]:
    return {
        "errors": {} if problem is None else {"GENERAL": {"errorMessages": [problem], "errors": {}}},
        "warnings": {},
        "expand": "affectedEntities",
        "userKey": account.user_key,
        "userName": account.username,
        "displayName": account.display_name,
        "deleted": False,
        "email": account.email,
        "success": problem is None,
        "operations": OPERATIONS,
        "businessLogicValidationFailed": problem is not None,
    }


def _progress(task: AnonymizationTask) -> dict[str, Any]:
    finished = task.finished_ms is not None
    bean: dict[str, Any] = {
        "errors": {} if task.error is None else {"GENERAL": {"errorMessages": [task.error], "errors": {}}},
        "warnings": {},
        "userKey": task.user_key,
        "userName": task.username,
        "fullName": task.full_name,
        "progressUrl": f"/rest/api/2/user/anonymization/progress?taskId={task.task_id}",
        "currentProgress": 100 if finished else 0,
        "submittedTime": jira_time(task.submitted_ms),
        "operations": OPERATIONS if task.status == COMPLETED else [],
        "status": task.status,
        "executingNode": task.executing_node,
        "isRerun": False,
        "rerun": False,
    }
    if task.started_ms is not None:
        bean["startTime"] = jira_time(task.started_ms)
    if task.finished_ms is not None:
        bean["finishTime"] = jira_time(task.finished_ms)
        bean["currentSubTask"] = "Anonymization finished"
    return bean
