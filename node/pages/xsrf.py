"""The page for a form that brought no fitting XSRF token.

It comes with status 200 and a marker in a comment: Jira's XsrfErrorAction sets no status (read in source of 6.x), and
pycontribs/jira looks for the marker in answers that were not errors. Jira 9 was not seen to do otherwise.
"""

from aiohttp import web

from node.pages.shell import Shell
from node.request import Request


def token_missing_page(request: Request, shell: Shell) -> web.Response:
    """Says whether the token is missing or the session it belonged to is over, and offers the way back."""
    context = request.context
    expired = context.account is None and context.session_ended is not None
    return shell.page(request, "xsrf_missing.html", expired=expired)
