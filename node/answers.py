"""Building answers: Jira's JSON and error bodies, and the headers every answer carries.

Nothing else in a node makes a response, so none of ours can be without them; only what aiohttp says by itself of a
request that is no HTTP is.
"""

from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from shared.contract import HTML_TYPE, JSON_TYPE
from shared.json_text import to_json

_SECURITY_HEADERS = {
    "X-XSS-Protection": "1; mode=block",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
_NOT_KEPT = {"Cache-Control": "no-cache, no-store, no-transform"}
_REST_HEADERS = _NOT_KEPT | {"Content-Type": JSON_TYPE, "Content-Security-Policy": "sandbox"}
_JSON_HEADERS = CIMultiDict(_REST_HEADERS | _SECURITY_HEADERS)
"""All of a JSON answer, in the form that only has to be copied."""
_PAGE_HEADERS = _NOT_KEPT | {
    "Content-Type": HTML_TYPE,
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
}


def answer(status: int, headers: dict[str, str], body: bytes | None = None) -> web.Response:
    """Any answer that is none of the kinds below."""
    return web.Response(body=body, status=status, headers=_SECURITY_HEADERS | headers)


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A REST answer with the content type to the letter."""
    if headers:
        return answer(status, _REST_HEADERS | headers, to_json(body))
    return web.Response(body=to_json(body), status=status, headers=_JSON_HEADERS)


def no_content() -> web.Response:
    return answer(204, _NOT_KEPT)


def error_collection(
    status: int, *messages: str, errors: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """Jira's error body: `{"errorMessages": [...], "errors": {...}}`."""
    return json_answer({"errorMessages": list(messages), "errors": errors or {}}, status, headers)


def rest_message(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """The body of an error that never reached a resource: `{"message": ..., "status-code": ...}`."""
    return json_answer({"message": message, "status-code": status}, status, headers)


def text_answer(text: str, status: int = 200) -> web.Response:
    return answer(status, _NOT_KEPT | {"Content-Type": "text/plain;charset=UTF-8"}, text.encode())


def html_answer(body: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return answer(status, _PAGE_HEADERS | (headers or {}), body.encode())


def picture_answer(png: bytes) -> web.Response:
    """A picture of a page."""
    return answer(200, _PAGE_HEADERS | {"Content-Type": "image/png"}, png)


def redirect(location: str) -> web.Response:
    return answer(302, _NOT_KEPT | {"Location": location})
