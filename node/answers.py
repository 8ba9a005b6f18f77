"""Building answers: Jira's JSON and error bodies, and the headers every answer carries."""

from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from shared.contract import HTML_TYPE, JSON_TYPE
from shared.json_text import to_json

SECURITY_HEADERS = {
    "X-XSS-Protection": "1; mode=block",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
REST_HEADERS = {
    "Content-Type": JSON_TYPE,
    "Cache-Control": "no-cache, no-store, no-transform",
    "Content-Security-Policy": "sandbox",
}
_REST_HEADERS = CIMultiDict(REST_HEADERS)
"""In the form that an answer needs only copy."""
PAGE_HEADERS = {
    "Content-Type": HTML_TYPE,
    "Cache-Control": "no-cache, no-store, no-transform",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
}


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A REST answer with the content type to the letter."""
    return web.Response(body=to_json(body), status=status, headers=REST_HEADERS | headers if headers else _REST_HEADERS)


def no_content() -> web.Response:
    return web.Response(status=204, headers={"Cache-Control": REST_HEADERS["Cache-Control"]})


def error_collection(
    status: int, *messages: str, errors: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """Jira's error body: `{"errorMessages": [...], "errors": {...}}`."""
    return json_answer({"errorMessages": list(messages), "errors": errors or {}}, status, headers)


def rest_message(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """The body of an error that never reached a resource: `{"message": ..., "status-code": ...}`."""
    return json_answer({"message": message, "status-code": status}, status, headers)


def text_answer(text: str, status: int = 200) -> web.Response:
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Cache-Control": REST_HEADERS["Cache-Control"]}
    return web.Response(body=text.encode(), status=status, headers=headers)


def html_answer(body: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body.encode(), status=status, headers=PAGE_HEADERS | (headers or {}))


def redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location, "Cache-Control": PAGE_HEADERS["Cache-Control"]})
