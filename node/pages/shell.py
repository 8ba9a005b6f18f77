"""What every page has around its own content: the bar, the way to log out, and the strip that says what happened.

The strip is for trainers: which node answered, who it took the user for and by what, and when the session ends.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from node.answers import html_answer
from node.pages import browser_state
from node.pages.assets import Assets
from node.pages.rendering import render
from node.paths import Paths
from node.request import Request
from node.web_sessions import WebSessions
from shared.clock import PolicyClock
from shared.settings import NodeSettings

NODE_COLOURS = 6


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip shows of one request; instants are policy ms, `session` is the public hash of its id."""

    node_id: str
    node_colour: int
    version: str
    username: str | None
    known_via: str
    session: str | None
    session_ended: str | None
    ends_ms: int | None
    now_ms: int


class Shell:
    """Renders pages. `token_of` gives the XSRF token for the forms of an answer."""

    def __init__(
        self,
        settings: NodeSettings,
        web_sessions: WebSessions,
        clock: PolicyClock,
        assets: Assets,
        *,
        paths: Paths,
        token_of: Callable[[Request], str],
    ) -> None:
        self._settings = settings
        self._web_sessions = web_sessions
        self._clock = clock
        self._assets = assets
        self._token_of = token_of
        self.paths = paths

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: object,
    ) -> web.Response:
        """A whole page; `values` are what its template needs beyond the shell."""
        return html_answer(render(template, self._around(request) | values), status, headers)

    def part(self, request: Request, template: str, **values: object) -> str:
        """A part of a page, for a script that puts it there, or to be put into a page at once."""
        return render(template, {"paths": self.paths, "strip": self.strip(request), **values})

    def error(self, request: Request, status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
        """The page for anything that went wrong outside REST."""
        title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
        values = {"title": title, "code": status, "message": message}
        return self.page(request, "error.html", status=status, headers=headers, **values)

    def strip(self, request: Request) -> Strip:
        context, settings = request.context, self._settings
        session = context.session
        return Strip(
            node_id=settings.node_id,
            node_colour=_colour(settings.node_id),
            version=str(settings.version),
            username=context.account.username if context.account else None,
            known_via=context.known_via,
            session=session.hash if session else None,
            session_ended=context.session_ended,
            ends_ms=self._web_sessions.deadline_ms(session) if session else None,
            now_ms=self._clock.now_ms(),
        )

    def _around(self, request: Request) -> dict[str, object]:
        acknowledged = request.cookies.get(browser_state.UNSUPPORTED_COOKIE)
        return {
            "paths": self.paths,
            "asset": lambda name: self.paths.to(self._assets.address(name)),
            "account": request.context.account,
            "strip": self.strip(request),
            "atl_token": self._token_of(request),
            "unsupported_browser": browser_state.needs_warning(request.headers.get("User-Agent", ""), acknowledged),
            "here": request.path_qs.removeprefix(self.paths.context) or "/",
        }


def _colour(node_id: str) -> int:
    """Nodes that are numbered differ in colour from their neighbours, so that a change of node is seen at once."""
    digits = node_id[len(node_id.rstrip("0123456789")) :]
    number = int(digits[-6:]) if digits else zlib.crc32(node_id.encode())
    return number % NODE_COLOURS
