"""`/browse/{key}`: one issue. The tab that was used last is kept for a year (source: "Jira application cookies")."""

from aiohttp import web

from node.answers import redirect
from node.cookies import CookieJarRules
from node.issue_desk import IssueDesk
from node.issues.visibility import find_issue, may_see
from node.pages import browser_state
from node.pages.shell import Shell
from node.request import Request
from node.routes import Needs, Route
from shared.errors import CallerError

TABS = {"details": "Details", "comments": "Comments", "attachments": "Attachments", "subtasks": "Sub-tasks"}
FIRST_TAB = "details"
TAB_ENTRY = "issue-tab"


def issue_page_routes(desk: IssueDesk, shell: Shell, *, jar: CookieJarRules) -> list[Route]:
    async def browse(request: Request) -> web.Response:
        context = request.context
        scope = await desk.scope(context.account)
        try:
            issue = find_issue(scope.tracker, request.variables["key"], scope.viewer)
        except CallerError as error:
            if error.status == 401:
                return redirect(shell.paths.login_page_for(request))
            raise
        view = await desk.view(scope, (issue,))
        subtasks = [one for one in scope.tracker.subtasks(issue.key) if may_see(one, scope.viewer)]
        files = view.attachments_of(issue.id)
        return shell.page(
            request,
            "issue.html",
            issue=issue,
            people=scope.people,
            parent=scope.tracker.find(issue.parent or ""),
            subtasks=subtasks,
            files=files,
            tab=_chosen_tab(request, jar),
            tabs=TABS,
            counts={"comments": len(issue.comments), "attachments": len(files), "subtasks": len(subtasks)},
        )

    return [Route("GET", "/browse/{key}", browse, Needs.ANYONE)]


def _chosen_tab(request: Request, jar: CookieJarRules) -> str:
    """The tab asked for, which is then kept, else the one used last."""
    name = browser_state.CONGLOMERATE_COOKIE
    cookie = request.cookies.get(name, "")
    asked = request.query.get("tab")
    if asked not in TABS:
        last = browser_state.read_conglomerate(cookie).get(TAB_ENTRY, FIRST_TAB)
        return last if last in TABS else FIRST_TAB
    context = request.context
    value = browser_state.with_entry(cookie, TAB_ENTRY, asked)
    age_s = browser_state.CONGLOMERATE_AGE_S
    context.set_cookies[name] = jar.plain(name, value, age_s=age_s, secure=request.is_https)
    return asked
