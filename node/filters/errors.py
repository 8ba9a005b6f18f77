"""Turns whatever was raised into an answer. A caller gets a documented status and body, never a stack trace."""

from http import HTTPStatus

from aiohttp import web

from node.answers import error_collection, html_answer, rest_message
from node.filters import Filter, Handler
from node.pages.shell import Shell
from node.request import Request
from node.routes import Route
from shared.errors import CallerError, DependencyError
from shared.log import get_logger

log = get_logger()

RETRY_AFTER_S = 2


def errors_filter(shell: Shell) -> Filter:
    """REST callers get JSON, browsers a page."""

    def errors_of(route: Route, handler: Handler) -> Handler:
        is_rest = route.is_rest

        async def errors(request: Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except CallerError as error:
                return _caller_error(error, request, shell, is_rest=is_rest)
            except DependencyError as error:
                log.warning("dependency away", path=request.path, error=str(error))
                return _unavailable(str(error), request, shell, is_rest=is_rest)
            except web.RequestPayloadError as error:
                malformed = CallerError(400, f"The request body could not be read: {error}")
                return _caller_error(malformed, request, shell, is_rest=is_rest)
            except web.HTTPException as error:
                return _http_error(error, request, shell, is_rest=is_rest)
            except Exception:
                request_id = request.context.request_id
                log.exception("unexpected error", path=request.path, request_id=request_id)
                message = f"Unexpected error; the node's log has the details under {request_id}."
                return rest_message(500, message) if is_rest else shell.error(request, 500, message)

        return errors

    return errors_of


def _caller_error(error: CallerError, request: Request, shell: Shell, *, is_rest: bool) -> web.Response:
    headers = dict(error.headers)
    if is_rest:
        return error_collection(error.status, *error.messages, errors=error.fields, headers=headers)
    return shell.error(request, error.status, str(error), headers)


def _unavailable(message: str, request: Request, shell: Shell, *, is_rest: bool) -> web.Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    if is_rest:
        return rest_message(503, message, headers)
    return shell.error(request, 503, message, headers)


def _http_error(error: web.HTTPException, request: Request, shell: Shell, *, is_rest: bool) -> web.Response:
    """aiohttp's own refusals: unknown path, wrong method, body too large."""
    headers = {name: error.headers[name] for name in ("Allow", "Location") if name in error.headers}
    if 300 <= error.status < 400:
        return html_answer("", error.status, headers)
    paths = shell.paths
    if not is_rest:
        return shell.error(request, error.status, error.reason, headers)
    # The text Jira's REST module answers an unknown path with.
    unknown = f"null for uri: {paths.absolute(request.path_qs.removeprefix(paths.context))}"
    return rest_message(error.status, unknown if error.status == 404 else HTTPStatus(error.status).phrase, headers)
