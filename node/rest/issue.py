"""`/rest/api/2/issue/{key}` and its attachments (reference: jira.md 4.4).

Attachments come as a form, so a browser could be made to send one by a foreign page: the XSRF filter wants
`X-Atlassian-Token: no-check` before a request gets here.
"""

from aiohttp import web

from node.answers import json_answer
from node.issue_desk import IssueDesk
from node.issues import beans
from node.issues.jql.scope import Scope
from node.issues.model import Issue
from node.issues.rest_shapes import issue_bean
from node.issues.visibility import find_issue
from node.paths import Paths
from node.request import Request
from node.rest.arguments import whole_number
from node.rest.uploads import uploaded_files
from node.routes import Needs, Route, Xsrf, rest
from shared.errors import CallerError

ALL_FIELDS = ("*all",)
FILE_PART = "file"


def issue_routes(desk: IssueDesk, *, paths: Paths) -> list[Route]:
    async def asked(request: Request) -> tuple[Issue, Scope]:
        scope = await desk.scope(request.context.account)
        return find_issue(scope.tracker, request.variables["key"], scope.viewer), scope

    async def read(request: Request) -> web.Response:
        issue, scope = await asked(request)
        fields = [name.strip() for value in request.query.getall("fields", []) for name in value.split(",")]
        view = await desk.view(scope, (issue,))
        return json_answer(issue_bean(issue, view, [name for name in fields if name] or ALL_FIELDS))

    async def attach(request: Request) -> web.Response:
        issue, scope = await asked(request)
        files = await uploaded_files(request, FILE_PART)
        stored = await desk.attach(issue, files, request.context.user)
        base_url = paths.absolute("")
        return json_answer([beans.attachment_bean(one, scope.people, base_url) for one in stored])

    async def attachment(request: Request) -> web.Response:
        scope = await desk.scope(request.context.account)
        attachment_id = whole_number(request.variables["id"], "id", default=0, most=2**63 - 1)
        found = await desk.attachment(attachment_id, scope)
        if found is None:
            raise CallerError(404, f"The attachment with id '{attachment_id}' does not exist")
        return json_answer(beans.attachment_bean(found, scope.people, paths.absolute("")))

    return [
        rest("GET", "/issue/{key}", read, Needs.ANYONE),
        rest("POST", "/issue/{key}/attachments", attach, xsrf=Xsrf.HEADER),
        rest("GET", "/attachment/{id}", attachment, Needs.ANYONE),
    ]
