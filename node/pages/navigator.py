"""`/issues/`: the issue navigator, with a basic and an advanced (JQL) view.

Which of the two was used last is kept in a cookie for about ten years (source: "Jira application cookies"). Who is not
logged in sees fewer issues and, on this page, is told so.
"""

from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from aiohttp import web

from node.cookies import CookieJarRules
from node.issue_desk import IssueDesk
from node.issues.jql.errors import JqlError
from node.issues.jql.scope import Scope
from node.issues.search import SearchPage, SearchRequest, search
from node.pages import browser_state
from node.pages.basic_search import ME, NOBODY, BasicSearch
from node.pages.shell import Shell
from node.request import Request
from node.rest.arguments import whole_number
from node.routes import Needs, Route

BASIC = "basic"
ADVANCED = "advanced"
PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What the visitor asks: the view he uses, the basic choices, the query they or he made, and where to start."""

    view: str
    basic: BasicSearch
    jql: str
    start_at: int

    def link(self, start_at: int) -> str:
        """The query string of another page of the same answer."""
        asked = {"jql": self.jql} if self.view == ADVANCED else asdict(self.basic)
        return "?" + urlencode({"view": self.view, **asked, "startAt": start_at})


def navigator_routes(desk: IssueDesk, shell: Shell, *, jar: CookieJarRules) -> list[Route]:
    async def navigate(request: Request) -> web.Response:
        question = _question(request)
        scope = await desk.scope(request.context.account)
        page, problems = _found(question, scope)
        _keep_view(request, question.view, jar)
        return shell.page(
            request,
            "navigator.html",
            status=400 if problems else 200,
            question=question,
            scope=scope,
            page=page,
            problems=problems,
            back=question.link(max(0, question.start_at - PAGE_SIZE)) if question.start_at else None,
            forth=question.link(question.start_at + PAGE_SIZE) if _has_more(page) else None,
            me=ME,
            nobody=NOBODY,
        )

    return [Route("GET", "/issues/", navigate, Needs.ANYONE), Route("GET", "/issues", navigate, Needs.ANYONE)]


def _question(request: Request) -> Question:
    """The view asked for, else the one used last; a query in the address is always the advanced view's."""
    query = request.query
    last = request.cookies.get(browser_state.NAVIGATOR_COOKIE)
    view = query.get("view", ADVANCED if "jql" in query else last)
    basic = BasicSearch.from_query(query)
    start_at = whole_number(query.get("startAt"), "startAt", default=0)
    if view != ADVANCED:
        return Question(BASIC, basic, basic.jql, start_at)
    return Question(ADVANCED, basic, query.get("jql", basic.jql), start_at)


def _found(question: Question, scope: Scope) -> tuple[SearchPage, list[str]]:
    wanted = SearchRequest(question.jql, start_at=question.start_at, max_results=PAGE_SIZE)
    try:
        return search(wanted, scope), []
    except JqlError as error:
        return SearchPage(replace(wanted, start_at=0), 0, ()), error.messages


def _has_more(page: SearchPage) -> bool:
    return page.request.start_at + len(page.issues) < page.total


def _keep_view(request: Request, view: str, jar: CookieJarRules) -> None:
    """Set anew on each use: the ten years count from the last one."""
    context, name = request.context, browser_state.NAVIGATOR_COOKIE
    context.set_cookies[name] = jar.plain(name, view, age_s=browser_state.NAVIGATOR_AGE_S, secure=request.is_https)
