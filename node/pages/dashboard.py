"""The landing page: gadgets that refresh by themselves."""

from collections.abc import Iterable

from aiohttp import web

from node.answers import redirect
from node.pages.gadgets import PREFIX, STRIP, Gadget
from node.pages.shell import Shell
from node.request import Request
from node.routes import Needs, Route

INTERVALS_S = {15.0: "15 seconds", 60.0: "minute", 300.0: "5 minutes", 900.0: "15 minutes"}


def dashboard_routes(shell: Shell, gadgets: tuple[Gadget, ...], *, refresh_s: float) -> list[Route]:
    """`refresh_s`: real seconds between two refreshes, unless the user chooses another interval."""
    choices = sorted(({refresh_s: f"{refresh_s:g} seconds"} | INTERVALS_S).items())

    async def home(_request: Request) -> web.Response:
        return redirect(shell.paths.to("/secure/Dashboard.jspa"))

    async def dashboard(request: Request) -> web.Response:
        return shell.page(
            request,
            "dashboard.html",
            gadgets=[await _shown(gadget, request, shell) for gadget in gadgets],
            intervals=_numbers(choices),
            interval=f"{refresh_s:g}",
            strip_source=_source(STRIP, shell),
        )

    return [
        Route("GET", "/", home, Needs.ANYONE),
        Route("GET", "/secure/Dashboard.jspa", dashboard, Needs.USER),
    ]


async def _shown(gadget: Gadget, request: Request, shell: Shell) -> dict[str, object]:
    return {
        "name": gadget.name,
        "title": gadget.title,
        "wide": gadget.wide,
        "source": _source(gadget.name, shell),
        "content": await gadget.content(request, shell),
    }


def _source(name: str, shell: Shell) -> str:
    return shell.paths.to(f"{PREFIX}/{name}")


def _numbers(choices: Iterable[tuple[float, str]]) -> list[tuple[str, str]]:
    """As the script reads them back."""
    return [(f"{seconds:g}", text) for seconds, text in choices]
