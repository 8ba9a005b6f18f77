"""The page for anything that went wrong outside REST."""

from http import HTTPStatus

from aiohttp import web

from node.pages import page


def error_page(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    return page("error.html", {"title": title, "status": status, "message": message}, status=status, headers=headers)
