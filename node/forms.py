"""Reading a posted form, with one clear refusal for a body that is none."""

from collections.abc import Mapping

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from node.request import Request
from shared.errors import CallerError

URLENCODED = "application/x-www-form-urlencoded"
FORM_TYPES = frozenset({URLENCODED, "multipart/form-data"})
MALFORMED = (ValueError, LookupError, RuntimeError, AssertionError, HttpProcessingError, RequestPayloadError)
"""What aiohttp raises, depending on what is wrong with a form."""


async def form_of(request: Request) -> Mapping[str, str]:
    """The form's text fields; empty when the request brings no form. The body stays readable for whoever comes next.

    Raises CallerError 400 for a body that does not fit its content type, and for text that is none: some character sets
    decode to halves of a character, which nothing can be made of.
    """
    if request.content_type not in FORM_TYPES:
        return {}
    try:
        fields = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        "".join(fields.values()).encode()
    except MALFORMED as error:
        raise CallerError(400, f"The form could not be read: {error}") from error
    return fields
