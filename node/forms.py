"""Reading a posted form, with one clear refusal for a body that is none."""

from collections.abc import Mapping

from node.request import Request
from shared.errors import CallerError

URLENCODED = "application/x-www-form-urlencoded"
FORM_TYPES = frozenset({URLENCODED, "multipart/form-data"})


async def form_of(request: Request) -> Mapping[str, str]:
    """The form's text fields; empty when the request brings no form. The body stays readable for whoever comes next.

    Raises CallerError 400 for a body that does not fit its content type.
    """
    if request.content_type not in FORM_TYPES:
        return {}
    try:
        fields = await request.post()
    except (ValueError, LookupError) as error:
        raise CallerError(400, f"The form could not be read: {error}") from error
    return {name: value for name, value in fields.items() if isinstance(value, str)}
